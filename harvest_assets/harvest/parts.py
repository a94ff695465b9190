"""How a window is cut: into the parts of a split range, and in halves around what cannot be read. Pure.

Boundaries lie on multiples of the interval since 1970, so that the same range is cut in the same places by every attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from harvest_assets.model.window import DAY, Window, midnight

MOST_PARTS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Span:
    """What cutting needs to know: how long a part may be, how finely the server tells times apart, and where an open window reaches.

    ``earliest`` is the first datestamp that the server has, ``now`` the start of the harvest, ``overlap`` how far clocks are mistrusted.
    """

    interval: timedelta
    smallest: timedelta
    earliest: datetime | None
    now: datetime
    overlap: timedelta


def cut_window(window: Window, span: Span) -> tuple[Sequence[Window], Window | None]:
    """The parts of a window in order, and the tail that is read after all of them; one part and no tail where it cannot be cut.

    An open window ends in a tail that begins before the harvest did: a record that changes while the parts are read leaves its part and
    arrives in the tail, so that parts which are read in any order miss nothing.
    """
    start = window.start or span.earliest
    if start is None or (window.end or span.now) - start <= span.interval:
        return [window], None
    unit = max(span.smallest, _HOUR)
    end = window.end or _floor(midnight(span.now.date()) - span.overlap, unit)
    marks = _marks(start, end, span, unit)
    if not marks:
        return [window], None
    edges = [window.start, *marks, end]
    parts = [Window(one, other) for one, other in pairwise(edges)]
    return parts, (Window(end, None) if window.end is None else None)


def halve(window: Window, span: Span) -> tuple[Window, Window] | None:
    """The two halves of a window at a boundary that the server can tell; ``None`` when it is too short, or has no beginning."""
    start, end = window.start or span.earliest, window.end or span.now + DAY
    if start is None:
        return None
    middle = _floor(start + (end - start) / 2, span.smallest)
    if not start < middle < end:
        return None
    return Window(window.start, middle), Window(middle, window.end)


def _marks(start: datetime, end: datetime, span: Span, unit: timedelta) -> list[datetime]:
    """Boundaries between start and end; the interval grows where there would be too many."""
    interval = max(unit, -(-span.interval // unit) * unit)
    while (end - start) / interval > MOST_PARTS:
        interval *= 2
    first = _floor(start, interval) + interval
    return [first + number * interval for number in range(max(0, -((first - end) // interval)))]


def _floor(moment: datetime, unit: timedelta) -> datetime:
    return moment - (moment - _EPOCH) % unit
