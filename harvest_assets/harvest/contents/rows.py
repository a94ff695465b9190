"""Items of a list on their way into a page: rows of raw records, and items that are set aside with their bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from harvest_assets.errors import RecordError
from harvest_assets.model.record import RAW_RECORDS, SetAside

PAGE_BYTES = 16 * 1024 * 1024
RECORD_BYTES = 16 * 1024 * 1024
KEPT_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A record: the columns of ``RAW_RECORDS`` that a file can fill."""

    identifier: str
    datestamp: str
    body: bytes
    envelope: bytes = b""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that is no record though it should be: why, by which rule, and its bytes (the first ``KEPT_BYTES``)."""

    identifier: str | None
    reason: str
    rule: str
    body: bytes

    @classmethod
    def of(cls, error: RecordError, body: bytes, identifier: str | None = None) -> "Unread":
        """What an error says of some bytes."""
        return cls(identifier, str(error), error.rule, body)


Item = Row | Unread


def read_or_set_aside(read: Callable[[], Row], body: bytes, identifier: str | None = None) -> Item:
    """The record that ``read`` makes of some bytes, or what it says against them."""
    try:
        return read()
    except RecordError as error:
        return Unread.of(error, body, identifier)


def check_size(body: bytes) -> bytes:
    """A body that is small enough to be kept as one record.

    Raises:
        RecordError: It has more than ``RECORD_BYTES``.
    """
    if len(body) > RECORD_BYTES:
        raise RecordError(f"the record has {len(body)} bytes, at most {RECORD_BYTES} are kept as one", rule="too_large")
    return body


@dataclass(slots=True)
class Rows:
    """The items of one page, in the order in which they came."""

    rows: list[Row] = field(default_factory=list[Row])
    unread: list[Unread] = field(default_factory=list[Unread])
    body_bytes: int = 0

    def add(self, items: Iterable[Item]) -> None:
        """Take items up."""
        for item in items:
            self.body_bytes += len(item.body)
            if isinstance(item, Row):
                self.rows.append(item)
            else:
                self.unread.append(item)

    def __len__(self) -> int:
        return len(self.rows) + len(self.unread)

    def is_full(self, most: int) -> bool:
        """Whether the page has ``most`` items, or so many bytes that it should end here."""
        return len(self) >= most or self.body_bytes >= PAGE_BYTES

    def batch(self, page: int) -> pa.RecordBatch:
        """The records with the columns ``RAW_RECORDS``."""
        rows = self.rows
        columns = [
            pa.array([row.identifier for row in rows], pa.string()),
            pa.array([row.datestamp for row in rows], pa.string()),
            pa.array([row.deleted for row in rows], pa.bool_()),
            pa.array([[] for _ in rows], pa.list_(pa.string())),
            pa.array([row.body for row in rows], pa.binary()),
            pa.array([row.envelope for row in rows], pa.binary()),
            pa.array([page] * len(rows), pa.int32()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=RAW_RECORDS)

    def set_aside(self, page: int) -> tuple[SetAside, ...]:
        """The items that are no records."""
        return tuple(
            SetAside(each.identifier, page, "harvest", RecordError.__name__, each.reason, each.body[:KEPT_BYTES], each.rule)
            for each in self.unread
        )
