"""``harvest sources`` and ``harvest preview``."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result

from harvest_assets.testing import Faults, Spot
from harvest_assets.testing.demo import PRESS, build_demo
from harvest_assets_tests.cli.conftest import Folder

Harvest = Callable[..., Result]


def test_new_sources_are_listed_as_due(folder: Folder, harvest: Harvest) -> None:
    assert folder.path.is_dir()
    listed = json.loads(harvest("sources", "list", "--json").stdout)
    assert [each["source"] for each in listed["sources"]] == ["demo-library", "demo-museum", "demo-press"]
    assert {(each["state"], each["freshness"], each["live"], each["is_due"]) for each in listed["sources"]} == {
        ("enabled", "never", 0, True)
    }
    assert listed["problems"] == []
    assert "Demo museum" in harvest("sources", "list").stdout


def test_files_that_are_right_are_counted(folder: Folder, harvest: Harvest) -> None:
    assert folder.path.is_dir()
    result = harvest("sources", "check")
    assert (result.exit_code, result.stdout) == (0, "4 files are right, 0 wrong\n")


def test_every_problem_is_a_line_and_exit_code_1(folder: Folder, harvest: Harvest) -> None:
    path = folder.path / "config" / "sources" / "demo-press.yaml"
    path.write_text(path.read_text().replace("protocol: json", "protocol: jsn"))
    result = harvest("sources", "check")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].startswith("sources/demo-press.yaml: protocol")
    assert result.stdout.splitlines()[-1] == "3 files are right, 1 wrong"
    assert harvest("sources", "check", "demo-museum").exit_code == 0
    assert harvest("sources", "check", "demo-press").exit_code == 1
    found = json.loads(harvest("sources", "check", "--json").stdout)
    assert (found["right"], found["problems"][0]["file"]) == (3, "sources/demo-press.yaml")


def test_a_new_source_is_written_once(folder: Folder, harvest: Harvest) -> None:
    command = ("sources", "new", "reports", "--protocol", "oai-pmh", "--url", "https://reports.example/oai")
    result = harvest(*command)
    path = Path("config/sources/reports.yaml")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == str(path)
    assert "harvest preview reports" in result.stdout
    written = (folder.path / path).read_text()
    assert "url: https://reports.example/oai" in written
    again = harvest(*command)
    assert again.exit_code == 2
    assert "'config/sources/reports.yaml' is there already and stays as it is" in again.stderr
    assert (folder.path / path).read_text() == written
    assert harvest("sources", "check", "reports").exit_code == 0


@pytest.mark.parametrize("kind", ["source", "dataset"])
def test_the_schema_is_printed_or_written(folder: Folder, harvest: Harvest, kind: str) -> None:
    printed = json.loads(harvest("sources", "schema", kind).stdout)
    assert printed["title"].lower() == kind
    assert harvest("sources", "schema", kind, "--output", "made/schema.json").stdout == "made/schema.json\n"
    assert json.loads((folder.path / "made" / "schema.json").read_text()) == printed


def test_a_preview_shows_a_page_and_stores_nothing(folder: Folder, harvest: Harvest) -> None:
    with build_demo(datetime.now(UTC).date(), folder.port) as universe:
        universe.faults(PRESS, Faults(unreadable_record=Spot(1)))
        lines = [json.loads(line) for line in harvest("preview", PRESS, "-n", "3", "--json").stdout.splitlines()]
        asked = [each.path for each in universe.requests]
        shown = harvest("preview", PRESS, "-n", "1")
    page, *documents = lines
    assert asked == [f"/json/{PRESS}/next"]
    assert (page["kind"], page["records"] + len(page["set_aside"]), page["announced_total"], page["goes_on"]) == ("page", 100, 200, True)
    assert len(page["set_aside"]) == 1
    assert [each["kind"] for each in documents] == ["document"] * 3
    assert all(each["srn"].startswith(f"{PRESS}:") for each in documents)
    assert "yes, there is a next page" in shown.stdout
    assert documents[0]["title"] in shown.stdout
    assert [path for path in folder.store.rglob("*") if path.is_file()] == []
