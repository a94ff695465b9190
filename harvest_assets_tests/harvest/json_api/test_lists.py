"""Lists of JSON records in every style of paging, over loopback."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from harvest_assets.errors import PermanentError, PositionExpiredError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.interfaces import HttpStatusError, Remote
from harvest_assets.model.record import RAW_RECORDS
from harvest_assets.model.window import Window
from harvest_assets_tests.harvest.json_api.lists import OPEN, collect, identifiers, slice_offset, slice_page

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]


def test_a_single_page_is_read_with_every_column(server: Server, open_list: Lists) -> None:
    items = [{"z": 1, "id": "a", "changed": "2024-05-01", "gone": False}, {"id": 7, "changed": 5, "gone": 1}]
    protocol = open_list(
        lambda _: {"data": {"items": items}, "total": "2"},
        records="/data/items",
        datestamp="/changed",
        deleted="/gone",
        total="/total",
        parameters={"kind": "book"},
    )
    (page,) = protocol.pages(OPEN)
    assert page.records.schema == RAW_RECORDS
    assert page.records.to_pylist() == [
        {
            "identifier": "a",
            "datestamp": "2024-05-01",
            "deleted": False,
            "set_specs": [],
            "body": b'{"changed":"2024-05-01","gone":false,"id":"a","z":1}',
            "envelope": b"",
            "page": 1,
        },
        {
            "identifier": "7",
            "datestamp": "5",
            "deleted": True,
            "set_specs": [],
            "body": b'{"changed":5,"gone":1,"id":7}',
            "envelope": b"",
            "page": 1,
        },
    ]
    assert (page.number, page.next_position, page.announced_total, page.set_aside) == (1, None, 2, ())
    assert server.queries == [{"kind": "book"}]


def test_a_body_does_not_depend_on_spacing_or_order(open_list: Lists) -> None:
    (first,) = open_list(lambda _: b'[{"id":1,"a":[1, 2]}]').pages(OPEN)
    (second,) = open_list(lambda _: b' [ { "a" : [1,2], "id" : 1 } ]\n').pages(OPEN)
    assert first.records == second.records


def test_nothing_is_asked_to_identify_a_source(server: Server, open_list: Lists) -> None:
    protocol = open_list(lambda _: [])
    assert protocol.identify() == Remote()
    assert list(protocol.list_contents()) == []
    assert server.queries == []


@pytest.mark.parametrize(
    ("value", "expected"), [("false", False), ("No", False), ("", False), (None, False), ("yes", True), ([1], True), (0, False)]
)
def test_deleted_is_what_is_true_and_does_not_say_false(open_list: Lists, value: object, expected: bool) -> None:  # noqa: FBT001 - a table
    (page,) = open_list(lambda _: [{"id": "a", "gone": value}], deleted="/gone").pages(OPEN)
    assert page.records.column("deleted").to_pylist() == [expected]


def test_links_are_followed_relative_and_as_objects(server: Server, open_list: Lists) -> None:
    following = {"1": "/list?p=2", "2": {"href": server.url + "?p=3"}, "3": None}

    def answer(query: dict[str, str]) -> dict[str, Any]:
        here = query.get("p", "1")
        return {"data": [{"id": here}], "links": {"next": following[here]}}

    protocol = open_list(answer, records="/data", paging={"style": "next", "pointer": "/links/next"}, parameters={"size": "1"})
    pages = list(protocol.pages(OPEN))
    assert identifiers(pages) == ["1", "2", "3"]
    assert pages[0].next_position == server.url + "?p=2"
    assert server.queries == [{"size": "1"}, {"p": "2"}, {"p": "3"}]
    assert identifiers(protocol.pages(OPEN, position=pages[1].next_position, number=3)) == ["3"]


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("http://user:secret@127.0.0.2/list?key=secret", "on http://127.0.0.2:80"),
        ("https://127.0.0.1/list", "on https://127.0.0.1:443"),
        ("file:///etc/hosts", "on file://None:None"),
        ("//[broken", "at an address that cannot be read"),
        ("http://127.0.0.1:99999/", "at an address that cannot be read"),
    ],
)
def test_a_link_to_another_host_is_not_followed(server: Server, open_list: Lists, link: str, there: str) -> None:
    protocol = open_list(lambda _: {"data": [{"id": 1}], "next": link}, records="/data", paging={"style": "next", "pointer": "/next"})
    with pytest.raises(PermanentError, match=f"^shop: the next page is {there}, it must be on the scheme, host and port of the source$"):
        list(protocol.pages(OPEN))
    assert len(server.queries) == 1


def test_a_link_that_is_no_text_is_refused(open_list: Lists) -> None:
    protocol = open_list(lambda _: {"data": [], "next": 5}, records="/data", paging={"style": "next", "pointer": "/next"})
    with pytest.raises(PermanentError, match="shop: next page '/next' is a int, not an address"):
        list(protocol.pages(OPEN))


def test_pages_are_counted_until_a_short_one(server: Server, open_list: Lists) -> None:
    protocol = open_list(slice_page, paging={"style": "page", "size_parameter": "size", "size": 3})
    pages = list(protocol.pages(OPEN))
    assert identifiers(pages) == [str(number) for number in range(7)]
    assert [page.next_position for page in pages] == ["2", "3", None]
    assert server.queries == [{"size": "3", "page": str(number)} for number in (1, 2, 3)]
    assert identifiers(protocol.pages(OPEN, position="3", number=3)) == ["6"]


def test_pages_without_a_size_are_counted_until_an_empty_one(server: Server, open_list: Lists) -> None:
    assert identifiers(open_list(slice_page, paging={"style": "page"}).pages(OPEN)) == [str(number) for number in range(7)]
    assert [query["page"] for query in server.queries] == ["1", "2", "3", "4"]


def test_offsets_go_on_by_what_came_when_the_server_gives_less_than_asked(server: Server, open_list: Lists) -> None:
    protocol = open_list(
        lambda query: {"n": 7, "data": slice_offset(query)[:2]}, records="/data", total="/n", paging={"style": "offset", "size": 500}
    )
    assert identifiers(protocol.pages(OPEN)) == [str(number) for number in range(7)]
    assert [query["offset"] for query in server.queries] == ["0", "2", "4", "6"]
    assert identifiers(protocol.pages(OPEN, position="6", number=4)) == ["6"]


def test_cursors_go_back_as_a_parameter_beside_the_others(server: Server, open_list: Lists) -> None:
    def answer(query: dict[str, str]) -> dict[str, Any]:
        here = int(query.get("after", "0"))
        return {"data": [{"id": here}], "cursor": here + 1 if here < 2 else ""}

    paging = {"style": "cursor", "parameter": "after", "pointer": "/cursor"}
    protocol = open_list(answer, records="/data", paging=paging, parameters={"q": "x"})
    assert identifiers(protocol.pages(OPEN)) == ["0", "1", "2"]
    assert server.queries == [{"q": "x"}, {"q": "x", "after": "1"}, {"q": "x", "after": "2"}]


def test_a_cursor_of_another_type_is_refused(open_list: Lists) -> None:
    protocol = open_list(lambda _: {"data": [], "c": [1]}, records="/data", paging={"style": "cursor", "pointer": "/c"})
    with pytest.raises(PermanentError, match="shop: cursor '/c' is a list, not a text or an integer"):
        list(protocol.pages(OPEN))


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_kept_position_that_the_server_refuses_has_expired(open_list: Lists, status: int) -> None:
    protocol = open_list(lambda _: (status, b"no such cursor"), paging={"style": "cursor", "pointer": "/c"})
    with pytest.raises(PositionExpiredError, match=f"shop: page 3: HTTP {status} for the position of this page: start the list again"):
        list(protocol.pages(OPEN, position="old", number=3))
    with pytest.raises(HttpStatusError, match=f"HTTP {status}"):
        list(protocol.pages(OPEN))


@pytest.mark.parametrize(("status", "kind"), [(400, PositionExpiredError), (410, PositionExpiredError), (403, HttpStatusError)])
def test_a_position_of_the_server_that_it_refuses_in_the_middle_of_a_list_has_expired(
    open_list: Lists, status: int, kind: type[Exception]
) -> None:
    protocol = open_list(
        lambda query: (status, b"") if "cursor" in query else {"data": [{"id": 1}], "c": "x"},
        records="/data",
        paging={"style": "cursor", "pointer": "/c"},
    )
    pages, error = collect(protocol.pages(OPEN), kind)
    assert identifiers(pages) == ["1"]
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize(("status", "kind"), [(410, PositionExpiredError), (404, HttpStatusError)])
def test_a_number_that_is_refused_in_the_middle_of_a_list_has_not_expired(open_list: Lists, status: int, kind: type[Exception]) -> None:
    protocol = open_list(lambda query: (status, b"") if query["page"] == "2" else [{"id": 1}], paging={"style": "page"})
    pages, error = collect(protocol.pages(OPEN), kind)
    assert identifiers(pages) == ["1"]
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize(
    ("paging", "message"),
    [
        ({"style": "none"}, "shop: position 'x' means nothing: the source is not paged, the list has to start again"),
        ({"style": "page"}, "shop: position 'x' is not a number, the list has to start again"),
    ],
)
def test_a_kept_position_of_another_style_has_expired(open_list: Lists, paging: dict[str, str], message: str) -> None:
    with pytest.raises(PositionExpiredError, match=message):
        list(open_list(lambda _: [], paging=paging).pages(OPEN, position="x"))


def test_of_a_repeated_key_the_last_counts(open_list: Lists) -> None:
    (page,) = open_list(lambda _: b'[{"id": "a", "id": "b"}]').pages(OPEN)
    assert page.records.column("body").to_pylist() == [b'{"id":"b"}']


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"items": [], "meta": 1}, "records '/data/x' leads to nothing, not to a list; the keys there are 'items', 'meta'"),
        ({"data": {"x": {}}}, "records '/data/x' leads to a dict, not to a list; the keys there are 'data'"),
        ([1], "records '/data/x' leads to nothing, not to a list; the page is a list"),
    ],
)
def test_a_pointer_to_no_list_is_refused_with_what_is_there(open_list: Lists, content: object, message: str) -> None:
    with pytest.raises(PermanentError, match=f"shop: page 1: {message}"):
        list(open_list(lambda _: content, records="/data/x").pages(OPEN))


@pytest.mark.parametrize(
    "item", [{}, {"id": None}, {"id": True}, {"id": ""}, {"id": 1.5}, {"id": []}, "text", 5, None, {"id": "a", "d": {}}]
)
def test_an_item_without_an_identifier_is_set_aside_with_its_bytes(open_list: Lists, item: object) -> None:
    (page,) = open_list(lambda _: [{"id": "good"}, item], datestamp="/d").pages(OPEN)
    assert identifiers([page]) == ["good"]
    (aside,) = page.set_aside
    assert (aside.identifier, aside.page, aside.stage, aside.error) == (None, 1, "harvest", "RecordError")
    assert json.loads(aside.body) == item
    assert aside.reason.startswith(("identifier '/id' leads to ", "datestamp '/d' leads to a dict, not to a text or a number"))


def test_an_item_nested_too_deep_is_set_aside(open_list: Lists) -> None:
    deep = b"[" * 400 + b"]" * 400
    (page,) = open_list(lambda _: b'[{"id": "a", "x": ' + deep + b'}, {"id": "b"}]').pages(OPEN)
    assert identifiers([page]) == ["b"]
    assert "the record cannot be written again: " in page.set_aside[0].reason
    assert deep in page.set_aside[0].body


def test_the_window_is_sent_as_the_source_says(server: Server, open_list: Lists) -> None:
    protocol = open_list(lambda _: [], date_filter={"since": "from", "before": "to"})
    assert protocol.filters_by_date()
    assert len(list(protocol.pages(Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 2, 0, 0, 0, 1, tzinfo=UTC))))) == 1
    assert len(list(protocol.pages(OPEN))) == 1
    assert server.queries == [{"from": "2024-05-01T00:00:00Z", "to": "2024-05-02T00:00:01Z"}, {}]


def test_a_source_without_a_date_filter_is_asked_for_everything(server: Server, open_list: Lists) -> None:
    protocol = open_list(lambda _: [])
    assert not protocol.filters_by_date()
    assert len(list(protocol.pages(Window(datetime(2024, 5, 1, tzinfo=UTC))))) == 1
    assert server.queries == [{}]
