"""Two-step sources: a list of identifiers, and a detail each."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.errors import PermanentError, TransientError, UnreadablePageError
from harvest_assets.harvest.json_api import JsonApi
from harvest_assets.model.window import Window

Server = Any  # the fixtures of conftest, which tests cannot import from
Lists = Callable[..., JsonApi]

OPEN = Window()
ONE = {"url": "detail?one={id}"}
SEVERAL = {"url": "detail?ids={ids}", "batch": 2, "records": "/items", "identifier": "/name"}


class Shelf:
    """A list of names, their details, and how often each was asked for."""

    def __init__(self, names: list[Any]) -> None:
        self.names = names
        self.broken: dict[str, Any] = {}
        self.lock = threading.Lock()

    def __call__(self, query: dict[str, str]) -> Any:
        if "one" in query:
            return self.broken.get(query["one"], {"name": query["one"], "changed": "2024-05-01"})
        if "ids" in query:
            asked = query["ids"].split(",")
            bad = [self.broken[each] for each in asked if each in self.broken]
            return bad[0] if bad else {"items": [{"name": each, "changed": "2024-05-01"} for each in reversed(asked)]}
        return self.names


def names(page: Any) -> list[str]:
    return page.records.column("identifier").to_pylist()


@pytest.mark.parametrize("details", [ONE, SEVERAL])
def test_the_details_are_the_records_in_the_order_of_the_list(open_list: Lists, details: dict[str, Any]) -> None:
    shelf = Shelf(["c", "a", "ä/&?", "b", 7, "a"])
    (page,) = open_list(shelf, identifier="", details=details, datestamp="/changed").pages(OPEN)
    assert names(page) == ["c", "a", "ä/&?", "b", "7"]
    assert [json.loads(body)["name"] for body in page.records.column("body").to_pylist()] == names(page)
    assert set(page.records.column("datestamp").to_pylist()) == {"2024-05-01"}
    assert page.set_aside == ()


def test_identifiers_are_encoded_into_the_template(server: Server, open_list: Lists) -> None:
    def answer(_: dict[str, str]) -> Any:
        return ["../x?y#z", "100%"] if server.paths[-1] == "/list" else {}

    (page,) = open_list(answer, identifier="", details={"url": "/things/{id}/full", "parallel": 1}).pages(OPEN)
    assert names(page) == ["../x?y#z", "100%"]
    assert server.paths == ["/list", "/things/..%2Fx%3Fy%23z/full", "/things/100%25/full"]


def test_batches_hold_as_many_as_they_may(server: Server, open_list: Lists) -> None:
    (page,) = open_list(Shelf(list("abcde")), identifier="", details=SEVERAL).pages(OPEN)
    assert names(page) == list("abcde")
    assert sorted(query["ids"] for query in server.queries[1:]) == ["a,b", "c,d", "e"]


def test_what_a_detail_does_not_say_the_list_does(open_list: Lists) -> None:
    items = [{"id": "a", "when": "2024-01-01", "gone": False}, {"id": "b", "when": "2024-01-02", "gone": True}, {"no": "id"}]
    protocol = open_list(Shelf(items), details=ONE, datestamp="/when", deleted="/gone")
    (page,) = protocol.pages(OPEN)
    assert [(row["identifier"], row["datestamp"], row["deleted"]) for row in page.records.to_pylist()] == [
        ("a", "2024-01-01", False),
        ("b", "2024-01-02", True),
    ]
    assert [json.loads(body) for body in page.records.column("body").to_pylist()] == [{"name": "a", "changed": "2024-05-01"}, items[1]]
    assert [(aside.identifier, aside.rule) for aside in page.set_aside] == [(None, "no_identifier")]


def test_a_detail_lies_where_the_pointer_says(open_list: Lists) -> None:
    shelf = Shelf(["a", "b", "c"])
    shelf.broken = {"a": {"data": {"x": 1}}, "b": {"data": [{"x": 2}]}, "c": {"data": [{"x": 3}, {"x": 4}]}}
    (page,) = open_list(shelf, identifier="", details={**ONE, "records": "/data"}).pages(OPEN)
    assert page.records.column("body").to_pylist() == [b'{"x":1}', b'{"x":2}']
    assert [(aside.identifier, aside.rule, aside.reason) for aside in page.set_aside] == [
        ("c", "no_detail", "the answer holds no detail of this identifier")
    ]


def test_a_detail_of_another_name_than_asked_for_is_not_taken(open_list: Lists) -> None:
    shelf = Shelf(["a", "b"])
    shelf.broken = {"a": {"name": "z"}}
    (page,) = open_list(shelf, identifier="", details={**ONE, "identifier": "/name"}).pages(OPEN)
    assert names(page) == ["b"]
    assert [aside.identifier for aside in page.set_aside] == ["a"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ((404, b""), "its detail could not be had: HTTP 404"),
        ((500, b""), "its detail could not be had: shop: page 1, detail of 'b': HTTP 500"),
        ((503, b""), "its detail could not be had: HTTP 503"),
        (b"<p>no", "its detail could not be had: shop: page 1, detail of 'b': the answer is not JSON"),
        (b'{"a"', "its detail could not be had: shop: page 1, detail of 'b': the answer is cut off after byte 4, 3 times the same"),
        (b"null", "the answer holds no detail of this identifier"),
    ],
)
def test_a_detail_that_fails_is_set_aside_alone(open_list: Lists, bad: Any, reason: str) -> None:
    shelf = Shelf(["a", "b", "c"])
    shelf.broken = {"b": bad}
    (page,) = open_list(shelf, identifier="", details=ONE).pages(OPEN)
    assert names(page) == ["a", "c"]
    (aside,) = page.set_aside
    assert (aside.identifier, aside.rule, aside.stage, aside.body) == ("b", "no_detail", "harvest", b'"b"')
    assert aside.reason.startswith(reason)


def test_a_detail_with_a_status_that_the_source_names_is_a_record(open_list: Lists) -> None:
    shelf = Shelf(["a", "b"])
    shelf.broken = {"b": (403, b'{"name": "b", "visibility": "hidden"}')}
    (page,) = open_list(shelf, identifier="", details={**ONE, "statuses": [403]}).pages(OPEN)
    assert names(page) == ["a", "b"]
    assert json.loads(page.records.column("body").to_pylist()[1])["visibility"] == "hidden"


def test_what_a_batch_lacks_is_set_aside(open_list: Lists) -> None:
    shelf = Shelf(["a", "b", "c", "d", "e"])
    shelf.broken = {"b": {"items": [{"name": "a"}, {"name": "x"}, {"none": 1}, 5]}, "c": (500, b"")}
    (page,) = open_list(shelf, identifier="", details=SEVERAL).pages(OPEN)
    assert names(page) == ["a", "e"]
    assert [aside.identifier for aside in page.set_aside] == ["b", "c", "d"]


@pytest.mark.parametrize("status", [500, 503])
def test_when_the_server_fails_for_most_the_page_failed(server: Server, open_list: Lists, status: int) -> None:
    shelf = Shelf(list(range(100)))
    shelf.broken = {str(number): (status, b"") for number in range(100)}
    with pytest.raises(TransientError, match=rf"^shop: page 1: the server failed for 51 of 100 details; try again later: .*HTTP {status}"):
        list(open_list(shelf, identifier="", details={**ONE, "parallel": 1}).pages(OPEN))
    assert len(server.queries) < 60


def test_details_that_do_not_exist_never_fail_a_page(open_list: Lists) -> None:
    shelf = Shelf(list(range(10)))
    shelf.broken = {str(number): (404, b"") for number in range(10)}
    (page,) = open_list(shelf, identifier="", details=ONE).pages(OPEN)
    assert (page.records.num_rows, len(page.set_aside)) == (0, 10)


def test_so_many_requests_are_under_way_as_told(server: Server, open_list: Lists) -> None:
    meeting = threading.Barrier(3, timeout=10)
    shelf = Shelf(["a", "b", "c"])

    def answer(query: dict[str, str]) -> Any:
        if query:
            meeting.wait()
        return shelf(query)

    (page,) = open_list(answer, identifier="", details={**ONE, "parallel": 3}).pages(OPEN)
    assert names(page) == ["a", "b", "c"]
    assert len(server.queries) == 4


def test_a_mended_detail_is_kept_as_it_came(open_list: Lists) -> None:
    shelf = Shelf(["a"])
    shelf.broken = {"a": b'{"name": "\xe9"}'}
    (page,) = open_list(shelf, identifier="", details=ONE).pages(OPEN)
    assert page.records.column("body").to_pylist() == ['{"name":"é"}'.encode()]
    assert (page.repairs, page.original) == (("in details: bytes that are not UTF-8 were read as windows-1252",), shelf.broken["a"])


def test_details_may_include_related_resources(open_list: Lists) -> None:
    person = {"type": "people", "id": "9", "attributes": {"name": "Author 9"}}
    record = {"type": "books", "id": "1", "relationships": {"author": {"data": {"type": "people", "id": "9"}}}}
    shelf = Shelf(["1"])
    shelf.broken = {"1": {"data": record, "included": [person]}}
    (page,) = open_list(shelf, identifier="", included=True, details={**ONE, "records": "/data"}).pages(OPEN)
    assert json.loads(page.records.column("body")[0].as_py())["relationships"]["author"]["data"] == person


def test_single_records_are_asked_for_by_their_identifiers(server: Server, open_list: Lists) -> None:
    shelf = Shelf([])
    shelf.broken = {"b": (410, b"")}
    protocol = open_list(shelf, identifier="", details=ONE, datestamp="/changed")
    pages = list(protocol.records(["a", "b", "c"]))
    assert [(page.number, names(page), [aside.identifier for aside in page.set_aside]) for page in pages] == [
        (1, ["a"], []),
        (2, [], ["b"]),
        (3, ["c"], []),
    ]
    assert [page.exchange.status for page in pages] == [200, 410, 200]
    assert sorted(query["one"] for query in server.queries) == ["a", "b", "c"]


@pytest.mark.parametrize(("bad", "kind"), [((503, b""), TransientError), (b"<p>", UnreadablePageError)])
def test_single_records_that_fail_do_not_keep_the_others_back(open_list: Lists, bad: Any, kind: type[Exception]) -> None:
    shelf = Shelf([])
    shelf.broken = {"b": bad}
    pages = []
    with pytest.raises(kind, match=r"HTTP 503|shop, detail of 'a' and 1 more: the answer is not JSON"):
        pages.extend(open_list(shelf, identifier="", details=SEVERAL).records(["a", "b", "c"]))
    assert [names(page) for page in pages] == [["c"]]


def test_without_details_no_record_can_be_asked_for_alone(server: Server, open_list: Lists) -> None:
    message = "^shop: protocol 'json' cannot ask for record 'a' alone; harvest the source again$"
    with pytest.raises(PermanentError, match=message):
        list(open_list(Shelf([])).records(["a"]))
    assert server.queries == []
