"""Replays: records in quarantine are read again, and nothing else is lost or changed by it."""

import pytest

from harvest_assets.errors import BusyError, ConfigurationError, TransientError
from harvest_assets.model.quarantine import Moment, Selection
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.quarantine import waiting_identifiers
from harvest_assets.stages.replays import replay
from harvest_assets.testing.faults import Faults, Refusal, Spot
from harvest_assets_tests.stages.conftest import UNTYPED

STRICT = "integrity: {minimum_history: 1, maximum_loss: 0.05, maximum_turnover: 0.25, confirmations: 3}\n"


def test_after_the_file_of_the_source_is_mended_a_replay_releases_what_could_not_be_read(world, go, rows, broken_names, write_json, on):
    _, broken = broken_names(2)
    go(0, 1)
    write_json(UNTYPED)
    done = replay(world.installation, world.source(), Selection(rule="field_type"), "fix")
    assert (done.day, done.selected, done.released, done.waiting, done.reasons) == (str(on(1)), 2, 2, 0, [])
    assert {row["released_by"] for row in rows("released")} == {f"replay of {on(1)}"}
    assert set(broken) <= world.live(1)
    assert {f"lib:{each}" for each in broken} <= set(world.published(1))
    assert [each.asset for each in done.made] == ["documents", "overrides", "sets"]
    assert done.verdict is not None
    assert (done.verdict.decision, done.verdict.evidence.missing) == ("accepted", 0)
    entry = world.store.ledger.find("replays", "lib", "fix")
    assert entry is not None
    assert (entry["released"], entry["selection"]) == (2, {"rule": "field_type"})


def test_what_a_replay_released_stays_when_the_day_is_folded_again_and_the_next_day_comes(world, go, rows, broken_names, write_json):
    _, (broken,) = broken_names()
    go(0, 1)
    write_json(UNTYPED)
    replay(world.installation, world.source(), Selection(), "fix")
    go(1)
    assert broken in world.live(1)
    go(2)
    assert broken in world.live(2)
    assert [row["state"] for row in rows()] == ["released"]


def test_what_a_replay_of_a_rejected_day_read_is_read_again_on_the_next(world, go, broken_names, write_json, at):
    repository, broken = broken_names(1, keys=STRICT, total=20)
    go(0)
    others = repository.identifiers()[5:9]
    for identifier in others:
        repository.delete(identifier, at=at(1))
    go(1)
    write_json(UNTYPED, keys=STRICT)
    done = replay(world.installation, world.source(), Selection(), "fix")
    assert done.verdict is not None
    assert (done.verdict.decision, done.released) == ("fell_back", 1)
    for identifier in others:
        repository.restore(identifier, at=at(2))
    go(2)
    assert set(broken) <= world.live(2)


def test_what_a_person_accepted_stays_accepted(world, go, broken_names, write_json, at):
    repository, broken = broken_names(1, keys=STRICT, total=20)
    go(0)
    for identifier in repository.identifiers()[5:9]:
        repository.delete(identifier, at=at(1))
    go(1)
    accept(world.store, "lib", world.manifest("documents", 1).day, "they moved")
    write_json(UNTYPED, keys=STRICT)
    done = replay(world.installation, world.source(), Selection(), "fix")
    assert done.verdict is not None
    assert (done.verdict.decision, done.verdict.reason) == ("overridden", "they moved")
    assert {f"lib:{each}" for each in broken} <= set(world.published(1))


def test_a_replay_in_vain_counts_as_a_try_and_says_why(world, go, rows, broken_names, on):
    _, broken = broken_names(2)
    go(0)
    done = replay(world.installation, world.source(), Selection(), "again")
    assert (done.released, done.waiting) == (0, 2)
    assert done.reasons == [("field 'name' at /title is a int, declared as string", 2)]
    assert {row["attempts"] for row in rows("waiting")} == {2}
    assert world.live(0).isdisjoint(broken)
    assert done.as_dict()["reasons"] == [{"reason": done.reasons[0][0], "waiting": 2}]
    assert done.as_dict()["day"] == str(on(0))


def test_a_replay_reads_only_what_is_selected(world, go, rows, broken_names, write_json):
    _, (one, other) = broken_names(2)
    go(0, 1)
    write_json(UNTYPED)
    assert replay(world.installation, world.source(), Selection(rule="not_json"), "none").selected == 0
    assert replay(world.installation, world.source(), Selection(stage="harvest"), "none").selected == 0
    assert replay(world.installation, world.source(), Selection(id=one), "one").released == 1
    assert [row["id"] for row in rows("waiting")] == [other]
    assert waiting_identifiers(world.store, "lib", Selection(stage="extract")) == [other]


def test_a_record_that_could_not_be_received_is_asked_for_alone(world, universe, go, rows, spoil, on):
    repository = world.add_source(count=6, page_size=20)
    spoiled, _, other, *_ = repository.identifiers()
    spoil.update({spoiled, other})
    go(0, 1)
    before = world.manifest("raw_records", 1)
    spoil.discard(spoiled)
    universe.clear_requests()
    done = replay(world.installation, world.source(), Selection(), "fix")
    asked = [seen.arguments for seen in universe.requests if ("verb", "GetRecord") in seen.arguments.items()]
    assert sorted(each["identifier"] for each in asked) == sorted([spoiled, other])
    assert (done.selected, done.released, done.waiting, done.day) == (2, 1, 1, str(on(1)))
    assert [each.asset for each in done.made] == ["raw_records", "documents", "overrides", "sets"]
    assert world.live(1) == set(repository.identifiers()) - {other}
    assert [(row["id"], row["attempts"]) for row in rows("waiting")] == [(other, 2)]
    after = world.manifest("raw_records", 1)
    assert after.facts["batch"] == before.facts["batch"]
    assert after.counts["received"] == before.counts["received"] + 1
    go(2)
    assert spoiled in world.live(2)


