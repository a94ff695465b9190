"""What people see of a task's results: in the UI, in the command, and while it runs."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner

from harvest_assets.cli import main
from harvest_assets.defs.assets.derivatives import describe_results
from harvest_assets.stages.listening import listening
from harvest_assets.stages.shapes import DERIVATIVE
from harvest_assets.testing import Universe
from harvest_assets_tests.end_to_end.place import Place

At = Callable[[int], datetime]


@pytest.fixture
def place(universe: Universe, tmp_path: Path) -> Place:
    """An installation whose sources are repositories of the universe."""
    return Place(universe, tmp_path / "place")


@pytest.fixture
def harvested(place: Place, at: At) -> Place:
    """A source with a file that is there, one that is not and an address that is none, and terms that no vocabulary knows."""
    repository = place.add_source(count=0, keys="tasks: [url_checks, publisher_years]\n")
    place.write_vocabulary("publisher_years", "id,label_en,from,to\nlong-ago,Long ago,1800,1899\n")
    repository.add(at=at(-1), files=("one.pdf", "missing.pdf"))
    place.run(0)
    return place


def results_of(place: Place, task: str):
    return place.store.snapshot(place.manifest(task, 0), DERIVATIVE)


def test_counts_classes_of_failure_and_a_sample_are_in_the_metadata(harvested: Place):
    described = describe_results(results_of(harvested, "url_checks"))
    assert (described["succeeded"], described["failed"], described["failures"]) == (2, 0, "none")
    sample = described["sample"]
    assert isinstance(sample, dg.TableMetadataValue)
    assert {record.data["status"] for record in sample.records} == {"succeeded"}
    assert all(record.data["said"] and record.data["retry_at"] for record in sample.records)


def test_terms_that_no_vocabulary_knows_are_in_the_metadata_with_how_often_they_come(harvested: Place):
    unknown = describe_results(results_of(harvested, "publisher_years"))["unknown_terms"]
    assert isinstance(unknown, dg.TableMetadataValue)
    assert [record.data["documents"] for record in unknown.records] == [1]


def test_the_command_lists_tasks_counts_and_single_results(harvested: Place, monkeypatch: pytest.MonkeyPatch):
    for name, value in harvested.installation.environ.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str):
        done = CliRunner().invoke(main, ["tasks", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    known = {row["task"]: row for row in json.loads(run("--json"))}
    assert known["texts"]["after"] == ["overrides", "url_checks"]
    assert "url_checks" in run()
    rows = {row["task"]: row for row in json.loads(run("lib", "--json"))}
    assert (rows["url_checks"]["succeeded"], rows["url_checks"]["failures"]) == (2, {})
    assert "publisher_years" in run("lib")
    assert len(json.loads(run("lib", "url_checks", "--json"))) == 2
    assert "missing.pdf" in run("lib", "url_checks")
    assert "has no results" in run("lib", "texts")


def test_whoever_listens_is_told_how_far_a_task_is(place: Place, at: At):
    repository = place.add_source(count=0, keys="tasks: [url_checks]\n")
    repository.add(at=at(-1), files=("one.pdf", "two.pdf", "three.pdf"))
    place.receive(0)
    place.fold(0)
    place.derive(0, "overrides")
    told: list[tuple[str, int, int]] = []
    with listening(lambda *_: None, lambda *said: told.append(said)):
        place.derive(0)
    assert {name for name, _, _ in told} == {"url_checks"}
    assert told[-1][1] == told[-1][2] == 4
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
