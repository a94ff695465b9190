"""A page that cannot be read is asked for in parts, until what cannot be read is alone."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.errors import TransientError, UnreadablePageError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.harvest.json_api.bisection import MOST_HOLES
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]

OPEN = Window()
FAILING = (500, b"down")
BROKEN = b'[{"id": oops}]'


class Shop:
    """``count`` numbered records; an answer that would hold one of ``bad`` is spoiled."""

    def __init__(self, count: int, bad: set[int], spoiled: Any = FAILING, *, style: str = "offset", total: int | None = None) -> None:
        self.count, self.bad, self.spoiled, self.style, self.total = count, bad, spoiled, style, total

    def __call__(self, query: dict[str, str]) -> Any:
        limit = int(query["limit"])
        start = int(query["offset"]) if self.style == "offset" else (int(query["page"]) - 1) * limit
        numbers = range(start, min(start + limit, self.count))
        if self.bad.intersection(numbers):
            return self.spoiled
        return {"data": [{"id": number} for number in numbers], "n": self.total}


def options(shop: Shop, size: int) -> dict[str, Any]:
    return {"records": "/data", "total": "/n", "paging": {"style": shop.style, "size": size, "size_parameter": "limit"}}


def holes(pages: list[Page]) -> list[int]:
    return [int(hole.removeprefix("record at offset ").partition(" ")[0]) for page in pages for hole in page.holes]


def identifiers(pages: list[Page]) -> list[int]:
    return [int(name) for page in pages for name in page.records.column("identifier").to_pylist()]


@pytest.mark.parametrize("style", ["offset", "page"])
@pytest.mark.parametrize(("spoiled", "reason"), [(FAILING, "shop: page 2: HTTP 500"), (BROKEN, "shop: page 2: the answer is not JSON")])
def test_the_bad_record_is_a_hole_and_the_rest_is_kept(server: Server, open_list: Lists, style: str, spoiled: Any, reason: str) -> None:
    shop = Shop(25, {13}, spoiled, style=style, total=25)
    pages = list(open_list(shop, **options(shop, 10)).pages(OPEN))
    assert identifiers(pages) == [number for number in range(25) if number != 13]
    assert [page.records.num_rows for page in pages] == [10, 9, 5]
    (hole,) = pages[1].holes
    assert hole.startswith(f"record at offset 13 could not be read: {reason}")
    assert pages[1].repairs == ("the page could not be read as a whole and was asked for in parts",)
    assert pages[1].original == (spoiled if isinstance(spoiled, bytes) else b"")
    assert [page.next_position for page in pages] == (["10", "20", None] if style == "offset" else ["2", "3", None])
    assert len(server.queries) <= 3 + 9


@pytest.mark.parametrize("style", ["offset", "page"])
@pytest.mark.parametrize("total", [None, 25])
def test_a_bad_record_on_the_first_or_last_page_ends_nothing(open_list: Lists, style: str, total: int | None) -> None:
    shop = Shop(25, {0, 22, 24}, style=style, total=total)
    pages = list(open_list(shop, **options(shop, 10)).pages(OPEN))
    assert identifiers(pages) == [number for number in range(25) if number not in shop.bad]
    assert holes(pages) == [0, 22, 24]


def test_a_page_of_nothing_but_bad_records_is_all_holes(open_list: Lists) -> None:
    shop = Shop(10, {4, 5, 6, 7})
    pages = list(open_list(shop, **options(shop, 4)).pages(OPEN))
    assert (identifiers(pages), holes(pages)) == ([0, 1, 2, 3, 8, 9], [4, 5, 6, 7])


def test_a_page_of_one_record_is_a_hole(open_list: Lists) -> None:
    shop = Shop(3, {1})
    pages = list(open_list(shop, **options(shop, 1)).pages(OPEN))
    assert (identifiers(pages), holes(pages)) == ([0, 2], [1])


def test_more_bad_records_than_a_page_may_have_are_a_bad_server(server: Server, open_list: Lists) -> None:
    shop = Shop(200, set(range(100, 100 + MOST_HOLES + 1)))
    received: list[Page] = []
    with pytest.raises(UnreadablePageError, match=r"^shop: page 2: HTTP 500$"):
        received.extend(open_list(shop, **options(shop, 100)).pages(OPEN))
    assert identifiers(received) == list(range(100))
    assert len(server.queries) < 40


@pytest.mark.parametrize("style", ["offset", "page"])
def test_a_server_that_fails_at_its_first_page_and_beyond_is_down(server: Server, open_list: Lists, style: str) -> None:
    shop = Shop(200, set(range(200)), style=style)
    with pytest.raises(TransientError, match=r"^HTTP 500$"):
        list(open_list(shop, **options(shop, 100)).pages(OPEN))
    assert len(server.queries) == 2


def test_a_server_that_refuses_what_lies_beyond_its_only_page_is_not_down(open_list: Lists) -> None:
    shop = Shop(10, {3}, total=10)
    pages = list(open_list(lambda query: (404, b"") if int(query["offset"]) >= 10 else shop(query), **options(shop, 10)).pages(OPEN))
    assert holes(pages) == [3]


def test_a_server_that_refuses_smaller_parts_leaves_the_page_unreadable(open_list: Lists) -> None:
    shop = Shop(20, {13})
    protocol = open_list(lambda query: shop(query) if query["limit"] == "10" else (422, b""), **options(shop, 10))
    with pytest.raises(UnreadablePageError, match=r"^shop: page 2: HTTP 500$"):
        list(protocol.pages(OPEN))


def test_a_server_that_ignores_how_many_it_is_asked_for_leaves_the_page_unreadable(open_list: Lists) -> None:
    shop = Shop(20, set(), total=20)
    protocol = open_list(lambda query: shop(query | {"limit": "4"}) if query["offset"] != "12" else FAILING, **options(shop, 10))
    with pytest.raises(UnreadablePageError, match=r"^shop: page 4: HTTP 500$"):
        list(protocol.pages(OPEN))


def test_pages_that_are_smaller_than_asked_for_are_not_taken_for_others(open_list: Lists) -> None:
    """The server gives 4 records at most: its page 3 of 10 is not where ours is."""
    shop = Shop(20, {9}, style="page", total=20)

    def answer(query: dict[str, str]) -> Any:
        return shop(query | {"limit": str(min(4, int(query["limit"])))})

    with pytest.raises(UnreadablePageError, match=r"^shop: page 3: HTTP 500$"):
        list(open_list(answer, **options(shop, 10)).pages(OPEN))


@pytest.mark.parametrize(
    "paging", [{"style": "offset"}, {"style": "page", "size": 10}, {"style": "cursor", "pointer": "/c"}, {"style": "none"}]
)
def test_lists_that_cannot_be_asked_for_in_parts_are_left_to_the_dates(open_list: Lists, paging: dict[str, Any]) -> None:
    filters = {"since": "s", "before": "b"}
    with pytest.raises(UnreadablePageError, match=r"^shop: page 1: HTTP 500$"):
        list(open_list(lambda _: FAILING, paging=paging, date_filter=filters).pages(OPEN))
    with pytest.raises(TransientError, match=r"^HTTP 500$"):
        list(open_list(lambda _: FAILING, paging=paging).pages(OPEN))
    with pytest.raises(UnreadablePageError, match=r"^shop: page 1: the answer is not JSON"):
        list(open_list(lambda _: BROKEN, paging=paging).pages(OPEN))


@pytest.mark.parametrize("status", [502, 503, 504])
def test_other_failures_of_a_server_are_no_bad_record(open_list: Lists, status: int) -> None:
    shop = Shop(20, {3}, (status, b""))
    with pytest.raises(TransientError, match=f"HTTP {status}"):
        list(open_list(shop, **options(shop, 10)).pages(OPEN))


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    count = draw(st.integers(0, 40))
    bad = draw(st.sets(st.integers(0, 39), max_size=MOST_HOLES))
    spoiled = draw(st.sampled_from([FAILING, BROKEN, b'{"data": [{"id": 1', b"<html>", b'{"data": [1]}{"rest": [2]}']))
    return Shop(count, bad, spoiled, style=draw(st.sampled_from(["offset", "page"])), total=draw(st.sampled_from([None, count])))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shop=shops(), size=st.integers(1, 12))
def test_received_and_holes_are_the_whole_list(open_list: Lists, shop: Shop, size: int) -> None:
    pages: list[Page] = []
    is_whole = True
    try:
        pages.extend(open_list(shop, **options(shop, size)).pages(OPEN))
    except (UnreadablePageError, TransientError):
        is_whole = False
    reached = sum(page.records.num_rows + len(page.holes) for page in pages)
    assert sorted(identifiers(pages) + holes(pages)) == list(range(reached))
    assert holes(pages) == sorted(number for number in shop.bad if number < reached)
    assert reached == shop.count if is_whole else reached + size in shop.bad, "given up only where the record after the page is bad too"
