"""A guard against lists that do not end: positions that repeat, pages that repeat, more records than announced.

Put here: what tells that going on brings nothing. The guard only gives the reason; the page that shows it is still good.
"""

from dataclasses import dataclass, field

from harvest_assets.model.record import Page

EMPTY_PAGES_TOLERATED = 3
# oai-repo counts deleted records and sends none of them: pages of them are empty, and the list goes on.
EMPTY_PAGES_TOLERATED_BEFORE_THE_TOTAL = 1_000


@dataclass(slots=True)
class EndGuard:
    """Watches one list. It keeps one number per position and one per page, so that a million pages cost some 100 MB at most.

    ``shows_positions`` lets reasons quote them: a resumption token may be shown, an address may hold a secret.
    """

    max_pages: int
    shows_positions: bool = False
    _positions: set[int] = field(default_factory=set[int])
    _pages: set[int] = field(default_factory=set[int])
    _received: int = 0
    _largest: int = 0
    _empty: int = 0

    def has_seen(self, position: str) -> bool:
        """Whether the position was used in this list."""
        return hash(position) in self._positions

    def note(self, position: str) -> None:
        """Remember a position that is being used."""
        self._positions.add(hash(position))

    def check(self, page: Page) -> str | None:
        """Why the list has to stop after this page although it names a next one; None when it may go on or has ended."""
        rows = page.records.num_rows + len(page.set_aside)
        self._received += rows
        self._largest = max(self._largest, rows)
        self._empty = 0 if rows else self._empty + 1
        repeats = self._repeats(page)
        if page.next_position is None:
            return None
        if self.has_seen(page.next_position):
            shown = f"resumption token {page.next_position!r}" if self.shows_positions else "position of the next page"
            return f"the {shown} repeats: the list does not end"
        if repeats:
            return "the page repeats the records of an earlier page: the list does not end"
        return self._check_counts(page)

    def _repeats(self, page: Page) -> bool:
        if not page.records.num_rows:
            return False
        signature = hash(b"".join(buffer.to_pybytes() for buffer in page.records.column("identifier").buffers() if buffer))
        if signature in self._pages:
            return True
        self._pages.add(signature)
        return False

    def _check_counts(self, page: Page) -> str | None:
        announced = page.announced_total
        if announced is not None and self._received > announced + self._largest:
            return f"the list does not end: {self._received} records received, {announced} announced"
        is_short = announced is not None and self._received < announced
        if self._empty > (EMPTY_PAGES_TOLERATED_BEFORE_THE_TOTAL if is_short else EMPTY_PAGES_TOLERATED):
            return f"the list does not end: {self._empty} pages in a row hold no record and name a next one"
        if page.number >= self.max_pages:
            return f"the list does not end: page {page.number} of at most {self.max_pages} names a next one; see the option max_pages"
        return None
