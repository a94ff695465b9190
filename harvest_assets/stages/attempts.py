"""Attempts: when a source was asked, for what, and how it ended. One ledger entry each; one that was killed stays ``started``."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from harvest_assets.assemble.retrieval import Attempt
from harvest_assets.errors import TransientError
from harvest_assets.store.store import Store

KIND = "attempts"
RECENT = 20


@dataclass(slots=True)
class RunningAttempt:
    """An attempt under way; what is put into ``counts`` is recorded when it succeeds."""

    started_at: datetime
    counts: dict[str, Any] = field(default_factory=dict[str, Any])


@contextmanager
def recorded_attempt(store: Store, source: str, days: Sequence[date]) -> Generator[RunningAttempt]:
    """Record an attempt at harvesting a source, however it ends; the caller holds the source's lock."""
    attempt = RunningAttempt(datetime.now(UTC))
    entry = {"started_at": attempt.started_at.isoformat(), "days": [str(days[0]), str(days[-1])], "status": "started", "ended_at": None}
    name = f"{attempt.started_at:%Y%m%dT%H%M%S%f}"
    store.ledger.write(KIND, source, name, entry)
    try:
        yield attempt
    except BaseException as error:
        failed = {"status": "failed", "error": type(error).__name__, "reason": str(error).split("\n", 1)[0]}
        store.ledger.write(KIND, source, name, {**entry, **failed, "ended_at": datetime.now(UTC).isoformat()})
        raise
    done = {"status": "succeeded", "counts": attempt.counts, "ended_at": datetime.now(UTC).isoformat()}
    store.ledger.write(KIND, source, name, {**entry, **done})


def recent_attempts(store: Store, source: str) -> list[dict[str, Any]]:
    """The last attempts, latest first; one that neither ended nor runs was killed and counts as failed."""
    entries = store.ledger.latest(KIND, source, RECENT)
    if any(entry["status"] == "started" for entry in entries) and not _is_running(store, source):
        killed = {"status": "failed", "error": "Interrupted", "reason": "the run ended without a word; the next one goes on where it can"}
        entries = [{**entry, **killed} if entry["status"] == "started" else entry for entry in entries]
    return entries


def as_attempts(entries: Sequence[dict[str, Any]]) -> list[Attempt]:
    """Ledger entries as the retrieval rules read them; one that asked for past days only says nothing about today, once it has ended."""
    return [
        Attempt(
            datetime.fromisoformat(entry["started_at"]),
            datetime.fromisoformat(entry["ended_at"]) if entry["ended_at"] else None,
            entry["status"],
        )
        for entry in entries
        if entry["status"] == "started" or entry["days"][-1] >= entry["started_at"][:10]
    ]


def _is_running(store: Store, source: str) -> bool:
    try:
        with store.hold(f"harvest-{source}"):
            return False
    except TransientError:
        return True
