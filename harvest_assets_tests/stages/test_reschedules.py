"""Harvests that found their source busy: kept, started again later and later, and forgotten when nobody needs them any more."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.reschedules import Reschedule, done, in_words, is_under_way, pause_seconds, put_off, skip, waiting, was_received

NOW = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
DAYS = [date(2026, 11, 3), date(2026, 11, 4), date(2026, 11, 5)]
ORDINARY = RunParameters()
# A second start as the graph makes it: it finds the lock taken, and is put off.
SECOND = """
import sys
from datetime import UTC, datetime
from harvest_assets.errors import BusyError
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.reschedules import put_off
installation = Installation.open()
source, now = installation.catalog.source("lib"), datetime.now(UTC)
request = Request(source, [now.date()], "second")
try:
    harvest(installation, request)
except BusyError:
    put_off(installation.store, source, request.days, request.parameters, now)
    sys.exit(3)
"""


@pytest.fixture
def source(world):
    world.add_source()
    return world.source()


def attempted(world, days: list[date], ended_at: datetime | None, status: str = "succeeded") -> None:
    started = (ended_at or NOW) - timedelta(minutes=30)
    entry = {
        "started_at": started.isoformat(),
        "days": [str(days[0]), str(days[-1])],
        "status": status,
        "ended_at": ended_at.isoformat() if ended_at else None,
    }
    world.store.ledger.write(ATTEMPTS, "lib", f"{started:%Y%m%dT%H%M%S%f}", entry)


def test_a_harvest_that_was_put_off_is_kept_whole_and_the_ledger_says_when_it_is_started_again(world, source):
    parameters = RunParameters(limit=7, force="a reason")
    retry_at = put_off(world.store, source, DAYS, parameters, NOW, transform=False)
    (put,) = waiting(world.store)
    assert (put.source, put.days, put.parameters, put.transform) == ("lib", DAYS, parameters, False)
    assert (put.retries, put.put_off_at, put.retry_at) == (0, NOW, retry_at)
    row = HarvestLedger(world.store).find(source, "2026-11-03", "2026-11-06")
    assert (row.status, row.retry_at) == ("rescheduled", retry_at.isoformat())
    assert row.reason == in_words(retry_at) == f"is being harvested by another run; started again at {retry_at:%H:%M:%S} UTC"


def test_the_pauses_double_are_stretched_at_random_and_end_at_a_quarter_of_an_hour():
    for retries, least in [(0, 10), (1, 20), (2, 40), (5, 320), (6, 640), (7, 900), (50, 900), (10_000, 900)]:
        pauses = [pause_seconds(retries) for _ in range(50)]
        assert least <= min(pauses) < max(pauses) < 2 * least


def test_each_time_it_is_put_off_again_it_waits_longer_under_another_key(world, source):
    keys = set()
    for retries in range(4):
        now = NOW + timedelta(hours=retries)
        retry_at = put_off(world.store, source, DAYS, ORDINARY, now)
        (put,) = waiting(world.store)
        assert put.retries == retries
        assert 10 * 2**retries <= (retry_at - now).total_seconds() < 20 * 2**retries
        keys.add(put.key)
    assert len(keys) == 4


def test_each_range_waits_by_itself_the_next_one_first(world, source):
    put_off(world.store, source, DAYS, ORDINARY, NOW + timedelta(minutes=5))
    put_off(world.store, source, DAYS[:1], ORDINARY, NOW)
    assert [each.days for each in waiting(world.store)] == [DAYS[:1], DAYS]


def test_the_row_of_a_range_that_is_under_way_is_not_touched(world, source):
    ledger = HarvestLedger(world.store)
    row = ledger.mark(ledger.find(source, "2026-11-03", "2026-11-06"), "started")
    with world.store.hold(f"harvest-{source.slug}"):
        put_off(world.store, source, DAYS, ORDINARY, NOW)
        assert ledger.find(source, "2026-11-03", "2026-11-06") == row
    assert len(waiting(world.store)) == 1


@pytest.mark.parametrize(
    ("days", "ended_at", "status", "parameters", "expected"),
    [
        (DAYS, NOW + timedelta(minutes=1), "succeeded", ORDINARY, True),
        ([date(2026, 11, 1), *DAYS], NOW + timedelta(minutes=1), "succeeded", ORDINARY, True),
        (DAYS, NOW + timedelta(minutes=1), "succeeded", RunParameters(limit=3), True),
        (DAYS[1:], NOW + timedelta(minutes=1), "succeeded", ORDINARY, False),
        (DAYS, NOW - timedelta(minutes=1), "succeeded", ORDINARY, False),
        (DAYS, NOW + timedelta(minutes=1), "failed", ORDINARY, False),
        (DAYS, NOW + timedelta(minutes=1), "succeeded", RunParameters(full=True), False),
        (DAYS, NOW + timedelta(minutes=1), "succeeded", RunParameters(superfluous=True), False),
    ],
    ids=["the same", "more days", "of a part of it", "fewer days", "before", "failed", "everything is wanted", "wanted again"],
)
def test_what_another_harvest_received_meanwhile_need_not_be_asked_for_again(world, source, days, ended_at, status, parameters, expected):  # noqa: PLR0913, PLR0917 - a table
    put_off(world.store, source, DAYS, parameters, NOW)
    attempted(world, days, ended_at, status)
    (put,) = waiting(world.store)
    assert was_received(world.store, put) is expected


def test_a_harvest_that_is_forgotten_for_another_says_so_in_the_ledger(world, source):
    put_off(world.store, source, DAYS, ORDINARY, NOW)
    (put,) = waiting(world.store)
    skip(world.store, source, put)
    row = HarvestLedger(world.store).find(source, "2026-11-03", "2026-11-06")
    assert (row.status, row.reason) == ("skipped", "another harvest has received it meanwhile")
    assert waiting(world.store) == []


def test_forgetting_an_earlier_try_does_not_take_the_next_one_away(world, source):
    put_off(world.store, source, DAYS, ORDINARY, NOW)
    (first,) = waiting(world.store)
    put_off(world.store, source, DAYS, ORDINARY, NOW + timedelta(minutes=1))
    done(world.store, first)
    (second,) = waiting(world.store)
    assert second.retries == 1
    done(world.store, second)
    done(world.store, second)
    assert waiting(world.store) == []


def test_of_two_processes_the_second_returns_and_is_put_off_while_the_first_goes_on(world, source, monkeypatch: pytest.MonkeyPatch):
    for name, value in world.installation.environ.items():
        monkeypatch.setenv(name, value)
    with world.store.hold("harvest-lib"):
        attempted(world, DAYS, None, "started")
        second = subprocess.run([sys.executable, "-c", SECOND], capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 3, second.stderr
        (put,) = waiting(world.store)
        assert is_under_way(world.store, put)
    assert not is_under_way(world.store, put)
    assert put.source == source.slug
    assert put.retries == 0


def test_a_list_that_went_on_until_now_does_so_after_midnight_too() -> None:
    evening = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
    open_list = Reschedule(
        "lib", "2026-11-20", "2026-11-21", RunParameters(), transform=True, retries=0, put_off_at=evening, retry_at=evening
    )
    assert open_list.days_at(evening + timedelta(hours=1)) == [date(2026, 11, 21)]
    closed = Reschedule("lib", "2026-11-18", "2026-11-19", RunParameters(), transform=True, retries=0, put_off_at=evening, retry_at=evening)
    assert closed.days_at(evening + timedelta(hours=1)) == closed.days == [date(2026, 11, 18)]
