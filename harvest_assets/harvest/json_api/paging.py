"""Five ways to page, one class each: how a list begins, how it goes on from a position, and what position a page names as its next.

A position is text, so that it can be kept and used tomorrow: an address, a page number, an offset or a cursor.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from harvest_assets.errors import PermanentError, PositionExpiredError
from harvest_assets.harvest.json_api.options import Cursor, JsonApiOptions, NextLink, Offset, PageNumber
from harvest_assets.harvest.json_api.pointers import resolve

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """What a page is asked for with, and the name of the source for messages."""

    source: str
    url: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """A page as far as paging is concerned: where it came from, what it holds, how many items, and the total if announced."""

    url: str
    content: Any
    items: int
    total: int | None


class _Origin(NamedTuple):
    scheme: str
    host: str | None
    port: int | None


class Pager(ABC):
    """One way to page one source."""

    def __init__(self, first: Request) -> None:
        self.first = first

    @abstractmethod
    def follow(self, position: str) -> Request:
        """The request for the page at a position."""

    @abstractmethod
    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The position after the page at ``position`` (None: the first page); None when that page was the last."""


class OnePage(Pager):
    """Everything comes at once."""

    def follow(self, position: str) -> Request:
        """A list of one page has no positions."""
        raise PositionExpiredError(
            f"{self.first.source}: position {position!r} means nothing: the source is not paged, the list has to start again"
        )

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The first page is the last."""
        del position, seen


class NextLinkPager(Pager):
    """Addresses in the pages; they may not lead to another host, nor away from https."""

    def __init__(self, first: Request, options: NextLink) -> None:
        super().__init__(first)
        self._pointer = options.pointer

    def follow(self, position: str) -> Request:
        """The address as the server gave it; it carries its parameters."""
        return Request(self.first.source, position, {})

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The address in the page, made absolute."""
        del position
        found = resolve(seen.content, self._pointer)
        link = found.get("href") if isinstance(found, dict) else found
        if link is None or link in ("", False):
            return None
        if not isinstance(link, str):
            raise PermanentError(f"{self.first.source}: next page {self._pointer!r} is a {type(link).__name__}, not an address")
        address = _join(seen.url, link)
        origin = _origin(address)
        if origin is None or origin not in {_origin(self.first.url), _origin(seen.url)}:
            there = "at an address that cannot be read" if origin is None else f"on {origin.scheme}://{origin.host}:{origin.port}"
            raise PermanentError(f"{self.first.source}: the next page is {there}, it must be on the scheme, host and port of the source")
        return address


class CursorPager(Pager):
    """Values in the pages that go back as a parameter."""

    def __init__(self, first: Request, options: Cursor) -> None:
        super().__init__(first)
        self._options = options

    def follow(self, position: str) -> Request:
        """The first request with the cursor added."""
        return Request(self.first.source, self.first.url, self.first.parameters | {self._options.parameter: position})

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The cursor in the page, a number as text."""
        del position
        found = resolve(seen.content, self._options.pointer)
        if found is None or found in ("", False):
            return None
        if not isinstance(found, str | int):
            raise PermanentError(
                f"{self.first.source}: cursor {self._options.pointer!r} is a {type(found).__name__}, not a text or an integer"
            )
        return str(found)


class CountingPager(Pager):
    """Page numbers or offsets, which we count ourselves; the list ends at the total, or with a page that is empty or short."""

    def __init__(self, first: Request, options: PageNumber | Offset) -> None:
        size = {options.size_parameter: str(options.size)} if options.size_parameter and options.size else {}
        begin = options.first if isinstance(options, PageNumber) else 0
        super().__init__(Request(first.source, first.url, first.parameters | size | {options.parameter: str(begin)}))
        self._options = options
        self._begin = begin
        self._received = 0

    def follow(self, position: str) -> Request:
        """The first request with another number."""
        self._read(position)
        return Request(self.first.source, self.first.url, self.first.parameters | {self._options.parameter: position})

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The number after the page; by a total when one is announced, since servers may give fewer items than asked for."""
        here = self._begin if position is None else self._read(position)
        self._received += seen.items
        step = seen.items if isinstance(self._options, Offset) else 1
        if not seen.items or self._is_last(here, seen):
            return None
        return str(here + step)

    def _is_last(self, here: int, seen: Seen) -> bool:
        """By pages we count only what came since the list was begun or resumed; a resumed list may end with an empty page.

        A total that is less than what came is wrong, and does not end the list.
        """
        count = here + seen.items if isinstance(self._options, Offset) else self._received
        if seen.total is not None and count <= seen.total:
            return count == seen.total
        return self._options.size is not None and seen.items < self._options.size

    def _read(self, position: str) -> int:
        if not position.isdecimal():
            raise PositionExpiredError(f"{self.first.source}: position {position!r} is not a number, the list has to start again")
        return int(position)


def build_pager(options: JsonApiOptions, source: str, url: str, dates: dict[str, str]) -> Pager:
    """The pager that a source's ``paging`` names."""
    first, paging = Request(source, url, options.parameters | dates), options.paging
    match paging:
        case NextLink():
            return NextLinkPager(first, paging)
        case Cursor():
            return CursorPager(first, paging)
        case PageNumber() | Offset():
            return CountingPager(first, paging)
        case _:
            return OnePage(first)


def _origin(address: str) -> _Origin | None:
    """Where an address leads, without anything in it that may be secret."""
    try:
        parts = urlsplit(address)
        return _Origin(parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme))
    except ValueError:  # a port or an IPv6 address that is none
        return None


def _join(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return link
