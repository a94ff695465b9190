r"""vCards as metadata holds them: versions 2.1, 3.0 and 4.0, several in one text, folded, indented, or all on one line.

Put here: names, mail addresses, ORCID iDs. Keep out: telephones, addresses, pictures: nothing that we publish. Values are unescaped
(``\,``, ``\;``, ``\n``) and decoded from quoted-printable. https://www.rfc-editor.org/rfc/rfc6350, https://www.rfc-editor.org/rfc/rfc2426
"""

import quopri
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

_LONGEST = 200_000
_SHORT = 1_000
_LONGEST_NAME = 1_000
_BEGIN = re.compile(r"begin[ \t]*:[ \t]*vcard", re.IGNORECASE)
_END = re.compile(r"\bend[ \t]*:[ \t]*vcard\b", re.IGNORECASE)
_NEXT = re.compile(  # where a card that stands on one line has its line breaks; possessive, so that no text takes long
    r"(?<!\s)(?<!\\n)(?:\\n|\s)++(?:-\s*+)?"
    r"(?=(?:begin|version|fn|n|org|email|url|uid|tel|adr|label|title|role|note|rev|photo|end|x-[a-z-]{1,40})(?:;[^:\s]{0,200})?:)",
    re.IGNORECASE,
)
_FOLDED = re.compile(r"[\r\n][ \t]|=[\r\n]")
_HEAD = re.compile(r"(?:\"[^\"]*\"|[^\":])*")
_WANTED = frozenset({"FN", "N", "ORG", "EMAIL", "URL", "UID"})
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}
_ORCID = re.compile(r"(?<!\d)\d{4}-\d{4}-\d{4}-\d{3}[\dXx](?!\w)", re.ASCII)


class VCard(NamedTuple):
    """A person or an organisation: ``name`` is FN, else made of N, else ORG. ``email`` is as written, whether or not it is any."""

    name: str
    email: str | None = None
    orcid: str | None = None


class VCards(NamedTuple):
    """The cards of a text in their order, and what is wrong with those that were left out."""

    cards: tuple[VCard, ...] = ()
    faults: tuple[str, ...] = ()


def read_vcards(text: str) -> VCards:
    """All cards of a text that have a name. A text without any card, and a card without any name, is a fault; an empty text is not."""
    if len(text) > _LONGEST:
        return VCards(faults=(f"the text of a vCard has {len(text)} characters, at most {_LONGEST} are read",))
    return _read_often(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> VCards:
    before, *bodies = text.split("BEGIN:VCARD") if "BEGIN:VCARD" in text else _BEGIN.split(text)
    if not bodies:
        return VCards(faults=("a text that is no vCard",) if before.strip() else ())
    cards = [_read_card(_lay_out(body)) for body in bodies]
    return VCards(tuple(card for card in cards if card is not None), ("a vCard without a name",) * cards.count(None))


_read_often = lru_cache(maxsize=4096)(_read)  # the same few publishers and authors in record after record


def _lay_out(body: str) -> str:
    """A line for each property, also where all of a card stands on one."""
    return body if body.lstrip(" \t")[:1] in {"\r", "\n"} else _NEXT.sub("\n", body)


def _read_card(body: str) -> VCard | None:
    inner, end, _ = body.partition("END:VCARD")
    values = _read_properties(inner if end else _END.split(body, maxsplit=1)[0])
    name = _join_words(_unescape(values.get("FN", ""))) or _read_structured_name(values.get("N", "")) or _read_organisation(values)
    if not name:
        return None
    return VCard(name[:_LONGEST_NAME], _read_email(values.get("EMAIL", "")), _read_orcid(values))


def _read_properties(body: str) -> dict[str, str]:
    """The first value that is not empty of each property that we read, still escaped."""
    values: dict[str, str] = {}
    for line in _unfold(body):
        head = _read_head(line)
        name, _, parameters = head.partition(";")
        name = name.strip().rpartition(".")[2].upper()
        if (name in _WANTED or "ORCID" in name) and not values.get(name, "").strip(" ;"):
            values[name] = _decode(parameters.upper(), line[len(head) + 1 :])
    return values


def _read_head(line: str) -> str:
    """Name and parameters; a parameter in quotation marks may hold a colon."""
    found = _HEAD.match(line) if '"' in line else None
    return found[0] if found else line.partition(":")[0]


def _unfold(body: str) -> list[str]:
    """Lines with what was folded joined again.

    A line that begins with white space goes on with the one before it. ``BEGIN`` is never folded: what the line after it begins with is
    indentation, and taken off all lines.
    """
    lines = body.splitlines()
    if _FOLDED.search(body) is None:
        return lines
    indentation = _read_indentation(lines)
    current, unfolded = "", list[str]()
    for line in lines:
        plain = line.removeprefix(indentation)
        if current.endswith("=") and "QUOTED-PRINTABLE" in current.upper():
            current = current[:-1] + plain
        elif plain[:1] in {" ", "\t"}:
            current += plain[1:]
        else:
            unfolded.append(current)
            current = plain
    return [*unfolded, current]


def _read_indentation(lines: list[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    return first[: len(first) - len(first.lstrip())]


def _decode(parameters: str, value: str) -> str:
    """The value in clear text; that in Base64 is a picture or a key, and nothing that we read."""
    if "QUOTED-PRINTABLE" not in parameters:
        return value
    charset = next((codec for name, codec in _CHARSETS.items() if f"CHARSET={name.upper()}" in parameters), "utf-8")
    return quopri.decodestring(value.encode()).decode(charset, "replace")


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value) if "\\" in value else value


def _split(value: str) -> list[str]:
    """The parts of a structured value, unescaped."""
    return [_join_words(_unescape(part)) for part in re.findall(r"(?:^|;)((?:\\.|[^\\;])*)", value)]


def _join_words(text: str) -> str:
    return " ".join(text.split())


def _read_structured_name(value: str) -> str:
    """``family;given;additional;prefixes;suffixes`` → given, additional, family; titles are left off."""
    family, given, additional = [*_split(value), "", "", ""][:3]
    return " ".join(part for part in (given, additional, family) if part)


def _read_organisation(values: Mapping[str, str]) -> str:
    return next(iter(_split(values.get("ORG", ""))), "")


def _read_email(value: str) -> str | None:
    return _unescape(value).strip().removeprefix("mailto:") or None


def _read_orcid(values: Mapping[str, str]) -> str | None:
    """The first ORCID iD with a right check digit of a property that is about ORCID, by its name or by its address."""
    for name, value in values.items():
        if "ORCID" in name or "orcid" in value.lower():
            found = next((match[0].upper() for match in _ORCID.finditer(value) if _is_orcid(match[0].upper())), None)
            if found is not None:
                return found
    return None


def _is_orcid(text: str) -> bool:
    """Whether the check digit is right, by ISO 7064 11-2."""
    total = 0
    for digit in text.replace("-", "")[:-1]:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == text[-1]
