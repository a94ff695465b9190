"""Licences of Creative Commons, out of addresses, codes and prose in several languages: their elements, and their version.

Read word by word, so that letters within a word are never taken for an element. https://creativecommons.org/licenses/list.en
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from harvest_assets.derive.spdx import Licence, simplify_address

VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
ORDER = ("by", "nc", "nd", "sa")
# Ported versions that SPDX lists; others are taken for the unported one.
PORTS = {
    "by": ("2.5-AU", "3.0-AT", "3.0-AU", "3.0-DE", "3.0-IGO", "3.0-NL", "3.0-US"),
    "by-nc": ("3.0-DE", "3.0-IGO"),
    "by-nc-nd": ("3.0-DE", "3.0-IGO"),
    "by-nc-sa": ("2.0-DE", "2.0-FR", "2.0-UK", "3.0-DE", "3.0-IGO"),
    "by-nd": ("3.0-DE",),
    "by-sa": ("2.0-UK", "2.1-JP", "3.0-AT", "3.0-DE", "3.0-IGO"),
}
_NAMES = {"by": "Attribution", "nc": "NonCommercial", "nd": "NoDerivatives", "sa": "ShareAlike"}
_WORDS = {
    **dict.fromkeys(("by", "attribution", "naamsvermelding", "namensnennung", "paternité"), "by"),
    **dict.fromkeys(("nc", "noncommercial", "nietcommercieel"), "nc"),
    **dict.fromkeys(("nd", "noderivatives", "noderivative", "noderivs", "noderivativeworks", "geenafgeleidewerken"), "nd"),
    **dict.fromkeys(("sa", "sharealike", "gelijkdelen"), "sa"),
}
_HALVES = {
    ("non", "commercial"): "nc",
    ("niet", "commercieel"): "nc",
    ("nicht", "kommerziell"): "nc",
    ("share", "alike"): "sa",
    ("gelijk", "delen"): "sa",
    ("no", "derivatives"): "nd",
    ("no", "derivative"): "nd",
    ("no", "derivs"): "nd",
    ("geen", "afgeleide"): "nd",
}
_FILLERS = frozenset(
    [
        "license",
        "licence",
        "licentie",
        "lizenz",
        "public",
        "copyright",
        "version",
        "versie",
        "v",
        "works",
        "werken",
        "international",
        "internationaal",
        "unported",
        "generic",
        "universal",
        "universeel",
        "the",
        "de",
        "a",
        "een",
        "and",
        "en",
    ]
)
_ZERO = frozenset({"0", "zero"})
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[;!?()\n]|\.(?=\s|$)")
_STOPS = frozenset(";!?()\n.")
_JOINED = re.compile(r"cc(by)?((?:nc|nd|sa)*)")
_PATH = re.compile(r"(?:i\.)?creativecommons\.org/(?:licenses|l)/([a-z]{2}(?:[-+][a-z]{2})*)(?:/(\d\.\d)(?:/([a-z]{2,4}))?)?(?:[/.].*)?")
_PUBLIC_DOMAIN = re.compile(r"(?:i\.)?creativecommons\.org/(?:publicdomain|p)/(zero|mark)(?:/.*)?")
_OPEN_ELEMENTS = frozenset({"by", "sa"})

ZERO = Licence("CC0-1.0", "Creative Commons Zero 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", True, True, True)  # noqa: FBT003 - columns
MARK = Licence("CC-PDM-1.0", "Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/", True, True, True)  # noqa: FBT003 - columns


class Mention(NamedTuple):
    """A licence that a text names; ``is_whole`` when the text says nothing else."""

    licence: Licence
    is_whole: bool


def find_by_address(address: str) -> tuple[Licence, bool] | None:
    """The licence of an address, deeds, legal codes, badges and ports included, and whether SPDX has that very version."""
    place = simplify_address(address)
    public_domain = _PUBLIC_DOMAIN.fullmatch(place)
    if public_domain is not None:
        return (ZERO if public_domain[1] == "zero" else MARK), True
    found = _PATH.fullmatch(place)
    if found is None or not set(re.split(r"[-+]", found[1])) <= set(ORDER):
        return None
    port = found[3] if found[3] not in {"deed", None} else None
    licence = build(frozenset(re.split(r"[-+]", found[1])), found[2], port)
    return licence, licence.spdx is not None and (port is None or licence.spdx.endswith(f"-{port.upper()}"))


def find_mentions(text: str) -> Iterator[Mention]:
    """Licences that a text names, in its order."""
    words = [part for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()) for part in _take_apart(word)]
    place = 0
    while place < len(words):
        begun = _begin(words, place)
        read = None if begun is None else _read(words, begun)
        if read is None:
            place += 1
            continue
        licence, end = read
        others = [word for word in (*words[:place], *words[end:]) if word not in _FILLERS and word not in _STOPS]
        yield Mention(licence, not others)
        place = end


def build(elements: frozenset[str], version: str | None, port: str | None = None) -> Licence:
    """The licence of some elements; without an identifier where the version is not known, or where there is no such licence."""
    code = "-".join(each for each in ORDER if each in elements)
    is_known = "by" in elements and not {"nd", "sa"} <= elements
    suffix = f"{version}-{port.upper()}" if port else version
    if suffix not in PORTS.get(code, ()):
        suffix = version if version in VERSIONS else None
    words = "-".join(_NAMES[each] for each in ORDER if each in elements)
    name = (
        f"Creative Commons {words}" + (f" {version}" if version else ", version not said") + ("" if is_known else ", which does not exist")
    )
    url = f"https://creativecommons.org/licenses/{code}/{version}/" if is_known and version else None
    if url and port:
        url = f"{url}{port}/"
    return Licence(
        f"CC-{code.upper()}-{suffix}" if is_known and suffix else None,
        name,
        url,
        is_open=elements <= _OPEN_ELEMENTS,
        allows_derivatives="nd" not in elements,
        allows_commercial_use="nc" not in elements,
    )


def _take_apart(word: str) -> list[str]:
    """``ccbync`` as the words that it is made of; any other word as it is."""
    found = _JOINED.fullmatch(word)
    if found is None or word == "cc":
        return [word]
    return ["cc", *(["by"] if found[1] else []), *re.findall("..", found[2])]


def _begin(words: Sequence[str], place: int) -> int | None:
    """Where the elements of a mention begin that may start at a place."""
    if words[place] == "cc":
        return place + 1
    if words[place : place + 2] == ["creative", "commons"]:
        return place + 2
    return place if _is_mark(words, place) or words[place] in {"attribution", "naamsvermelding", "namensnennung"} else None


def _is_mark(words: Sequence[str], place: int) -> bool:
    return words[place : place + 1] == ["pdm"] or words[place : place + 3] == ["public", "domain", "mark"]


def _read(words: Sequence[str], place: int) -> tuple[Licence, int] | None:
    """The licence whose elements stand at a place, and where it ends."""
    if _is_mark(words, place):
        return MARK, _skip_version(words, place + (1 if words[place] == "pdm" else 3))[1]
    start = place = _skip(words, place)
    if words[place : place + 1] and words[place] in _ZERO:
        return ZERO, _skip_version(words, place + 1)[1]
    elements: set[str] = set()
    while (element := _element(words, place)) is not None:
        elements.add(element[0])
        place = _skip(words, element[1])
    if "by" not in elements:
        return None
    version, end = _skip_version(words, place)
    is_named = start > 0 and words[start - 1] in {"cc", "commons"} | _FILLERS
    if version is None and (not is_named or (elements == {"by"} and words[place : place + 1] and words[place] not in _STOPS)):
        return None  # the ordinary words "attribution" and "by"
    return build(frozenset(elements), version), end


def _element(words: Sequence[str], place: int) -> tuple[str, int] | None:
    """The element at a place, in one word or two, and where it ends."""
    pair = _HALVES.get((words[place], words[place + 1])) if place + 1 < len(words) else None
    if pair is not None:
        return pair, place + 2
    single = _WORDS.get(words[place]) if place < len(words) else None
    return None if single is None else (single, place + 1)


def _skip(words: Sequence[str], place: int) -> int:
    while place < len(words) and words[place] in _FILLERS:
        place += 1
    return place


def _skip_version(words: Sequence[str], place: int) -> tuple[str | None, int]:
    """The version at a place, also as ``4`` or ``40``, and where it ends."""
    place = _skip(words, place)
    found = words[place] if place < len(words) else ""
    version = found if "." in found else f"{found[0]}.{found[1:] or '0'}" if re.fullmatch(r"[1-4][015]?", found, re.ASCII) else None
    return (version, place + 1) if version in (*VERSIONS, "2.1") else (None, place)
