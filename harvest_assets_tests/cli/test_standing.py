"""``harvest reset`` and what ``harvest status`` says of ranges, gaps and looks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from click.testing import Result

from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.availability import KIND as LOOKS
from harvest_assets.stages.availability import Availability
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.installation import Installation
from harvest_assets_tests.cli.conftest import Folder

Harvest = Callable[..., Result]
NOW = datetime.now(UTC)


@pytest.fixture
def failing(folder: Folder) -> Installation:
    """A project whose press failed five times, and whose library has a gap and was looked at."""
    assert folder.path.is_dir()
    installation = Installation.open()
    ledger, store = HarvestLedger(installation.store), installation.store
    press, library = installation.catalog.source("demo-press"), installation.catalog.source("demo-library")
    for number in range(5):
        at = (NOW - timedelta(hours=number + 1)).isoformat()
        versions = {"source_version": press.version, "protocol_version": press.protocol_version}
        entry = {"started_at": at, "days": [at[:10], at[:10]], "status": "failed", "ended_at": at, "reason": "status 403", **versions}
        store.ledger.write(ATTEMPTS, "demo-press", str(9 - number), entry)
    row = ledger.mark(ledger.find(library, "2026-10-01", "2026-10-04"), "started")
    ledger.mark(row, "failed", reason="status 500", error="TransientError")
    for minutes, is_up in ((60, False), (30, True)):
        at = NOW - timedelta(minutes=minutes)
        look = Availability("demo-library", at, is_up, at, 0.1, None if is_up else "status 503")
        store.ledger.write(LOOKS, "demo-library", f"{at:%Y%m%dT%H%M%S%f}", look.as_dict())
    return installation


@pytest.mark.usefixtures("failing")
def test_a_reset_says_what_it_lifted_and_does_nothing_twice(harvest: Harvest) -> None:
    first = harvest("reset", "demo-press", "--reason", "the key was renewed")
    assert first.exit_code == 0, first.output
    assert first.output.startswith(
        "demo-press: 5 failures are forgotten; lifted: demo-press is left alone since the last 5 harvests with the same versions failed"
    )
    again = harvest("reset", "demo-press", "--reason", "the key was renewed")
    assert "demo-press: no harvest with its present versions failed since the last one that succeeded; nothing is changed" in again.output


def test_all_sources_are_reset_at_once(failing: Installation, harvest: Harvest) -> None:
    library = failing.catalog.source("demo-library")
    at = NOW.isoformat()
    versions = {"source_version": library.version, "protocol_version": library.protocol_version}
    entry = {"started_at": at, "days": [at[:10], at[:10]], "status": "failed", "ended_at": at, **versions}
    failing.store.ledger.write(ATTEMPTS, "demo-library", "1", entry)
    done = orjson.loads(harvest("reset", "--all", "--reason", "network is back", "--json").stdout)
    assert {each["source"]: each["failures"] for each in done if each["failures"]} == {"demo-press": 5, "demo-library": 1}
    assert {each["source"] for each in done} == set(failing.catalog.sources)
    assert [each["lifted"] is None for each in done if each["source"] == "demo-library"] == [True]


def test_one_failure_that_stopped_nothing_is_forgotten_too(failing: Installation, harvest: Harvest) -> None:
    for number in range(5, 9):
        failing.store.ledger.delete(ATTEMPTS, "demo-press", str(number))
    said = harvest("reset", "demo-press", "--reason", "for good").output
    assert said == "demo-press: 1 failure is forgotten; nothing stood against it\n"


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reset", "--reason", "x"], "name the sources to reset, or say --all"),
        (["reset", "demo-press", "--all", "--reason", "x"], "name the sources to reset, or say --all"),
        (["reset", "demo-press", "--reason", " "], "reason ' ' says nothing; write why demo-press is worth another try"),
        (["reset", "demo-pres", "--reason", "x"], "did you mean 'demo-press'?"),
        (["status", "nowhere", "--ledger"], "'nowhere' is not a source"),
    ],
)
def test_wrong_usage_says_what_is_right(harvest: Harvest, arguments: list[str], message: str) -> None:
    result = harvest(*arguments)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_a_reset_without_a_reason_is_wrong_usage(harvest: Harvest) -> None:
    result = harvest("reset", "demo-press")
    assert (result.exit_code, "Missing option '--reason'" in result.stderr) == (2, True)


@pytest.mark.usefixtures("failing")
def test_the_status_of_a_source_shows_ranges_gaps_and_looks(harvest: Harvest) -> None:
    shown = harvest("status", "demo-library").output
    assert "Ranges of demo-library written last" in shown
    assert "2026-10-01 to 2026-10-04" in shown
    assert "demo-library has a gap: 2026-10-01 to 2026-10-04 failed: status 500" in shown
    assert "next: harvest run demo-library --from 2026-10-01 --to 2026-10-03 closes it" in shown
    assert "50.0% of 2 looks" in shown
    assert "outage 1" in shown
    document = orjson.loads(harvest("status", "demo-library", "--json").stdout)
    assert [each["status"] for each in document["ledger"]] == ["failed"]
    assert len(document["gaps"]) == 1
    assert document["availability"]["last"]["is_up"] is True


@pytest.mark.usefixtures("failing")
def test_the_status_of_all_sources_has_their_state_and_gaps(harvest: Harvest) -> None:
    rows = {each["source"]: each for each in orjson.loads(harvest("status", "--json").stdout)["sources"]}
    assert (rows["demo-library"]["is_up"], rows["demo-library"]["gaps"]) == (True, 1)
    assert rows["demo-press"]["breaker"].startswith("open until")
    assert "is left alone since the last 5 harvests" in rows["demo-press"]["due_because"]
    assert "gaps" in harvest("status").output


@pytest.mark.usefixtures("failing")
def test_the_whole_ledger_is_shown_also_of_retired_sources(folder: Folder, harvest: Harvest) -> None:
    (folder.path / "config" / "sources" / "demo-library.yaml").unlink()
    (folder.path / "config" / "datasets" / "demo.yaml").unlink()
    (row,) = orjson.loads(harvest("status", "--ledger", "--json").stdout)
    assert (row["source"], row["status"], row["attempts"]) == ("demo-library", "failed", 1)
    assert harvest("status", "demo-library", "--ledger", "--json").exit_code == 0
    assert "TransientError" not in harvest("status", "--ledger").output
    assert "status 500" in harvest("status", "--ledger").output
    assert orjson.loads(harvest("status", "demo-press", "--ledger", "--json").stdout) == []
