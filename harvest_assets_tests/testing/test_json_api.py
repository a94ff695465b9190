"""The JSON API: its styles, one filter, and what an item holds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from harvest_assets.testing import Repository, Universe

Body = dict[str, Any]
Get = Callable[..., Body]
LATER = datetime(2026, 5, 1, 12, tzinfo=UTC)
FIRST = "oai:library.example:0000000"


@pytest.fixture
def get(session: requests.Session) -> Get:
    def get_json(url: str, **arguments: object) -> Body:
        response = session.get(url, params=arguments, timeout=10)
        assert response.headers["Content-Type"] in {"application/json", "application/vnd.api+json"}
        return {"status": response.status_code, **response.json()}

    return get_json


def follow(style: str, body: Body, seen: int) -> dict[str, object] | None:
    """Arguments of the page after ``body``; a client of ``page`` and ``offset`` counts by itself until a page is empty."""
    if style == "next":
        return dict(parse_qsl(urlsplit(body["links"]["next"]).query)) if body["links"]["next"] else None
    if style == "cursor":
        return {"cursor": body["next_cursor"]} if body["next_cursor"] else None
    if not body["items"]:
        return None
    return {"page": seen // 10 + 1} if style == "page" else {"offset": seen}


@pytest.mark.parametrize("style", ["next", "page", "offset", "cursor"])
def test_every_style_gives_the_whole_list_once(universe: Universe, library: Repository, get: Get, style: str) -> None:
    url, found, arguments = universe.json_url("library", style), [], {}
    for _ in range(10):
        body = get(url, **arguments)
        assert body["total"] == 25
        found += [item["id"] for item in body["items"]]
        arguments = follow(style, body, len(found) if len(found) % 10 == 0 else 30)
        if arguments is None:
            break
    assert arguments is None
    assert found == library.identifiers()


def test_an_address_of_a_next_page_is_whole(universe: Universe, library: Repository, get: Get) -> None:
    assert len(library.identifiers()) == 25
    following = get(universe.json_url("library"))["links"]["next"]
    assert following == f"{universe.json_url('library')}?position=10"
    assert [item["id"] for item in get(following)["items"]] == library.identifiers()[10:20]


def test_an_item_holds_what_the_record_holds(universe: Universe, library: Repository, get: Get) -> None:
    library.change(FIRST, at=LATER, title="A", creators=("Author 17",), files=("a.pdf", "b.jpg"), language="de", rights="CC0")
    item = get(universe.json_url("library", "offset"), offset=24)["items"][0]
    content = library.record(FIRST).content
    assert item == {
        "id": FIRST,
        "modified": "2026-05-01T12:00:00Z",
        "deleted": False,
        "title": "A",
        "creators": ["Author 17"],
        "subjects": list(content.subjects),
        "description": content.description,
        "date": content.date,
        "type": content.type,
        "language": "de",
        "licence": "CC0",
        "publisher": content.publisher,
        "url": f"{universe.url}/landing/library/{FIRST}",
        "files": [
            {"url": f"{universe.files_url}/a.pdf", "media_type": "application/pdf"},
            {"url": f"{universe.files_url}/b.jpg", "media_type": "image/jpeg"},
        ],
    }


def test_a_deleted_item_says_so_and_no_more(universe: Universe, library: Repository, get: Get) -> None:
    library.delete(FIRST, at=LATER)
    item = get(universe.json_url("library", "offset"), offset=24)["items"][0]
    assert item == {"id": FIRST, "modified": "2026-05-01T12:00:00Z", "deleted": True}


def test_days_are_written_as_times(universe: Universe, get: Get) -> None:
    universe.add(Repository.generate("days", 1, seed=1, granularity="day"))
    assert get(universe.json_url("days"))["items"][0]["modified"] == "2026-01-01T00:00:00Z"


def test_the_filter_is_half_open_and_kept_in_the_next_address(universe: Universe, library: Repository, get: Get) -> None:
    for second in range(4):
        library.redate(f"oai:library.example:{second:07d}", at=LATER + timedelta(seconds=second))
    url = universe.json_url("library", "next")
    body = get(url, modified_since="2026-05-01T12:00:01Z", modified_before="2026-05-01T12:00:03+00:00", size=1)
    assert (body["total"], [item["id"][-1] for item in body["items"]]) == (2, ["1"])
    body = get(body["links"]["next"])
    assert (body["total"], [item["id"][-1] for item in body["items"]], body["links"]["next"]) == (2, ["2"], None)
    assert get(url, modified_since="2026-05-01")["total"] == 4


def test_sizes_are_the_clients_choice(universe: Universe, library: Repository, get: Get) -> None:
    assert len(library.identifiers()) == 25
    page = get(universe.json_url("library", "page"), page=2, size=20)
    assert (len(page["items"]), page["page"], page["size"]) == (5, 2, 20)
    assert len(get(universe.json_url("library", "offset"), offset=3, limit=7)["items"]) == 7


@pytest.mark.parametrize(
    ("style", "arguments", "error"),
    [
        ("page", {"page": 0}, "page '0' is not a whole number of at least 1"),
        ("page", {"size": 10_001}, "size 10001 is more than 10000"),
        ("offset", {"offset": "x"}, "offset 'x' is not a whole number of at least 0"),
        ("cursor", {"cursor": "!!"}, "cursor '!!' was not handed out here; start the list again"),
        ("next", {"modified_since": "soon"}, "modified_since 'soon' is not an ISO 8601 time"),
        ("next", {"page": 2}, "does not take ['page']; it takes position, size, modified_since, modified_before"),
        ("jsonapi", {"limit": 2}, "does not take ['limit']; it takes page[offset], page[limit], filter[modified_since], filter[modified_"),
    ],
)
def test_a_bad_argument_is_named(
    universe: Universe, library: Repository, get: Get, style: str, arguments: dict[str, object], error: str
) -> None:
    assert library.page_size == 10
    answer = get(universe.json_url("library", style), **arguments)
    assert answer.keys() == {"status", "error"}
    assert answer["status"] == 400
    assert answer["error"].startswith(error)


def test_an_unknown_style_is_not_found(universe: Universe, library: Repository, get: Get) -> None:
    assert get(f"{universe.url}/json/{library.name}/pages")["status"] == 404


def test_a_link_header_says_where_the_list_begins_and_goes_on(universe: Universe, library: Repository, session: requests.Session) -> None:
    url = universe.json_url(library.name, "link")
    first = session.get(url, timeout=10)
    assert [item["id"] for item in first.json()] == library.identifiers()[:10]
    assert first.headers["Link"] == f'<{url}>; title="begin, again"; rel="first", </json/library/link?position=10>; rel=next'
    assert first.headers["X-Total-Count"] == "25"
    assert session.get(url, params={"position": "20"}, timeout=10).headers["Link"] == f'<{url}>; title="begin, again"; rel="first"'


def test_a_json_api_document_has_resources_and_those_that_they_name(universe: Universe, library: Repository, get: Get) -> None:
    library.change(FIRST, at=LATER, title="A", creators=("Author 17",), files=("a.pdf",))
    library.delete("oai:library.example:0000001", at=LATER + timedelta(hours=1))
    document = get(universe.json_url("library", "jsonapi"), **{"page[offset]": 20, "filter[modified_since]": "2026-01-01"})
    resource, deleted = document["data"][-2:]
    assert (resource["type"], resource["id"], resource["attributes"]["title"]) == ("records", FIRST, "A")
    assert "creators" not in resource["attributes"]
    assert resource["relationships"] == {
        "creators": {"data": [{"type": "people", "id": "author-17"}]},
        "files": {"data": [{"type": "files", "id": "a.pdf"}]},
    }
    assert {"type": "people", "id": "author-17", "attributes": {"name": "Author 17"}} in document["included"]
    assert {each["id"]: each for each in document["included"]}["a.pdf"]["attributes"]["url"] == f"{universe.files_url}/a.pdf"
    assert deleted.keys() == {"type", "id", "attributes"}
    assert (document["meta"], document["links"]["next"]) == ({"total": 25}, None)
    first = get(universe.json_url("library", "jsonapi"), **{"filter[modified_since]": "2026-01-01"})
    assert first["links"]["next"].endswith("/jsonapi?page%5Boffset%5D=10&filter%5Bmodified_since%5D=2026-01-01")


def test_a_post_takes_its_page_and_dates_from_the_body(universe: Universe, library: Repository, session: requests.Session) -> None:
    url = universe.json_url(library.name, "post")
    library.redate(FIRST, at=LATER)
    asked = {"page": {"offset": 20, "limit": 3}}
    assert [item["id"] for item in session.post(url, json=asked, timeout=10).json()["items"]] == library.identifiers()[20:23]
    found = session.post(url, json={"filter": {"modified_since": "2026-05-01"}}, timeout=10).json()
    assert ([item["id"] for item in found["items"]], found["total"]) == ([FIRST], 1)
    assert len(session.post(url, json={}, timeout=10).json()["items"]) == 10
    refused = session.get(url, timeout=10)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "the body is not JSON: "),
        (b"[]", "the body has no object 'page'"),
        (b'{"filter": 5}', "the body has no object 'filter'"),
        (b'{"page": {"size": 5}}', "does not take ['size']; it takes offset, limit, modified_since, modified_before"),
        (b'{"page": {"offset": -1}}', "offset '-1' is not a whole number of at least 0"),
    ],
)
def test_a_bad_body_is_named(universe: Universe, library: Repository, session: requests.Session, body: bytes, error: str) -> None:
    answer = session.post(universe.json_url(library.name, "post"), data=body, headers={"Content-Type": "application/json"}, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)


def test_identifiers_have_details_one_by_one_and_in_batches(universe: Universe, library: Repository, get: Get) -> None:
    url = universe.json_url("library", "ids")
    assert get(url, offset=20)["ids"] == library.identifiers()[20:]
    whole = get(universe.json_url("library"))["items"]
    assert get(f"{url}/{FIRST}") == {"status": 200, **whole[0]}
    assert get(url, ids=f"{whole[3]['id']},nobody,{whole[1]['id']}")["items"] == [whole[3], whole[1]]
    assert get(f"{url}/nobody") == {"status": 404, "error": "no record 'nobody'"}
    assert get(f"{universe.url}/json/library/next/{FIRST}")["status"] == 404


def test_groups_hold_the_items(universe: Universe, library: Repository, get: Get) -> None:
    groups = get(universe.json_url("library", "nested"))["groups"]
    assert [len(group["items"]) for group in groups] == [4, 4, 2]
    assert [item["id"] for group in groups for item in group["items"]] == library.identifiers()[:10]
