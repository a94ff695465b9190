"""What the doctor finds out of JSON lists: where things are, how they are paged, and the source that follows."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.config.sources import Source
from harvest_assets.errors import PermanentError
from harvest_assets.stages.doctor.asking import Bounds
from harvest_assets.testing import Faults, Spot, Universe
from harvest_assets_tests.stages.doctor.conftest import Asked, Diagnose, Reply, Site

Walk = Callable[[Source], list[str]]

ITEMS = [
    {"uuid": f"u-{number}", "name": f"Thing {number}", "updated_at": f"2026-03-{number % 28 + 1:02d}T00:00:00Z"} for number in range(45)
]
NAMES = [item["uuid"] for item in ITEMS]


@pytest.mark.parametrize(
    ("style", "paging", "words"),
    [
        ("next", {"style": "next", "pointer": "/links/next"}, "next link at /links/next"),
        ("cursor", {"style": "cursor", "parameter": "cursor", "pointer": "/next_cursor"}, "cursor at /next_cursor, sent as 'cursor'"),
        (
            "page",
            {"style": "page", "parameter": "page", "first": 1, "size_parameter": "size", "size": 60},
            "page numbers from 1 in 'page'",
        ),
        ("offset", {"style": "offset", "parameter": "offset", "size_parameter": "limit", "size": 60}, "offset in 'offset'"),
    ],
)
def test_each_way_to_page_is_found_and_harvests_everything(
    library: Universe, examine: Diagnose, walk: Walk, style: str, paging: dict[str, Any], words: str
) -> None:
    seen = examine(library.json_url("library", style))
    places = {"records": "/items", "identifier": "/id", "datestamp": "/modified", "deleted": "/deleted", "total": "/total"}
    assert places.items() <= seen.options.items()
    assert seen.options["paging"] == paging
    assert seen["list/paging"].answer == words
    assert seen["list/order"].standing == seen["list/next position"].standing == "good"
    assert seen["list/total"].answer == "honest: 60 announced and received"
    assert seen["list/date filter"].standing == "unknown"
    assert seen.warned == set()
    assert len(set(walk(seen.source))) == 60


def test_title_fields_and_files_are_mapped(library: Universe, examine: Diagnose) -> None:
    seen = examine(library.json_url("library"))
    mapping = seen.diagnosis.content["extract"]["options"]
    assert mapping["title"] == "/title"
    assert mapping["files"] == {"records": "/files", "url": "/url", "media_type": "/media_type"}
    assert mapping["fields"]["licence"] == "/licence"
    assert not {"id", "modified", "deleted", "title", "files"} & mapping["fields"].keys()
    covered = {each.field: each.documents for each in seen.diagnosis.profile.coverage}
    assert covered["title"] == covered["licence"] == 60
    assert seen.diagnosis.profile.files > 0


def test_what_the_address_says_of_paging_becomes_options(library: Universe, examine: Diagnose, walk: Walk) -> None:
    seen = examine(f"{library.json_url('library', 'page')}?page=2&size=10")
    assert seen.source.url == library.json_url("library", "page")
    assert seen["list/page size"].answer == "10 records; 'size' sets it, 60 was given"
    assert seen.options["paging"] == {"style": "page", "parameter": "page", "first": 1, "size_parameter": "size", "size": 60}
    assert "parameters" not in seen.options
    assert len(set(walk(seen.source))) == 60


def test_a_total_that_lies_is_told(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(lying_total=7))
    assert examine(library.json_url("library", "cursor"))["list/total"].answer.startswith("67 announced, 60 received; while")


def test_a_list_without_end_is_left_and_told(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(endless="last_page"))
    seen = examine(library.json_url("library", "next"))
    assert "does not end" in seen["list/end"].answer
    assert "list/end" in seen.warned


def test_a_record_without_an_identifier_hides_no_other(library: Universe, examine: Diagnose) -> None:
    library.faults("library", Faults(unreadable_record=Spot()))
    seen = examine(library.json_url("library", "next"))
    assert seen.options["identifier"] == "/id"
    assert seen["list/records set aside"].answer == "1 record that cannot be read: no_identifier (1)"
    assert seen["list/total"].answer == "honest: 60 announced and received"


def test_a_link_header_is_followed(site: Site, examine: Diagnose, walk: Walk) -> None:
    def respond(asked: Asked) -> Reply:
        start = int(asked.arguments.get("after", "0"))
        headers = {"Link": f'<{site.url}/things?after={start + 20}>; rel="next"'} if start + 20 < len(ITEMS) else {}
        return _json(ITEMS[start : start + 20], headers) if asked.path == "/things" else Reply(status=404)

    site.respond = respond
    seen = examine(f"{site.url}/things")
    assert seen.options["paging"] == {"style": "link"}
    assert (seen.options["records"], seen.options["identifier"], seen.options["datestamp"]) == ("", "/uuid", "/updated_at")
    assert seen["list/total"].answer.startswith("not announced")
    assert walk(seen.source) == NAMES


def test_pages_that_count_from_nought_are_told_apart_from_those_that_count_from_one(site: Site, examine: Diagnose, walk: Walk) -> None:
    def respond(asked: Asked) -> Reply:
        page = int(asked.arguments.get("page", "0"))
        return _json({"content": ITEMS[page * 15 : page * 15 + 15], "number": page, "totalElements": len(ITEMS)})

    site.respond = respond
    seen = examine(f"{site.url}/things")
    assert seen.options["paging"] == {"style": "page", "parameter": "page", "first": 0}
    assert seen.options["total"] == "/totalElements"
    assert walk(seen.source) == NAMES


def test_two_pages_that_count_from_nought_are_enough(site: Site, examine: Diagnose, walk: Walk) -> None:
    site.respond = lambda asked: _json({"data": ITEMS[int(asked.arguments.get("page", "0")) * 30 :][:30]})
    seen = examine(f"{site.url}/things")
    assert seen.options["paging"] == {"style": "page", "parameter": "page", "first": 0}
    assert walk(seen.source) == NAMES


def test_a_list_of_one_page_whose_next_link_is_empty_may_grow(site: Site, examine: Diagnose) -> None:
    site.respond = lambda _: _json({"results": ITEMS[:7], "next": None, "count": 7})
    seen = examine(f"{site.url}/things")
    assert seen.options["paging"] == {"style": "next", "pointer": "/next"}
    assert seen["list/paging"].answer == "next link at /next, empty: the list has one page"
    assert seen["list/total"].answer == "honest: 7 announced and received"


def test_a_count_of_the_page_is_not_taken_for_the_total(site: Site, examine: Diagnose, walk: Walk) -> None:
    def respond(asked: Asked) -> Reply:
        found = ITEMS[int(asked.arguments.get("start", "0")) :][:20]
        return _json({"docs": found, "count": len(found), "*": "odd"})

    site.respond = respond
    seen = examine(f"{site.url}/things")
    assert seen["records/total"].answer == "'/count' is the size of the page, not of the list"
    assert "total" not in seen.options
    assert seen.options["paging"]["parameter"] == "start"
    assert walk(seen.source) == NAMES


def test_exactly_a_round_number_of_records_without_paging_is_suspicious(site: Site, examine: Diagnose) -> None:
    site.respond = lambda asked: _json({"items": ITEMS[:20]}) if asked.path == "/things" else Reply(status=404)
    seen = examine(f"{site.url}/things")
    assert seen.options["paging"] == {"style": "none"}
    assert {"list/paging", "list/one page"} <= seen.warned
    assert seen["list/one page"].answer.startswith("exactly 20 records, a round number")


def test_an_order_that_changes_from_one_request_to_the_next_is_told(site: Site, examine: Diagnose) -> None:
    site.respond = lambda _: _json({"items": ITEMS[:13] if len(site.asked) % 2 else ITEMS[12::-1]})
    seen = examine(f"{site.url}/things")
    assert seen["list/order"].answer.startswith("not stable")
    assert "list/order" in seen.warned


def test_resource_objects_are_recognised_as_json_api(site: Site, examine: Diagnose, walk: Walk) -> None:
    def respond(asked: Asked) -> Reply:
        page = int(asked.arguments.get("page[number]", "1"))
        data = [
            {"type": "thing", "id": str(number), "attributes": {"title": f"Thing {number}", "updated": "2026-01-01"}} for number in range(9)
        ]
        content = {"data": data[page * 3 - 3 : page * 3], "links": {"next": f"/things?page[number]={page + 1}" if page < 3 else None}}
        return _json(content, {"Content-Type": "application/vnd.api+json"})

    site.respond = respond
    seen = examine(f"{site.url}/things")
    assert seen["records/format"].answer == "JSON:API"
    assert seen.options["paging"] == {"style": "next", "pointer": "/links/next"}
    assert seen.options["accept"] == "application/vnd.api+json"
    assert seen.diagnosis.content["extract"]["options"] == {"title": "/attributes/title", "fields": {}}
    assert walk(seen.source) == [str(number) for number in range(9)]


def test_control_characters_are_told(site: Site, examine: Diagnose) -> None:
    site.respond = lambda _: Reply(json.dumps({"items": ITEMS[:3]}).replace("Thing", "Th\x01ing"))
    assert examine(f"{site.url}/things")["records/illegal characters"].standing == "warning"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"status": "ok", "user": {"id": 1}}', r"JSON without a list of objects in it; there are 'status', 'user'; give the address"),
        ('["a", "b"]', r"JSON without a list of objects in it; there are no keys"),
        (
            '{"items": [{"colour": "red"}, {"colour": "red"}]}',
            r"no key of the records at '/items' is a text or integer that each of them has and no two share; there are 'colour'",
        ),
        ('{"items": [{"id": 1}, ', r"the answer looks like JSON and cannot be read \(unexpected end of data"),
    ],
)
def test_json_that_is_no_list_of_records_is_refused_in_one_line(site: Site, examine: Diagnose, body: str, message: str) -> None:
    site.respond = lambda _: Reply(body)
    with pytest.raises(PermanentError, match=message):
        examine(f"{site.url}/things")


def test_the_bounds_end_the_trials_and_not_the_report(site: Site, examine: Diagnose) -> None:
    site.respond = lambda asked: _json({"items": ITEMS[:20]}) if asked.path == "/things" else Reply(status=404)
    seen = examine(f"{site.url}/things", bounds=Bounds(requests=4))
    assert len(site.asked) <= 4
    assert seen["list/paging"].answer.startswith("not found out to the end: the 4 requests of an examination are used up")
    assert seen.diagnosis.profile.records == 0
    assert seen.source.protocol == "json"


def _json(content: object, headers: dict[str, str] | None = None) -> Reply:
    return Reply(json.dumps(content), headers={"Content-Type": "application/json", **(headers or {})})
