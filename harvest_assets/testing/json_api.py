"""A JSON API over a repository, paged in one of four styles.

``next`` hands out the next page's address, ``cursor`` an opaque text, ``page`` and ``offset`` leave it to the client to count. All take
``modified_since`` and ``modified_before`` (ISO times, half-open) and name the same fields.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, get_args
from urllib.parse import urlencode

import orjson

from harvest_assets.model.window import Window
from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import JSON, Answer, answer_json
from harvest_assets.testing.faults import Hits, Strike, damage, refuse
from harvest_assets.testing.files import media_type_of
from harvest_assets.testing.paging import Cut, cut_page, list_numbers, page_number
from harvest_assets.testing.repository import Repository

Style = Literal["next", "page", "offset", "cursor"]
STYLES: tuple[str, ...] = get_args(Style)

_MOST_PER_PAGE = 10_000
_PLACE = {"next": "position", "page": "page", "offset": "offset", "cursor": "cursor"}
_SIZE = {"next": "size", "page": "size", "offset": "limit", "cursor": "size"}
_FILTERS = ("modified_since", "modified_before")


class _BadRequestError(Exception):
    """An argument that the API does not take; answered with status 400."""


@dataclass(frozen=True, slots=True)
class _Request:
    style: str
    offset: int
    size: int
    window: Window
    filters: dict[str, str]


class JsonApi:
    """Answers requests for one repository. Items are rendered once and kept until they change."""

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository = repository
        self._addresses = addresses
        self._render_kept = lru_cache(maxsize=repository.policy.kept_records)(self._render)

    def answer(self, style: str, arguments: Sequence[tuple[str, str]], strike: Strike) -> Answer:
        """Answer a request; ``strike`` says which faults hit the page that it asks for."""
        if style not in STYLES:
            return answer_json(404, {"error": f"style {style!r} is not one of {', '.join(STYLES)}"})
        try:
            request = self._read(style, dict(arguments))
        except _BadRequestError as error:
            return answer_json(400, {"error": str(error)})
        hits = strike(page_number(request.offset, request.size))
        if hits.refusal:
            return refuse(hits.refusal)
        if "expired_token" in hits.spots:
            return answer_json(410, {"error": "the position has expired; start the list again"})
        numbers = list_numbers(self._repository, request.window, None, hits.faults)
        page = cut_page(numbers, request.offset, request.size, hits)
        status = 200 if numbers else hits.faults.empty_status
        return damage(Answer(status, self._write(request, page, hits), JSON), hits)

    # -- requests ------------------------------------------------------------------------------------------------------------------

    def _read(self, style: str, arguments: dict[str, str]) -> _Request:
        allowed = (_PLACE[style], _SIZE[style], *_FILTERS)
        if unknown := sorted(arguments.keys() - set(allowed)):
            raise _BadRequestError(f"does not take {unknown!r}; it takes {', '.join(allowed)}")
        size = _read_number(arguments, _SIZE[style], self._repository.page_size, least=1)
        if size > _MOST_PER_PAGE:
            raise _BadRequestError(f"{_SIZE[style]} {size} is more than {_MOST_PER_PAGE}")
        window = Window(_read_time(arguments, "modified_since"), _read_time(arguments, "modified_before"))
        filters = {key: arguments[key] for key in (_SIZE[style], *_FILTERS) if key in arguments}
        offset = _read_offset(style, arguments, size)
        return _Request(style, offset, size, window, filters)

    # -- answers -------------------------------------------------------------------------------------------------------------------

    def _write(self, request: _Request, page: Cut, hits: Hits) -> bytes:
        redated_at = hits.faults.redated_at
        modified = self._repository.format_second(int(redated_at.timestamp())) if redated_at else None
        items = [self._render_kept(number, self._repository.revision(number), modified) for number in page.numbers]
        if "unreadable_record" in hits.spots and items:
            items[0] = self._render(page.numbers[0], 0, modified, is_readable=False)
        around = orjson.dumps(self._describe(request, page))
        return b'{"items":[' + b",".join(items) + b"]," + around[1:]

    def _describe(self, request: _Request, page: Cut) -> dict[str, Any]:
        total = {} if page.announced_total is None else {"total": page.announced_total}
        if request.style == "next":
            return {**total, "links": {"next": self._next_url(request, page)}}
        if request.style == "cursor":
            return {**total, "next_cursor": None if page.next_offset is None else _write_cursor(page.next_offset)}
        place = {"offset": request.offset, "limit": request.size}
        if request.style == "page":
            place = {"page": page_number(request.offset, request.size), "size": request.size}
        return {**total, **place}

    def _next_url(self, request: _Request, page: Cut) -> str | None:
        if page.next_offset is None:
            return None
        query = urlencode({"position": page.next_offset, **request.filters})
        return f"{self._addresses.json(self._repository.name, 'next')}?{query}"

    def _render(self, number: int, revision: int, modified: str | None, *, is_readable: bool = True) -> bytes:  # noqa: ARG002 - the revision is part of the key under which the result is kept
        record = self._repository.record_at(number)
        item: dict[str, Any] = {"id": record.identifier} if is_readable else {}
        item |= {"modified": _as_time(modified or record.datestamp), "deleted": record.deleted}
        if not record.deleted:
            content = record.content
            item |= {
                "title": content.title,
                "creators": content.creators,
                "subjects": content.subjects,
                "description": content.description,
                "date": content.date,
                "type": content.type,
                "language": content.language,
                "licence": content.rights,
                "publisher": content.publisher,
                "url": self._addresses.landing_page(self._repository.name, record.identifier),
                "files": [{"url": url, "media_type": media_type_of(url)} for url in self._addresses.files_of(content.files)],
            }
        return orjson.dumps(item)


def _as_time(datestamp: str) -> str:
    return datestamp if "T" in datestamp else f"{datestamp}T00:00:00Z"


def _read_offset(style: str, arguments: dict[str, str], size: int) -> int:
    if style == "cursor":
        return _read_cursor(arguments.get("cursor", ""))
    if style == "page":
        return (_read_number(arguments, "page", 1, least=1) - 1) * size
    return _read_number(arguments, _PLACE[style], 0, least=0)


def _read_number(arguments: dict[str, str], name: str, default: int, *, least: int) -> int:
    text = arguments.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise _BadRequestError(f"{name} {text!r} is not a whole number of at least {least}")
    return int(text)


def _read_time(arguments: dict[str, str], name: str) -> datetime | None:
    if name not in arguments:
        return None
    try:
        moment = datetime.fromisoformat(arguments[name])
    except ValueError:
        raise _BadRequestError(f"{name} {arguments[name]!r} is not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write_cursor(offset: int) -> str:
    return urlsafe_b64encode(f"after:{offset}".encode()).decode()


def _read_cursor(cursor: str) -> int:
    try:
        return int(urlsafe_b64decode(cursor).decode().removeprefix("after:")) if cursor else 0
    except ValueError:
        raise _BadRequestError(f"cursor {cursor!r} was not handed out here; start the list again") from None
