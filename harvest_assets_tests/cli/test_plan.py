"""``harvest plan``: what a person and a program read of it, and its exit codes."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from harvest_assets.testing import Faults, Repository, Spot, Universe

Harvest = Callable[..., Result]
SOURCE = {
    "title": "Library",
    "protocol": "oai-pmh",
    "options": {"metadata_prefix": "oai_dc"},
    "network": {"allow": ["loopback"]},
    "http": {"requests_per_second": 1000, "max_attempts": 1},
    "integrity": {"minimum_history": 1},
    "mode": "full",
    "tasks": [],
}


@pytest.fixture
def universe() -> Iterator[Universe]:
    with Universe() as running:
        yield running


@pytest.fixture
def library(universe: Universe, tmp_path: Path, environ: pytest.MonkeyPatch) -> Repository:
    """A repository, and a folder whose only source harvests it."""
    last = datetime.now(UTC).date() - timedelta(days=5)
    repository = universe.add(Repository.generate("lib", 12, seed=7, first_day=last - timedelta(days=9), last_day=last, page_size=5))
    (tmp_path / "config" / "sources").mkdir(parents=True)
    (tmp_path / "config" / "datasets").mkdir()
    source = {**SOURCE, "url": universe.oai_url("lib")}
    (tmp_path / "config" / "sources" / "lib.yaml").write_text(json.dumps(source))
    environ.setenv("HARVEST_CONTACT", "tests@example.org")
    environ.chdir(tmp_path)
    return repository


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_plan_for_people_says_what_would_happen_and_keeps_nothing(library: Repository, harvest: Harvest, tmp_path: Path) -> None:
    shown = harvest("plan", "lib", "--samples", "2")
    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.output.splitlines()]
    today = datetime.now(UTC).date()
    assert lines[0] == f"lib {today}: {len(library.identifiers())} records of {len(library.identifiers())} announced, complete"
    assert "Documents, against nothing: no harvest was accepted before today" in lines
    assert any(line.startswith("Added: 2 of ") for line in lines)
    assert any(line.startswith("first_run: ") for line in lines)
    assert lines[-1] == "nothing was kept; next: harvest run lib"
    assert files_below(tmp_path / ".harvest" / "store") == set()


def test_a_plan_after_a_run_shows_each_change_and_ends_with_1_where_it_would_not_be_accepted(
    library: Repository, universe: Universe, harvest: Harvest, tmp_path: Path
) -> None:
    yesterday = str(datetime.now(UTC).date() - timedelta(days=1))
    assert harvest("run", "lib", "--date", yesterday).exit_code == 0
    before = files_below(tmp_path / ".harvest" / "store")
    changed, deleted, *_ = library.identifiers()
    now = datetime.now(UTC) - timedelta(minutes=1)
    library.change(changed, at=now, title="Another title")
    library.delete(deleted, at=now)
    shown = harvest("plan", "lib")
    assert f"Documents, against the accepted state of {yesterday}" in shown.output
    assert "\nChanged: " in shown.output
    assert "\nDeleted by the source: " in shown.output
    assert "Another title" in shown.output

    universe.faults("lib", Faults(unreadable_record=Spot(page=2)))
    quarantined = harvest("plan", "lib")
    assert "\nRecords that would be quarantined" in quarantined.output
    assert "\nSome of them" in quarantined.output
    assert "Deleted by the source: " not in quarantined.output, "what is not proven complete removes nothing"

    universe.faults("lib", Faults(half_list="salt"))
    fallen = harvest("plan", "lib", "--json")
    assert fallen.exit_code == 1
    found = json.loads(fallen.stdout)
    assert (found["verdict"]["decision"], found["verdict"]["is_accepted"]) == ("fell_back", False)
    assert found["counts"]["absent"] > 0
    assert found["based_on"] == yesterday
    assert found["harvest"]["is_complete"]
    assert files_below(tmp_path / ".harvest" / "store") == before


@pytest.mark.usefixtures("library")
def test_a_limited_plan_has_a_note(harvest: Harvest) -> None:
    shown = harvest("plan", "lib", "--limit", "3", "--full")
    assert "note: limited to 3 records: a limited list proves nothing, so that nothing is removed" in shown.output
    assert "not complete: the limit of 3 records is reached" in shown.output
    assert "\nheld: " in shown.output
    assert shown.exit_code == 1, "a first harvest that is not complete is not accepted"


@pytest.mark.usefixtures("library")
def test_a_plan_that_cannot_be_made_says_why_in_one_line(universe: Universe, harvest: Harvest) -> None:
    missing = harvest("plan", "nowhere")
    assert (missing.exit_code, "'nowhere' is not a source" in missing.stderr) == (2, True)
    universe.stop()
    down = harvest("plan", "lib")
    assert down.exit_code == 1
    assert down.stderr.startswith("harvest: ")
    assert down.stderr.count("\n") == 1
    universe.start()
