"""``publisher_years``: the bucket of years that a publication falls into, such as each of the last five years, and all before them.

Buckets are rows of a vocabulary whose ends may count from the current year, so they move by themselves; in January the documents whose
bucket changed are looked at again, and no others.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import Any, ClassVar, cast

import orjson

from harvest_assets.derive.vocabulary_terms import VOCABULARIES, Described, VocabularyOptions, as_text, no_vocabulary
from harvest_assets.interfaces import DocumentTask, Options, TaskInput, Tools
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply
from harvest_assets.model.vocabulary import Vocabulary

KEYS = ("publisher_year", "publisher_date", "date")
YEAR = "{year}"
_FOUR_DIGITS = re.compile(r"(?<!\d)([1-9]\d{3})(?:\d{4})?(?!\d)", re.ASCII)


class PublisherYears(DocumentTask):
    """The bucket of the year of publication, labelled.

    The year is that of ``publisher_year``, or else the first of ``publisher_date`` or ``date``.

    The output has ``publisher_year``, ``publisher_year_normalized`` (the identifier of the bucket), its labels ``nl`` and ``en``, and
    ``unknown``: a year that no bucket holds, such as one to come, or the text that no year was found in.
    """

    name: ClassVar[str] = "publisher_years"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"product"})
    reads: ClassVar[tuple[str, ...]] = (VOCABULARIES,)
    needs: ClassVar[tuple[str, ...]] = KEYS
    options: ClassVar[type[Options]] = VocabularyOptions

    def __init__(self, settings: Options, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._name = cast("VocabularyOptions", settings).vocabulary or self.name
        self._vocabulary = tools.vocabularies.get(self._name)
        self._year = tools.now.astimezone(UTC).year
        self._buckets = () if self._vocabulary is None else _read_buckets(self._vocabulary, self._year)
        self._find = lru_cache(10_000)(self._find_bucket)

    def basis(self) -> str:
        """The version of the vocabulary, and the current year."""
        return f"{self._name} {self._vocabulary.version if self._vocabulary else 'is not loaded'} {self._year}"

    def applies_to(self, document: TaskInput) -> Applicability:
        """Documents that say when they were published, where there is a vocabulary."""
        if self._vocabulary is None:
            return does_not_apply(no_vocabulary(self._name))
        if not self._buckets:
            return does_not_apply(f"vocabulary {self._name!r} has no bucket of years; give its terms 'from' and 'to'")
        return APPLIES if _read_dates(document.properties) else does_not_apply("it has no publisher_year and no date")

    def fingerprint(self, document: TaskInput) -> str:
        """The year, or what is there in its place, and its bucket."""
        return hashlib.sha256(orjson.dumps(self._describe(document))).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result a document; those with a year that no bucket holds succeed, too."""
        return (Derivative(document.srn, "succeeded", self._describe(document)) for document in batch)

    def _describe(self, document: TaskInput) -> dict[str, Any]:
        dates = _read_dates(document.properties)
        year = next((int(found[1]) for text in dates if (found := _FOUR_DIGITS.search(text))), None)
        bucket = None if year is None else self._find(year)
        unknown = dates[:1] if year is None else [str(year)]
        return {
            "publisher_year": year,
            "publisher_year_normalized": bucket and bucket.id,
            "nl": bucket and bucket.nl,
            "en": bucket and bucket.en,
            "unknown": [] if bucket else unknown,
        }

    def _find_bucket(self, year: int) -> Described | None:
        """The bucket of a year; of several that hold it, the one that begins last."""
        bucket = next((each.described for each in self._buckets if each.first <= year <= each.last), None)
        if bucket is None:
            return None
        return Described(*(text and text.replace(YEAR, str(year)) for text in (bucket.id, bucket.nl, bucket.en)))  # pyright: ignore[reportArgumentType] - an identifier is never empty


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A bucket in the current year, both ends included; ``{year}`` in identifier and labels stands for the year itself."""

    first: int
    last: int
    described: Described


def _read_buckets(vocabulary: Vocabulary, current_year: int) -> tuple[_Bucket, ...]:
    """The buckets of a vocabulary, those that begin last first, then in order of identifier."""
    found = [_Bucket(*term.years.resolve(current_year), Described.of(term)) for _, term in sorted(vocabulary.terms.items()) if term.years]
    return tuple(sorted(found, key=lambda each: -each.first))


def _read_dates(properties: Mapping[str, Any]) -> list[str]:
    """What a document says of its publication, the best first."""
    values: list[Any] = []
    for key in KEYS:
        value = properties.get(key)
        values += cast("list[Any]", value) if isinstance(value, list) else [value]
    return [text for each in values if each is not None and (text := as_text(each))]
