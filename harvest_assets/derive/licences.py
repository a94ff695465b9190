"""``licences``: which licence a document has, out of codes, addresses and free text, as an identifier of the SPDX licence list.

What nobody can tell is kept and reported, never guessed: a licence without a version has no identifier. https://spdx.org/licenses/
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, Literal, cast

import orjson

from harvest_assets.derive import creative_commons, spdx
from harvest_assets.derive.spdx import Licence
from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply

Confidence = Literal["exact", "normalised", "text"]

RANKS: Mapping[Confidence, int] = {"exact": 0, "normalised": 1, "text": 2}
MOST_TEXTS = 50
MOST_CHARACTERS = 10_000
SHOWN_CHARACTERS = 200

_PARTS = ("url", "uri", "rightsUri", "rightsIdentifier", "rights", "id", "identifier", "name", "title", "value", "text")
_ADDRESS = re.compile(
    r"(?:https?://|www\.|(?<![\w.@/])(?=(?:i\.)?(?:creativecommons|rightsstatements|opensource)\.org/))[^\s<>\"'|]+", re.IGNORECASE
)
_EXPRESSION = re.compile(r"\s+(?:OR|AND)\s+")
# Who may open a file is another question than what may be done with it.
_ACCESS = re.compile(
    r"info:eu-repo/semantics/\w+|https?://purl\.org/coar/access_right/\w+|(?:open|closed|restricted|embargoed) ?access", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Found:
    """A licence and how surely it is meant."""

    licence: Licence
    confidence: Confidence


class Licences(DocumentTask):
    """The SPDX identifier of a licence, from codes, addresses and free text.

    The output has what is known of the licence (the fields of ``spdx.Licence``), ``confidence``, and ``given``: the texts.

    Where there are any it also has ``others`` (further licences) and ``unknown`` (texts that name none). Confidence is ``exact`` for an
    identifier or an address, ``normalised`` for a code, a name or a port that SPDX does not list, ``text`` for prose. Of several licences
    the surest counts, of those the first.
    """

    name: ClassVar[str] = "licences"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"product", "file"})
    needs: ClassVar[tuple[str, ...]] = ("licence", "license", "licences", "licenses", "copyright", "copyright_description", "rights")

    def applies_to(self, document: TaskInput) -> Applicability:
        """Documents that say anything of what may be done with them."""
        return APPLIES if _read_texts(document.properties) else does_not_apply("nothing is said of its licence")

    def fingerprint(self, document: TaskInput) -> str:
        """Of the texts, in their order."""
        return hashlib.sha256(orjson.dumps(_read_texts(document.properties))).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """N documents → n results, in order."""
        for document in batch:
            yield _describe(document.srn, _read_texts(document.properties))


def _describe(srn: str, texts: Sequence[str]) -> Derivative:
    found = {text: _find_again(text) for text in texts}
    ranked = sorted((each for some in found.values() for each in some), key=lambda each: RANKS[each.confidence])
    licences = {each.licence: each for each in reversed(ranked)}  # of the same licence the surest
    first, *others = sorted(licences.values(), key=ranked.index) or [None]
    output: dict[str, Any] = {**(_NOTHING if first is None else _as_fields(first)), "given": [_cut(text) for text in texts]}
    if others:
        output["others"] = [_as_fields(each) for each in others if each is not None]
    unknown = [_cut(text) for text, some in found.items() if not some and not _ACCESS.fullmatch(text)]
    if unknown:
        output["unknown"] = unknown
    reason = None if first is not None else f"no licence is named in {unknown[0] if unknown else output['given'][0]!r}"
    return Derivative(srn, "succeeded", output, reason)


def _find(text: str) -> Iterator[_Found]:
    """Licences that a text names: the whole of it, or else its addresses and what stands between them."""
    named = spdx.find_by_name(text)
    if named is not None:
        yield _Found(named[0], "exact" if named[1] else "normalised")
        return
    parts = _EXPRESSION.split(text.strip("() "))
    if len(parts) > 1 and all(spdx.find_by_name(part) or _is_code(part) for part in parts):
        for part in parts:
            yield from _find(part)
        return
    for address in _ADDRESS.findall(text):
        yield from _find_by_address(address.rstrip(".,;:)]}"))
    prose = _ADDRESS.sub(" ; ", text)
    for mention in creative_commons.find_mentions(prose):
        is_identifier = (mention.licence.spdx or "").casefold() == text.casefold()
        yield _Found(mention.licence, "exact" if is_identifier else "normalised" if mention.is_whole and prose == text else "text")
    for licence in spdx.find_in_prose(prose):
        yield _Found(licence, "text")


@lru_cache(maxsize=4_096)
def _find_again(text: str) -> tuple[_Found, ...]:
    """The same, read once: the documents of a source say the same few things."""
    return tuple(_find(text))


def _is_code(text: str) -> bool:
    return any(mention.is_whole for mention in creative_commons.find_mentions(text))


def _find_by_address(address: str) -> Iterator[_Found]:
    found = creative_commons.find_by_address(address)
    if found is not None:
        yield _Found(found[0], "exact" if found[1] else "normalised")
    elif (licence := spdx.find_by_address(address)) is not None:
        yield _Found(licence, "exact")


def _read_texts(properties: Mapping[str, Any]) -> list[str]:
    """Everything that is said, once, in the order of ``needs``."""
    said = (text for name in Licences.needs for text in _flatten(properties.get(name), 3))
    return list(islice(dict.fromkeys(said), MOST_TEXTS))


def _flatten(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        text = value[:MOST_CHARACTERS].strip()
        if text:
            yield text
    elif depth and isinstance(value, Mapping):
        parts = cast("Mapping[str, object]", value)
        yield from (text for name in _PARTS for text in _flatten(parts.get(name), depth - 1))
    elif depth and isinstance(value, list):
        yield from (text for part in cast("list[object]", value)[:MOST_TEXTS] for text in _flatten(part, depth - 1))


def _as_fields(found: _Found) -> dict[str, Any]:
    return {**asdict(found.licence), "confidence": found.confidence}


_NOTHING: Mapping[str, None] = dict.fromkeys((*Licence.__dataclass_fields__, "confidence"))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
