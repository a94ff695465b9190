"""``Window``: the half-open span of datestamps that a harvest asks for.

Windows are ``[start, end)`` everywhere; a protocol with inclusive bounds converts them in one function of its own.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The span ``[start, end)`` of aware UTC times; ``None`` leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_full(self) -> bool:
        """Whether the list reaches back to the beginning, so that what it lacks is not there."""
        return self.start is None


def midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime.combine(day, time(), tzinfo=UTC)


def next_midnight(day: date) -> datetime:
    """The first instant after a UTC day."""
    return midnight(day) + DAY
