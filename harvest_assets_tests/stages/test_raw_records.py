"""``raw_records``: what is asked for, how it is laid into days, and what a harvest may claim to know."""

import json
from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest

from harvest_assets.errors import ConfigurationError, TransientError
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.decisions import accept
from harvest_assets.testing.faults import Faults, Refusal, Spot

SHRINKS = "integrity: {minimum_history: 1, maximum_loss: 0.05}\n"


def window_of(snapshot):
    return snapshot.manifest.facts["window"]


def test_the_first_harvest_asks_for_everything_and_the_next_from_the_start_of_the_one_before(world, at):
    repository = world.add_source()
    world.run(0)
    first = world.manifest("raw_records", 0).facts
    assert first["window"] == {"start": None, "end": None}
    assert first["proves_absence"]
    assert datetime.fromisoformat(first["next_start"]) == datetime.fromisoformat(first["started_at"]) - timedelta(hours=1)
    repository.change(repository.identifiers()[0], at=at(1), title="Changed")
    second = world.receive(1)
    assert window_of(second)["start"] == first["next_start"]
    assert second.manifest.counts["received"] == 1
    assert second.manifest.counts["keys"] == 10
    assert not second.manifest.facts["proves_absence"]


def test_the_cursor_stays_where_it_was_after_a_harvest_that_was_not_accepted(world, at):
    repository = world.add_source(keys=SHRINKS)
    world.run(0)
    for identifier in repository.identifiers()[:5]:
        repository.delete(identifier, at=at(1))
    assert world.run(1).decision == "fell_back"
    assert window_of(world.receive(2))["start"] == world.manifest("raw_records", 0).facts["next_start"]


def test_the_cursor_moves_when_a_person_accepts(world, at):
    repository = world.add_source(keys=SHRINKS)
    world.run(0)
    for identifier in repository.identifiers()[:5]:
        repository.delete(identifier, at=at(1))
    world.run(1)
    accept(world.store, "lib", world.manifest("documents", 1).day, "they moved")
    assert window_of(world.receive(2))["start"] == world.manifest("raw_records", 1).facts["next_start"]


def test_the_cursor_stays_where_it_was_after_an_incomplete_harvest(world, universe):
    world.add_source()
    world.run(0)
    universe.faults("lib", Faults(lying_total=3))
    assert not world.run(1, full=True).evidence.is_complete
    universe.faults("lib")
    assert window_of(world.receive(2))["start"] == world.manifest("raw_records", 0).facts["next_start"]


def test_a_source_that_announces_no_deletions_is_asked_for_everything_every_month(world):
    world.add_source(deleted_record="no")
    world.run(0)
    assert window_of(world.receive(29))["start"] is not None
    assert window_of(world.receive(30))["start"] is None


def test_one_list_is_laid_into_the_days_of_its_datestamps(world, at, on):
    repository = world.add_source(count=0)
    for number in (-5, -4, -4, -2, -9):
        repository.add(at=at(number))
    last = world.receive(-5, -4, -3, -2, today=0)
    received = {number: world.manifest("raw_records", number).counts["received"] for number in (-5, -4, -3, -2)}
    assert received == {-5: 2, -4: 2, -3: 0, -2: 1}
    assert last.manifest.counts["keys"] == 5
    assert window_of(last) == {"start": None, "end": f"{on(-1)}T00:00:00+00:00"}
    assert not last.manifest.facts["proves_absence"]
    assert {world.manifest("raw_records", number).facts["next_start"][:13] for number in (-5, -4)} == {f"{on(-5)}T23", f"{on(-4)}T23"}


def test_days_that_a_batch_has_made_are_not_asked_for_again(world, universe):
    world.add_source()
    first = world.receive(0, batch="one")
    universe.clear_requests()
    assert world.receive(0, batch="one").manifest.generation == first.manifest.generation
    assert universe.requests == []
    assert world.receive(0, batch="two").manifest.generation != first.manifest.generation


def test_a_body_is_stored_once_however_often_it_is_received(world, at):
    repository = world.add_source()
    world.run(0)
    again = world.receive(1, full=True)
    assert again.manifest.counts["new_rows"] == 0
    assert again.manifest.counts["received"] == 10
    repository.change(repository.identifiers()[0], at=at(2), title="Changed")
    third = world.receive(2, full=True)
    assert third.manifest.counts["new_rows"] == 1
    assert len(third.manifest.parts) == 2


