"""Where lists end: totals, short and empty pages, lists that never end, and lists that may have been cut to one page."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets_tests.harvest.json_api.lists import ITEMS, OPEN, collect, identifiers, slice_offset, slice_page

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]


def test_pages_end_at_the_total(server: Server, open_list: Lists) -> None:
    protocol = open_list(
        lambda query: {"n": 6, "data": slice_page(query)[: 3 if query["page"] < "3" else 0]},
        records="/data",
        total="/n",
        paging={"style": "page", "size": 100},
    )
    assert len(identifiers(protocol.pages(OPEN))) == 6
    assert len(server.queries) == 2


@pytest.mark.parametrize("style", ["page", "offset"])
def test_an_empty_page_before_the_announced_total_is_not_the_end(open_list: Lists, style: str) -> None:
    def answer(query: dict[str, str]) -> dict[str, Any]:
        page = slice_page(query) if style == "page" else slice_offset(query)
        return {"n": 7, "data": [] if {"id": 3} in page else page}

    protocol = open_list(answer, records="/data", total="/n", paging={"style": style, "size": 3, "size_parameter": "limit"})
    pages = list(protocol.pages(OPEN))
    assert identifiers(pages) == ["0", "1", "2", "6"]
    assert [page.next_position for page in pages] == (["2", "3", "4", None] if style == "page" else ["3", "6", None])


def test_a_total_that_is_never_reached_costs_three_empty_pages(server: Server, open_list: Lists) -> None:
    protocol = open_list(
        lambda query: {"n": 1000, "data": slice_offset(query)}, records="/data", total="/n", paging={"style": "offset", "size": 3}
    )
    assert len(identifiers(protocol.pages(OPEN))) == 7
    assert [query["offset"] for query in server.queries] == ["0", "3", "6", "7", "10", "13", "16"]


@pytest.mark.parametrize(
    ("count", "options", "is_warned_of"),
    [
        (100, {}, True),
        (30, {"parameters": {"per_page": "30"}}, True),
        (30, {}, False),
        (0, {}, False),
        (100, {"total": "/n"}, False),
        (100, {"paging": {"style": "next", "pointer": "/next"}}, True),
    ],
)
def test_a_list_as_long_as_a_page_is_warned_of(open_list: Lists, count: int, options: dict[str, Any], is_warned_of: bool) -> None:  # noqa: FBT001 - a table
    items = [{"id": number} for number in range(count)]
    (page,) = open_list(lambda _: {"data": items, "n": count}, records="/data", **options).pages(OPEN)
    assert page.notes == ((f"the list is exactly one page of {count}: check the paging",) if is_warned_of else ())


def test_a_list_of_several_pages_is_not_warned_of(open_list: Lists) -> None:
    pages = list(
        open_list(lambda query: [{"id": number} for number in range(10)] if query["page"] == "1" else [], paging={"style": "page"}).pages(
            OPEN
        )
    )
    assert [page.notes for page in pages] == [(), ()]


@pytest.mark.parametrize("style", ["page", "offset"])
@pytest.mark.parametrize("total", [0, 1, 5, 8, 100])
def test_a_total_that_is_wrong_costs_no_record(open_list: Lists, style: str, total: int) -> None:
    def answer(query: dict[str, str]) -> dict[str, Any]:
        return {"n": total, "data": slice_page(query) if style == "page" else slice_offset(query | {"limit": "3"})}

    protocol = open_list(answer, records="/data", total="/n", paging={"style": style, "size": 3})
    assert identifiers(protocol.pages(OPEN)) == [str(number) for number in range(7)]


def test_a_repeated_position_stops_the_list(server: Server, open_list: Lists) -> None:
    numbers = iter(range(100))
    protocol = open_list(
        lambda _: {"data": [{"id": next(numbers)}], "c": "same"}, records="/data", paging={"style": "cursor", "pointer": "/c"}
    )
    pages, error = collect(protocol.pages(OPEN), PermanentError)
    assert identifiers(pages) == ["0", "1"]
    assert str(error) == "shop: page 2: the position of the next page repeats: the list does not end"
    assert len(server.queries) == 2


def test_a_server_that_ignores_the_page_number_stops_the_list(open_list: Lists) -> None:
    pages, error = collect(open_list(lambda _: ITEMS, paging={"style": "page"}).pages(OPEN), PermanentError)
    assert len(pages) == 2
    assert str(error) == "shop: page 2: the page repeats the records of an earlier page: the list does not end"


def test_a_list_longer_than_announced_stops(open_list: Lists) -> None:
    numbers = iter(range(100))
    protocol = open_list(
        lambda _: {"data": [{"id": next(numbers)}], "c": next(numbers), "n": 2},
        records="/data",
        total="/n",
        paging={"style": "cursor", "pointer": "/c"},
    )
    pages, error = collect(protocol.pages(OPEN), PermanentError)
    assert len(pages) == 4
    assert str(error) == "shop: page 4: the list does not end: 4 records received, 2 announced"


def test_empty_pages_that_name_a_next_one_are_tolerated_three_times(open_list: Lists) -> None:
    numbers = iter(range(1, 100))
    protocol = open_list(lambda _: {"data": [], "c": next(numbers)}, records="/data", paging={"style": "cursor", "pointer": "/c"})
    pages, error = collect(protocol.pages(OPEN), PermanentError)
    assert len(pages) == 4
    assert str(error) == "shop: page 4: the list does not end: 4 pages in a row hold no record and name a next one"


def test_the_number_of_pages_is_bounded(open_list: Lists) -> None:
    pages, error = collect(open_list(slice_page, paging={"style": "page"}, max_pages=2).pages(OPEN), PermanentError)
    assert len(pages) == 2
    assert str(error) == "shop: page 2: the list does not end: page 2 of at most 2 names a next one; see the option max_pages"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 25), size=st.integers(1, 9), style=st.sampled_from(["page", "offset", "cursor", "none"]), announced=st.booleans()
)
def test_any_split_of_a_list_into_pages_gives_the_same_records(
    open_list: Lists,
    count: int,
    size: int,
    style: str,
    announced: bool,  # noqa: FBT001 - drawn
) -> None:
    items = [{"id": number, "é": [number]} for number in range(count)]

    def answer(query: dict[str, str]) -> dict[str, Any]:
        start = {"page": (int(query.get("page", "1")) - 1) * size, "none": 0}.get(style, int(query.get(style, "0")))
        end = count if style == "none" else start + size
        return {"data": items[start:end], "n": count if announced else None, "next": end if end < count else None}

    paging = {"style": style} | ({"size": size} if style in {"page", "offset"} else {"pointer": "/next"} if style == "cursor" else {})
    pages = list(open_list(answer, records="/data", total="/n", paging=paging).pages(OPEN))
    assert [json.loads(body) for page in pages for body in page.records.column("body").to_pylist()] == items
    assert pages[-1].next_position is None
