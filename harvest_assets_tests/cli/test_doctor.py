"""``harvest doctor``: the table, the two files, and every way in which there is nothing to examine."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import Result

from harvest_assets.config.catalog import load_catalog
from harvest_assets.testing import Faults, Repository, Universe
from harvest_assets_tests.cli.conftest import Folder

Harvest = Callable[..., Result]
NOON = datetime(2026, 1, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def universe() -> Iterator[Universe]:
    with Universe() as started:
        started.add(Repository.generate("press", 50, seed=4, page_size=20, first_day=date(2026, 1, 1), last_day=date(2026, 1, 25)))
        yield started


@pytest.fixture
def doctor(harvest: Harvest, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Harvest:
    """The command on this machine, in an empty project, without the wait that tells how long a token lasts."""
    assert folder.path.is_dir()
    monkeypatch.setattr("harvest_assets.cli.doctor.PATIENCE_SECONDS", 0.05)
    return lambda *arguments: harvest("doctor", *arguments, "--allow", "loopback", "--requests-per-second", "1000")


def test_a_repository_becomes_a_source_that_can_be_looked_at(universe: Universe, doctor: Harvest, harvest: Harvest, folder: Folder) -> None:
    result = doctor(universe.oai_url("press"), "--slug", "press")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"oai-pmh at {universe.oai_url('press')}"
    assert "source       config/sources/press.yaml" in lines
    assert "profile      config/sources/press.html" in lines
    assert any("total" in line and "honest: 50 announced and received" in line for line in lines)
    assert any(line.startswith("records") and "50, 50 different, 0 deleted, 0 set aside" in line for line in lines)
    assert load_catalog(folder.path / "config").problems == ()
    assert harvest("sources", "check", "press").exit_code == 0
    shown = [json.loads(line) for line in harvest("preview", "press", "-n", "1", "--json").stdout.splitlines()]
    assert (shown[0]["records"], shown[0]["set_aside"], shown[1]["kind"]) == (20, [], "document")


def test_a_json_list_becomes_a_source_that_can_be_looked_at(universe: Universe, doctor: Harvest, harvest: Harvest) -> None:
    result = doctor(universe.json_url("press", "offset"), "--slug", "press", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["protocol"], found["slug"], found["profile"]["records"]) == ("json", "press", 50)
    assert found["files"] == {"source": "config/sources/press.yaml", "profile": "config/sources/press.html"}
    assert {"topic": "list", "name": "paging", "answer": "offset in 'offset'", "standing": "good"} in found["findings"]
    shown = [json.loads(line) for line in harvest("preview", "press", "-n", "1", "--json").stdout.splitlines()]
    assert (shown[0]["records"], shown[0]["announced_total"], shown[1]["title"] is None) == (50, 50, False)


def test_another_folder_and_fewer_records_may_be_chosen(universe: Universe, doctor: Harvest, folder: Folder) -> None:
    result = doctor(universe.oai_url("press"), "--out", "elsewhere", "--records", "10", "--json")
    assert json.loads(result.stdout)["profile"]["records"] == 10
    assert sorted(path.name for path in (folder.path / "elsewhere" / "sources").iterdir()) == [
        "127-0-0-1-press.html",
        "127-0-0-1-press.yaml",
    ]
    assert load_catalog(folder.path / "elsewhere").source("127-0-0-1-press").title == "Repository press"


def test_a_source_that_is_there_is_not_asked_for_again_unless_forced(universe: Universe, doctor: Harvest, folder: Folder) -> None:
    path = folder.path / "config" / "sources" / "demo-press.yaml"
    before = path.read_text()
    universe.clear_requests()
    refused = doctor(universe.oai_url("press"), "--slug", "demo-press")
    assert refused.exit_code == 2
    assert refused.stderr == (
        "harvest: 'config/sources/demo-press.yaml' is there already and stays as it is; choose another --slug or --out, or say --force\n"
    )
    assert (path.read_text(), universe.requests) == (before, [])
    assert doctor(universe.oai_url("press"), "--slug", "demo-press", "--force").exit_code == 0
    assert path.read_text() != before


def test_nothing_from_outside_steers_the_terminal(universe: Universe, doctor: Harvest) -> None:
    universe.repository("press").add("oai:\u202e[31mevil", at=NOON, title="<b>\u202e</b>")
    try:
        result = doctor(universe.oai_url("press"), "--slug", "evil")
    finally:
        universe.repository("press").vanish("oai:\u202e[31mevil")
    assert result.exit_code == 0
    assert "\u202e" not in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in Path("config/sources/evil.html").read_text()


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/nowhere", 1, "status 404"),
        ("/files/report.pdf", 1, "none of what can be harvested"),
        ("/json/press/sideways", 1, "status 404"),
        ("/oai/press#top", 2, "has a fragment"),
    ],
)
def test_what_cannot_be_harvested_is_one_line_and_writes_nothing(
    universe: Universe, doctor: Harvest, folder: Folder, path: str, code: int, words: str
) -> None:
    result = doctor(f"{universe.url}{path}", "--slug", "none")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1)
    assert result.stderr.startswith("harvest: ")
    assert words in result.stderr
    assert not (folder.path / "config" / "sources" / "none.yaml").exists()


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("no address", 2, "has characters that no address has"),
        ("file:///etc/passwd", 2, "is not an address; write http:// or https:// and a host"),
        ("http://name:word@127.0.0.1/", 2, "has a user name or password in it"),
        ("http://127.0.0.1:1/", 1, "refused"),
    ],
)
def test_a_wrong_address_is_one_line(doctor: Harvest, url: str, code: int, words: str) -> None:
    result = doctor(url)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr.splitlines()[-1]
    assert "word@" not in result.stderr


def test_a_server_that_never_answers_is_one_line(universe: Universe, doctor: Harvest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvest_assets.cli.doctor.LONGEST_SECONDS", 0.3)
    universe.faults("press", Faults(latency_seconds=20))
    try:
        result = doctor(universe.oai_url("press"))
    finally:
        universe.faults("press")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("harvest: ")
