"""A sitemap → what it lists: addresses of pages, or of other sitemaps. XML with or without its namespace, or text with an address a line.

https://www.sitemaps.org/protocol.html#xmlTagDefinitions
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.contents.markup import Element, Mended, local_name, read_markup, show_start, unpack
from harvest_assets.harvest.contents.origins import read_origin
from harvest_assets.harvest.contents.rows import Unread
from harvest_assets.model.window import Window

_MONTH = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_LETTERS = 2048  # of an address, as the protocol says
_KIND = "a sitemap"
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One address, and what the sitemap says of it, as sent."""

    url: str
    lastmod: str = ""
    changefreq: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a sitemap lists; ``is_index`` when the addresses are of other sitemaps."""

    is_index: bool
    entries: tuple[Entry | Unread, ...]
    mended: Mended


def read_listing(body: bytes, place: str) -> Listing:
    """The entries of a sitemap in its order, each address once; those that are no address are told apart.

    Raises:
        CutDocumentError: The answer is empty or stops before its end.
        PermanentError: It is something else than a sitemap.
    """
    mended = unpack(body, place)
    text = mended.body.removeprefix(b"\xef\xbb\xbf")
    first = text[: 2 * _MOST_LETTERS].split(maxsplit=1)[:1]
    if first and read_origin(first[0].decode(errors="replace")) is not None:
        lines = (line.strip() for line in text.splitlines())
        return Listing(is_index=False, entries=tuple(_once(_read_line(line) for line in lines if line)), mended=mended)
    if first and b"<" not in text:
        raise PermanentError(f"{place}: the answer is no sitemap, it begins with {show_start(body)}: check the address of the source")
    root, mended = read_markup(mended.body, place, _KIND)
    name = local_name(root)
    if name not in {"urlset", "sitemapindex"}:
        raise PermanentError(f"{place}: the root element is {name!r}, not 'urlset' or 'sitemapindex': check the address of the source")
    is_index = name == "sitemapindex"
    wanted = "sitemap" if is_index else "url"
    found = (_read_entry(element) for element in root.iterchildren("*") if local_name(element) == wanted)
    return Listing(is_index, tuple(_once(found)), mended)


def is_inside(lastmod: str, window: Window) -> bool:
    """Whether something that changed at ``lastmod`` may have changed in a window; a day or a year may lie in it in part.

    What cannot be read as a W3C date may be anywhere.
    """
    span = _read_span(lastmod)
    if span is None:
        return True
    first, last = span
    return (window.start is None or last >= window.start) and (window.end is None or first < window.end)


def _read_entry(element: Element) -> Entry | Unread:
    values = {local_name(child): (child.text or "").strip() for child in reversed(element) if local_name(child)}
    problem = _find_problem(values.get("loc", ""))
    if problem:
        return Unread(None, problem, "no_address", etree.tostring(element, with_tail=False))
    return Entry(values["loc"], values.get("lastmod", ""), values.get("changefreq", ""), values.get("priority", ""))


def _read_line(line: bytes) -> Entry | Unread:
    address = line.decode(errors="replace")
    problem = _find_problem(address)
    return Unread(None, problem, "no_address", line) if problem else Entry(address)


def _find_problem(address: str) -> str | None:
    if not address:
        return "the entry has no address"
    if len(address) > _MOST_LETTERS or read_origin(address) is None:
        return f"{address[:100]!r} is not an http or https address of at most {_MOST_LETTERS} characters"
    return None


def _once(found: Iterable[Entry | Unread]) -> Iterator[Entry | Unread]:
    seen: set[str] = set()
    for entry in found:
        if isinstance(entry, Entry):
            if entry.url in seen:
                continue
            seen.add(entry.url)
        yield entry


def _read_span(text: str) -> tuple[datetime, datetime] | None:
    """The first and the last instant that a W3C date stands for (https://www.w3.org/TR/NOTE-datetime)."""
    try:
        if found := _MONTH.fullmatch(text):
            year, month = int(found.group(1)), found.group(2)
            first = datetime(year, int(month or 1), 1, tzinfo=UTC)
            return first, first + timedelta(days=31 if month else 366) - _INSTANT
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment, moment + timedelta(days=1) - _INSTANT if _DAY.fullmatch(text) else moment
