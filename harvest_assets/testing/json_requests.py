"""What a client asks a JSON API for, in any style: which page of which window."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

import orjson

from harvest_assets.model.window import Window
from harvest_assets.testing.exchange import Question

Style = Literal["next", "link", "page", "offset", "cursor", "jsonapi", "post", "ids", "nested"]
STYLES: tuple[str, ...] = get_args(Style)
HANDED_OUT = frozenset({"next", "link", "cursor", "jsonapi"})
"""Styles in which the server says where the list goes on."""

_MOST_PER_PAGE = 10_000
_PLACE = {"next": "position", "link": "position", "page": "page", "cursor": "cursor"}  # else offset
_SIZE = {"next": "size", "link": "size", "page": "size", "cursor": "size"}  # else limit
_FILTERS = ("modified_since", "modified_before")
_AFTER_EMPTY = "e"
_JSONAPI_NAMES = {
    "offset": "page[offset]",
    "limit": "page[limit]",
    "modified_since": "filter[modified_since]",
    "modified_before": "filter[modified_before]",
}


class BadRequestError(Exception):
    """An argument that the API does not take; answered with status 400."""


@dataclass(frozen=True, slots=True)
class JsonRequest:
    """One page of a list. ``filters`` go into the address of the next one; ``is_after_empty`` was handed out by a page without records."""

    style: str
    offset: int
    size: int
    window: Window
    filters: dict[str, str]
    is_after_empty: bool = False


def read_request(style: str, question: Question, page_size: int) -> JsonRequest:
    """The page that is asked for.

    Raises:
        BadRequestError: An argument is unknown, or its value is none.
    """
    place, length = _PLACE.get(style, "offset"), _SIZE.get(style, "limit")
    names = {name: _JSONAPI_NAMES[name] if style == "jsonapi" else name for name in (place, length, *_FILTERS)}
    sent = _read_body(question.body) if style == "post" else dict(question.arguments)
    if unknown := sorted(sent.keys() - set(names.values())):
        raise BadRequestError(f"does not take {unknown!r}; it takes {', '.join(names.values())}")
    arguments = {name: sent[written] for name, written in names.items() if written in sent}
    size = _read_number(arguments, length, page_size, least=1)
    if size > _MOST_PER_PAGE:
        raise BadRequestError(f"{length} {size} is more than {_MOST_PER_PAGE}")
    text = arguments.get(place, "")
    if style == "cursor":
        text = _read_cursor(text)
    is_after_empty = style in HANDED_OUT and text.startswith(_AFTER_EMPTY)
    if text:
        arguments[place] = text.removeprefix(_AFTER_EMPTY) if is_after_empty else text
    number = _read_number(arguments, place, 1 if style == "page" else 0, least=1 if style == "page" else 0)
    window = Window(_read_time(arguments, "modified_since"), _read_time(arguments, "modified_before"))
    filters = {names[key]: arguments[key] for key in (length, *_FILTERS) if key in arguments}
    return JsonRequest(style, (number - 1) * size if style == "page" else number, size, window, filters, is_after_empty)


def write_position(style: str, offset: int, *, after_empty: bool) -> str:
    """The position of a page as it is handed out; after an empty page it is another than the one that led there."""
    text = f"{_AFTER_EMPTY if after_empty else ''}{offset}"
    return urlsafe_b64encode(f"after:{text}".encode()).decode() if style == "cursor" else text


def position_name(style: str) -> str:
    """The parameter that takes a position."""
    return _JSONAPI_NAMES["offset"] if style == "jsonapi" else _PLACE[style]


def _read_body(body: bytes) -> dict[str, str]:
    """The values of ``{"page": {"offset": …, "limit": …}, "filter": {"modified_since": …}}`` by their last names."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"the body is not JSON: {error}") from None
    values: dict[str, str] = {}
    for name in ("page", "filter"):
        part = content.get(name, {}) if isinstance(content, dict) else None
        if not isinstance(part, dict):
            raise BadRequestError(f"the body has no object {name!r}")
        values |= {key: str(value) for key, value in cast("dict[str, Any]", part).items()}
    return values


def _read_number(arguments: dict[str, str], name: str, default: int, *, least: int) -> int:
    text = arguments.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise BadRequestError(f"{name} {text!r} is not a whole number of at least {least}")
    return int(text)


def _read_time(arguments: dict[str, str], name: str) -> datetime | None:
    if name not in arguments:
        return None
    try:
        moment = datetime.fromisoformat(arguments[name])
    except ValueError:
        raise BadRequestError(f"{name} {arguments[name]!r} is not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_cursor(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor).decode().removeprefix("after:")
    except ValueError:
        text = "?"
    if text.removeprefix(_AFTER_EMPTY).isdecimal() or not cursor:
        return text
    raise BadRequestError(f"cursor {cursor!r} was not handed out here; start the list again")
