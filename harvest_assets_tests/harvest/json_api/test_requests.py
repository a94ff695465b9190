"""What is sent: methods, bodies, headers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from harvest_assets.errors import PositionExpiredError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.window import Window

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]

MAY = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC))
ITEMS = [{"id": number} for number in range(5)]


def test_paging_and_dates_are_put_into_the_body_of_a_post(server: Server, open_list: Lists) -> None:
    def answer(_: dict[str, str]) -> list[dict[str, int]]:
        page = server.bodies[-1]["page"]
        return ITEMS[page["from"] : page["from"] + page["size"]]

    body = {"query": {"kind": "book", "changed": {"gte": None}}, "page": {"from": None}}
    protocol = open_list(
        answer,
        method="POST",
        body=body,
        parameters={"q": "ü"},
        paging={"style": "offset", "in": "body", "parameter": "/page/from", "size_parameter": "/page/size", "size": 2},
        date_filter={"in": "body", "since": "/query/changed/gte", "before": "/query/changed/lt", "format": "%Y-%m-%d"},
    )
    pages = list(protocol.pages(MAY))
    assert [page.records.column("identifier").to_pylist() for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
    query = {"kind": "book", "changed": {"gte": "2024-05-01", "lt": "2024-06-01"}}
    assert server.bodies == [{"query": query, "page": {"from": number, "size": 2}} for number in (0, 2, 4)]
    assert server.queries == [{"q": "ü"}] * 3
    assert server.headers[0]["Content-Type"] == "application/json"
    (last,) = protocol.pages(MAY, position=pages[1].next_position, number=3)
    assert last.records == pages[2].records
    assert pages[0].exchange.method == "POST"


def test_a_cursor_in_a_body_keeps_its_type(server: Server, open_list: Lists) -> None:
    after = iter([[1714521600000, "a"], 7, None])
    protocol = open_list(
        lambda _: {"data": [{"id": len(server.bodies)}], "after": next(after)},
        method="POST",
        records="/data",
        paging={"style": "cursor", "in": "body", "parameter": "/search_after", "pointer": "/after"},
    )
    pages = list(protocol.pages(Window()))
    assert [page.next_position for page in pages] == ['[1714521600000,"a"]', "7", None]
    assert server.bodies == [{}, {"search_after": [1714521600000, "a"]}, {"search_after": 7}]
    with pytest.raises(PositionExpiredError, match="shop: position 'x' is not JSON, the list has to start again"):
        list(protocol.pages(Window(), position="x"))


def test_addresses_of_next_pages_are_sent_the_same_body(server: Server, open_list: Lists) -> None:
    protocol = open_list(
        lambda query: {"data": [{"id": query.get("p", "1")}], "next": None if query else "?p=2"},
        method="POST",
        body=["x"],
        records="/data",
        paging={"style": "next", "pointer": "/next"},
    )
    assert len(list(protocol.pages(Window()))) == 2
    assert (server.bodies, server.queries) == ([["x"], ["x"]], [{}, {"p": "2"}])


def test_a_refused_post_is_told(open_list: Lists) -> None:
    with pytest.raises(HttpStatusError, match="HTTP 403"):
        list(open_list(lambda _: (403, b""), method="POST").pages(Window()))


@pytest.mark.parametrize("accept", [None, "application/vnd.api+json"])
def test_the_type_that_is_asked_for_is_the_sources_choice(server: Server, open_list: Lists, accept: str | None) -> None:
    assert len(list(open_list(lambda _: [], **({"accept": accept} if accept else {})).pages(Window()))) == 1
    assert server.headers[0]["Accept"] == (accept or "application/json")
