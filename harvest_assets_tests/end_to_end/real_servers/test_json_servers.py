"""JSON servers that we did not write: json-server, whose lists go on by Link headers, and Django's JSON:API with included resources."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from harvest_assets.model.window import midnight
from harvest_assets_tests.end_to_end.conftest import Workplace
from harvest_assets_tests.end_to_end.real_servers.conftest import HERE, serving
from harvest_assets_tests.end_to_end.real_servers.published import DATASET, harvest, publish

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
COUNT = 250
CHANGED = 7

LINKED: dict[str, Any] = {
    "identifier": "/id",
    "datestamp": "/modified",
    "parameters": {"_page": "1", "_limit": "40", "_sort": "modified,id"},
    "paging": {"style": "link"},
    "date_filter": {"since": "modified_gte", "before": "modified_lte"},
}
JSON_API: dict[str, Any] = {
    "records": "/data",
    "identifier": "/id",
    "datestamp": "/attributes/modified",
    "total": "/meta/pagination/count",
    "accept": "application/vnd.api+json",
    "included": True,
    "parameters": {"include": "authors", "page[size]": "40"},
    "paging": {"style": "next", "pointer": "/links/next"},
    "date_filter": {"since": "filter[modified.gte]", "before": "filter[modified.lt]"},
}


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def title(number: int) -> str:
    return f"Les {number}: é & <{number}>"


@pytest.fixture
def library(json_server: Path, tmp_path: Path) -> Iterator[str]:
    """The address of books in json-server."""
    books = [
        {"id": number, "title": title(number), "modified": stamp(LONG_AGO + timedelta(hours=number))} for number in range(1, COUNT + 1)
    ]
    file = tmp_path / "books.json"
    file.write_text(json.dumps({"books": books}))
    with serving(tmp_path / "json-server.log", "node", HERE / "servers" / "json_server.js", json_server, file) as port:
        yield f"http://127.0.0.1:{port}/books"


@pytest.fixture
def catalogue(jsonapi_python: Path, tmp_path: Path) -> Iterator[str]:
    """The address of books in Django; a book has one author of 9, and each third one two."""
    people = [{"id": number, "name": f"Author {number}"} for number in range(1, 10)]
    books = [
        {
            "id": number,
            "title": title(number),
            "modified": stamp(LONG_AGO + timedelta(hours=number)),
            "authors": [number % 9 + 1, (number + 1) % 9 + 1][: 2 if number % 3 == 0 else 1],
        }
        for number in range(1, COUNT + 1)
    ]
    file = tmp_path / "books.json"
    file.write_text(json.dumps({"people": people, "books": books}))
    with serving(tmp_path / "jsonapi.log", jsonapi_python, HERE / "servers" / "jsonapi_server.py", file) as port:
        yield f"http://127.0.0.1:{port}/books"


def add_source(workplace: Workplace, url: str, options: dict[str, Any], **mapping: Any) -> None:
    extract = {"format": "mapping", "options": mapping}
    workplace.add_source("shop", url, protocol="json", options=options, extract=extract)
    workplace.add_dataset(DATASET, ["shop"])


def test_json_server_is_harvested_to_its_last_link_and_then_only_for_what_changed(workplace: Workplace, library: str, today: date) -> None:
    yesterday = today - timedelta(days=1)
    add_source(workplace, library, LINKED, title="/title", fields={"modified": "/modified"})

    assert harvest(workplace, "shop", yesterday).decision == "first_run"
    first = publish(workplace, yesterday)
    requests.patch(f"{library}/{CHANGED}", json={"title": "new", "modified": stamp(midnight(today))}, timeout=10).raise_for_status()
    assert harvest(workplace, "shop", today).decision == "accepted"
    second = publish(workplace, today, since=first.last)

    raw = workplace.manifest("raw_records", "shop", yesterday)
    assert (raw.facts["is_complete"], raw.facts["completeness"]["pages"]) == (True, 7)
    assert first.titles == {f"shop:{number}": title(number) for number in range(1, COUNT + 1)}
    asked = [row["url"] for row in workplace.side_table("raw_records", "shop", yesterday, "requests")]
    assert [url.partition("_page=")[2].partition("&")[0] for url in asked] == [str(number) for number in range(1, 8)]
    assert workplace.manifest("raw_records", "shop", today).counts["received"] == 1
    assert (second.upserts, second.deletes) == ({f"shop:{CHANGED}"}, set())
    assert second.titles == first.titles | {f"shop:{CHANGED}": "new"}


def test_a_json_api_is_harvested_with_its_included_resources(workplace: Workplace, catalogue: str, today: date) -> None:
    """Django writes times in the zone of its settings, hours from UTC; the filter takes UTC."""
    yesterday = today - timedelta(days=1)
    authors = "/relationships/authors/data/*/attributes/name"
    add_source(workplace, catalogue, JSON_API, title="/attributes/title", fields={"authors": authors})

    assert harvest(workplace, "shop", yesterday).decision == "first_run"
    first = publish(workplace, yesterday)
    changed = {"data": {"type": "Book", "id": str(CHANGED), "attributes": {"title": "new", "modified": stamp(midnight(today))}}}
    headers = {"Content-Type": "application/vnd.api+json"}
    requests.patch(f"{catalogue}/{CHANGED}", data=json.dumps(changed), headers=headers, timeout=10).raise_for_status()
    assert harvest(workplace, "shop", today).decision == "accepted"
    second = publish(workplace, today, since=first.last)

    raw = workplace.manifest("raw_records", "shop", yesterday)
    assert (raw.facts["is_complete"], raw.facts["completeness"]["pages"]) == (True, 7)
    assert raw.facts["completeness"]["announced_total"] == COUNT
    assert first.titles == {f"shop:{number}": title(number) for number in range(1, COUNT + 1)}
    rows = {row["srn"]: json.loads(row["properties"]) for row in workplace.rows("documents", "shop", yesterday)}
    assert rows["shop:7"]["authors"] == ["Author 8"]
    assert rows["shop:9"]["authors"] == ["Author 1", "Author 2"]
    assert workplace.manifest("raw_records", "shop", today).counts["received"] == 1
    assert (second.upserts, second.deletes) == ({f"shop:{CHANGED}"}, set())
