"""What was accepted, and what became of attempts."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harvest_assets.config.sources import build_source
from harvest_assets.errors import PausedError, TransientError
from harvest_assets.stages.attempts import recent_attempts, recorded_attempt
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.history import accepted_before, find_cursor, read_verdict
from harvest_assets.store.store import Store

KILLED = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from harvest_assets.config.sources import build_source
from harvest_assets.stages.attempts import recorded_attempt
from harvest_assets.store.store import Store
store = Store(sys.argv[1], Path(sys.argv[2]))
LIBRARY = build_source("lib", {"title": "Library", "protocol": "oai-pmh", "url": "http://library.example/oai"})
with store.hold("harvest-lib"), recorded_attempt(store, LIBRARY, [datetime.now(UTC).date()]):
    print("running", flush=True)
    time.sleep(60)
"""
LIBRARY = build_source("lib", {"title": "Library", "protocol": "oai-pmh", "url": "http://library.example/oai"})
SHRINKS = "integrity: {minimum_history: 1, maximum_loss: 0.05}\n"


def test_the_last_accepted_day_is_found_behind_rejected_ones(world, at, on):
    repository = world.add_source(keys=SHRINKS)
    world.run(0)
    for identifier in repository.identifiers()[:5]:
        repository.delete(identifier, at=at(1))
    assert [world.run(number).decision for number in (1, 2)] == ["fell_back", "fell_back"]
    found = accepted_before(world.store, "lib", on(3))
    assert found is not None
    assert found.day == str(on(0))
    assert accepted_before(world.store, "lib", on(0)) is None
    assert find_cursor(world.store, "lib", on(0)) is None


def test_a_decision_is_about_one_generation(world, at, on):
    repository = world.add_source(keys=SHRINKS)
    world.run(0)
    for identifier in repository.identifiers()[:5]:
        repository.delete(identifier, at=at(1))
    world.run(1)
    accept(world.store, "lib", str(on(1)), "they moved")
    verdict = read_verdict(world.store, world.manifest("documents", 1))
    assert (verdict.decision, verdict.reason) == ("overridden", "they moved")
    found = accepted_before(world.store, "lib", on(2))
    assert found is not None
    assert found.day == str(on(1))
    world.run(1)
    assert read_verdict(world.store, world.manifest("documents", 1)).decision == "fell_back"


def test_a_killed_attempt_counts_as_failed_and_a_running_one_does_not(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"), tmp_path / "state")
    command = [sys.executable, "-c", KILLED, str(tmp_path / "store"), str(tmp_path / "state")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"running\n"
            assert [entry["status"] for entry in recent_attempts(store, "lib")] == ["started"]
            process.kill()
            process.wait()
            (entry,) = recent_attempts(store, "lib")
        finally:
            process.kill()
    assert (entry["status"], entry["error"]) == ("failed", "Interrupted")
    assert entry["reason"] == "the run ended without a word; the next one goes on where it can"
    assert entry["ended_at"] is None


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TransientError("first line\nsecond line"), "failed"),
        (KeyboardInterrupt(), "cancelled"),
        (PausedError("its time is up"), "cancelled"),
    ],
)
def test_an_attempt_that_ends_with_an_error_says_so_and_passes_it_on(tmp_path: Path, error: BaseException, status: str) -> None:
    store = Store(str(tmp_path / "store"), tmp_path / "state")
    with pytest.raises(type(error)), recorded_attempt(store, LIBRARY, [datetime.now(UTC).date()]):
        raise error
    (entry,) = recent_attempts(store, "lib")
    assert (entry["status"], entry["error"]) == (status, type(error).__name__)
    assert entry["reason"] == str(error).split("\n", 1)[0]
    assert entry["ended_at"] >= entry["started_at"]
