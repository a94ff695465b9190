"""Pages that cannot be read: what is kept, what is set aside, what is a hole, and what the person reads."""

import pyarrow.parquet as pq
import pytest

from harvest_assets.errors import PermanentError, TransientError, UnreadablePageError
from harvest_assets.stages import raw_records
from harvest_assets.testing.faults import Faults, Spot


def table(world, raw, name):
    return pq.read_table(world.store.files.localise(f"{raw.manifest.reference.folder}/{name}.parquet")).to_pylist()


def identifiers(raw):
    return {row["identifier"] for row in raw.table().to_pylist()}


@pytest.mark.parametrize("status", [500, 200])
def test_the_bad_record_ends_up_alone_and_every_other_one_is_kept(world, universe, status):
    repository = world.add_source(count=40)
    bad = repository.identifiers()[17]
    universe.faults("lib", Faults(broken_metadata=(bad,), poison_status=status))
    raw = world.receive(0)
    assert identifiers(raw) == set(repository.identifiers()) - {bad}
    (aside,) = table(world, raw, "set_aside")
    assert (aside["identifier"], aside["stage"]) == (bad, "harvest")
    assert aside["rule"]
    assert any("a page could not be read, its window was asked for in parts" in note for note in raw.manifest.facts["notes"])
    assert raw.manifest.facts["completeness"]["set_aside"] == 1


def test_a_record_that_was_set_aside_is_not_taken_for_gone(world, universe):
    repository = world.add_source(count=40, keys="mode: full\n")
    world.run(0)
    bad = repository.identifiers()[17]
    universe.faults("lib", Faults(broken_metadata=(bad,)))
    world.run(1)
    assert world.live(1) == set(repository.identifiers())


def test_a_record_whose_header_cannot_be_had_either_leaves_a_hole_and_deletions_stay_off(world, universe):
    repository = world.add_source(count=40, keys="mode: full\n")
    world.run(0)
    bad, gone = repository.identifiers()[17], repository.identifiers()[3]
    repository.vanish(gone)
    universe.faults("lib", Faults(poison=(bad,)))
    verdict = world.run(1)
    facts = world.manifest("raw_records", 1).facts
    assert not facts["is_complete"]
    (hole,) = [reason for reason in facts["incomplete_because"] if "could not be read" in reason]
    assert hole.startswith("records from 20")
    assert "status 500" in hole
    assert verdict.decision == "accepted_with_warning"
    assert {bad, gone} <= world.live(1)


def test_a_server_that_can_make_no_page_at_all_is_not_asked_for_ever(world, universe):
    repository = world.add_source(count=40)
    universe.faults("lib", Faults(poison=tuple(repository.identifiers())))
    universe.clear_requests()
    with pytest.raises(UnreadablePageError, match="status 500"):
        world.receive(0)
    assert len(universe.requests) < 80
    universe.faults("lib")
    assert world.receive(0).manifest.facts["is_complete"]


def test_a_page_that_cannot_be_read_of_a_source_without_dates_ends_the_harvest_with_the_reason(world, universe):
    repository = world.add_source(count=12, keys="options: {metadata_prefix: oai_dc, date_filter: false}\n")
    universe.faults("lib", Faults(poison=(repository.identifiers()[7],)))
    with pytest.raises(PermanentError, match=r"lib: page 2: .*status 500"):
        world.receive(0)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(illegal_characters=Spot(page=2)), "illegal characters were dropped"),
        (Faults(trailing_bytes=Spot(page=2)), "bytes outside the root element were cut off"),
        (Faults(wrong_encoding=Spot(page=2)), "Windows-1252"),
    ],
)
def test_a_page_that_was_mended_is_whole_and_its_bytes_are_kept_as_evidence(world, universe, faults, words):
    repository = world.add_source(count=12)
    universe.faults("lib", faults)
    raw = world.receive(0)
    assert raw.manifest.facts["is_complete"]
    assert identifiers(raw) == set(repository.identifiers())
    (repair,) = table(world, raw, "repairs")
    assert repair["page"] == 2
    assert words.lower() in repair["repairs"].lower()
    assert b"<OAI-PMH" in world.store.files.read(repair["original"])


def test_compression_that_nobody_declared_is_undone(world, universe):
    repository = world.add_source(count=12)
    universe.faults("lib", Faults(undeclared_gzip=Spot()))
    assert identifiers(world.receive(0)) == set(repository.identifiers())


def test_an_empty_page_with_a_token_does_not_end_the_list(world, universe):
    repository = world.add_source(count=12)
    universe.faults("lib", Faults(empty_page=Spot(page=2, times=1)))
    raw = world.receive(0)
    assert raw.manifest.facts["is_complete"]
    assert identifiers(raw) == set(repository.identifiers())


def test_a_server_that_ignores_dates_is_said_so_and_loses_nothing(world, universe, on):
    repository = world.add_source(count=40, keys=f"start: {on(-2)}\n")
    universe.faults("lib", Faults(ignores_window=True))
    raw = world.receive(-2, -1, today=0)
    assert identifiers(raw) == set(repository.identifiers())
    assert any("outside" in note for note in raw.manifest.facts["notes"])


def test_a_server_that_promises_seconds_and_takes_days_is_asked_for_days(world, universe):
    world.add_source(count=40)
    universe.faults("lib", Faults(refuses_granularity=True))
    raw = world.receive(-2, -1, today=0)
    assert raw.manifest.facts["is_complete"]
    assert raw.manifest.facts["notes"]


def test_a_token_that_expires_in_the_middle_starts_the_list_again_once(world, universe):
    repository = world.add_source(count=12)
    universe.faults("lib", Faults(expired_token=Spot(page=2, times=1)))
    raw = world.receive(0)
    assert raw.manifest.facts["is_complete"]
    assert "the list was started again" in raw.manifest.facts["restarted"]
    assert identifiers(raw) == set(repository.identifiers())


def test_a_token_that_never_lives_long_enough_ends_the_harvest_with_the_reason(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(expired_token=Spot(page=2)))
    with pytest.raises(PermanentError, match="badResumptionToken"):
        world.receive(0)


def test_a_server_that_is_down_is_tried_later_and_keeps_its_pages(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(dropped=Spot(page=3)))
    with pytest.raises(TransientError, match="try again later"):
        world.receive(0)
    universe.faults("lib")
    universe.clear_requests()
    assert world.receive(0).manifest.facts["is_complete"]
    assert sum("verb=ListRecords" in seen.query for seen in universe.requests) == 1


@pytest.mark.parametrize("count", [12, 400])
@pytest.mark.parametrize("number", [0, -1])
def test_the_bad_record_is_found_where_the_list_begins_and_where_it_ends(world, universe, count, number):
    repository = world.add_source(count=count)
    bad = sorted(repository.identifiers(), key=lambda each: repository.record(each).datestamp)[number]
    universe.faults("lib", Faults(broken_metadata=(bad,), poison_status=500))
    assert identifiers(world.receive(0)) == set(repository.identifiers()) - {bad}


def test_a_record_that_two_attempts_set_aside_counts_once(world, universe, monkeypatch):
    repository = world.add_source(count=40)
    universe.faults("lib", Faults(broken_metadata=(repository.identifiers()[17],)))
    with monkeypatch.context() as patched:
        patched.setattr(raw_records, "write_days", lambda *_: iter([]))  # dies before anything is written
        with pytest.raises(IndexError):
            world.receive(0)
    raw = world.receive(0)
    assert raw.manifest.facts["completeness"]["set_aside"] == 1
    assert len(table(world, raw, "set_aside")) == 1
