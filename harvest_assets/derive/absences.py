"""When a file that is not found counts as gone: after several observations over several days, never after one.

Pure. An answer that says neither (a server error, a refusal, no answer at all) leaves everything as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

SEEN = frozenset({"ok", "moved"})
MISSED = frozenset({"not_found", "gone"})

# "Gone" (410) is said on purpose, so that a second look on another day is enough.
_OBSERVATIONS_OF_GONE = 2
_DAYS_OF_GONE = 1


@dataclass(frozen=True, slots=True)
class Patience:
    """How many observations in a row, and over how many days, make a missing file gone."""

    observations: int = 3
    days: int = 3


def follow_absence(earlier: Mapping[str, Any], outcome: str, now: datetime, patience: Patience) -> dict[str, Any]:
    """What is known of a file's absence after one more look; ``earlier`` is the last result, with ``derived_at``, when it was made.

    Returns:
        ``observations`` in a row that missed it, ``first_missed_at`` of these, ``last_seen_at``, and whether it counts as gone
        (``is_gone``). Times are ISO 8601, null where it never happened, and of a file that is there: to be there as before is no news.
    """
    if outcome in SEEN:
        return _describe(0, None, None, is_gone=False)
    last_seen_at = earlier.get("derived_at") if earlier.get("outcome") in SEEN else earlier.get("last_seen_at")
    observations, first_missed_at = int(earlier.get("observations") or 0), earlier.get("first_missed_at")
    if outcome not in MISSED:
        return _describe(observations, first_missed_at, last_seen_at, is_gone=bool(earlier.get("is_gone")))
    first_missed_at = first_missed_at or now.isoformat()
    absent_for = now - datetime.fromisoformat(first_missed_at)
    is_gone = _is_enough(observations + 1, absent_for, outcome, patience)
    return _describe(observations + 1, first_missed_at, last_seen_at, is_gone=is_gone)


def _is_enough(observations: int, absent_for: timedelta, outcome: str, patience: Patience) -> bool:
    wanted, days = patience.observations, patience.days
    if outcome == "gone":
        wanted, days = min(wanted, _OBSERVATIONS_OF_GONE), min(days, _DAYS_OF_GONE)
    return observations >= wanted and absent_for >= timedelta(days=days)


def _describe(observations: int, first_missed_at: str | None, last_seen_at: str | None, *, is_gone: bool) -> dict[str, Any]:
    return {"observations": observations, "first_missed_at": first_missed_at, "last_seen_at": last_seen_at, "is_gone": is_gone}
