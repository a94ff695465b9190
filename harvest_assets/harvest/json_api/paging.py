"""The ways to page in which the server says where the list goes on, and the choice among all of them."""

from abc import abstractmethod
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import orjson

from harvest_assets.errors import PermanentError, PositionExpiredError
from harvest_assets.harvest.json_api.counting import CountingPager
from harvest_assets.harvest.json_api.links import read_links
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.pager import OnePage, Pager, Seen
from harvest_assets.harvest.json_api.paging_options import Cursor, LinkHeader, NextLink, NoPaging
from harvest_assets.harvest.json_api.requesting import Request
from harvest_assets.model.window import Window

_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Origin(NamedTuple):
    scheme: str
    host: str | None
    port: int | None


class _AddressPager(Pager):
    """Addresses of next pages; they may not lead to another host, nor away from https."""

    def follow(self, position: str) -> Request:
        """The address as the server gave it; it carries its parameters."""
        return replace(self.first, url=position, parameters={})

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The address that the page names, made absolute."""
        del position
        link = self._find_link(seen)
        if link is None:
            return None
        address = _join(seen.url, link)
        origin = _origin(address)
        if origin is None or origin not in {_origin(self.first.url), _origin(seen.url)}:
            there = "at an address that cannot be read" if origin is None else f"on {origin.scheme}://{origin.host}:{origin.port}"
            raise PermanentError(f"{self.source}: the next page is {there}, it must be on the scheme, host and port of the source")
        return address

    @abstractmethod
    def _find_link(self, seen: Seen) -> str | None:
        """The address as the page names it."""


class NextLinkPager(_AddressPager):
    """Addresses in the pages."""

    def __init__(self, source: str, first: Request, options: NextLink) -> None:
        super().__init__(source, first)
        self._pointer = options.pointer

    def _find_link(self, seen: Seen) -> str | None:
        found = seen.content.find(self._pointer)
        link = found.get("href") if isinstance(found, dict) else found
        if link is None or link in ("", False):
            return None
        if not isinstance(link, str):
            raise PermanentError(f"{self.source}: next page {self._pointer!r} is a {type(link).__name__}, not an address")
        return link


class LinkHeaderPager(_AddressPager):
    """Addresses in ``Link`` headers."""

    def _find_link(self, seen: Seen) -> str | None:
        try:
            links = read_links(seen.headers.get("link", ""))
        except ValueError as error:
            raise PermanentError(f"{self.source}: the Link header cannot be read, the list may go on: {error}") from None
        return next((link.target for link in links if "next" in link.relations), None)


class CursorPager(Pager):
    """Values in the pages that go back as a parameter, or into the body."""

    def __init__(self, source: str, first: Request, options: Cursor) -> None:
        super().__init__(source, first)
        self._options = options

    def follow(self, position: str) -> Request:
        """The first request with the cursor added."""
        return self.first.holding(self._options.sent_in, {self._options.parameter: self._read(position)})

    def find_next(self, position: str | None, seen: Seen) -> str | None:
        """The cursor in the page: a number as text, and for a body anything as JSON."""
        del position
        found = seen.content.find(self._options.pointer)
        if found is None or found in ("", False):
            return None
        if self._options.sent_in == "body":
            return orjson.dumps(found).decode()
        if not isinstance(found, str | int):
            raise PermanentError(f"{self.source}: cursor {self._options.pointer!r} is a {type(found).__name__}, not a text or an integer")
        return str(found)

    def _read(self, position: str) -> object:
        if self._options.sent_in == "query":
            return position
        try:
            return orjson.loads(position)
        except orjson.JSONDecodeError:
            raise PositionExpiredError(f"{self.source}: position {position!r} is not JSON, the list has to start again") from None


def build_pager(options: JsonApiOptions, source: str, url: str, window: Window) -> Pager:
    """The pager that a source's ``paging`` names, for a window of time."""
    body = {} if options.method == "POST" and options.body is None else options.body
    first = Request(url, options.parameters, options.method, body)
    if options.date_filter is not None:
        first = first.holding(options.date_filter.sent_in, options.date_filter.parameters(window))
    match options.paging:
        case NextLink() as paging:
            return NextLinkPager(source, first, paging)
        case LinkHeader():
            return LinkHeaderPager(source, first)
        case Cursor() as paging:
            return CursorPager(source, first, paging)
        case NoPaging():
            return OnePage(source, first)
        case paging:
            return CountingPager(source, first, paging)


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
