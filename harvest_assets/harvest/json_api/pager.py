"""``Pager``: the seam between walking a list and the ways to page.

A position is text, so that it can be kept and used tomorrow: an address, a page number, an offset or a cursor.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from harvest_assets.errors import PositionExpiredError
from harvest_assets.harvest.json_api.content import Content
from harvest_assets.harvest.json_api.requesting import Request


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as far as paging is concerned.

    ``places`` is how much of the list it covers: its items, and those that could not be read. ``total`` is what it announces.
    """

    url: str
    headers: Mapping[str, str]
    content: Content
    places: int
    total: int | None


class Pager(ABC):
    """One way to page one source. ``hands_out_positions`` says whether the server makes them up, and may forget them."""

    hands_out_positions = True

    def __init__(self, source: str, first: Request) -> None:
        self.source = source
        self.first = first

    @abstractmethod
    def follow(self, position: str) -> Request:
        """The request for the page at a position.

        Raises:
            PositionExpiredError: The position means nothing to this way of paging.
        """

    @abstractmethod
    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The position after the page at ``position`` (None: the first page); None when that page was the last.

        Raises:
            PermanentError: The page names a next one in a way that cannot be followed.
        """


class OnePage(Pager):
    """Everything comes at once."""

    hands_out_positions = False

    def follow(self, position: str) -> Request:
        """A list of one page has no positions."""
        raise PositionExpiredError(
            f"{self.source}: position {position!r} means nothing: the source is not paged, the list has to start again"
        )

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The first page is the last."""
        del position, seen
