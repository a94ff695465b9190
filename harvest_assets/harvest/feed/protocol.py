"""``Feed``: the entries of a feed, page by page where it has pages or archives (https://www.rfc-editor.org/rfc/rfc5005).

A feed shows its newest entries. What it lacks may still exist, so no harvest of one is complete, unless the feed or the source says that
it holds everything.
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, cast

from pydantic import Field

from harvest_assets.errors import PermanentError, PositionExpiredError, UnendingListError
from harvest_assets.harvest.contents.markup import fetch_whole
from harvest_assets.harvest.contents.origins import join, read_origin
from harvest_assets.harvest.contents.rows import Item, Row, Rows
from harvest_assets.harvest.endless import EndGuard
from harvest_assets.harvest.feed.documents import FeedDocument, read_feed
from harvest_assets.interfaces import HttpClient, HttpStatusError, Listed, Options, Protocol, Remote, Response, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

HOLE = "a feed shows its newest entries only: what it lacks may still exist (option complete)"

_HEADERS = {"Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1"}
_EXPIRED = frozenset({400, 404, 410})
_ARCHIVE = "archive "


class FeedOptions(Options):
    """``complete`` says that the feed, with its pages and archives, always holds everything there is."""

    complete: bool = False
    max_pages: Annotated[int, Field(ge=1)] = 1_000


class Feed(Protocol):
    """Harvests one feed."""

    name: ClassVar[str] = "feed"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = FeedOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("FeedOptions", target.options)

    def filters_by_date(self) -> bool:
        """False: a feed comes as it is."""
        return False

    def identify(self) -> Remote:
        """What a feed says of itself comes with its entries; no request is made."""
        return Remote()

    def list_contents(self) -> Iterator[Listed]:
        """Nothing: a feed is one list."""
        return iter(())

    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """A page for each document of the feed, the newest first; the window is not sent.

        Of an entry that comes twice the newer version counts. A walk through archives cannot be resumed, for then nobody would know which
        entries had come in a newer version before.
        """
        del window
        guard = EndGuard(self._options.max_pages)
        seen: set[int] = set()
        is_resumed = position is not None
        while True:
            if position is not None:
                guard.note(position)
            response, document = self._fetch(position, number, is_resumed=is_resumed)
            page = self._build_page(response, document, number, seen)
            reason = guard.check(page)
            yield page
            if page.next_position is None:
                return
            if reason is not None:
                raise UnendingListError(f"{self.target.source}: page {number}: {reason}")
            position, number, is_resumed = page.next_position, number + 1, False

    def _fetch(self, position: str | None, number: int, *, is_resumed: bool) -> tuple[Response, FeedDocument]:
        place = f"{self.target.source}: page {number}"
        if is_resumed and position is not None and position.startswith(_ARCHIVE):
            raise PositionExpiredError(
                f"{place}: archives of a feed are read from the newest on, so that no old entry replaces a newer one: start the list again"
            )
        url = self.target.url if position is None else position.removeprefix(_ARCHIVE)
        try:
            return fetch_whole(lambda: self.client.get(url, headers=_HEADERS), lambda response: read_feed(response.body, place))
        except HttpStatusError as error:
            if is_resumed and error.response.status in _EXPIRED:
                raise PositionExpiredError(f"{place}: HTTP {error.response.status} for this page: start the list again") from error
            raise

    def _build_page(self, response: Response, document: FeedDocument, number: int, seen: set[int]) -> Page:
        rows = Rows()
        rows.add(_keep_newest(document.items, seen))
        following = self._find_next(response, document)
        is_proof = self._options.complete or (document.is_complete and number == 1)
        older = len(document.items) - len(rows)
        return Page(
            number=number,
            records=rows.batch(number),
            set_aside=rows.set_aside(number),
            next_position=following,
            announced_total=None,
            exchange=response.exchange,
            repairs=document.mended.repairs,
            original=document.mended.original,
            holes=() if is_proof or following is not None else (HOLE,),
            notes=(f"page {number}: {older} older versions of entries were left out",) if older else (),
        )

    def _find_next(self, response: Response, document: FeedDocument) -> str | None:
        """Where the feed goes on: its next page, or else the archive before this document; nowhere when it says that it is complete."""
        link = document.next or document.previous_archive
        if link is None or document.is_complete:
            return None
        address = join(response.url, link)
        origin = read_origin(address)
        if origin is None or origin not in {read_origin(self.target.url), read_origin(response.url)}:
            there = "at an address that cannot be read" if origin is None else f"on {origin}"
            raise PermanentError(f"{self.target.source}: the next page is {there}, it must be on the scheme, host and port of the source")
        return address if document.next else _ARCHIVE + address


def _keep_newest(items: tuple[Item, ...], seen: set[int]) -> list[Item]:
    """The items without entries that came in an earlier document; of two in one document the one with the later date stays."""
    newest: dict[str, Row] = {}
    for item in items:
        if isinstance(item, Row) and (item.identifier not in newest or newest[item.identifier].datestamp < item.datestamp):
            newest[item.identifier] = item
    kept = [item for item in items if not isinstance(item, Row) or (newest[item.identifier] is item and hash(item.identifier) not in seen)]
    seen.update(map(hash, newest))
    return kept
