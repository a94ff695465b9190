"""Raw records as columns, pages of them, and records set aside.

A raw record is the bytes as the source sent them. Where the bytes need their surroundings to be parsed (namespaces declared on an
ancestor), ``envelope`` holds the start tag that makes ``envelope + body + end tag`` well-formed.
"""

from dataclasses import dataclass

import pyarrow as pa

from harvest_assets.model.exchange import Exchange

RAW_RECORDS = pa.schema(
    [
        pa.field("identifier", pa.string(), nullable=False, metadata={"description": "Identifier that the source gives the record"}),
        pa.field("datestamp", pa.string(), nullable=False, metadata={"description": "Time of change as sent; empty when there is none"}),
        pa.field("deleted", pa.bool_(), nullable=False, metadata={"description": "Whether the source says that the record is deleted"}),
        pa.field("set_specs", pa.list_(pa.string()), nullable=False, metadata={"description": "Sets that the record belongs to"}),
        pa.field("body", pa.binary(), nullable=False, metadata={"description": "The record as received"}),
        pa.field(
            "envelope",
            pa.binary(),
            nullable=False,
            metadata={"description": "Start tag in which the body parses; empty when it stands alone"},
        ),
        pa.field("page", pa.int32(), nullable=False, metadata={"description": "Page of the list that brought it, from 1"}),
    ]
)

SET_ASIDE = pa.schema(
    [
        pa.field("identifier", pa.string(), metadata={"description": "Identifier, when it could be read"}),
        pa.field("page", pa.int32(), nullable=False),
        pa.field("stage", pa.string(), nullable=False, metadata={"description": "harvest or extract"}),
        pa.field("error", pa.string(), nullable=False, metadata={"description": "Class of the error"}),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("body", pa.binary(), nullable=False, metadata={"description": "The bytes that could not be read"}),
        pa.field("rule", pa.string(), nullable=False, metadata={"description": "What it breaks, as a slug that does not change"}),
    ]
)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that could not be read, as a row of ``SET_ASIDE``; ``rule`` is one word for every record that fails in the same way."""

    identifier: str | None
    page: int
    stage: str
    error: str
    reason: str
    body: bytes
    rule: str = "unreadable"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    ``records`` has the columns ``RAW_RECORDS``. ``next_position`` is where the list goes on (a resumption token, an address, a cursor or
    an offset) and ``None`` on the last page. ``announced_total`` is what the source says the whole list holds, when it says so.
    ``repairs`` says what was mended before the page could be read, ``original`` is the answer as it came then. ``holes`` are parts of the
    list that this page should have brought and did not; ``notes`` what a person should know about it.
    """

    number: int
    records: pa.RecordBatch
    set_aside: tuple[SetAside, ...]
    next_position: str | None
    announced_total: int | None
    exchange: Exchange
    repairs: tuple[str, ...] = ()
    original: bytes = b""
    holes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
