"""Ranges: split, resumed part by part, left out where covered, limited; and what the ledger says of each."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from harvest_assets.errors import BusyError, ConfigurationError, PausedError, TransientError
from harvest_assets.stages import lists
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.harvest_ledger import HarvestLedger, as_table
from harvest_assets.testing.faults import Faults, Refusal

SPLIT = "ranges: {interval: 2d, parallel: 4}\n"


def rows_of(world, slug="lib"):
    return list(HarvestLedger(world.store).rows(slug))


def whole(world, slug="lib"):
    return [row for row in rows_of(world, slug) if row.part_of is None]


def parts_of(world, slug="lib"):
    return [row for row in rows_of(world, slug) if row.part_of is not None]


def lists_asked(universe):
    return [seen.arguments for seen in universe.requests if "verb=ListRecords" in seen.query and "resumptionToken" not in seen.query]


def test_a_harvest_has_one_row_however_often_it_is_tried(world, universe, on):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 3),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    (failed,) = rows_of(world)
    assert (failed.status, failed.error, failed.attempts, failed.completions) == ("failed", "TransientError", 1, 0)
    assert "503" in failed.reason
    universe.faults("lib")
    world.receive(0)
    (row,) = rows_of(world)
    assert (row.start, row.end) == (str(on(0)), str(on(1)))
    assert (row.status, row.attempts, row.completions, row.records, row.pages) == ("succeeded", 2, 1, 12, 3)
    assert row.is_complete
    assert row.reason is None
    assert row.source_version == world.source().version
    assert as_table(iter([row])).num_rows == 1


def test_another_version_of_the_source_is_another_row(world):
    world.add_source()
    world.receive(0)
    world.configure(keys="options: {metadata_prefix: oai_dc, max_pages: 7}\n")
    world.receive(0)
    assert len({row.source_version for row in rows_of(world)}) == 2


def test_a_long_range_is_split_and_gives_the_same_records_as_one_list(world, universe):
    repository = world.add_source(count=40, keys=SPLIT)
    split = world.receive(0, full=True)
    assert split.manifest.facts["lists"] > 2
    assert split.manifest.facts["is_complete"]
    assert split.manifest.facts["proves_absence"]
    assert {row["identifier"] for row in split.table().to_pylist()} == set(repository.identifiers())
    universe.clear_requests()
    single = world.receive(0, full=True, no_split=True)
    assert len(lists_asked(universe)) == 1
    assert single.manifest.facts["lists"] == 1
    columns = ["identifier", "datestamp", "body"]
    assert split.table().select(columns).sort_by("identifier") == single.table().select(columns).sort_by("identifier")


def test_every_part_has_a_row_and_the_whole_says_that_it_was_split(world):
    world.add_source(count=40, keys=SPLIT)
    world.receive(0)
    parts = parts_of(world)
    (row,) = whole(world)
    assert len(parts) > 2
    assert {part.status for part in parts} == {"succeeded"}
    assert {part.part_of for part in parts} == {f"{row.start}/{row.end}"}
    assert sum(part.records for part in parts) == row.records == 40


def test_the_tail_is_asked_for_after_all_the_others(world, universe):
    world.add_source(count=40, keys=SPLIT)
    universe.clear_requests()
    world.receive(0)
    assert "until" not in lists_asked(universe)[-1]
    assert all("until" in arguments for arguments in lists_asked(universe)[:-1])


def test_only_the_part_that_failed_is_asked_for_again(world, universe):
    world.add_source(count=40, keys=SPLIT)
    universe.faults("lib", Faults(refusals=(Refusal(503, 1, times=1),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    assert sorted({part.status for part in parts_of(world)}) == ["created", "failed", "succeeded"]
    failed = [part for part in parts_of(world) if part.status in {"failed", "created"}]
    universe.faults("lib")
    universe.clear_requests()
    raw = world.receive(0)
    assert len(lists_asked(universe)) == len(failed)
    assert raw.manifest.facts["is_complete"]
    assert raw.table().num_rows == 40
    assert {part.status for part in parts_of(world)} == {"succeeded"}


def test_a_part_that_lacks_records_leaves_the_whole_unproven_and_says_which(world, universe):
    world.add_source(count=40, keys=SPLIT)
    universe.faults("lib", Faults(lying_total=1))
    facts = world.receive(0).manifest.facts
    assert not facts["is_complete"]
    assert all("distinct records of" in reason and " to " in reason for reason in facts["incomplete_because"])
    assert not facts["proves_absence"]


def test_a_range_in_two_processes_gives_the_same_records(world):
    repository = world.add_source(count=40, keys="ranges: {interval: 2d, parallel: 2, processes: 2}\n")
    raw = world.receive(0)
    assert raw.manifest.facts["is_complete"]
    assert {row["identifier"] for row in raw.table().to_pylist()} == set(repository.identifiers())
    assert {part.status for part in parts_of(world)} == {"succeeded"}


def test_an_error_comes_back_from_another_process_in_its_words(world, universe):
    world.add_source(count=40, keys="ranges: {interval: 2d, parallel: 2, processes: 2}\n")
    universe.faults("lib", Faults(refusals=(Refusal(503, 1),)))
    with pytest.raises(TransientError, match="status 503"):
        world.receive(0)


@pytest.mark.parametrize("limit", [1, 4, 5, 7, 12, 99])
def test_a_limit_counts_different_records_and_is_never_passed(world, limit):
    world.add_source(count=12)
    raw = world.receive(0, limit=limit)
    assert raw.table().num_rows == min(limit, 12)
    assert raw.manifest.facts["is_complete"] is (limit > 12)
    reasons = raw.manifest.facts["incomplete_because"]
    assert any(f"the limit of {limit} records is reached" in reason for reason in reasons) is (limit <= 12)


def test_a_limit_of_nothing_asks_for_nothing(world, universe):
    world.add_source()
    universe.clear_requests()
    raw = world.receive(0, limit=0)
    assert universe.requests == []
    assert raw.table().num_rows == 0
    assert not raw.manifest.facts["is_complete"]


def test_a_limit_holds_over_the_parts_of_a_range_and_the_rest_is_not_asked_for(world, universe):
    world.add_source(count=40, keys=SPLIT)
    universe.clear_requests()
    raw = world.receive(0, limit=11)
    assert raw.table().num_rows == 11
    assert len(lists_asked(universe)) < len(parts_of(world))
    assert raw.manifest.facts["incomplete_because"].count("the limit of 11 records is reached") == 1


def test_a_limited_harvest_leaves_the_cursor_where_it_was(world):
    world.add_source(count=12)
    world.run(0)
    limited = world.receive(1, limit=3)
    world.fold(1)
    assert limited.manifest.facts["incomplete_because"] or limited.table().num_rows <= 12
    assert len(world.live(1)) == 12


def test_a_negative_limit_is_refused(world):
    world.add_source()
    with pytest.raises(ConfigurationError, match="limit -1 is not a number of records"):
        world.receive(0, limit=-1)


def test_a_blank_reason_does_not_force(world):
    world.add_source()
    with pytest.raises(ConfigurationError, match="is no reason; say why lib is harvested all the same"):
        world.receive(0, force=" ")


def test_the_reason_of_a_forced_harvest_is_kept(world):
    world.add_source()
    raw = world.receive(0, force="asked for by the owner")
    assert raw.manifest.facts["parameters"] == {"force": "asked for by the owner"}
    assert recent_attempts(world.store, "lib")[0]["force"] == "asked for by the owner"


def test_a_past_range_that_succeeded_is_not_asked_for_again_unless_somebody_wants_it(world, universe):
    world.add_source(count=40)
    first = world.receive(-3, -2, -1, today=0)
    universe.clear_requests()
    again = world.receive(-3, -2, -1, today=0)
    assert lists_asked(universe) == []
    assert again.manifest.generation == first.manifest.generation
    world.receive(-3, -2, -1, today=0, superfluous=True)
    assert len(lists_asked(universe)) == 1


def test_today_is_asked_for_again(world, universe):
    world.add_source()
    world.receive(0)
    universe.clear_requests()
    world.receive(0)
    assert len(lists_asked(universe)) == 1


def test_days_that_another_range_covers_are_left_out_and_gaps_are_closed(world, universe, on):
    repository = world.add_source(count=60)
    for days in ((-6, -5), (-2,)):
        world.receive(*days, today=0)
        world.fold(days[-1])
    universe.clear_requests()
    last = world.receive(-6, -5, -4, -3, -2, -1, today=0, optimize=True)
    asked = [(arguments["from"][:10], arguments["until"][:10]) for arguments in lists_asked(universe)]
    assert asked == [(str(on(-5)), str(on(-3))), (str(on(-2)), str(on(-1)))]  # each an hour before its first day
    between = {
        identifier for identifier in repository.identifiers() if str(on(-6)) <= repository.record(identifier).datestamp[:10] <= str(on(-1))
    }
    assert {row["identifier"] for row in last.table().to_pylist()} >= between


def test_a_covered_day_after_a_closed_gap_holds_what_the_gap_brought(world):
    world.add_source(count=60)
    world.receive(-6, today=0)
    world.receive(-4, today=0)
    before = world.raw(world.manifest("raw_records", -4))
    world.receive(-6, -5, -4, today=0, optimize=True)
    after = world.raw(world.manifest("raw_records", -4))
    gap = world.raw(world.manifest("raw_records", -5))
    assert after.manifest.counts["received"] == before.manifest.counts["received"]
    assert {row["identifier"] for row in after.table().to_pylist()} == {
        row["identifier"] for each in (before, gap) for row in each.table().to_pylist()
    }
    tables = ("requests", "set_aside", "repairs")
    assert [after.manifest.tables[name][0].rows for name in tables] == [before.manifest.tables[name][0].rows for name in tables]


def test_another_version_covers_nothing(world, universe):
    world.add_source(count=40)
    world.receive(-3, -2, today=0)
    world.configure(keys="options: {metadata_prefix: oai_dc, max_pages: 7}\n")
    universe.clear_requests()
    world.receive(-3, -2, today=0, optimize=True)
    assert len(lists_asked(universe)) == 1


def test_an_incomplete_harvest_covers_nothing(world, universe):
    world.add_source(count=40)
    universe.faults("lib", Faults(lying_total=1))
    world.receive(-3, -2, today=0)
    universe.faults("lib")
    universe.clear_requests()
    world.receive(-3, -2, today=0)
    assert len(lists_asked(universe)) == 1


def test_a_harvest_whose_time_is_up_pauses_and_goes_on_there(world, monkeypatch):
    world.add_source(count=12)
    monkeypatch.setattr(lists, "time", SimpleNamespace(time=lambda: float("inf")))
    with pytest.raises(PausedError, match=r"page 1: its time is up \(limits.duration, or the end of its hours\)"):
        world.receive(0)
    (row,) = rows_of(world)
    assert row.status == "cancelled"
    assert recent_attempts(world.store, "lib")[0]["status"] == "cancelled"
    monkeypatch.undo()
    assert world.receive(0).manifest.facts["is_complete"]


def test_a_source_that_is_being_harvested_has_no_new_row(world):
    world.add_source()
    with world.store.hold("harvest-lib"), pytest.raises(BusyError, match="being worked on by another run"):
        world.receive(0)
    assert rows_of(world) == []


def test_a_source_that_does_not_answer_at_all_is_down_and_has_not_failed(world, universe):
    world.add_source()
    universe.faults("lib", Faults(refusals=(Refusal(503),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    assert recent_attempts(world.store, "lib")[0]["status"] == "down"


def test_a_source_that_answers_but_not_with_its_list_has_failed(world, universe):
    world.add_source()
    universe.faults("lib", Faults(refusals=(Refusal(503, 1),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    assert recent_attempts(world.store, "lib")[0]["status"] == "failed"


def test_the_wait_between_two_looks_may_be_none(world, universe):
    world.add_source(keys="availability: {every: null}\n")
    universe.faults("lib", Faults(refusals=(Refusal(503),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    assert recent_attempts(world.store, "lib")[0]["status"] == "failed"
    assert world.source().limits.duration == timedelta(hours=6)
