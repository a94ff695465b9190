"""The shape of a JSON answer: where its records are, what their keys look like, and what it says of paging. Pure.

Names decide first, content decides whether they may: an identifier is there in every record and unique, a total is no less than the
page holds. https://www.rfc-editor.org/rfc/rfc6901
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harvest_assets.stages.doctor.profile import read_day

Json = Any
Found = tuple[str, Json]

LIST_NAMES = ("data", "items", "results", "records", "hits", "docs", "entries", "features", "value", "rows", "content", "member", "list")
IDENTIFIERS = ("id", "identifier", "uuid", "guid", "oaiidentifier", "pid", "doi", "key", "handle", "uri", "slug", "url", "link", "name")
DATESTAMPS = (
    *("modified", "updated", "lastmodified", "datestamp", "updatedat", "modifiedat", "datemodified", "lastupdated", "dateupdated"),
    *("metadatamodified", "updateddate", "modifieddate", "lastmodifieddate", "modificationdate", "changed", "timestamp"),
)
TITLES = ("title", "name", "label", "headline", "displayname", "displaytitle", "dctitle", "dctermstitle")
DELETIONS = ("deleted", "isdeleted", "withdrawn", "iswithdrawn", "removed")
TOTALS = (
    *("total", "totalcount", "totalresults", "totalitems", "totalelements", "totalrecords", "totalhits", "numfound", "numbermatched"),
    *("hydratotalitems", "odatacount", "recordcount", "resultcount", "count", "value"),
)
NEXT_LINKS = ("next", "nextpage", "nexturl", "nextlink", "nextpageurl", "nexthref", "odatanextlink", "hydranext")
CURSORS = (
    *("nextcursor", "nextpagetoken", "nextcursormark", "nexttoken", "cursor", "endcursor", "continuationtoken", "continuation"),
    *("pagetoken", "next"),
)
FILES = ("files", "attachments", "resources", "distributions", "distribution", "media", "assets", "downloads")
FILE_ADDRESSES = ("url", "href", "downloadurl", "contenturl", "link", "uri")
MEDIA_TYPES = ("mediatype", "mimetype", "contenttype", "encodingformat", "type", "format")
_DEEPEST_LIST = 4
_DEEPEST_FIELD = 2
_MOST_KEYS = 100
_MOST_PLACES = 2_000
_NEARLY_ALL = 0.9


@dataclass(frozen=True, slots=True)
class Shape:
    """Pointers into a page (``records``, ``total``, ``next_link``, ``cursor``) and into a record (the rest); None where there is none."""

    records: str
    items: Sequence[dict[str, Json]]
    identifier: str | None
    datestamp: str | None
    deleted: str | None
    title: str | None
    total: str | None
    next_link: str | None
    cursor: str | None
    is_json_api: bool
    numbers: tuple[Found, ...]
    """Small whole numbers of the page outside its records: page, offset and size are often among them."""


def read_shape(content: Json) -> Shape | None:
    """The shape of a page; None when it has no list of objects."""
    places = list(_walk(content))
    lists = [(pointer, value) for pointer, value in places if _is_list_of_objects(value)]
    if not lists:
        return None
    records, items = max(lists, key=lambda found: _rate_list(*found))
    around = [(pointer, value) for pointer, value in places if pointer != records]
    fields = list(_fields(items))
    return Shape(
        records=records,
        items=items,
        identifier=_find_identifier(items, fields),
        datestamp=_first(fields, DATESTAMPS, lambda pointer: _all(items, pointer, _is_time)),
        deleted=_first(fields, DELETIONS, lambda pointer: _all(items, pointer, lambda value: isinstance(value, bool))),
        title=_first(fields, TITLES, lambda pointer: _all(items, pointer, _is_title)),
        total=_find_total(around, len(items)),
        next_link=_first_value(around, NEXT_LINKS, _is_link),
        cursor=_first_value(around, CURSORS, _is_cursor),
        is_json_api=_is_json_api(content, items),
        numbers=tuple((name_of(pointer), value) for pointer, value in around if is_count(value)),
    )


def name_of(pointer: str) -> str:
    """The last key of a pointer, as it is written in the page."""
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def fold(name: str) -> str:
    """A name without case and punctuation, so that ``totalCount`` and ``total_count`` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def look_up(value: Json, pointer: str) -> Json:
    """What a pointer through objects leads to; None when it leads nowhere."""
    for segment in pointer.split("/")[1:]:
        value = value.get(segment.replace("~1", "/").replace("~0", "~")) if isinstance(value, dict) else None
    return value


