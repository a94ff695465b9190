"""The table of vocabularies: a row for each term, and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.model.vocabulary import Term, Vocabulary, YearSpan

_TEXTS = pa.list_(pa.string())

VOCABULARIES = pa.schema(
    [
        pa.field("vocabulary", pa.string(), nullable=False),
        pa.field("term", pa.string(), nullable=False, metadata={"description": "Identifier of the term"}),
        pa.field("label_nl", pa.string(), metadata={"description": "Dutch label, empty when the vocabulary has none"}),
        pa.field("label_en", pa.string(), metadata={"description": "English label, empty when the vocabulary has none"}),
        pa.field("labels", pa.string(), nullable=False, metadata={"description": "All labels by language, as JSON"}),
        pa.field("parents", _TEXTS, nullable=False, metadata={"description": "Terms directly above it"}),
        pa.field("ancestors", _TEXTS, nullable=False, metadata={"description": "All terms above it, nearest first"}),
        pa.field("roots", _TEXTS, nullable=False, metadata={"description": "The topmost terms above it, itself when there are none"}),
        pa.field("aliases", _TEXTS, nullable=False, metadata={"description": "Other spellings of the identifier"}),
        pa.field("first_year", pa.int32(), metadata={"description": "First year of a bucket; up to 0 it counts from the current year"}),
        pa.field("last_year", pa.int32(), metadata={"description": "Last year of a bucket; up to 0 it counts from the current year"}),
    ]
)


def vocabulary_rows(vocabularies: Mapping[str, Vocabulary]) -> Iterator[dict[str, Any]]:
    """Rows in order of vocabulary and term."""
    for name, vocabulary in sorted(vocabularies.items()):
        for identifier, term in sorted(vocabulary.terms.items()):
            lineage = vocabulary.with_ancestors(identifier)
            yield {
                "vocabulary": name,
                "term": identifier,
                "label_nl": term.labels.get("nl"),
                "label_en": term.labels.get("en"),
                "labels": orjson.dumps(dict(term.labels), option=orjson.OPT_SORT_KEYS).decode(),
                "parents": list(term.parents),
                "ancestors": [each.id for each in lineage[1:]],
                "roots": sorted(each.id for each in lineage if not each.parents),
                "aliases": list(term.aliases),
                "first_year": term.years and term.years.first,
                "last_year": term.years and term.years.last,
            }


def read_vocabularies(table: pa.Table, versions: Mapping[str, str], problems: Mapping[str, Sequence[str]]) -> dict[str, Vocabulary]:
    """The vocabularies that the rows were made of."""
    columns = ["vocabulary", "term", "labels", "parents", "aliases", "first_year", "last_year"]
    rows: Iterable[dict[str, Any]] = (row for batch in table.select(columns).to_batches() for row in batch.to_pylist())
    found = {name: [_term(row) for row in group] for name, group in groupby(rows, key=itemgetter("vocabulary"))}
    return {name: Vocabulary.of(name, version, found.get(name, []), tuple(problems.get(name, ()))) for name, version in versions.items()}


def _term(row: Mapping[str, Any]) -> Term:
    years = YearSpan(row["first_year"], row["last_year"])
    labels = orjson.loads(row["labels"])
    return Term(row["term"], labels, tuple(row["parents"]), tuple(row["aliases"]), None if years == YearSpan() else years)
