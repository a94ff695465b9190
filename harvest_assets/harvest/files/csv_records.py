"""CSV with a header → records: each row an object of texts by column, as JSON. A row that does not fit the header is set aside.

https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
import re
from collections.abc import Iterator

import orjson

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.rows import Item, Row, Unread, read_or_set_aside
from harvest_assets.harvest.files.layout import Found, Layout
from harvest_assets.harvest.files.options import tell_delimiter

_FOREIGN = re.compile("[\ud800-\udfff]")
_SHOWN_COLUMNS = 20


class _Lines:
    """The lines of a text, and those that the reader took for the row it is at."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.taken.append(line)
        return line


def read_csv(content: bytes, layout: Layout) -> Found:
    """A record a row.

    Raises:
        RecordError: There is no header, it lacks a column that is needed, or the file is in another encoding.
    """
    encoding = "utf-8-sig" if layout.options.encoding == "utf-8" else layout.options.encoding
    lines = _Lines(io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="surrogateescape", newline=""))
    try:
        yield from _read_rows(lines, layout)
    except UnicodeError as error:
        raise RecordError(f"the file is not {layout.options.encoding}: {error}", rule="encoding") from error


def _read_rows(lines: _Lines, layout: Layout) -> Found:
    rows = csv.reader(lines, delimiter=tell_delimiter(layout.name, layout.options), strict=True)
    columns = _read_header(rows, layout)
    number = 0
    while True:
        lines.taken.clear()
        try:
            values = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield Unread(None, f"row {number} is not CSV: {error}", "not_csv", _write_lines(lines))
            continue
        if values:
            number += 1
            yield _read_item(columns, values, layout, number, _write_lines(lines))


def _read_header(rows: Iterator[list[str]], layout: Layout) -> list[str]:
    """Names of the columns, each another one; a column without a name is called by its number."""
    try:
        header = next((row for row in rows if row), None)
    except csv.Error as error:
        raise RecordError(f"the header is not CSV: {error}", rule="not_csv") from error
    if header is None or _FOREIGN.search("".join(header)):
        raise RecordError("the file has no header" if header is None else "the header has foreign bytes", rule="no_header")
    columns: list[str] = []
    for number, name in enumerate(header, start=1):
        column = name.strip() or f"column_{number}"
        columns.append(f"{column}_{number}" if column in columns else column)
    for key, column in (("identifier", layout.options.identifier), ("datestamp", layout.options.datestamp)):
        if column is not None and column not in columns:
            shown = ", ".join(map(repr, columns[:_SHOWN_COLUMNS]))
            raise RecordError(f"{key} {column!r} is no column; there are {shown}"[:500], rule="no_column")
    return columns


def _read_item(columns: list[str], values: list[str], layout: Layout, number: int, written: bytes) -> Item:
    return read_or_set_aside(lambda: _read_row(columns, values, layout, number), written)


def _read_row(columns: list[str], values: list[str], layout: Layout, number: int) -> Row:
    if len(values) != len(columns):
        raise RecordError(f"row {number} has {len(values)} values, the header has {len(columns)} columns", rule="row_width")
    if _FOREIGN.search("".join(values)):
        raise RecordError(f"row {number} has bytes that are not {layout.options.encoding}", rule="encoding")
    record = dict(zip(columns, values, strict=True))
    identifier = layout.identify(record.get(layout.options.identifier or ""), number)
    datestamp = record.get(layout.options.datestamp or "", "")
    return Row(identifier, datestamp, orjson.dumps(record, option=orjson.OPT_SORT_KEYS))


def _write_lines(lines: _Lines) -> bytes:
    """The row as it came; bytes that could not be decoded come back."""
    return "".join(lines.taken).encode(errors="surrogateescape")
