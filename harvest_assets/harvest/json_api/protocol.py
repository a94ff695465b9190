"""``JsonApi``: a list of JSON records page by page, as the options of the source describe it.

Put here: fetching and the order of steps. Where things are in a page is `records`, where a list goes on is `paging`, when it does not
end is `endless`. https://www.rfc-editor.org/rfc/rfc8259
"""

import logging
from collections.abc import Iterator
from typing import Any, ClassVar, cast

from harvest_assets.errors import PositionExpiredError, UnendingListError
from harvest_assets.harvest.endless import EndGuard
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.paging import Pager, Request, Seen, build_pager
from harvest_assets.harvest.json_api.records import CutPageError, find_records, parse_page, read_items, read_total
from harvest_assets.interfaces import HttpClient, HttpStatusError, Listed, Options, Protocol, Remote, Response, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

CUT_ATTEMPTS = 3

_HEADERS = {"Accept": "application/json"}
_GONE = 410
_REFUSED = frozenset({400, 404, 422})

_log = logging.getLogger(__name__)


class JsonApi(Protocol):
    """Harvests one list of JSON records."""

    name: ClassVar[str] = "json"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = JsonApiOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("JsonApiOptions", target.options)
        self._is_mending_told = False

    def filters_by_date(self) -> bool:
        """True when the source names the parameters for it."""
        return self._options.date_filter is not None

    def identify(self) -> Remote:
        """JSON over HTTP has no way to ask a server about itself; no request is made."""
        return Remote()

    def list_contents(self) -> Iterator[Listed]:
        """Nothing: there is no standard way to ask."""
        return iter(())

    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """Pages in the order of the server; a page that is cut off is asked for three times.

        Without a date filter the window is not sent and the whole list comes.
        """
        filters = self._options.date_filter
        pager = build_pager(self._options, self.target.source, self.target.url, filters.parameters(window) if filters else {})
        guard = EndGuard(self._options.max_pages)
        request = pager.first if position is None else pager.follow(position)
        is_resumed = position is not None
        while True:
            if position is not None:
                guard.note(position)
            page = self._read_page(pager, position, number, self._fetch(request, number, position, is_resumed=is_resumed))
            reason = guard.check(page)
            yield page
            if page.next_position is None:
                return
            if reason is not None:
                raise UnendingListError(f"{self.target.source}: page {number}: {reason}")
            position, number, is_resumed = page.next_position, number + 1, False
            request = pager.follow(position)

    def _fetch(self, request: Request, number: int, position: str | None, *, is_resumed: bool) -> tuple[Response, Any]:
        """A page that parsed. A position that is gone, or one kept from earlier that the server refuses, has expired."""
        place = f"{self.target.source}: page {number}"
        try:
            return self._fetch_whole(request, place)
        except HttpStatusError as error:
            status = error.response.status
            if position is not None and (status == _GONE or (is_resumed and status in _REFUSED)):
                raise PositionExpiredError(f"{place}: HTTP {status} for the position of this page: start the list again") from error
            raise

    def _fetch_whole(self, request: Request, place: str) -> tuple[Response, Any]:
        attempt = 1
        while True:
            response = self.client.get(request.url, params=request.parameters, headers=_HEADERS)
            try:
                content, is_mended = parse_page(response.body, place)
            except CutPageError:
                if attempt == CUT_ATTEMPTS:
                    raise
                attempt += 1
            else:
                self._tell(place, is_mended=is_mended)
                return response, content

    def _tell(self, place: str, *, is_mended: bool) -> None:
        """Log once per harvest that answers were mended."""
        if is_mended and not self._is_mending_told:
            self._is_mending_told = True
            _log.warning("%s and perhaps later ones were not JSON: control characters or markup after the end were dropped", place)

    def _read_page(self, pager: Pager, position: str | None, number: int, fetched: tuple[Response, Any]) -> Page:
        response, content = fetched
        items = find_records(content, self._options.records, f"{self.target.source}: page {number}")
        batch, set_aside = read_items(items, self._options, number)
        total = read_total(content, self._options, at_least=len(items))
        following = pager.find_next(position, Seen(response.url, content, len(items), total))
        return Page(number, batch, set_aside, following, total, response.exchange)
