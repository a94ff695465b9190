"""Stuck harvests: what counts as one, and what is left in the ledgers of it."""

import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.stuck import Stuck, end_harvest, find_stuck

KEYS = "limits: {silence: 30m, duration: 2h}\n"
RUNNING = """
import time
from datetime import UTC, datetime
from harvest_assets.stages.attempts import recorded_attempt
from harvest_assets.stages.installation import Installation
installation = Installation.open()
source = installation.catalog.source("lib")
with installation.store.hold("harvest-lib"), recorded_attempt(installation.store, source, [datetime.now(UTC).date()]):
    print("running", flush=True)
    time.sleep(60)
"""


class Ledgers:
    """What a harvest that began before now has written; times in minutes before now."""

    def __init__(self, world) -> None:
        world.add_source(keys=KEYS)
        self.now = datetime.now(UTC)
        self.store, self.source = world.store, world.source()

    def ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def attempt(self, began: float, *, status: str = "started", ended: float | None = None) -> str:
        at = self.ago(began)
        day = str(self.now.date())
        ended_at = None if ended is None else self.ago(ended).isoformat()
        entry = {"started_at": at.isoformat(), "days": [day, day], "status": status, "ended_at": ended_at}
        self.store.ledger.write(ATTEMPTS, "lib", f"{at:%Y%m%dT%H%M%S%f}", entry)
        return at.isoformat()

    def beat(self, minutes: float) -> None:
        ledger = HarvestLedger(self.store)
        ledger.mark(self.row, "started", beat_at=self.ago(minutes).isoformat(timespec="milliseconds"))

    @property
    def row(self):
        return HarvestLedger(self.store).find(self.source, str(self.now.date()), str(self.now.date() + timedelta(days=1)))

    def find(self, since: float = 300, *, is_held: bool = True) -> Stuck | None:
        with self.store.hold("harvest-lib") if is_held else nullcontext():
            return find_stuck(self.store, self.source, self.ago(since), self.now)


@pytest.fixture
def ledgers(world) -> Ledgers:
    return Ledgers(world)


def test_while_pages_come_a_harvest_is_left_alone(ledgers: Ledgers):
    ledgers.attempt(100)
    ledgers.beat(0.2)
    assert ledgers.find() is None
    assert ledgers.find(is_held=False) is None, "a lease may be late, a sign of life is not"


def test_a_slow_page_is_no_silence(ledgers: Ledgers):
    ledgers.attempt(100)
    ledgers.beat(29)
    assert ledgers.find() is None


def test_no_page_for_longer_than_the_source_allows_is_stuck(ledgers: Ledgers):
    started_at = ledgers.attempt(100)
    ledgers.beat(31)
    found = ledgers.find()
    assert found is not None
    assert found == Stuck("lib", found.reason, "Stuck", started_at)
    assert found.is_alive
    assert found.reason == (
        f"no page came since {ledgers.ago(31):%Y-%m-%d %H:%M:%S} UTC, longer than limits.silence (30m); "
        "the harvest was ended as stuck, and the next one goes on where it can"
    )


def test_the_first_page_may_be_the_one_that_does_not_come(ledgers: Ledgers):
    ledgers.attempt(31)
    found = ledgers.find()
    assert found is not None
    assert "no page came since" in found.reason


def test_a_harvest_that_does_not_end_in_its_time_is_stuck_although_pages_come(ledgers: Ledgers):
    ledgers.attempt(131)
    ledgers.beat(0)
    found = ledgers.find()
    assert found is not None
    assert f"the harvest runs since {ledgers.ago(131):%Y-%m-%d %H:%M:%S} UTC, longer than limits.duration (2h)" in found.reason
    assert found.is_alive
    ledgers.attempt(129)
    assert ledgers.find() is None, "it may still end by itself"


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "down"])
def test_a_run_whose_harvest_has_ended_is_not_ended_because_pages_stopped(ledgers: Ledgers, status: str):
    ledgers.attempt(200, status=status, ended=4)
    assert ledgers.find() is None
    assert ledgers.find(is_held=False) is None


def test_a_process_that_is_gone_is_found_after_five_minutes(ledgers: Ledgers):
    started_at = ledgers.attempt(20)
    ledgers.beat(4.9)
    assert ledgers.find(is_held=False) is None
    ledgers.beat(5.1)
    found = ledgers.find(is_held=False)
    assert found == Stuck(
        "lib",
        f"the process of the harvest is gone: no sign of life since {ledgers.ago(5.1):%Y-%m-%d %H:%M:%S} UTC, and nobody holds the "
        "source's lock; the next harvest goes on where it can",
        "Interrupted",
        started_at,
    )
    assert not found.is_alive
    assert ledgers.find() is None, "while it holds the lock it lives"


def test_a_process_that_went_before_it_asked_or_between_two_tries_is_found_too(ledgers: Ledgers):
    assert ledgers.find(since=4, is_held=False) is None
    found = ledgers.find(since=6, is_held=False)
    assert found is not None
    assert found.started_at is None
    ledgers.attempt(30, status="failed", ended=7)
    assert ledgers.find(is_held=False) is not None
    assert ledgers.find(since=4, is_held=False) is None, "the failure was that of an earlier run"


def test_a_silent_harvest_of_an_earlier_run_says_nothing_about_this_one(ledgers: Ledgers):
    ledgers.attempt(100)
    assert ledgers.find(since=3) is None


def test_a_harvest_that_is_ended_has_failed_for_that_reason(ledgers: Ledgers):
    ledgers.attempt(100)
    ledgers.beat(31)
    found = ledgers.find()
    assert found is not None
    end_harvest(ledgers.store, ledgers.source, found)
    (entry,) = recent_attempts(ledgers.store, "lib")
    assert (entry["status"], entry["error"], entry["reason"]) == ("failed", "Stuck", found.reason)
    assert entry["ended_at"] >= entry["started_at"]
    assert (ledgers.row.status, ledgers.row.error, ledgers.row.reason) == ("failed", "Stuck", found.reason)


def test_what_succeeded_after_all_or_was_followed_by_another_stays_as_it_is(ledgers: Ledgers):
    started_at = ledgers.attempt(100, status="succeeded", ended=1)
    end_harvest(ledgers.store, ledgers.source, Stuck("lib", "late", "Stuck", started_at))
    assert recent_attempts(ledgers.store, "lib")[0]["status"] == "succeeded"
    ledgers.attempt(1, status="failed", ended=0.5)
    end_harvest(ledgers.store, ledgers.source, Stuck("lib", "late", "Stuck", started_at))
    end_harvest(ledgers.store, ledgers.source, Stuck("lib", "late", "Interrupted", None))
    assert ["reason" in entry for entry in recent_attempts(ledgers.store, "lib")] == [False, False]


def test_a_process_that_was_killed_is_gone_and_its_attempt_says_so(world, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    world.add_source()
    assert tmp_path.is_dir()
    for name, value in world.installation.environ.items():
        monkeypatch.setenv(name, value)
    since = datetime.now(UTC)
    later = since + timedelta(minutes=6)
    with subprocess.Popen([sys.executable, "-c", RUNNING], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"running\n"
        assert find_stuck(world.store, world.source(), since, later) is None
        process.kill()
    found = find_stuck(world.store, world.source(), since, later)
    assert found is not None
    end_harvest(world.store, world.source(), found)
    (entry,) = world.store.ledger.latest(ATTEMPTS, "lib", 5)
    assert (entry["status"], entry["error"]) == ("failed", "Interrupted")
    with world.store.hold("harvest-lib"):
        assert world.store.is_held("harvest-lib")
