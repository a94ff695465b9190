"""Page numbers and offsets, which we count ourselves; such a list can also be asked for in parts of any length."""

from dataclasses import dataclass

from harvest_assets.errors import PositionExpiredError
from harvest_assets.harvest.json_api.pager import Pager, Seen
from harvest_assets.harvest.json_api.paging_options import Offset, PageNumber
from harvest_assets.harvest.json_api.requesting import Request

EMPTY_PAGES_TOLERATED = 3


@dataclass(frozen=True, slots=True)
class Slice:
    """Places of a list, from 0: ``count`` of them from ``start`` on."""

    start: int
    count: int


class CountingPager(Pager):
    """The list ends at the total, or with a page that is short or empty; an empty page before the total is not yet the end."""

    hands_out_positions = False

    def __init__(self, source: str, first: Request, options: PageNumber | Offset) -> None:
        size = {options.size_parameter: options.size} if options.size_parameter and options.size else {}
        begin = options.first if isinstance(options, PageNumber) else 0
        super().__init__(source, first.holding(options.sent_in, {**size, options.parameter: begin}))
        self._options = options
        self._begin = begin
        self._received = 0
        self._empty = 0

    def follow(self, position: str) -> Request:
        """The first request with another number."""
        return self.first.holding(self._options.sent_in, {self._options.parameter: self._read(position)})

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The number after the page; by a total when one is announced, since servers may give fewer items than asked for."""
        here = self._read(position)
        self._received += seen.places
        self._empty = 0 if seen.places else self._empty + 1
        is_last = self._is_last(here, seen) if seen.places else self._is_beyond(here, seen)
        if is_last:
            return None
        return str(here + (1 if isinstance(self._options, PageNumber) else seen.places or self._options.size or 1))

    def _is_last(self, here: int, seen: Seen) -> bool:
        """By pages we count only what came since the list was begun or resumed; a resumed list may end with an empty page.

        A total that is less than what came is wrong, and does not end the list.
        """
        count = here + seen.places if isinstance(self._options, Offset) else self._received
        if seen.total is not None and count <= seen.total:
            return count == seen.total
        return self._options.size is not None and seen.places < self._options.size

    def _is_beyond(self, here: int, seen: Seen) -> bool:
        """Whether an empty page is the end: after the total, without one, and when several follow each other."""
        if seen.total is None or self._options.size is None:
            return True
        return self._place(here) + self._options.size >= seen.total or self._empty > EMPTY_PAGES_TOLERATED

    # -- parts ---------------------------------------------------------------------------------------------------------------------

    def find_slice(self, position: str | None) -> Slice | None:
        """The places that a page covers; None where the server is not told how many it shall send."""
        if not self._options.size or not self._options.size_parameter:
            return None
        return Slice(self._place(self._read(position)), self._options.size)

    def ask_slice(self, part: Slice) -> Request:
        """The request for a part that ``find_slice`` or ``split_slice`` gave."""
        options = self._options
        number = part.start if isinstance(options, Offset) else part.start // part.count + self._begin
        return self.first.holding(options.sent_in, {options.parameter: number, str(options.size_parameter): part.count})

    def split_slice(self, part: Slice) -> list[Slice]:
        """Smaller parts: two, or as many as it takes for pages of their length to begin where the parts do."""
        if isinstance(self._options, Offset):
            half = part.count // 2
            return [Slice(part.start, half), Slice(part.start + half, part.count - half)]
        parts = next((factor for factor in range(2, part.count) if part.count % factor == 0), part.count)
        count = part.count // parts
        return [Slice(part.start + number * count, count) for number in range(parts)]

    def _place(self, number: int) -> int:
        return number if isinstance(self._options, Offset) else (number - self._begin) * (self._options.size or 1)

    def _read(self, position: str | None) -> int:
        if position is None:
            return self._begin
        if not (position.isascii() and position.isdecimal()):
            raise PositionExpiredError(f"{self.source}: position {position!r} is not a number, the list has to start again")
        return int(position)
