"""Which window a harvest asks for, and into which day each record is laid. Pure.

The next window starts at the previous harvest's start minus an overlap, never at its end, and only an accepted and complete harvest
moves it (design, section 2).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from harvest_assets.errors import ConfigurationError
from harvest_assets.model.window import Window, midnight, next_midnight

DEFAULT_FULL_EVERY_DAYS = 30


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last accepted and complete harvest lets the next one begin, and the day of the last one that saw everything."""

    next_start: datetime
    last_full_day: date | None


@dataclass(frozen=True, slots=True)
class Habits:
    """What source and server say about how to ask: ``mode`` and ``full_every_days`` from the file, ``deleted_record`` from the server."""

    filters_by_date: bool
    mode: str = "auto"
    full_every_days: int | None = None
    deleted_record: str | None = None
    earliest: date | None = None


def plan_window(days: Sequence[date], today: date, habits: Habits, cursor: Cursor | None, *, force_full: bool = False) -> Window:
    """The one window that covers all days, in order and none of them after ``today``.

    Raises:
        ConfigurationError: A past day is asked of a source that cannot filter by date, or a day to come.
    """
    if days[-1] > today:
        raise ConfigurationError(f"{days[-1]} is still to come; harvest {today} or earlier")
    if not habits.filters_by_date:
        if list(days) != [today]:
            raise ConfigurationError(
                f"{days[0]} is past and the source cannot be asked for a span of dates (no date filter); harvest {today}, or set one"
            )
        return Window()
    is_open = days[-1] == today
    wants_all = is_open and len(days) == 1 and (force_full or wants_full(habits, cursor, today))
    start = midnight(habits.earliest) if habits.earliest else None
    if cursor is not None and not wants_all:
        start = min(cursor.next_start, midnight(days[0]))
    return Window(start, None if is_open else next_midnight(days[-1]))


def wants_full(habits: Habits, cursor: Cursor | None, today: date) -> bool:
    """Whether everything is asked for again, because what the server no longer has shows only by its absence."""
    if habits.mode == "full" or cursor is None:
        return True
    every = habits.full_every_days
    if every is None and habits.mode == "auto" and habits.deleted_record in {"no", "transient"}:
        every = DEFAULT_FULL_EVERY_DAYS
    if every is None:
        return False
    return cursor.last_full_day is None or (today - cursor.last_full_day).days >= every


def proves_absence(window: Window, earliest: date | None) -> bool:
    """Whether a record that a complete list of this window lacks is not there.

    A window with an end does not: a record that changed after it has left the window.
    """
    return window.end is None and (window.start is None or (earliest is not None and window.start <= midnight(earliest)))


def next_start(started_at: datetime, window: Window, overlap: timedelta) -> datetime:
    """Where the window after this one may begin."""
    return min(started_at, window.end or started_at) - overlap


def day_of(datestamp: str, days: Sequence[date]) -> date:
    """The day among consecutive days that a record belongs to: that of its datestamp, or the nearest one; without a datestamp the last."""
    try:
        found = datetime.fromisoformat(datestamp)
    except ValueError:
        return days[-1]
    stamped = found.astimezone(UTC).date() if found.tzinfo else found.date()
    earlier = [day for day in days if day <= stamped]
    return earlier[-1] if earlier else days[0]
