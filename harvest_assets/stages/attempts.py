"""Attempts: when a source was asked, for what, and how it ended. One ledger entry each; one that was killed stays ``started``."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from harvest_assets.config.sources import Source
from harvest_assets.errors import PausedError
from harvest_assets.store.store import Store

KIND = "attempts"
RECENT = 50


@dataclass(slots=True)
class RunningAttempt:
    """An attempt under way; what is put into ``counts`` is recorded when it succeeds. ``is_down``: the source did not answer at all."""

    started_at: datetime
    counts: dict[str, Any] = field(default_factory=dict[str, Any])
    is_down: bool = False


@contextmanager
def recorded_attempt(store: Store, source: Source, days: Sequence[date], *, force: str | None = None) -> Generator[RunningAttempt]:
    """Record an attempt at harvesting a source, however it ends; the caller holds the source's lock.

    It fails by an error of its own; whoever breaks in from outside, and a pause between two pages, cancels it; a source that does not
    answer at all is ``down``, which is no failure of a harvest.
    """
    attempt = RunningAttempt(datetime.now(UTC))
    entry = {
        "started_at": attempt.started_at.isoformat(),
        "days": [str(days[0]), str(days[-1])],
        "source_version": source.version,
        "protocol_version": source.protocol_version,
        "status": "started",
        "ended_at": None,
        **({"force": force} if force else {}),
    }
    name = entry_name(attempt.started_at)
    store.ledger.write(KIND, source.slug, name, entry)
    try:
        yield attempt
    except BaseException as error:
        failed = {"status": _ending(attempt, error), "error": type(error).__name__, "reason": str(error).split("\n", 1)[0]}
        store.ledger.write(KIND, source.slug, name, {**entry, **failed, "ended_at": datetime.now(UTC).isoformat()})
        raise
    done = {"status": "succeeded", "counts": attempt.counts, "ended_at": datetime.now(UTC).isoformat()}
    store.ledger.write(KIND, source.slug, name, {**entry, **done})


def entry_name(started_at: datetime) -> str:
    """The name of an attempt's entry in the ledger."""
    return f"{started_at:%Y%m%dT%H%M%S%f}"


def _ending(attempt: RunningAttempt, error: BaseException) -> str:
    if isinstance(error, PausedError) or not isinstance(error, Exception):
        return "cancelled"
    return "down" if attempt.is_down else "failed"


def recent_attempts(store: Store, source: str) -> list[dict[str, Any]]:
    """The last attempts, latest first; one that neither ended nor runs was killed and counts as failed."""
    entries = store.ledger.latest(KIND, source, RECENT)
    if any(entry["status"] == "started" for entry in entries) and not store.is_held(f"harvest-{source}"):
        killed = {"status": "failed", "error": "Interrupted", "reason": "the run ended without a word; the next one goes on where it can"}
        entries = [{**entry, **killed} if entry["status"] == "started" else entry for entry in entries]
    return entries
