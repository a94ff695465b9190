"""Ranges whose harvest failed, was killed, or was cut short: what the next one may build on, and what the ledger says meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from harvest_assets.errors import PausedError, TransientError
from harvest_assets.harvest.parts import Span
from harvest_assets.model.window import Window
from harvest_assets.stages import raw_records, shares
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.reading import Part, Task
from harvest_assets.testing.faults import Faults, Refusal


def test_a_limit_counts_what_an_attempt_that_failed_received(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 2),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0, limit=5)
    universe.faults("lib")
    assert world.receive(0, limit=5).table().num_rows == 5


def test_pages_that_a_limit_cut_are_not_taken_up_by_a_harvest_without_one(world, monkeypatch):
    world.add_source(count=12)
    with monkeypatch.context() as patched:
        patched.setattr(raw_records, "write_days", lambda *_: iter([]))  # dies before anything is written
        with pytest.raises(IndexError):
            world.receive(0, limit=3)
    assert world.receive(0).table().num_rows == 12


def test_a_harvest_that_was_killed_reads_as_failed_and_not_as_under_way(world):
    source = world.add_source() and world.source()
    ledger = HarvestLedger(world.store)
    for status in ("started", "split"):
        row = ledger.mark(ledger.find(source, "2026-11-01", "2026-11-02"), status)
        with world.store.hold("harvest-lib"):
            assert list(HarvestLedger(world.store).rows("lib")) == [row]
        (killed,) = list(HarvestLedger(world.store).rows("lib"))
        assert (killed.status, killed.error, killed.ended_at) == ("failed", "Interrupted", row.beat_at)
        assert "the run ended without a word" in killed.reason


def test_a_process_whose_parent_was_killed_ends_before_its_next_page(world, universe, tmp_path):
    world.add_source(count=12)
    now = datetime.now(UTC)
    span = Span(timedelta(days=2), timedelta(seconds=1), None, now, timedelta(hours=1))
    task = Task(world.source(), world.installation.environ, "lib/open", tmp_path, span, now.timestamp() + 60)
    universe.clear_requests()
    somebody_else = 0
    (result,) = shares._read_share(task, [Part(0, Window())], 1, somebody_else)
    assert isinstance(result.error, PausedError)
    assert [seen for seen in universe.requests if "verb=ListRecords" in seen.query] == []


def test_what_the_ledger_calls_received_is_there_when_the_run_is_killed_right_after(world, universe, on):
    world.add_source(count=40)
    universe.faults("lib", Faults(lying_total=1))
    assert not world.receive(-3, -2, today=0).manifest.facts["is_complete"]
    universe.faults("lib")
    harvest(world.installation, Request(world.source(), [on(-3), on(-2)], "killed", today=on(0)))  # dies before its run does more
    assert next(iter(HarvestLedger(world.store).rows("lib"))).is_complete
    assert world.receive(-3, -2, today=0).manifest.facts["is_complete"]
