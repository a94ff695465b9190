"""``Sitemap``: the addresses that a site lists, batch by batch, and what is behind them.

Put here: the order of steps. Walking over sitemaps is `tree`, reading one is `entries`, fetching what is behind an address `resources`.
https://www.sitemaps.org/protocol.html
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import ClassVar, cast

from harvest_assets.harvest.contents.markup import Mended, fetch_whole
from harvest_assets.harvest.contents.positions import read_position
from harvest_assets.harvest.contents.rows import Rows
from harvest_assets.harvest.sitemap.entries import Entry, Listing, read_listing
from harvest_assets.harvest.sitemap.options import SitemapOptions
from harvest_assets.harvest.sitemap.resources import Fetcher, describe_entries, fetch_alone
from harvest_assets.harvest.sitemap.tree import Hole, Place, Step, Tree
from harvest_assets.interfaces import HttpClient, Listed, Options, Protocol, Remote, Response, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

PAGE_SIZE = 100


class Sitemap(Protocol):
    """Harvests the addresses of one sitemap, or of an index of sitemaps."""

    name: ClassVar[str] = "sitemap"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = SitemapOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("SitemapOptions", target.options)

    def filters_by_date(self) -> bool:
        """True when the source says that ``lastmod`` is to be trusted."""
        return self._options.date_filter

    def identify(self) -> Remote:
        """A sitemap does not say what was deleted; no request is made."""
        return Remote(deleted_record="no")

    def list_contents(self) -> Iterator[Listed]:
        """The sitemaps of an index; nothing when there is only one."""
        _, listing = self._read(self.target.url)
        if listing.is_index:
            yield from (Listed(entry.url, entry.url, "sitemap") for entry in listing.entries if isinstance(entry, Entry))

    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """Batches of 100 addresses, or fewer where what is behind them is large.

        With ``date_filter`` the window is applied here, since no sitemap can be asked for a part of it.
        """
        start = None if position is None else read_position(Place, position, f"{self.target.source}: page {number}")
        tree = Tree(self.target.source, self.target.url, self._options, self._read)
        steps = tree.walk(window, start)
        with ThreadPoolExecutor(self._options.parallel, thread_name_prefix="sitemap") as threads:
            batch = _Batch(Fetcher(self.target.source, self.client, threads) if self._options.fetch else None)
            while group := list(islice(steps, self._options.parallel)):
                if batch.rows.is_full(PAGE_SIZE):
                    yield batch.end(number, group[0].place)
                    batch, number = _Batch(batch.fetcher), number + 1
                batch.add(group)
            yield batch.end(number, None, tree.response)

    def records(self, identifiers: Sequence[str]) -> Iterator[Page]:
        """What is behind each address, fetched again.

        Raises:
            PermanentError: The source fetches nothing (``fetch: false``).
        """
        if not self._options.fetch:
            yield from super().records(identifiers)
        for number, url in enumerate(identifiers, start=1):
            response, item = fetch_alone(self.client, Entry(url))
            rows = Rows()
            rows.add([item])
            yield Page(number, rows.batch(number), rows.set_aside(number), None, None, response.exchange)

    def _read(self, url: str) -> tuple[Response, Listing]:
        place = f"{self.target.source}: sitemap {url!r}" if url != self.target.url else f"{self.target.source}: sitemap"
        return fetch_whole(lambda: self.client.get(url), lambda response: read_listing(response.body, place))


class _Batch:
    """One page of the list while it fills; ``fetcher`` is None where the sitemap itself says all."""

    def __init__(self, fetcher: Fetcher | None) -> None:
        self.fetcher = fetcher
        self.rows = Rows()
        self._holes: list[str] = []
        self._steps: list[Step] = []
        if fetcher is not None:
            fetcher.start_page()

    def add(self, steps: Sequence[Step]) -> None:
        """Take up a few entries, in their order."""
        self._steps += steps
        self._holes += [step.found.words for step in steps if isinstance(step.found, Hole)]
        entries = [step.found for step in steps if not isinstance(step.found, Hole)]
        self.rows.add(describe_entries(entries) if self.fetcher is None else self.fetcher.fetch(entries))

    def end(self, number: int, following: Place | None, response: Response | None = None) -> Page:
        """The page; ``response`` is the last sitemap that was read, for a page without any entry.

        Raises:
            TransientError: Most of what was fetched for it failed.
        """
        if self.fetcher is not None:
            self.fetcher.judge()
        first = self._steps[0] if self._steps else None
        exchange = (first.response if first else cast("Response", response)).exchange
        begun = (step.mended for step in self._steps if step.place.entry == 0)  # what was mended is told once, where its entries begin
        mended = next((each for each in begun if each.repairs), Mended(b""))
        return Page(
            number=number,
            records=self.rows.batch(number),
            set_aside=self.rows.set_aside(number),
            next_position=None if following is None else following.write(),
            announced_total=first.total if first else None,
            exchange=exchange,
            repairs=mended.repairs,
            original=mended.original,
            holes=tuple(self._holes),
        )
