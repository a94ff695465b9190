"""How a JSON list is paged, found by trying: Link header, next link, cursor, page number or offset, and what sets the size of a page.

Each trial is one request of the protocol ``json`` from a position, as a harvest would make it. A way to page counts as found when its
second page holds other records than the first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from harvest_assets.errors import HarvestError, RefusedError
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.stages.doctor.examined import Draft, Session, accepts
from harvest_assets.stages.doctor.json_shape import Json, Shape, fold, look_up, name_of

JSON = "json"
PAGES = ("page", "pagenumber", "pageno", "currentpage", "number", "p")
OFFSETS = ("offset", "start", "skip", "startindex", "startrecord", "pageoffset", "from")
SIZES = ("size", "limit", "perpage", "pagesize", "rows", "pagelimit", "itemsperpage", "hitsperpage", "top", "maxrecords", "count")
CURSORS = ("cursor", "cursormark", "after", "pagetoken", "pageafter", "pagecursor", "continuation")
# What one server calls the whole list, another calls the page.
AMBIGUOUS_TOTAL = "count"
_USUAL = {"page": ("page", "_page", "p"), "offset": ("offset", "start", "skip", "from")}
_USUAL_SIZES = ("size", "limit", "per_page", "page_size", "rows", "_limit")
_LARGER = 200
_NEXT_LINK = re.compile(r"<([^<>]{1,2000})>[^,]*;\s*rel\s*=\s*\"?next\b", re.IGNORECASE)

Ids = tuple[str, ...]
Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paging:
    """The options ``paging`` and ``parameters`` that were found to work, in words, and the page that followed the first one.

    ``position`` leads to that page; None when there was none to be had. ``is_sure``: a second page was seen, or there is none.
    """

    options: Options
    words: str
    position: str | None = None
    second: Ids = ()
    is_sure: bool = True
    parameters: dict[str, str] = field(default_factory=dict[str, str])


def take_paging(url: str) -> tuple[str, dict[str, str]]:
    """An address without the parameters of its query that page, and those parameters."""
    parts = urlsplit(url)
    arguments = parse_qsl(parts.query, keep_blank_values=True)
    taken = {name: value for name, value in arguments if _pages(name, value)}
    kept = [(name, value) for name, value in arguments if name not in taken]
    return (urlunsplit(parts._replace(query=urlencode(kept), fragment="")) if taken else url), taken


def _pages(name: str, value: str) -> bool:
    folded = fold(name)
    return folded in CURSORS or (folded in {*PAGES, *OFFSETS, *SIZES} and value.isdecimal())


class Trials:
    """Pages of one list, asked for in ways that may not work; ``first`` are the identifiers of its first page.

    ``special`` are options that every trial has.
    """

    def __init__(self, session: Session, url: str, shape: Shape, parameters: Mapping[str, str], special: Options) -> None:
        self._session = session
        self._base: Options = {"records": shape.records, "identifier": shape.identifier, **special}
        self.url = url
        self.parameters = dict(parameters)
        self.rows = len(shape.items)
        self.first: Ids = tuple(str(name) for item in shape.items if (name := look_up(item, shape.identifier or "")) is not None)

    def ask(self, paging: Options, position: str | None = None) -> Ids | None:
        """Identifiers of the page at a position; None when the server refuses, or the protocol has no such option."""
        page = self._read(paging, position, {})
        return None if page is None else tuple(page.records.column("identifier").to_pylist())

    def count(self, **parameters: str) -> int:
        """Records of the first page with more parameters, those without an identifier included; 0 when the server refuses."""
        page = self._read({"style": "none"}, None, parameters)
        return 0 if page is None else page.records.num_rows + len(page.set_aside)

    def _read(self, paging: Options, position: str | None, parameters: Mapping[str, str]) -> Page | None:
        options = {**self._base, "paging": paging, "parameters": {**self.parameters, **parameters}}
        if not accepts(JSON, options):
            return None
        draft = Draft("probe", JSON, self.url, options, {"format": "mapping", "options": {"fields": {}}})
        protocol = draft.build(self._session.wanted).build_protocol(self._session.asker, self._session.environ)
        try:
            with closing(cast("Any", protocol.pages(Window(), position=position, number=1 if position is None else 2))) as pages:
                return next(pages)
        except RefusedError:
            raise
        except HarvestError:
            return None

    def is_other(self, page: Ids | None) -> bool:
        """Whether a page holds records, and none of the first page."""
        return bool(page) and not set(page or ()) & set(self.first)


def find_paging(trials: Trials, shape: Shape, content: Json, link: str, taken: Mapping[str, str]) -> Paging:
    """The first way that works: what the answer offers, then what its numbers and the address name, then the usual parameters.

    ``link`` is the Link header, ``taken`` what `take_paging` took. At most some 20 requests.

    Raises:
        RefusedError: The bounds of the examination are reached.
    """
    total = None if shape.total is None else look_up(content, shape.total)
    for offered in _offers(trials, shape, content, link):
        page = trials.ask(offered.options, offered.position)
        if trials.is_other(page):
            return Paging(offered.options, offered.words, offered.position, page or ())
    if shape.next_link is not None and look_up(content, shape.next_link) is None:
        return Paging({"style": "next", "pointer": shape.next_link}, f"next link at {shape.next_link}, empty: the list has one page")
    if isinstance(total, int) and total <= len(shape.items) and fold(name_of(shape.total or "")) != AMBIGUOUS_TOTAL:
        return Paging({"style": "none"}, "the list has one page")
    found = next(_count_pages(trials, [*taken, *(name for name, _ in shape.numbers)]), None)
    return found or Paging({"style": "none"}, "no way to page was found; the list may be longer than this page", is_sure=False)


def _count_pages(trials: Trials, names: Sequence[str]) -> Iterator[Paging]:
    """Page numbers and offsets that work, by the parameters that the address or the answer names, and then by the usual ones."""
    for name in _candidates(names, PAGES, _USUAL["page"]):
        found = _try_numbers(trials, name)
        if found is not None:
            yield found
    for name in _candidates(names, OFFSETS, _USUAL["offset"]):
        options: Options = {"style": "offset", "parameter": name, "size_parameter": None}
        page = trials.ask(options, str(trials.rows))
        if trials.is_other(page):
            yield Paging(options, f"offset in {name!r}", str(trials.rows), page or ())


def _offers(trials: Trials, shape: Shape, content: Json, link: str) -> Iterator[Paging]:
    """What the answer itself says of the next page, as ways to try."""
    linked = _NEXT_LINK.search(link[:8_000])
    if linked:
        yield Paging({"style": "link"}, "Link header", _absolute(trials.url, linked[1]))
    following = None if shape.next_link is None else look_up(content, shape.next_link)
    address = following.get("href") if isinstance(following, dict) else following
    if isinstance(address, str) and address:
        options = {"style": "next", "pointer": shape.next_link}
        yield Paging(options, f"next link at {shape.next_link}", _absolute(trials.url, address))
    if shape.cursor is not None:
        cursor = str(look_up(content, shape.cursor))
        for name in _cursor_names(name_of(shape.cursor)):
            options = {"style": "cursor", "parameter": name, "pointer": shape.cursor}
            yield Paging(options, f"cursor at {shape.cursor}, sent as {name!r}", cursor)


def _cursor_names(name: str) -> list[str]:
    """Parameters that a cursor under such a key may go back as."""
    rest = re.sub(r"^next[-_]?", "", name)
    own = rest[:1].lower() + rest[1:]
    return list(dict.fromkeys(each for each in (own, "cursor", "page_token", "after") if each))[:4]


def _candidates(names: Sequence[str], folded: Sequence[str], usual: Sequence[str]) -> list[str]:
    """Parameters to try: those that the address or the answer names, then the usual ones."""
    return list(dict.fromkeys([*(name for name in names if fold(name) in folded), *usual]))[:5]


def _try_numbers(trials: Trials, name: str) -> Paging | None:
    """Page numbers from 1 or from 0: the first page has to be the one that comes without a number."""
    for first in (1, 0):
        options = {"style": "page", "parameter": name, "first": first}
        page = trials.ask(options, str(first + 1))
        if trials.is_other(page) and trials.ask(options, str(first)) == trials.first:
            return Paging(options, f"page numbers from {first} in {name!r}", str(first + 1), page or ())
        if page is None or page == trials.first:
            return None
    return None


def find_size(trials: Trials, shape: Shape, taken: Mapping[str, str]) -> tuple[str, int] | None:
    """The parameter that sets the size of a page, and the largest size up to 200 that the server was seen to give."""
    here = trials.rows
    if here < 2:  # noqa: PLR2004 - half of one record is no size
        return None
    for name in _candidates([*taken, *(name for name, _ in shape.numbers)], SIZES, _USUAL_SIZES):
        if trials.count(**{name: str(here // 2)}) == here // 2:
            larger = trials.count(**{name: str(_LARGER)}) if here < _LARGER else 0
            return name, max(here, larger)
    return None


def with_size(paging: Paging, name: str, size: int) -> Paging:
    """The same way to page, with pages of a size."""
    if paging.options["style"] in {"page", "offset"}:
        return replace(paging, options={**paging.options, "size_parameter": name, "size": size})
    return replace(paging, parameters={**paging.parameters, name: str(size)})


def _absolute(url: str, link: str) -> str:
    try:
        return urljoin(url, link)
    except ValueError:
        return link
