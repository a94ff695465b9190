"""The harvest ledger: one row per source, its version, the protocol's version and the range that was asked for.

A row says what became of that range, however often it was tried; single tries are `attempts`. A range that was split has the status
``split`` while its parts are on their way, and each part has a row of its own. Writers hold the source's lock, except where nothing
was asked (``skipped``, ``rescheduled``); those never touch a row that is under way. One that was killed under way is read as failed.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from harvest_assets.config.sources import Source
from harvest_assets.store.store import Store

KIND = "harvests"
Status = Literal["created", "started", "succeeded", "failed", "rescheduled", "skipped", "split", "cancelled"]
UNDER_WAY = frozenset({"started", "split"})
INTERRUPTED = "Interrupted"

LEDGER = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_version", pa.string(), nullable=False, metadata={"description": "Of the part of the file that selects records"}),
        pa.field("protocol_version", pa.string(), nullable=False),
        pa.field("start", pa.string(), metadata={"description": "Start of the range, inclusive: a day, or an instant of a part"}),
        pa.field("end", pa.string(), metadata={"description": "End of the range, exclusive"}),
        pa.field("part_of", pa.string(), metadata={"description": "The range that was split, as start/end"}),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string(), metadata={"description": "Why it was skipped, rescheduled, or failed"}),
        pa.field("error", pa.string(), metadata={"description": "Class of the error"}),
        pa.field("completions", pa.int64(), nullable=False, metadata={"description": "How often it succeeded"}),
        pa.field("attempts", pa.int64(), nullable=False, metadata={"description": "How often it was started"}),
        pa.field("created_at", pa.string(), nullable=False),
        pa.field("started_at", pa.string()),
        pa.field("beat_at", pa.string(), metadata={"description": "Last sign of life"}),
        pa.field("ended_at", pa.string()),
        pa.field("retry_at", pa.string()),
        pa.field("turned_away_at", pa.string(), metadata={"description": "When a harvest of it was last skipped or rescheduled"}),
        pa.field("window_start", pa.string(), metadata={"description": "What was asked of the server; empty for the beginning"}),
        pa.field("window_end", pa.string(), metadata={"description": "Empty for now"}),
        pa.field("pages", pa.int64(), nullable=False),
        pa.field("records", pa.int64(), nullable=False),
        pa.field("set_aside", pa.int64(), nullable=False),
        pa.field("is_complete", pa.bool_(), metadata={"description": "Whether the list was proven complete"}),
    ]
)


@dataclass(frozen=True, slots=True)
class HarvestRow:
    """One row of ``LEDGER``."""

    source: str
    source_version: str
    protocol_version: str
    start: str | None
    end: str | None
    part_of: str | None = None
    status: Status = "created"
    reason: str | None = None
    error: str | None = None
    completions: int = 0
    attempts: int = 0
    created_at: str = ""
    started_at: str | None = None
    beat_at: str | None = None
    ended_at: str | None = None
    retry_at: str | None = None
    turned_away_at: str | None = None
    window_start: str | None = None
    window_end: str | None = None
    pages: int = 0
    records: int = 0
    set_aside: int = 0
    is_complete: bool | None = None

    @property
    def name(self) -> str:
        """The row's name in the store: its key, in order of start."""
        parts = (self.start or "beginning", self.end or "now", self.source_version, self.protocol_version)
        return "_".join(part.replace(":", "") for part in parts)


class HarvestLedger:
    """The rows of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, source: Source, start: str | None, end: str | None) -> HarvestRow:
        """The row of a range with the source as it is now; a new one, not yet written, when there is none."""
        key = HarvestRow(source.slug, source.version, source.protocol_version, start, end, created_at=_now())
        found = self._store.ledger.find(KIND, source.slug, key.name)
        return key if found is None else self._as_it_is(HarvestRow(**found))

    def mark(self, row: HarvestRow, status: Status, **facts: Any) -> HarvestRow:  # noqa: ANN401 - fields of the row
        """Write what became of a row, and return it as it is now."""
        now = _now()
        if status == "started":
            facts = {
                "attempts": row.attempts + 1,
                "started_at": now,
                "beat_at": now,
                "ended_at": None,
                "reason": None,
                "error": None,
                **facts,
            }
        elif status == "succeeded":
            facts = {"completions": row.completions + 1, "reason": None, "error": None, "retry_at": None, "ended_at": now, **facts}
        elif status not in UNDER_WAY:
            facts = {"ended_at": now, **facts}
        return self._write(replace(row, status=status, **facts))

    def turn_away(self, source: Source, start: str, end: str, status: Literal["skipped", "rescheduled"], **facts: Any) -> None:  # noqa: ANN401
        """Write that a range was not asked for, unless another run is at it; one that has succeeded stays succeeded."""
        row = self.find(source, start, end)
        if row.status == "succeeded":
            self._write(replace(row, turned_away_at=_now()))
        elif row.status not in UNDER_WAY:
            self.mark(row, status, turned_away_at=_now(), **facts)

    def beat(self, row: HarvestRow, *, pages: int, records: int) -> HarvestRow:
        """Write a sign of life."""
        return self._write(replace(row, beat_at=_now(), pages=pages, records=records))

    def rows(self, source: str) -> Iterator[HarvestRow]:
        """Every row of a source, in order of start."""
        for entry in self._store.ledger.all(KIND, source):
            yield self._as_it_is(HarvestRow(**entry))

    def sources(self) -> list[str]:
        """Names of the sources that have rows, retired ones included."""
        return self._store.ledger.scopes(KIND)

    def all_rows(self) -> Iterator[HarvestRow]:
        """Every row of every source, in order of source and start."""
        for source in self.sources():
            yield from self.rows(source)

    def _as_it_is(self, row: HarvestRow) -> HarvestRow:
        """The row; one under way that nobody works on was killed. It is looked at twice: a harvest may end between row and lock."""
        if row.status not in UNDER_WAY or self._store.is_held(f"harvest-{row.source}"):
            return row
        again = self._store.ledger.find(KIND, row.source, row.name)
        if again is None or again != asdict(row):
            return row if again is None else HarvestRow(**again)
        reason = "the run ended without a word; the next one goes on where it can"
        return replace(row, status="failed", error=INTERRUPTED, reason=reason, ended_at=row.beat_at or row.started_at)

    def _write(self, row: HarvestRow) -> HarvestRow:
        self._store.ledger.write(KIND, row.source, row.name, asdict(row))
        return row


def as_table(rows: Iterator[HarvestRow]) -> pa.Table:
    """Rows with the columns ``LEDGER``."""
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=LEDGER)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
