"""``Allowance``: so many requests in any span of so many seconds, whoever sends them and to whichever host.

Only `budget` uses the functions. A file holds one moment for each request of the allowance, in a ring: the next request takes over the
oldest moment, a period after it. So no period holds more than the allowance, and the whole of it may be used at once. A moment is
read and written where it stands, so that the cost does not grow with the allowance.
"""

import os
import struct
from array import array
from dataclasses import dataclass

_HEADER = struct.Struct("<qq")  # moments in the ring, and the one that is next
_MOMENT = struct.Struct("<d")  # epoch seconds; 0 where no request was sent yet

# Two requests are not equally long on their way, and the server counts arrivals: a period is taken a little longer than it is.
_MARGIN_SHARE = 0.05
_MARGIN_SECONDS = 0.25
# No moment is later than this: a clock that went back, or a broken file, must not stop a source for good.
_FARTHEST_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """``requests`` in any ``period_seconds``: N means N."""

    requests: int
    period_seconds: float

    @property
    def pause_seconds(self) -> float:
        """From a request to the one that takes over its place."""
        return self.period_seconds + min(_MARGIN_SHARE * self.period_seconds, _MARGIN_SECONDS)


def take_place(handle: int, allowance: Allowance, due_at: float) -> tuple[float, int]:
    """Take the next place of the ring for a request that is due then, if it is free then.

    The file is locked by the caller. A place that is given out counts as used even if its process is killed before it is written.

    Returns:
        When the place is free (it is taken if that is not after ``due_at``), and its number.
    """
    place = _find_place(handle, allowance.requests)
    free_at = _read_moment(handle, place, latest=due_at + _FARTHEST_SECONDS) + allowance.pause_seconds
    if free_at <= due_at:
        os.pwrite(handle, _HEADER.pack(allowance.requests, (place + 1) % allowance.requests), 0)
        move_place(handle, place, due_at)
    return free_at, place


def move_place(handle: int, place: int, due_at: float) -> None:
    """Set the moment of a place, also of one that was taken before and whose request was put off."""
    os.pwrite(handle, _MOMENT.pack(due_at), _HEADER.size + place * _MOMENT.size)


def _find_place(handle: int, requests: int) -> int:
    header = os.pread(handle, _HEADER.size, 0)
    places, following = _HEADER.unpack(header) if len(header) == _HEADER.size else (0, 0)
    if places == requests and 0 <= following < requests:
        return following
    return _lay_out(handle, requests)


def _lay_out(handle: int, requests: int) -> int:
    """Make the ring as long as the allowance is now, with the latest moments, and return the place that is next."""
    content = os.pread(handle, os.fstat(handle).st_size, _HEADER.size)
    moments = array("d", content[: len(content) // _MOMENT.size * _MOMENT.size])
    kept = sorted(moment for moment in moments if moment > 0)[-requests:]
    following = len(kept) % requests
    written = _HEADER.pack(requests, following) + array("d", kept).tobytes()
    os.pwrite(handle, written, 0)
    os.ftruncate(handle, len(written))
    return following


def _read_moment(handle: int, place: int, *, latest: float) -> float:
    content = os.pread(handle, _MOMENT.size, _HEADER.size + place * _MOMENT.size)
    moment = float(_MOMENT.unpack(content)[0]) if len(content) == _MOMENT.size else 0.0
    return moment if 0 <= moment <= latest else 0.0
