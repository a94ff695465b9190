"""What extractors of JSON formats share: records out of rows, and fields out of records whatever their senders put there.

A field of another type than its format says is left out and named in ``notes``; a record that is no JSON object, or in which nothing
is where its format has it, is set aside. ``null``, ``{}`` and ``[]`` are nothing: servers write them for one another.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
import pyarrow as pa

from harvest_assets.errors import RecordError
from harvest_assets.extract.raw_rows import RawRow, iterate_rows
from harvest_assets.interfaces import Extraction
from harvest_assets.model.document import Document
from harvest_assets.model.record import SetAside

_NUMBERS = (int, float)
_TRUE = frozenset({"1", "true", "yes"})
_FALSE = frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object inside a record: its fields, its place as a JSON pointer, and the notes of the whole record."""

    fields: Mapping[str, Any]
    place: str
    notes: list[str]

    def text(self, name: str) -> str | None:
        """A text without surrounding white space, or a number as text; None when there is nothing else."""
        return _read_text(self._get(name), self._note, name)

    def state(self, name: str) -> str | None:
        """A word in lower case, for fields that decide whether the record is published at all: text, number or truth value.

        Raises:
            RecordError: It is something else, and leaving it out could publish or remove what it should not.
        """
        value = self._get(name)
        if not isinstance(value, str | int | None):
            raise RecordError(f"{self.place}/{name} is a {type(value).__name__}, it must be a text", rule="field_type")
        return None if value is None else str(value).strip().lower() or None

    def require(self, name: str) -> "Node":
        """The object in a field without which the record is in another format.

        Raises:
            RecordError: There is no such field, or it holds something else than an object or nothing.
        """
        if name not in self.fields:
            raise RecordError(f"the record has no {self.place}/{name}: check the source's extractor", rule="other_format")
        value = self._get(name)
        if not isinstance(value, dict | None):
            raise RecordError(f"{self.place}/{name} is a {type(value).__name__}, it must be an object", rule="field_type")
        return self.child(name)

    def texts(self, name: str) -> list[str]:
        """The texts of a list in its order; one text is a list of one."""
        value = self._get(name)
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        found = [_read_text(_something(item), self._note, f"{name}/{place}") for place, item in enumerate(items)]
        return [text for text in found if text is not None]

    def integer(self, name: str) -> int | None:
        """A whole number, or a text of digits."""
        value = self._get(name)
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            value = int(value) if len(value.strip()) < 19 else value  # noqa: PLR2004 - digits of a 64-bit number
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        return self._note(name, value, "a whole number")

    def flag(self, name: str) -> bool:
        """A truth value, also as a number or as one of the texts 1, true, yes, 0, false, no; false when there is nothing."""
        value = self._get(name)
        if value is None or isinstance(value, bool | int | float):
            return bool(value)
        word = value.strip().lower() if isinstance(value, str) else None
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        return bool(self._note(name, value, "a truth value"))

    def child(self, name: str) -> "Node":
        """The object in a field; one without fields when there is none."""
        value = self._get(name)
        if value is not None and not isinstance(value, dict):
            self._note(name, value, "an object")
        return Node(cast("dict[str, Any]", value) if isinstance(value, dict) else {}, f"{self.place}/{name}", self.notes)

    def children(self, name: str) -> "list[Node]":
        """The objects of a list in its order; one object is a list of one."""
        value = self._get(name)
        items = cast("list[Any]", value) if isinstance(value, list) else [value]
        found: list[Node] = []
        for place, item in enumerate(items):
            if isinstance(item, dict):
                found.append(Node(cast("dict[str, Any]", item), f"{self.place}/{name}/{place}", self.notes))
            elif _something(item) is not None:
                self._note(f"{name}/{place}", item, "an object")
        return found

    def _get(self, name: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        return _something(self.fields.get(name))

    def _note(self, name: str, value: Any, wanted: str) -> None:  # noqa: ANN401 - JSON has no narrower type
        self.notes.append(f"{self.place}/{name}: a {type(value).__name__} where {wanted} belongs, left out")


def extract_records(records: pa.RecordBatch, read: Callable[[RawRow, Node], Iterable[Document]]) -> Extraction:
    """N rows → the documents that ``read`` makes of each, or the row set aside where it raises ``RecordError``."""
    documents: list[Document] = []
    set_aside: list[SetAside] = []
    for row in iterate_rows(records):
        try:
            documents.extend(read(row, _read_record(row.body)))
        except RecordError as error:
            set_aside.append(row.put_aside(str(error), error.rule))
    return Extraction(documents, tuple(set_aside))


def _read_record(body: bytes) -> Node:
    try:
        record = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"the record is not JSON: {error}", rule="not_json") from error
    if not isinstance(record, dict):
        raise RecordError(f"the record is a JSON {type(record).__name__}, it must be an object", rule="not_an_object")
    return Node(cast("dict[str, Any]", record), "", [])


def _something(value: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type
    return None if value in ({}, [], "") else value


def _read_text(value: Any, note: Callable[[str, Any, str], None], name: str) -> str | None:  # noqa: ANN401 - JSON has no narrower type
    if isinstance(value, str):
        return value.strip() or None
    if value is None or (isinstance(value, _NUMBERS) and not isinstance(value, bool)):
        return None if value is None else str(value)
    return note(name, value, "a text")
