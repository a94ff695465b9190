"""Stuck harvests: those that run too long, from which no page comes any more, or whose process is gone.

The signs of life are in the ledgers: the attempt, and the beat of its range, written at least every ten seconds while pages come. The lock
of the source tells whether the process lives: it frees itself with it.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from harvest_assets.config.durations import format_duration
from harvest_assets.config.sources import Source
from harvest_assets.model.window import DAY
from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.attempts import entry_name
from harvest_assets.stages.harvest_ledger import UNDER_WAY, HarvestLedger, HarvestRow
from harvest_assets.store.store import Store

# A harvest ends itself when its time is up (`lists.Leash`), between two pages; this is for one that does not come to it.
GRACE = timedelta(minutes=10)
GONE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A harvest that has to be ended, and why, in words. ``started_at`` names its attempt, if it came to one."""

    source: str
    reason: str
    error: Literal["Stuck", "Interrupted"]
    started_at: str | None

    @property
    def is_alive(self) -> bool:
        """Whether its process is still there."""
        return self.error == "Stuck"


def find_stuck(store: Store, source: Source, since: datetime, now: datetime) -> Stuck | None:
    """Whether a run that is at its raw records since some time is stuck there; a harvest that has ended is not."""
    attempt = _latest_attempt(store, source.slug)
    if attempt is not None and datetime.fromisoformat(attempt["started_at"]) < since:
        attempt = None  # that of an earlier run
    seen_at = max([since, *_signs(store, source, attempt)])
    is_gone = now - seen_at > GONE_AFTER
    reason = _find_reason(source, attempt, seen_at, now)
    if not is_gone and reason is None:
        return None
    started_at = None if attempt is None else str(attempt["started_at"])
    if store.is_held(f"harvest-{source.slug}"):
        return None if reason is None else Stuck(source.slug, reason, "Stuck", started_at)
    return Stuck(source.slug, _gone(seen_at), "Interrupted", started_at) if is_gone else None


def end_harvest(store: Store, source: Source, stuck: Stuck) -> None:
    """Write that a harvest failed, and why, in the ledgers; one that succeeded after all, or was followed by another, stays as it is."""
    attempt = _latest_attempt(store, source.slug)
    if attempt is None or attempt["started_at"] != stuck.started_at or attempt["status"] == "succeeded":
        return
    failed = {"status": "failed", "error": stuck.error, "reason": stuck.reason, "ended_at": datetime.now(UTC).isoformat()}
    name = entry_name(datetime.fromisoformat(attempt["started_at"]))
    store.ledger.write(ATTEMPTS, source.slug, name, {**attempt, **failed})
    row = _row_of(store, source, attempt)
    if row.status in {*UNDER_WAY, "cancelled", "failed"}:
        HarvestLedger(store).mark(row, "failed", error=stuck.error, reason=stuck.reason)


def _latest_attempt(store: Store, source: str) -> dict[str, Any] | None:
    """As it is written: one that was killed is still ``started``."""
    return next(iter(store.ledger.latest(ATTEMPTS, source, 1)), None)


def _signs(store: Store, source: Source, attempt: dict[str, Any] | None) -> list[datetime]:
    """When the harvest was known to live."""
    if attempt is None:
        return []
    found = [attempt["started_at"], attempt["ended_at"]]
    found.append(_row_of(store, source, attempt).beat_at)
    return [datetime.fromisoformat(each) for each in found if each]


def _find_reason(source: Source, attempt: dict[str, Any] | None, seen_at: datetime, now: datetime) -> str | None:
    """Why a process that lives is to be ended."""
    if attempt is None or attempt["status"] != "started":
        return None
    began_at = datetime.fromisoformat(attempt["started_at"])
    if now - began_at > source.limits.duration + GRACE:
        return _too_long(source, began_at)
    return _too_silent(source, seen_at) if now - seen_at > source.limits.silence else None


def _row_of(store: Store, source: Source, attempt: dict[str, Any]) -> HarvestRow:
    first, last = attempt["days"]
    return HarvestLedger(store).find(source, first, str(date.fromisoformat(last) + DAY))


def _gone(seen_at: datetime) -> str:
    return (
        f"the process of the harvest is gone: no sign of life since {_clock(seen_at)}, and nobody holds the source's lock; "
        "the next harvest goes on where it can"
    )


def _too_long(source: Source, began_at: datetime) -> str:
    return (
        f"the harvest runs since {_clock(began_at)}, longer than limits.duration ({format_duration(source.limits.duration)}), and did not "
        "end by itself; it was ended, and the next one goes on where it can"
    )


def _too_silent(source: Source, seen_at: datetime) -> str:
    return (
        f"no page came since {_clock(seen_at)}, longer than limits.silence ({format_duration(source.limits.silence)}); "
        "the harvest was ended as stuck, and the next one goes on where it can"
    )


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