def test_what_the_day_received_stays_received_when_a_record_is_added_to_it(world, go, spoil, at):
    repository = world.add_source(count=6, page_size=20)
    spoiled, deleted, vanished, *_ = repository.identifiers()
    go(0)
    repository.change(spoiled, at=at(1), title="Changed")
    repository.delete(deleted, at=at(1))
    repository.vanish(vanished)
    spoil.add(spoiled)
    go(1, full=True)
    live = world.live(1)
    spoil.clear()
    replay(world.installation, world.source(), Selection(), "fix")
    assert world.live(1) == live
    assert world.documents(1)[spoiled]["title"] == "Changed"
    assert world.raw(world.manifest("raw_records", 1)).count("received") == 5
    aside = world.manifest("raw_records", 1).tables["set_aside"]
    assert [table.rows for table in aside] == [0]


def test_a_record_that_was_deleted_meanwhile_is_gone_after_it_was_asked_for(world, go, rows, spoil, at, on):
    repository = world.add_source(count=6, page_size=20)
    spoiled = repository.identifiers()[0]
    spoil.add(spoiled)
    go(0)
    repository.delete(spoiled, at=at(0))
    done = replay(world.installation, world.source(), Selection(), "fix")
    assert (done.released, done.gone) == (0, 1)
    assert rows("gone")[0]["released_by"] == f"deleted at the source, replay of {on(0)}"


def test_a_protocol_that_cannot_ask_for_one_record_says_so_and_the_others_are_read_all_the_same(
    world, universe, go, broken_names, write_json
):
    broken_names()
    go(0, 1)
    (row,) = world.store.quarantine.table("lib").to_pylist()
    aside = {**row, "stage": "harvest", "identifier": "elsewhere", "body": b"{}"}
    with world.store.quarantine.edit("lib") as edit:
        edit.fail([aside], Moment(row["last_day"], row["last_seen_at"]))
    write_json(UNTYPED)
    universe.clear_requests()
    done = replay(world.installation, world.source(), Selection(), "fix")
    assert (done.selected, done.released, done.waiting) == (2, 1, 1)
    (said,) = done.not_asked
    assert said.startswith("1 were not asked for: lib: ")
    assert "'elsewhere'" in said
    assert universe.requests == []


def test_records_without_an_identifier_wait_for_the_next_harvest(world, universe, go):
    world.add_source()
    universe.faults("lib", Faults(unreadable_record=Spot(1)))
    go(0)
    generation = world.manifest("documents", 0).generation
    done = replay(world.installation, world.source(), Selection(), "fix")
    assert done.not_asked == ["1 without an identifier cannot be asked for alone; they wait for the next harvest"]
    assert (done.waiting, done.made) == (1, [])
    assert world.manifest("documents", 0).generation == generation


def test_a_source_that_does_not_answer_leaves_everything_as_it_was(world, universe, go, rows, spoil):
    repository = world.add_source(count=6, page_size=20)
    spoil.add(repository.identifiers()[0])
    go(0)
    before = rows()
    universe.faults("lib", Faults(refusals=(Refusal(503),)))
    with pytest.raises(TransientError, match="503"):
        replay(world.installation, world.source(), Selection(), "fix")
    assert rows() == before


def test_a_disabled_source_is_not_asked(world, universe, go, spoil):
    repository = world.add_source(count=6, page_size=20)
    spoil.add(repository.identifiers()[0])
    go(0)
    world.configure("lib", "enabled: false\n")
    universe.clear_requests()
    done = replay(world.installation, world.source(), Selection(), "fix")
    assert done.not_asked == ["1 were not asked for: sources/lib.yaml says that the source is not 'enabled'"]
    assert universe.requests == []


def test_a_frozen_source_is_not_replayed(world, go, broken_names, write_json):
    broken_names()
    go(0)
    write_json(keys="frozen: true\n")
    with pytest.raises(ConfigurationError, match=r"sources/lib.yaml: 'frozen' keeps the last accepted set as it is; take the key out"):
        replay(world.installation, world.source(), Selection(), "fix")


def test_a_harvest_that_is_not_folded_is_waited_for(world, go, broken_names, on):
    broken_names()
    go(0)
    world.receive(1)
    with pytest.raises(BusyError, match=f"lib: the last harvest of {on(1)} is not folded; wait for its run to end, or harvest again"):
        replay(world.installation, world.source(), Selection(), "fix")


def test_a_source_that_is_being_harvested_is_not_replayed(world, go, broken_names):
    broken_names()
    go(0)
    with world.store.hold("harvest-lib"), pytest.raises(TransientError, match="'harvest-lib'"):
        replay(world.installation, world.source(), Selection(), "fix")
