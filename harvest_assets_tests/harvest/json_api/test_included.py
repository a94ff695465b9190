"""JSON:API: records stand alone with what the answer includes beside them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.json_api import JsonApi, records
from harvest_assets.model.window import Window

Lists = Callable[..., JsonApi]

OPEN = Window()
PERSON = {
    "type": "people",
    "id": "9",
    "attributes": {"name": "Author 9"},
    "relationships": {"work": {"data": {"type": "books", "id": "1"}}},
}
CITY = {"type": "cities", "id": 4, "attributes": {"name": "Port 4"}}


def bodies(open_list: Lists, page: object, **options: object) -> list[dict[str, Any]]:
    (read,) = open_list(lambda _: page, records="/data", **{"included": True, **options}).pages(OPEN)
    return [json.loads(body) for body in read.records.column("body").to_pylist()]


def book(number: int, **relationships: object) -> dict[str, Any]:
    return {"type": "books", "id": str(number), "relationships": {name: {"data": data} for name, data in relationships.items()}}


def test_related_resources_are_put_where_they_are_named(open_list: Lists) -> None:
    named = {"type": "people", "id": "9", "meta": {"role": "editor"}}
    page = {"data": [book(1, authors=[named, {"type": "people", "id": "10"}], city={"type": "cities", "id": "4"}, series=None, tags=[])]}
    (read,) = bodies(open_list, page | {"included": [PERSON, CITY]})
    assert read == book(
        1, authors=[{**PERSON, "meta": {"role": "editor"}}, {"type": "people", "id": "10"}], city={**CITY, "id": "4"}, series=None, tags=[]
    )


def test_embedding_ends_after_one_level_so_that_circles_end(open_list: Lists) -> None:
    first, second = book(1, next={"type": "books", "id": "2"}), book(2, next={"type": "books", "id": "1"})
    (read,) = bodies(open_list, {"data": [first], "included": [second, first]})
    assert read == book(1, next=second)


def test_two_records_may_name_the_same_resource(open_list: Lists) -> None:
    named = {"type": "people", "id": "9"}
    read = bodies(open_list, {"data": [book(1, authors=[named]), book(2, authors=[named])], "included": [PERSON]})
    assert read == [book(1, authors=[PERSON]), book(2, authors=[PERSON])]


def test_what_is_included_twice_counts_once_and_documents_in_a_row_share(open_list: Lists) -> None:
    named = {"type": "people", "id": "9"}
    one = json.dumps({"data": [book(1, authors=[named])], "included": []}).encode()
    other = json.dumps({"data": [book(2)], "included": [PERSON, {**PERSON, "attributes": {}}]}).encode()
    assert bodies(open_list, one + other) == [book(1, authors=[PERSON]), book(2)]


def test_it_is_an_option(open_list: Lists) -> None:
    page = {"data": [book(1, authors=[{"type": "people", "id": "9"}])], "included": [PERSON]}
    assert bodies(open_list, page, included=False) == page["data"]


@pytest.mark.parametrize(
    "included", [None, {}, "x", [None, 5, {"id": "9"}, {"type": "people"}, {"type": ["x"], "id": {}}, {"type": "p", "id": True}]]
)
@pytest.mark.parametrize(
    "item",
    [
        {"id": "1"},
        {"id": "1", "relationships": []},
        {"id": "1", "relationships": {"a": None, "b": {}, "c": {"data": "x"}, "d": {"data": [1, None, {"type": "p"}]}}},
    ],
)
def test_what_is_malformed_stays_as_it_is(open_list: Lists, included: object, item: object) -> None:
    assert bodies(open_list, {"data": [item], "included": included}) == [item]


def test_a_page_that_grows_beyond_measure_is_refused(open_list: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_MOST_BYTES", 10_000)
    large = {"type": "people", "id": "9", "attributes": {"name": "x" * 4_000}}
    page = {"data": [book(number, authors=[{"type": "people", "id": "9"}]) for number in range(3)], "included": [large]}
    with pytest.raises(
        PermanentError, match=r"^shop: page 1: its records have more than 10000 bytes with all that is included; ask for smaller pages$"
    ):
        bodies(open_list, page)
