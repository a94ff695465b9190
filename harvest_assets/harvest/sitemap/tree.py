"""A sitemap, or an index with the sitemaps that it names, walked in the order of the site down to the addresses of pages.

A sitemap of an index that cannot be read is a hole and costs no other. Depth, number of sitemaps and number of addresses are bounded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from harvest_assets.errors import PermanentError, PositionExpiredError, RefusedError
from harvest_assets.harvest.contents.globs import matches
from harvest_assets.harvest.contents.markup import Mended
from harvest_assets.harvest.contents.origins import Origin, read_origin
from harvest_assets.harvest.contents.positions import Position, digest
from harvest_assets.harvest.contents.rows import Unread
from harvest_assets.harvest.sitemap.entries import Entry, Listing, is_inside
from harvest_assets.harvest.sitemap.options import SitemapOptions
from harvest_assets.interfaces import Response
from harvest_assets.model.window import Window

MOST_DEPTH = 5

Read = Callable[[str], tuple[Response, Listing]]


class Place(Position):
    """Where the walk is: numbers of the sitemaps that lead there, the entry, a mark of these sitemaps, and how much came before."""

    path: tuple[int, ...] = ()
    entry: int = 0
    mark: str = ""
    urls: int = 0
    sitemaps: int = 0


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of the site that was not seen, in words."""

    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """One entry, or a hole, with its place; ``total`` is how many entries there are when a single sitemap holds them all."""

    place: Place
    found: Entry | Unread | Hole
    response: Response
    mended: Mended
    total: int | None = None


@dataclass(frozen=True, slots=True)
class _Branch:
    """A sitemap on the way down: where it is, how it was reached, and the part of the way that is still to be found again."""

    url: str
    path: tuple[int, ...]
    marks: tuple[str, ...]
    origins: frozenset[Origin | None]
    resume: tuple[int, ...]


class Tree:
    """One walk over one site; used once. ``response`` is the last sitemap that was read."""

    def __init__(self, source: str, url: str, options: SitemapOptions, read: Read) -> None:
        self._source = source
        self._url = url
        self._options = options
        self._read = read
        self._urls = 0
        self._sitemaps = 0
        self._seen: set[str] = set()
        self.response: Response | None = None

    def walk(self, window: Window, start: Place | None) -> Iterator[Step]:
        """Every entry from a place on.

        Raises:
            PositionExpiredError: The sitemaps that lead to the place have changed.
            TransientError: A sitemap does not answer.
            PermanentError: The first sitemap cannot be read.
        """
        if start is not None:
            self._urls, self._sitemaps = start.urls, start.sitemaps
        root = _Branch(self._url, (), (), frozenset({read_origin(self._url)}), start.path if start else ())
        for step in self._find(self._descend(root, window), start):
            is_hole = isinstance(step.found, Hole)
            if not is_hole and self._urls >= self._options.max_urls:
                words = f"only the first {self._options.max_urls} addresses were taken (option max_urls)"
                yield replace(step, found=Hole(words))
                return
            yield step
            self._urls += not is_hole

    def _find(self, steps: Iterator[Step], start: Place | None) -> Iterator[Step]:
        """The steps from a place on; the walk was led to the sitemap of that place."""
        if start is not None:
            yield self._find_place(steps, start)
        yield from steps

    def _find_place(self, steps: Iterator[Step], start: Place) -> Step:
        for step in steps:
            here = step.place
            if (here.path, here.mark) != (start.path, start.mark):
                break
            if here.entry == start.entry:
                return step
        raise PositionExpiredError(f"{self._source}: the sitemaps have changed since the list was left: start the list again")

    def _descend(self, branch: _Branch, window: Window) -> Iterator[Step]:
        response, listing = self._read(branch.url)
        self.response = response
        self._sitemaps += 1
        self._seen.add(branch.url)
        marks = (*branch.marks, digest(_texts(listing)))
        origins = branch.origins | {read_origin(response.url)}
        if listing.is_index:
            branch = _Branch(branch.url, branch.path, marks, origins, branch.resume)
            yield from self._open_index(branch, response, listing, window)
            return
        entries = self._select(listing, window, origins)
        total = None if branch.path else len(entries)
        place = Place(path=branch.path, mark=digest(marks))
        for number, entry in enumerate(entries):
            here = place.model_copy(update={"entry": number, "urls": self._urls, "sitemaps": self._sitemaps})
            yield Step(here, entry, response, listing.mended, total)

    def _open_index(self, index: _Branch, response: Response, listing: Listing, window: Window) -> Iterator[Step]:
        """The sitemaps of an index one after the other; of a walk that is resumed, those before its place are not opened."""
        first = index.resume[0] if index.resume else 0
        for number, entry in enumerate(listing.entries[first:], start=first):
            path = (*index.path, number)
            here = Place(path=path, mark=digest(index.marks), urls=self._urls, sitemaps=self._sitemaps)
            problem = self._find_problem(entry, index)
            if problem is None and isinstance(entry, Entry):
                if entry.url in self._seen:
                    continue
                resume = index.resume[1:] if number == first else ()
                try:
                    yield from self._descend(_Branch(entry.url, path, index.marks, index.origins, resume), window)
                except (PositionExpiredError, RefusedError):
                    raise
                except PermanentError as error:
                    problem = str(error)
            if problem is not None:
                yield Step(here, Hole(f"a sitemap of the index was not read: {problem}"), response, listing.mended)
            if self._sitemaps >= self._options.max_sitemaps and number + 1 < len(listing.entries):
                words = f"only {self._options.max_sitemaps} sitemaps were read (option max_sitemaps)"
                yield Step(here, Hole(words), response, listing.mended)
                return

    def _find_problem(self, entry: Entry | Unread, index: _Branch) -> str | None:
        """Why a sitemap of an index is not opened."""
        if isinstance(entry, Unread):
            return entry.reason
        if len(index.path) + 1 >= MOST_DEPTH:
            return f"indexes are nested deeper than {MOST_DEPTH}"
        if not self._options.other_origins and read_origin(entry.url) not in index.origins:
            return f"it is on {read_origin(entry.url)}, another origin than the sitemap's (option other_origins)"
        return None

    def _select(self, listing: Listing, window: Window, origins: frozenset[Origin | None]) -> Sequence[Entry | Unread]:
        """The entries that the source asks for; those on other origins are told apart."""
        options = self._options
        kept: list[Entry | Unread] = []
        for entry in listing.entries:
            if isinstance(entry, Entry):
                if options.include and not matches(entry.url, options.include):
                    continue
                if matches(entry.url, options.exclude) or (options.date_filter and not is_inside(entry.lastmod, window)):
                    continue
                if not options.other_origins and read_origin(entry.url) not in origins:
                    kept.append(_refuse_origin(entry))
                    continue
            kept.append(entry)
        return kept


def _refuse_origin(entry: Entry) -> Unread:
    reason = f"the address is on {read_origin(entry.url)}, another origin than the sitemap's (option other_origins)"
    return Unread(entry.url, reason, "other_origin", entry.url.encode())


def _texts(listing: Listing) -> Iterator[str | bytes]:
    for entry in listing.entries:
        if isinstance(entry, Entry):
            yield from (entry.url, entry.lastmod)
        else:
            yield entry.body
