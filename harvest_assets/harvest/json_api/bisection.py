"""A page that cannot be read, asked for again in smaller and smaller parts until what cannot be read is a single record.

Only for lists that are counted, for these can be asked for from any place on. A single record that cannot be read is a hole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harvest_assets.errors import PermanentError, UnreadablePageError
from harvest_assets.harvest.json_api.content import BrokenPageError
from harvest_assets.harvest.json_api.counting import CountingPager, Slice
from harvest_assets.harvest.json_api.requesting import Fetched, Request

# More unreadable records on one page than this are no bad records but a bad server, which should not be asked a thousand times.
MOST_HOLES = 10
READ_IN_PARTS = "the page could not be read as a whole and was asked for in parts"

Fetch = Callable[[Request], Fetched]
FindItems = Callable[[Fetched], list[Any]]


@dataclass(slots=True)
class Parts:
    """What could be read of a page: its items in order, holes in words, and the last answer that was good.

    ``places`` is how much of the list that covers; less than the page where the list ends in it, or the server sends less than asked.
    ``original`` is the answer as it came, where it had to be mended or could not be read.
    """

    last: Fetched
    items: list[Any]
    holes: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    original: bytes = b""

    @property
    def places(self) -> int:
        """Items and holes."""
        return len(self.items) + len(self.holes)


class _NothingWonError(Exception):
    """Going on would bring no more than what is known: the page cannot be read."""


class Bisection:
    """Reads one page in parts. ``error`` is why it cannot be read as a whole, ``find_items`` makes items of an answer."""

    def __init__(self, pager: CountingPager, fetch: Fetch, find_items: FindItems, error: UnreadablePageError) -> None:
        self._pager = pager
        self._fetch = fetch
        self._find_items = find_items
        self._error = error
        self._parts: list[tuple[Fetched, list[Any]]] = []
        self._holes: list[str] = []

    def read(self, page: Slice) -> Parts:
        """All parts of the page that can be read.

        Raises:
            UnreadablePageError: Nothing is won: too many records are bad, or the server does not send the parts that it is asked for.
        """
        try:
            return self._read(page)
        except _NothingWonError as reason:
            raise self._error from reason

    def _read(self, page: Slice) -> Parts:
        pending = self._narrow(page, self._error)
        while pending:
            part = pending.pop()
            try:
                fetched, items = self._ask(part)
            except UnreadablePageError as failure:
                pending += self._narrow(part, failure)
                continue
            self._parts.append((fetched, items))
            if len(items) < part.count:
                break
        return self._join(page)

    def _narrow(self, part: Slice, failure: UnreadablePageError) -> list[Slice]:
        """Smaller parts, the first one last; none of a single record, which is a hole."""
        if part.count > 1:
            return self._pager.split_slice(part)[::-1]
        self._holes.append(f"record at offset {part.start} could not be read: {failure}")
        if len(self._holes) > MOST_HOLES:
            raise _NothingWonError(f"more than {MOST_HOLES} records are bad") from failure
        return []

    def _ask(self, part: Slice) -> tuple[Fetched, list[Any]]:
        try:
            fetched = self._fetch(self._pager.ask_slice(part))
            items = self._find_items(fetched)
        except UnreadablePageError:
            raise
        except PermanentError as refusal:
            raise _NothingWonError("the server refuses a part") from refusal
        if len(items) > part.count:
            raise _NothingWonError("the server sends more than it is asked for")
        return fetched, items

    def _join(self, page: Slice) -> Parts:
        if self._parts:
            last = self._parts[-1][0]
        else:  # is it this page only? the record after it tells
            try:
                last = self._ask(Slice(page.start + page.count, 1))[0]
            except UnreadablePageError as failure:
                raise _NothingWonError("the record after the page is bad too") from failure
        items = [item for _, found in self._parts for item in found]
        repairs = dict.fromkeys(repair for fetched, _ in self._parts for repair in fetched.content.repairs)
        original = self._error.original if isinstance(self._error, BrokenPageError) else b""
        return Parts(last, items, tuple(self._holes), (READ_IN_PARTS, *repairs), original)