def is_count(value: Json) -> bool:
    """Whether a value is a whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def children(value: dict[str, Json], pointer: str = "") -> Iterator[Found]:
    """The first keys of an object as pointers; ``*`` is left out, for in a pointer of ours it stands for every item of a list."""
    for name in [key for key in value if key != "*"][:_MOST_KEYS]:
        yield f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}", value[name]


def _walk(content: Json) -> Iterator[Found]:
    """The page and what its objects hold, nearest first; lists are not entered."""
    level: list[Found] = [("", content)]
    left = _MOST_PLACES
    for _ in range(_DEEPEST_LIST + 1):
        following: list[Found] = []
        for pointer, value in level:
            left -= 1
            if left < 0:
                return
            yield pointer, value
            if isinstance(value, dict):
                following += children(value, pointer)
        level = following


def _is_list_of_objects(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _rate_list(pointer: str, items: list[dict[str, Json]]) -> tuple[bool, bool, int]:
    """A list of records has identifiers, is named like one, and is longer than lists beside it."""
    return _find_identifier(items, list(_fields(items))) is not None, pointer == "" or fold(name_of(pointer)) in LIST_NAMES, len(items)


def _fields(items: Sequence[dict[str, Json]]) -> Iterator[str]:
    """Pointers to what the first records have, shallow ones first, down to two levels."""
    found: dict[str, None] = {}
    level = [("", item) for item in items[:20]]
    for _ in range(_DEEPEST_FIELD):
        below = [pair for pointer, value in level for pair in children(value, pointer)]
        found.update(dict.fromkeys(pointer for pointer, _ in below))
        level = [(pointer, value) for pointer, value in below if isinstance(value, dict)][:_MOST_PLACES]
    return iter(found)


def _find_identifier(items: Sequence[dict[str, Json]], fields: Sequence[str]) -> str | None:
    """By name, where nearly all records have one of their own, for there may be broken ones; otherwise what all have and ends in id."""
    named = _first(fields, IDENTIFIERS, lambda pointer: _share_of_names(items, pointer) >= _NEARLY_ALL)
    others = (pointer for pointer in fields if fold(name_of(pointer)).endswith(("id", "identifier")))
    return named or next((pointer for pointer in others if _share_of_names(items, pointer) == 1), None)


def _share_of_names(items: Sequence[dict[str, Json]], pointer: str) -> float:
    """Different texts and integers at a pointer, as a share of the records; 0 when one is something else."""
    values = [value for value in (look_up(item, pointer) for item in items) if value is not None]
    if not all(isinstance(value, str | int) and not isinstance(value, bool) and value != "" for value in values):
        return 0.0
    return len({str(value) for value in values}) / len(items)


def _first(fields: Sequence[str], names: Sequence[str], fits: Any) -> str | None:  # noqa: ANN401 - a predicate on pointers
    """The field with the first of the names that fits; of equal names the shallower one."""
    by_name: dict[str, list[str]] = {}
    for pointer in fields:
        by_name.setdefault(fold(name_of(pointer)), []).append(pointer)
    return next((pointer for name in names for pointer in by_name.get(name, ()) if fits(pointer)), None)


def _first_value(around: Sequence[Found], names: Sequence[str], fits: Any) -> str | None:  # noqa: ANN401 - a predicate on values
    values = dict(around)
    return _first(list(values), names, lambda pointer: fits(values[pointer]))


def _all(items: Sequence[dict[str, Json]], pointer: str, fits: Any) -> bool:  # noqa: ANN401 - a predicate on values
    """Whether every value that is there fits, and there is one."""
    values = [value for value in (look_up(item, pointer) for item in items) if value is not None]
    return bool(values) and all(fits(value) for value in values)


def _is_time(value: Json) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and read_day(str(value)) is not None


def _is_title(value: Json) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value))


def _find_total(around: Sequence[Found], at_least: int) -> str | None:
    values = {pointer: value for pointer, value in around if is_count(value) and value >= at_least}
    totals = [pointer for pointer in values if fold(name_of(pointer)) != "value" or "total" in pointer.lower()]
    return _first(totals, TOTALS, lambda _: True)


def _is_link(value: Json) -> bool:
    link = value.get("href") if isinstance(value, dict) else value
    return value is None or (isinstance(link, str) and link.startswith(("http://", "https://", "/", "?")))


def _is_cursor(value: Json) -> bool:
    if isinstance(value, str):
        return bool(value) and not _is_link(value)
    return is_count(value) and value != 0


def _is_json_api(content: Json, items: Sequence[dict[str, Json]]) -> bool:
    """Whether these are resource objects: https://jsonapi.org/format/#document-resource-objects."""
    return isinstance(content, dict) and content.get("data") is items and all("type" in item and "id" in item for item in items)
