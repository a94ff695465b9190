"""Items of a list → rows of raw records, and items set aside.

A body is the item as the page's parser read it, written again with sorted keys: the same content has the same bytes, whatever the order
and spacing of the page it came in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.errors import PermanentError, RecordError
from harvest_assets.harvest.json_api.content import Content
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.pointers import resolve
from harvest_assets.model.record import RAW_RECORDS, SetAside

NO_DETAIL = "no_detail"

_LONGEST_COUNT = 18  # digits; what is longer is no count
_FALSE_WORDS = frozenset({"", "0", "false", "no"})
_MOST_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class Rows:
    """The rows of one page, in the order in which they are added, and what was set aside; ``place`` begins messages about the page."""

    options: JsonApiOptions
    number: int
    place: str
    set_aside: list[SetAside] = field(default_factory=list[SetAside])
    _rows: list[tuple[str, str, bool, bytes]] = field(default_factory=list[tuple[str, str, bool, bytes]])
    _bytes: int = 0

    def add(self, item: Any) -> None:  # noqa: ANN401 - JSON has no narrower type
        """An item that is a record; one that cannot be a row is set aside."""
        try:
            self._add(read_identifier(item, self.options.identifier), item, (item,))
        except RecordError as error:
            self.put_aside(None, item, error)

    def add_detail(self, identifier: str, record: Any, item: Any) -> None:  # noqa: ANN401 - JSON has no narrower type
        """The record that an item of the list only names; what it does not say of its date and deletion the item does."""
        try:
            self._add(identifier, record, (record, item))
        except RecordError as error:
            self.put_aside(identifier, record, error)

    def put_aside(self, identifier: str | None, item: Any, error: RecordError) -> None:  # noqa: ANN401 - JSON has no narrower type
        """An item that is no row, with its bytes."""
        body = write_anything(item)
        self._count(body)
        self.set_aside.append(SetAside(identifier, self.number, "harvest", RecordError.__name__, str(error), body, error.rule))

    def batch(self) -> pa.RecordBatch:
        """The rows as columns."""
        rows = self._rows
        columns = [
            pa.array([row[0] for row in rows], pa.string()),
            pa.array([row[1] for row in rows], pa.string()),
            pa.array([row[2] for row in rows], pa.bool_()),
            pa.array([[] for _ in rows], pa.list_(pa.string())),
            pa.array([row[3] for row in rows], pa.binary()),
            pa.array([b""] * len(rows), pa.binary()),
            pa.array([self.number] * len(rows), pa.int32()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=RAW_RECORDS)

    def _add(self, identifier: str, record: Any, said_in: Sequence[Any]) -> None:  # noqa: ANN401 - JSON has no narrower type
        datestamp = self._find(self.options.datestamp, said_in)
        if not isinstance(datestamp, str | int | float | None):
            raise RecordError(
                f"datestamp {self.options.datestamp!r} leads to a {type(datestamp).__name__}, not to a text or a number",
                rule="datestamp_type",
            )
        deleted = _is_true(self._find(self.options.deleted, said_in))
        body = _write(record)
        self._count(body)
        self._rows.append((identifier, "" if datestamp is None else str(datestamp), deleted, body))

    def _find(self, pointer: str | None, said_in: Sequence[Any]) -> Any:  # noqa: ANN401 - JSON has no narrower type
        if pointer is None:
            return None
        for each in said_in:
            found = resolve(each, pointer)
            if found is not None:
                return found
        return None

    def _count(self, body: bytes) -> None:
        """What many records name is in each of them, so that a page may grow a lot; its rows have to fit into the memory."""
        self._bytes += len(body)
        if self._bytes > _MOST_BYTES:
            raise PermanentError(
                f"{self.place}: its records have more than {_MOST_BYTES} bytes with all that is included; ask for smaller pages"
            )


def read_identifier(item: Any, pointer: str) -> str:  # noqa: ANN401 - JSON has no narrower type
    """The identifier of an item.

    Raises:
        RecordError: It has none.
    """
    identifier = resolve(item, pointer)
    if isinstance(identifier, bool) or not isinstance(identifier, str | int) or identifier == "":
        raise RecordError(f"identifier {pointer!r} leads to {identifier!r}, not to a text or an integer"[:300], rule="no_identifier")
    return str(identifier)


def is_deleted(item: Any, options: JsonApiOptions) -> bool:  # noqa: ANN401 - JSON has no narrower type
    """Whether an item says of itself that its record is deleted."""
    return options.deleted is not None and _is_true(resolve(item, options.deleted))


def read_total(content: Content, options: JsonApiOptions, *, at_least: int) -> int | None:
    """What a page announces of the whole list; a number in quotes counts, one that is less than the page holds does not."""
    found = None if options.total is None else content.find(options.total)
    if isinstance(found, str) and found.isdecimal() and len(found) <= _LONGEST_COUNT:
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= at_least else None


def write_anything(item: Any) -> bytes:  # noqa: ANN401 - JSON has no narrower type
    """Bytes of an item also when it is nested deeper than the writer goes; then as Python shows it."""
    try:
        return _write(item)
    except RecordError:
        return repr(item).encode()


def _is_true(value: Any) -> bool:  # noqa: ANN401 - JSON has no narrower type
    return value.strip().lower() not in _FALSE_WORDS if isinstance(value, str) else bool(value)


def _write(item: Any) -> bytes:  # noqa: ANN401 - JSON has no narrower type
    try:
        return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise RecordError(f"the record cannot be written again: {error}", rule="not_writable") from error
