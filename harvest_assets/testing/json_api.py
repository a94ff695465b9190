"""A JSON API over a repository, in one of nine styles. All take times of change (half-open) and name the same fields.

``next`` and ``link`` hand out the next page's address (in the page, in a header), ``cursor`` an opaque text; ``page`` and ``offset`` leave
it to the client to count. ``jsonapi`` is https://jsonapi.org/format/1.1/ with related resources, ``post`` takes offset and dates in a
body, ``ids`` lists identifiers only and has details at ``ids/IDENTIFIER`` and ``ids?ids=A,B``, ``nested`` has its items in groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson

from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.exchange import JSON, Answer, Question, answer_json
from harvest_assets.testing.faults import Hits, Refusal, Strike, damage, refuse
from harvest_assets.testing.json_items import build_item, build_resource
from harvest_assets.testing.json_requests import (
    HANDED_OUT,
    STYLES,
    BadRequestError,
    JsonRequest,
    Style,
    position_name,
    read_request,
    write_position,
)
from harvest_assets.testing.paging import Cut, cut_page, list_numbers, page_number
from harvest_assets.testing.repository import Repository

__all__ = ["STYLES", "JsonApi", "Style"]

JSON_API = "application/vnd.api+json"
_GROUP = 4
_OK = 200


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is being written: what was asked for, which records it holds, and what hits it."""

    request: JsonRequest
    cut: Cut
    hits: Hits

    @property
    def next_position(self) -> str | None:
        """Where the list goes on, in styles that say so."""
        offset = self.cut.next_offset
        after_empty = not self.cut.numbers and offset == self.request.offset
        return None if offset is None else write_position(self.request.style, offset, after_empty=after_empty)


