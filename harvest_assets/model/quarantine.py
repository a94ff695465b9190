"""Quarantine: what is kept of a record that could not be read, and which of them somebody means.

A row lives as long as the record waits, and a while after that. ``waiting``: nobody could read it so far; ``released``: a later harvest or
a replay did; ``gone``: the source deleted it or no longer sends it.
"""

from dataclasses import dataclass, fields

import pyarrow as pa

WAITING = "waiting"

QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False, metadata={"description": "harvest: it could not be received; extract: not be read"}),
        pa.field("id", pa.string(), nullable=False, metadata={"description": "Identifier, or SHA-256 of the bytes where there is none"}),
        pa.field("identifier", pa.string(), metadata={"description": "Identifier that the source gives the record, when it could be read"}),
        pa.field("error", pa.string(), nullable=False, metadata={"description": "Class of the last error"}),
        pa.field("rule", pa.string(), nullable=False, metadata={"description": "What it breaks, as a slug that does not change"}),
        pa.field("reason", pa.string(), nullable=False, metadata={"description": "The last error in words"}),
        pa.field("body", pa.string(), nullable=False, metadata={"description": "Path of the bytes in the store"}),
        pa.field("body_sha256", pa.string(), nullable=False),
        pa.field("body_bytes", pa.int64(), nullable=False),
        pa.field("first_seen_at", pa.string(), nullable=False, metadata={"description": "When it was first tried in vain"}),
        pa.field("last_seen_at", pa.string(), nullable=False, metadata={"description": "When it was last tried in vain"}),
        pa.field("first_day", pa.string(), nullable=False, metadata={"description": "First day whose harvest set it aside"}),
        pa.field("last_day", pa.string(), nullable=False, metadata={"description": "Last day whose harvest set it aside"}),
        pa.field("attempts", pa.int64(), nullable=False, metadata={"description": "How often it was tried in vain"}),
        pa.field("state", pa.string(), nullable=False, metadata={"description": "waiting, released or gone"}),
        pa.field("released_at", pa.string(), metadata={"description": "When it was read, or found to be gone"}),
        pa.field("released_by", pa.string(), metadata={"description": "What read it, or why it is gone"}),
        pa.field("as_of", pa.string(), nullable=False, metadata={"description": "Day and time of what its state rests on"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A try at a record: the day it was for, and when it was made (UTC, ISO 8601 with microseconds)."""

    day: str
    at: str

    @property
    def as_of(self) -> str:
        """What orders tries: a later day says more of a record, and of one day the later try."""
        return f"{self.day} {self.at}"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are meant: every field that is given has to be equal."""

    stage: str | None = None
    error: str | None = None
    rule: str | None = None
    id: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The fields that are given."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in given.items() if value is not None}
