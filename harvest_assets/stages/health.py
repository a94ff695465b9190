"""``source_health``: per source, when it was asked, when it was believed, how old that is, and what is due.

Two truths are kept apart: that we asked, and that what came was accepted.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from harvest_assets.assemble.retrieval import Due, Schedule, due
from harvest_assets.config.durations import parse_duration
from harvest_assets.config.sources import Source
from harvest_assets.model.window import DAY
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.availability import find_outage, is_up_now
from harvest_assets.stages.gaps import find_gaps, last_written
from harvest_assets.stages.harvest_ledger import HarvestLedger, HarvestRow
from harvest_assets.stages.history import accepted_before, read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.quarantine import waiting_count
from harvest_assets.stages.standing import breaker_words, read_standing, read_tries

Freshness = Literal["fresh", "late", "stale", "frozen", "never"]

HEALTH = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("freshness", pa.string(), nullable=False, metadata={"description": "fresh, late, stale, frozen or never harvested"}),
        pa.field("accepted_day", pa.string(), metadata={"description": "Day of the last accepted harvest"}),
        pa.field("age_hours", pa.float64(), metadata={"description": "Hours since the last accepted harvest began"}),
        pa.field("live", pa.int64(), nullable=False, metadata={"description": "Live documents of the last accepted set"}),
        pa.field("last_attempt_at", pa.string()),
        pa.field("last_status", pa.string(), metadata={"description": "started, succeeded, failed, cancelled or down"}),
        pa.field("last_reason", pa.string(), metadata={"description": "Why the last attempt failed, or the last verdict in words"}),
        pa.field("set_aside", pa.int64(), nullable=False, metadata={"description": "Records in quarantine that nobody could read so far"}),
        pa.field("is_due", pa.bool_(), nullable=False),
        pa.field("due_because", pa.string(), nullable=False),
        pa.field("next_at", pa.string()),
        pa.field("is_up", pa.bool_(), metadata={"description": "Whether the source answered the last look; empty when that is not known"}),
        pa.field("down_since", pa.string(), metadata={"description": "Since when the source does not answer"}),
        pa.field("breaker", pa.string(), nullable=False, metadata={"description": "closed, open or half-open; how many harvests failed"}),
        pa.field("ledger_status", pa.string(), metadata={"description": "Status of the range of the ledger that was written last"}),
        pa.field("gaps", pa.int64(), nullable=False, metadata={"description": "Failed ranges that no other harvest has covered"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Health:
    """One row of ``HEALTH``."""

    source: str
    freshness: Freshness
    accepted_day: str | None
    age_hours: float | None
    live: int
    last_attempt_at: str | None
    last_status: str | None
    last_reason: str | None
    set_aside: int
    is_due: bool
    due_because: str
    next_at: str | None
    is_up: bool | None
    down_since: str | None
    breaker: str
    ledger_status: str | None
    gaps: int


def check_sources(installation: Installation, now: datetime | None = None) -> Iterator[Health]:
    """The health of every source, in order of name."""
    for source in installation.catalog.sources.values():
        yield check_source(installation, source, now or datetime.now(UTC))


def is_source_due(installation: Installation, source: Source, now: datetime) -> Due:
    """Whether a source is to be harvested now, and why."""
    row = _todays_row(installation, source, now)
    retry_at = datetime.fromisoformat(row.retry_at) if row.retry_at and row.status == "rescheduled" else None
    schedule = Schedule(source.frequency, source.retry_frequency, read_standing(installation, source, now), retry_at)
    return due(schedule, read_tries(recent_attempts(installation.store, source.slug)), now)


def name_next_try(installation: Installation, source: Source, now: datetime) -> str:
    """A name for the next harvest of a source: another one after every attempt, and each time that one was turned away today."""
    last = next((str(each["started_at"]) for each in recent_attempts(installation.store, source.slug)), "first")
    turned_away_at = _todays_row(installation, source, now).turned_away_at
    return f"{last}|{turned_away_at}" if turned_away_at else last


def check_source(installation: Installation, source: Source, now: datetime) -> Health:
    """The health of one source."""
    store = installation.store
    accepted = accepted_before(store, source.slug, "9999")
    latest = store.manifests.latest("documents", source.slug)
    attempt = next(iter(recent_attempts(store, source.slug)), None)
    age = None if accepted is None else (now - datetime.fromisoformat(accepted.facts["harvest"]["started_at"])).total_seconds() / 3600
    decided, outage = is_source_due(installation, source, now), find_outage(store, source, now)
    rows = list(HarvestLedger(store).rows(source.slug))
    words = read_verdict(store, latest).words if latest is not None else None
    return Health(
        source=source.slug,
        freshness=_freshness(source, age),
        accepted_day=accepted.day if accepted else None,
        age_hours=round(age, 1) if age is not None else None,
        live=int(accepted.counts["live"]) if accepted else 0,
        last_attempt_at=attempt["started_at"] if attempt else None,
        last_status=attempt["status"] if attempt else None,
        last_reason=attempt.get("reason", words) if attempt else words,
        set_aside=waiting_count(store, source.slug),
        is_due=decided.is_due,
        due_because=decided.because,
        next_at=decided.next_at.isoformat() if decided.next_at else None,
        is_up=is_up_now(store, source, now),
        down_since=outage.since.isoformat() if outage else None,
        breaker=breaker_words(installation, source, now),
        ledger_status=max(rows, key=last_written).status if rows else None,
        gaps=len(find_gaps(rows)),
    )


def as_rows(health: Iterator[Health]) -> list[dict[str, Any]]:
    """Rows of ``HEALTH``."""
    return [asdict(each) for each in health]


def _todays_row(installation: Installation, source: Source, now: datetime) -> HarvestRow:
    """The row of today's range in the ledger; a new one when there is none."""
    return HarvestLedger(installation.store).find(source, str(now.date()), str(now.date() + DAY))


def _freshness(source: Source, age_hours: float | None) -> Freshness:
    if age_hours is None:
        return "never"
    if source.frozen or not source.enabled:
        return "frozen"
    if age_hours * 3600 > parse_duration(source.freshness.fail).total_seconds():
        return "stale"
    return "late" if age_hours * 3600 > parse_duration(source.freshness.warn).total_seconds() else "fresh"