class JsonApi:
    """Answers requests for one repository. Items are rendered once and kept until they change."""

    def __init__(self, repository: Repository, addresses: Addresses) -> None:
        self._repository = repository
        self._addresses = addresses
        self._render_kept = lru_cache(maxsize=repository.policy.kept_records)(self._render)

    def answer(self, path: str, question: Question, strike: Strike) -> Answer:
        """Answer a request for a style, or for a detail below it; ``strike`` says which faults hit the page that it asks for."""
        style, _, identifier = path.partition("/")
        if style not in STYLES or (identifier and style != "ids"):
            return answer_json(404, {"error": f"style {path!r} is not one of {', '.join(STYLES)}"})
        if (question.method == "POST") != (style == "post"):
            allowed = "POST" if style == "post" else "GET, HEAD"
            return replace(answer_json(405, {"error": f"{question.method} is not allowed here"}), headers=(("Allow", allowed),))
        asked = dict(question.arguments).get("ids") if style == "ids" else None
        if identifier or asked is not None:
            return self._answer_details(identifier, (asked or "").split(","), strike(0))
        try:
            request = read_request(style, question, self._repository.page_size)
        except BadRequestError as error:
            return answer_json(400, {"error": str(error)})
        return self._answer_page(request, strike(page_number(request.offset, request.size)))

    # -- lists ---------------------------------------------------------------------------------------------------------------------

    def _answer_page(self, request: JsonRequest, hits: Hits) -> Answer:
        if hits.refusal:
            return refuse(hits.refusal)
        if "expired_token" in hits.spots:
            return answer_json(410, {"error": "the position has expired; start the list again"})
        numbers = list_numbers(self._repository, request.window, None, hits.faults)
        cut = cut_page(numbers, request.offset, request.size, hits)
        if "empty_page" in hits.spots and not request.is_after_empty:
            cut = replace(cut, numbers=(), next_offset=request.offset if request.style in HANDED_OUT else cut.next_offset)
        page = _Page(request, cut, hits)
        status = _OK if numbers else hits.faults.empty_status
        answer = Answer(status, self._write(page), JSON_API if request.style == "jsonapi" else JSON, self._headers(page))
        return damage(self._poison(answer, page), hits)

    def _poison(self, answer: Answer, page: _Page) -> Answer:
        """An answer with a record that the server cannot write is refused, or stops in the middle of that record."""
        faults = page.hits.faults
        if page.request.style == "ids" or not faults.poison:
            return answer
        places = [answer.body.find(orjson.dumps(each)) for each in faults.poison]
        found = [place for place in places if place >= 0]
        if not found:
            return answer
        if faults.poison_status != _OK:
            return refuse(Refusal(faults.poison_status))
        return replace(answer, body=answer.body[: min(found) + len('"oai')])

    def _write(self, page: _Page) -> bytes:
        numbers = page.cut.numbers
        if "concatenated" not in page.hits.spots:
            return self._write_document(page, numbers)
        half = len(numbers) // 2
        return self._write_document(page, numbers[:half]) + self._write_document(page, numbers[half:])

    def _write_document(self, page: _Page, numbers: Sequence[int]) -> bytes:
        around = orjson.dumps(self._describe(page))
        match page.request.style:
            case "jsonapi":
                return self._write_resources(page, numbers, around)
            case "ids":
                return b'{"ids":' + orjson.dumps([self._repository.record_at(each).identifier for each in numbers]) + b"," + around[1:]
            case "link":
                return b"[" + b",".join(self._items(page, numbers)) + b"]"
            case "nested":
                items = self._items(page, numbers)
                groups = [items[start : start + _GROUP] for start in range(0, len(items), _GROUP)]
                written = [b'{"name":"group %d","items":[%b]}' % (number, b",".join(group)) for number, group in enumerate(groups, 1)]
                return b'{"groups":[' + b",".join(written) + b"]," + around[1:]
            case _:
                return b'{"items":[' + b",".join(self._items(page, numbers)) + b"]," + around[1:]

    def _write_resources(self, page: _Page, numbers: Sequence[int], around: bytes) -> bytes:
        built = [build_resource(orjson.loads(item)) for item in self._items(page, numbers)]
        included = {(each["type"], each["id"]): each for _, related in built for each in related}
        resources = orjson.dumps([resource for resource, _ in built])
        return b'{"data":' + resources + b',"included":' + orjson.dumps(list(included.values())) + b"," + around[1:]

    def _items(self, page: _Page, numbers: Sequence[int]) -> list[bytes]:
        redated_at = page.hits.faults.redated_at
        modified = self._repository.format_second(int(redated_at.timestamp())) if redated_at else None
        items = [self._render_kept(number, self._repository.revision(number), modified) for number in numbers]
        if "unreadable_record" in page.hits.spots and items and numbers[0] == page.cut.numbers[0]:
            items[0] = self._render(numbers[0], 0, modified, is_readable=False)
        return items

    def _describe(self, page: _Page) -> dict[str, Any]:
        request, cut = page.request, page.cut
        total = {} if cut.announced_total is None else {"total": cut.announced_total}
        match request.style:
            case "jsonapi":
                return {"jsonapi": {"version": "1.1"}, "meta": total, "links": {"next": self._next_url(page)}}
            case "next":
                return {**total, "links": {"next": self._next_url(page)}}
            case "cursor":
                return {**total, "next_cursor": page.next_position}
            case "page":
                return {**total, "page": page_number(request.offset, request.size), "size": request.size}
            case _:
                return {**total, "offset": request.offset, "limit": request.size}

    def _headers(self, page: _Page) -> tuple[tuple[str, str], ...]:
        """For ``link``: where the list begins and goes on, as RFC 8288 writes it, and the total as json-server does."""
        if page.request.style != "link":
            return ()
        links = [f'<{self._addresses.json(self._repository.name, "link")}>; title="begin, again"; rel="first"']
        following = self._next_url(page)
        if following is not None:
            links.append(f"<{following.removeprefix(self._addresses.origin)}>; rel=next")
        total = page.cut.announced_total
        return (("Link", ", ".join(links)), *(() if total is None else (("X-Total-Count", str(total)),)))

    def _next_url(self, page: _Page) -> str | None:
        request, position = page.request, page.next_position
        if position is None:
            return None
        query = urlencode({position_name(request.style): position, **request.filters})
        return f"{self._addresses.json(self._repository.name, request.style)}?{query}"

    # -- details -------------------------------------------------------------------------------------------------------------------

    def _answer_details(self, identifier: str, several: Sequence[str], hits: Hits) -> Answer:
        """One record, or those of several that exist."""
        asked = [identifier] if identifier else several
        if hits.refusal:
            return refuse(hits.refusal)
        if set(asked) & set(hits.faults.poison):
            return refuse(Refusal(hits.faults.poison_status if hits.faults.poison_status != _OK else 500))
        items = [self._render_named(each) for each in asked if self._repository.has(each)]
        if not identifier:
            return damage(Answer(_OK, b'{"items":[' + b",".join(items) + b"]}", JSON), hits)
        return damage(Answer(_OK, items[0], JSON), hits) if items else answer_json(404, {"error": f"no record {identifier!r}"})

    def _render_named(self, identifier: str) -> bytes:
        number = self._repository.record(identifier).number
        return self._render_kept(number, self._repository.revision(number), None)

    def _render(self, number: int, revision: int, modified: str | None, *, is_readable: bool = True) -> bytes:  # noqa: ARG002 - the revision is part of the key under which the result is kept
        record = self._repository.record_at(number)
        item = build_item(self._repository.name, record, modified or record.datestamp, self._addresses)
        if not is_readable:
            del item["id"]
        return orjson.dumps(item)
