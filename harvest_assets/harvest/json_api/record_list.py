"""``RecordList``: one list page by page, from its beginning or from a position that was kept.

Put here: the order of steps. Where a list goes on is `paging`, when it does not end is `endless`, what is tried with a page that cannot
be read is `requesting` and `bisection`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from harvest_assets.errors import PermanentError, PositionExpiredError, UnendingListError, UnreadablePageError
from harvest_assets.harvest.endless import EndGuard
from harvest_assets.harvest.json_api.bisection import Bisection, Parts
from harvest_assets.harvest.json_api.counting import CountingPager, Slice
from harvest_assets.harvest.json_api.details import Details
from harvest_assets.harvest.json_api.included import embed_included
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.pager import Pager, Seen
from harvest_assets.harvest.json_api.paging_options import PageNumber
from harvest_assets.harvest.json_api.records import Rows, read_total
from harvest_assets.harvest.json_api.requesting import FailedPageError, Fetched, Request, Requester
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.record import Page

ROUND_SIZES = frozenset({10, 20, 25, 50, 100, 200, 250, 500, 1_000})

_GONE = 410
_REFUSED = frozenset({400, 404, 422})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the list we are; ``words`` begin messages."""

    position: str | None
    number: int
    words: str
    is_resumed: bool = False


class RecordList:
    """Walks one list of a source."""

    def __init__(self, options: JsonApiOptions, requester: Requester, pager: Pager, details: Details | None) -> None:
        self._options = options
        self._requester = requester
        self._pager = pager
        self._details = details

    def read(self, position: str | None, number: int) -> Iterator[Page]:
        """Pages in the order of the server; errors as in `Protocol.pages`."""
        source = self._pager.source
        guard = EndGuard(self._options.max_pages)
        is_resumed = position is not None
        while True:
            if position is not None:
                guard.note(position)
            page = self._read_page(_Place(position, number, f"{source}: page {number}", is_resumed))
            reason = guard.check(page)
            yield page
            if page.next_position is None:
                return
            if reason is not None:
                raise UnendingListError(f"{source}: page {number}: {reason}")
            position, number, is_resumed = page.next_position, number + 1, False

    def _read_page(self, place: _Place) -> Page:
        request = self._pager.first if place.position is None else self._pager.follow(place.position)
        try:
            fetched = self._fetch(request, place)
            items = self._find_items(fetched, place)
        except UnreadablePageError as error:
            return self._read_in_parts(place, error)
        repairs = fetched.content.repairs
        return self._build_page(place, Parts(fetched, items, repairs=repairs, original=fetched.response.body if repairs else b""))

    def _fetch(self, request: Request, place: _Place) -> Fetched:
        """A page that parsed. A position that the server made up and refuses, or one kept from earlier, has expired."""
        try:
            return self._requester.fetch(request, place.words)
        except HttpStatusError as error:
            status = error.response.status
            may_be_forgotten = self._pager.hands_out_positions or place.is_resumed
            if place.position is not None and (status == _GONE or (may_be_forgotten and status in _REFUSED)):
                raise PositionExpiredError(f"{place.words}: HTTP {status} for the position of this page: start the list again") from error
            raise

    def _find_items(self, fetched: Fetched, place: _Place) -> list[Any]:
        items = fetched.content.find_records(self._options.records, place.words)
        return embed_included(items, fetched.content) if self._options.included and self._details is None else items

    def _read_in_parts(self, place: _Place, error: UnreadablePageError) -> Page:
        """The page without the records that cannot be read, where it can be asked for in parts."""
        pager = self._pager
        whole = pager.find_slice(place.position) if isinstance(pager, CountingPager) else None
        outage = error.cause if isinstance(error, FailedPageError) and place.position is None else None
        if not isinstance(pager, CountingPager) or whole is None:
            raise error if outage is None or self._options.date_filter is not None else outage
        if outage is not None:
            self._require_life(pager.ask_slice(Slice(whole.start + whole.count, 1)), place)
        fetch = partial(self._requester.fetch, place=place.words)
        parts = Bisection(pager, fetch, partial(self._find_items, place=place), error).read(whole)
        page = self._build_page(place, parts)
        if isinstance(self._options.paging, PageNumber) and parts.places < whole.count and page.next_position is not None:
            raise error  # the server sends smaller pages than it is asked for, so that its pages lie elsewhere than ours
        return page

    def _require_life(self, request: Request, place: _Place) -> None:
        """A server that fails at its first page and beyond it is down; nothing is wrong with a record.

        Raises:
            TransientError: It fails there too.
        """
        try:
            self._requester.fetch(request, place.words)
        except FailedPageError as error:
            raise error.cause from error
        except PermanentError:
            return

    def _build_page(self, place: _Place, parts: Parts) -> Page:
        rows = Rows(self._options, place.number, place.words)
        mended = self._fill(rows, parts.items)
        response = parts.last.response
        total = read_total(parts.last.content, self._options, at_least=parts.places)
        seen = Seen(response.url, response.headers, parts.last.content, parts.places, total)
        following = self._pager.find_next(place.position, seen)
        is_alone = place.position is None and following is None and total is None
        return Page(
            number=place.number,
            records=rows.batch(),
            set_aside=tuple(rows.set_aside),
            next_position=following,
            announced_total=total,
            exchange=response.exchange,
            repairs=(*parts.repairs, *dict.fromkeys(f"in details: {repair}" for each in mended for repair in each.content.repairs)),
            original=parts.original or (mended[0].response.body if mended else b""),
            holes=parts.holes,
            notes=self._warn_of_one_page(len(parts.items)) if is_alone else (),
        )

    def _fill(self, rows: Rows, items: Sequence[Any]) -> Sequence[Fetched]:
        """Items become rows; returns the details that had to be mended."""
        if self._details is not None:
            return self._details.complete(items, rows)
        for item in items:
            rows.add(item)
        return ()

    def _warn_of_one_page(self, items: int) -> tuple[str, ...]:
        """A list that is as long as a page is often only its first page."""
        sizes = {*self._options.parameters.values(), str(getattr(self._options.paging, "size", None))}
        is_suspicious = items in ROUND_SIZES or str(items) in sizes
        return (f"the list is exactly one page of {items}: check the paging",) if items and is_suspicious else ()