def test_the_same_answers_give_the_same_tables(world):
    world.add_source()
    one, other = world.receive(0), world.receive(0)
    hashes = [{name: [file.sha256 for file in each.manifest.tables[name]] for name in ("index", "rows")} for each in (one, other)]
    assert hashes[0] == hashes[1]
    assert one.manifest.generation != other.manifest.generation


def test_a_failed_harvest_goes_on_at_the_page_that_is_missing(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 3),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    universe.faults("lib")
    universe.clear_requests()
    raw = world.receive(0)
    assert sum("verb=ListRecords" in seen.query for seen in universe.requests) == 1
    assert raw.manifest.facts["completeness"]["pages"] == 3
    assert raw.manifest.facts["is_complete"]
    assert raw.table().num_rows == raw.manifest.counts["received"] == 12
    pages = pq.read_table(world.store.files.localise(f"{raw.manifest.reference.folder}/requests.parquet")).column("page").to_pylist()
    assert pages == [0, 1, 2, 3]


def test_a_resumed_harvest_gives_the_same_tables_as_an_undisturbed_one(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 2),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    universe.faults("lib")
    resumed, undisturbed = world.receive(0), world.receive(0)
    assert resumed.manifest.tables["rows"] == undisturbed.manifest.tables["rows"]
    assert resumed.manifest.tables["index"] == undisturbed.manifest.tables["index"]


def test_a_resumed_harvest_counts_from_the_start_of_its_first_attempt(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 3),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    universe.faults("lib")
    resumed = world.receive(0)
    first_attempt = recent_attempts(world.store, "lib")[-1]
    assert resumed.manifest.facts["started_at"] == first_attempt["started_at"]


def test_a_place_that_expired_starts_the_list_again(world, universe):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 3),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    universe.faults("lib", Faults(expired_token=Spot(3, 1)))
    raw = world.receive(0)
    assert raw.manifest.facts["is_complete"]
    assert raw.table().num_rows == 12
    assert "page 3 could not be resumed, the list was started again" in raw.manifest.facts["restarted"]


def test_a_list_without_end_stays_good_as_an_incomplete_one(world, universe):
    world.add_source()
    universe.faults("lib", Faults(endless="last_page", hidden_total=True))
    raw = world.receive(0)
    assert not raw.manifest.facts["is_complete"]
    assert raw.manifest.counts["keys"] == 10


def test_an_attempt_is_recorded_however_it_ends(world, universe, on):
    world.add_source(count=12)
    universe.faults("lib", Faults(refusals=(Refusal(503, 2),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(0)
    universe.faults("lib")
    world.receive(0)
    succeeded, failed = recent_attempts(world.store, "lib")
    assert succeeded["status"] == "succeeded"
    assert succeeded["counts"]["records"] == 12
    assert failed["status"] == "failed"
    assert failed["error"] == "TransientError"
    assert "503" in failed["reason"]
    assert failed["days"] == [str(on(0)), str(on(0))]


def test_a_source_that_is_being_harvested_is_left_alone(world):
    world.add_source()
    with world.store.hold("harvest-lib"), pytest.raises(TransientError, match="'harvest-lib' is being worked on by another run"):
        world.receive(0)
    assert recent_attempts(world.store, "lib") == []


def test_a_day_to_come_is_refused(world, on):
    world.add_source()
    with pytest.raises(ConfigurationError, match=f"{on(1)} is still to come; harvest {on(0)} or earlier"):
        world.receive(1, today=0)


def test_a_past_day_of_a_source_without_a_date_filter_is_refused(world, universe):
    world.add_source()
    url = json.dumps(universe.json_url("lib", "page"))
    extract = "{format: mapping, options: {title: /title, fields: {language: /language}}}"
    options = "{records: /items, identifier: /id, paging: {style: page, size_parameter: size, size: 5}}"
    world.configure(keys=f"protocol: json\nurl: {url}\noptions: {options}\nextract: {extract}\n")
    with pytest.raises(ConfigurationError, match="is past and the source cannot be asked for a span of dates"):
        world.receive(-1, today=0)
    assert world.receive(0).manifest.counts["received"] == 10
