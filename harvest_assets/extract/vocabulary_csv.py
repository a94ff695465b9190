"""CSV → terms: one row a term, with its labels, what is above it, other spellings, and the years that it stands for.

Columns: ``id``; ``label_nl``, ``label_en`` and any other ``label_{language}``; ``parent`` and ``alias``, several in a cell with ``|``
between them; ``from`` and ``to``, which make the term a bucket of years (see `YearSpan`). https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from harvest_assets.errors import RecordError
from harvest_assets.model.vocabulary import FIRST_ABSOLUTE_YEAR, Term, YearSpan

ID, PARENT, ALIAS, FROM, TO, LABEL = "id", "parent", "alias", "from", "to", "label_"
_YEAR = re.compile(r"-?\d{1,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """How a file is written; ``columns`` are its own names for the columns, by ours."""

    delimiter: str = ","
    separator: str = "|"
    columns: Mapping[str, str] = field(default_factory=dict[str, str])


def read_vocabulary_csv(content: bytes, layout: CsvLayout) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """The terms of a file in the order of its rows, one a row, and what is wrong with single rows.

    Raises:
        RecordError: It is not UTF-8, not CSV, has no column of identifiers, lacks a column that the layout names, or has no term.
    """
    reader = csv.DictReader(io.StringIO(_decode(content), newline=""), delimiter=layout.delimiter, strict=True, restval="")
    problems: list[str] = []
    try:
        _check_header(tuple(reader.fieldnames or ()), layout)
        terms = tuple(_Rows(layout, problems).read(reader))
    except csv.Error as error:
        raise RecordError(f"line {reader.line_num + 1} is not CSV: {error}; correct it", rule="not_csv") from None
    if not terms:
        raise RecordError("it has no row with an identifier; write one a term", rule="no_terms")
    return terms, tuple(problems)


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8", rule="not_utf_8") from None


def _check_header(header: tuple[str, ...], layout: CsvLayout) -> None:
    missing = [name for name in (layout.columns.get(ID, ID), *layout.columns.values()) if name not in header]
    if missing:
        there = ", ".join(repr(name[:80]) for name in header[:20]) or "none"
        raise RecordError(f"it has no column {missing[0]!r}; its columns are {there}; correct csv.columns or the file", rule="no_column")


@dataclass(slots=True)
class _Rows:
    """Reads rows; what is wrong with one goes to ``problems``."""

    layout: CsvLayout
    problems: list[str]

    def read(self, reader: "csv.DictReader[str]") -> Iterator[Term]:
        """Rows with an identifier, as terms."""
        ours = {theirs: name for name, theirs in self.layout.columns.items()}
        own = [name for name in reader.fieldnames or () if name in ours or name not in self.layout.columns]
        names = [(theirs, ours.get(theirs, theirs)) for theirs in own]
        for row in reader:
            cells = {name: (row[theirs] or "").strip() for theirs, name in names}
            if cells[ID]:
                yield self._term(cells, reader.line_num)
            elif any(cells.values()):
                self.problems.append(f"line {reader.line_num} has no identifier and is left out")

    def _term(self, cells: Mapping[str, str], line: int) -> Term:
        labels = {name.removeprefix(LABEL): text for name, text in sorted(cells.items()) if name.startswith(LABEL) and text}
        return Term(cells[ID], labels, self._several(cells.get(PARENT)), self._several(cells.get(ALIAS)), self._years(cells, line))

    def _several(self, cell: str | None) -> tuple[str, ...]:
        texts = {text.strip() for text in (cell or "").split(self.layout.separator)}
        return tuple(sorted(texts - {""}))

    def _years(self, cells: Mapping[str, str], line: int) -> YearSpan | None:
        first, last = cells.get(FROM, ""), cells.get(TO, "")
        wrong = next((text for text in (first, last) if text and not _is_year(text)), None)
        if wrong is not None:
            self.problems.append(
                f"line {line}: {wrong[:80]!r} is no year from {FIRST_ABSOLUTE_YEAR} to 9999 and no count of years back from 0 to -999; "
                f"{cells[ID][:80]!r} is no bucket of years"
            )
            return None
        return YearSpan(int(first) if first else None, int(last) if last else None) if first or last else None


def _is_year(text: str) -> bool:
    return bool(_YEAR.fullmatch(text)) and (int(text) >= FIRST_ABSOLUTE_YEAR or -FIRST_ABSOLUTE_YEAR < int(text) <= 0)
