"""Every style of the universe's JSON API, and every fault of it, through the network client: what is kept, what is missed, what is told."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.errors import UnreadablePageError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.harvest.json_api import JsonApi, JsonApiOptions
from harvest_assets.interfaces import Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.testing import Faults, Repository, Spot, Universe

Harvest = Callable[..., list[Page]]

JANUARY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
ITEM = {"identifier": "/id", "datestamp": "/modified", "deleted": "/deleted", "total": "/total"}
LIST = ITEM | {"records": "/items"}
DATES = {"since": "modified_since", "before": "modified_before"}
STYLES: dict[str, dict[str, Any]] = {
    "next": LIST | {"paging": {"style": "next", "pointer": "/links/next"}, "date_filter": DATES},
    "link": ITEM | {"paging": {"style": "link"}, "date_filter": DATES},
    "cursor": LIST | {"paging": {"style": "cursor", "pointer": "/next_cursor"}, "date_filter": DATES},
    "page": LIST | {"paging": {"style": "page", "size_parameter": "size", "size": 10}, "date_filter": DATES},
    "offset": LIST | {"paging": {"style": "offset", "size": 10}, "date_filter": DATES},
    "nested": ITEM | {"records": "/groups/*/items", "paging": {"style": "offset", "size": 10}, "date_filter": DATES},
    "jsonapi": {
        "records": "/data",
        "identifier": "/id",
        "datestamp": "/attributes/modified",
        "deleted": "/attributes/deleted",
        "total": "/meta/total",
        "accept": "application/vnd.api+json",
        "included": True,
        "paging": {"style": "next", "pointer": "/links/next"},
        "date_filter": {"since": "filter[modified_since]", "before": "filter[modified_before]"},
    },
    "post": LIST
    | {
        "method": "POST",
        "paging": {"style": "offset", "in": "body", "parameter": "/page/offset", "size_parameter": "/page/limit", "size": 10},
        "date_filter": {"in": "body", "since": "/filter/modified_since", "before": "/filter/modified_before"},
    },
    "ids": ITEM
    | {
        "records": "/ids",
        "identifier": "",
        "paging": {"style": "offset", "size": 10},
        "date_filter": DATES,
        "details": {"url": "ids?ids={ids}", "batch": 4, "records": "/items", "identifier": "/id"},
    },
}
COUNTED = {"page", "offset", "nested", "post"}


@pytest.fixture
def universe() -> Iterator[Universe]:
    with Universe() as running:
        yield running


@pytest.fixture
def library(universe: Universe) -> Repository:
    return universe.add(Repository.generate("library", 25, seed=7, page_size=10))


@pytest.fixture
def harvest(universe: Universe, library: Repository, tmp_path: Path) -> Iterator[Harvest]:
    settings = HttpSettings(
        user_agent="tests (tests@example.org)", allowed_networks=("loopback",), requests_per_second=10_000, max_attempts=1
    )
    with RequestsClient(settings, HostBudget(tmp_path)) as client:

        def read(style: str, window: Window = Window(), **options: Any) -> list[Page]:  # noqa: B008 - a frozen value
            chosen = JsonApiOptions.model_validate(STYLES[style] | options)
            return list(JsonApi(Target("library", universe.json_url(library.name, style), chosen), client).pages(window))

        yield read


def identifiers(pages: list[Page]) -> list[str]:
    return [name for page in pages for name in page.records.column("identifier").to_pylist()]


def bodies(pages: list[Page]) -> list[dict[str, Any]]:
    return [json.loads(body) for page in pages for body in page.records.column("body").to_pylist()]


styles = pytest.mark.parametrize("style", list(STYLES))


@styles
def test_every_style_gives_the_whole_list(library: Repository, harvest: Harvest, style: str) -> None:
    library.delete(library.identifiers()[3], at=datetime(2026, 1, 20, tzinfo=UTC))
    pages = harvest(style)
    records = list(library.records())
    assert identifiers(pages) == [record.identifier for record in records]
    assert [row["deleted"] for page in pages for row in page.records.to_pylist()] == [record.deleted for record in records]
    assert {page.announced_total for page in pages} == ({None} if style == "link" else {25})
    assert all((page.set_aside, page.holes, page.notes, page.repairs) == ((), (), (), ()) for page in pages)


@styles
def test_every_style_asks_for_a_window(library: Repository, harvest: Harvest, style: str) -> None:
    expected = [library.record_at(number).identifier for number in library.select(JANUARY)]
    assert 0 < len(expected) < 25
    assert identifiers(harvest(style, JANUARY)) == expected


def test_json_api_records_stand_alone(library: Repository, harvest: Harvest) -> None:
    first = bodies(harvest("jsonapi"))[0]
    creators = [each["attributes"]["name"] for each in first["relationships"]["creators"]["data"]]
    assert creators == list(library.record_at(0).content.creators)


def test_single_details_give_what_the_list_gives(harvest: Harvest) -> None:
    assert bodies(harvest("ids", details={"url": "ids/{id}"})) == bodies(harvest("ids")) == bodies(harvest("next"))


@styles
@pytest.mark.parametrize("fault", ["concatenated", "wrong_encoding", "undeclared_gzip", "illegal_characters", "trailing_bytes"])
def test_pages_that_can_be_mended_cost_no_record(universe: Universe, library: Repository, harvest: Harvest, style: str, fault: str) -> None:
    whole = bodies(harvest(style))
    universe.faults("library", Faults(**{fault: Spot(page=2)}))
    pages = harvest(style)
    assert identifiers(pages) == library.identifiers()
    if fault == "wrong_encoding" and style != "ids":
        damaged = [json.dumps(each, ensure_ascii=False).replace("é", "") for each in bodies(pages)]
        assert damaged == [json.dumps(each, ensure_ascii=False).replace("é", "") for each in whole]
    else:
        assert bodies(pages) == whole
    is_untouched = fault == "undeclared_gzip" or (style == "ids" and fault in {"wrong_encoding", "illegal_characters"})
    assert [bool(page.repairs) for page in pages] == [False, not is_untouched, False]
    assert bool(pages[1].original) is not is_untouched


@styles
def test_a_page_without_records_is_not_the_end(universe: Universe, library: Repository, harvest: Harvest, style: str) -> None:
    universe.faults("library", Faults(empty_page=Spot(page=2)))
    found = identifiers(harvest(style))
    if style in {"next", "link", "cursor", "jsonapi"}:
        assert found == library.identifiers()
    else:
        assert found == library.identifiers()[:10] + library.identifiers()[20:], "the server keeps back what we did not ask for twice"


@pytest.mark.parametrize("status", [500, 200])
@pytest.mark.parametrize("style", sorted(COUNTED))
def test_records_that_the_server_cannot_list_are_holes(
    universe: Universe, library: Repository, harvest: Harvest, style: str, status: int
) -> None:
    every = library.identifiers()
    universe.faults("library", Faults(poison=(every[0], every[13]), poison_status=status))
    pages = harvest(style)
    assert identifiers(pages) == [each for each in every if each not in {every[0], every[13]}]
    assert [len(page.holes) for page in pages] == [1, 1, 0]
    assert pages[1].holes[0].startswith("record at offset 13 could not be read: library: page 2: ")


@pytest.mark.parametrize("status", [500, 200])
@pytest.mark.parametrize("style", sorted(STYLES.keys() - COUNTED - {"ids"}))
def test_records_that_the_server_cannot_list_leave_a_page_to_the_dates(
    universe: Universe, library: Repository, harvest: Harvest, style: str, status: int
) -> None:
    universe.faults("library", Faults(poison=(library.identifiers()[13],), poison_status=status))
    with pytest.raises(UnreadablePageError, match=r"^library: page 2: .*(status 500|cut off after byte \d+, 3 times the same)"):
        harvest(style)


def test_details_that_the_server_cannot_give_are_set_aside(universe: Universe, library: Repository, harvest: Harvest) -> None:
    every = library.identifiers()
    universe.faults("library", Faults(poison=(every[13],)))
    pages = harvest("ids", details={"url": "ids/{id}"})
    assert identifiers(pages) == [*every[:13], *every[14:]]
    assert [(aside.identifier, aside.rule) for page in pages for aside in page.set_aside] == [(every[13], "no_detail")]


@styles
def test_a_server_that_ignores_dates_sends_everything(universe: Universe, library: Repository, harvest: Harvest, style: str) -> None:
    universe.faults("library", Faults(ignores_window=True))
    assert identifiers(harvest(style, JANUARY)) == library.identifiers()


@styles
def test_lists_that_fill_one_page_are_told(universe: Universe, harvest: Harvest, style: str) -> None:
    universe.add(Repository.generate("library", 10, seed=7, page_size=10))
    universe.faults("library", Faults(hidden_total=True))
    pages = harvest(style)
    is_counted = style in COUNTED | {"ids"}
    assert [page.notes for page in pages] == ([(), ()] if is_counted else [("the list is exactly one page of 10: check the paging",)])
