"""The quarantine when days are observed again, late, or in any order."""

from datetime import UTC, datetime, timedelta

import pytest

from harvest_assets.model.quarantine import Moment, Selection
from harvest_assets.stages.quarantine import find_rows, observe, waiting_count
from harvest_assets.stages.replays import replay
from harvest_assets.testing.faults import Faults, Spot
from harvest_assets_tests.stages.conftest import TYPED, UNTYPED


def test_observing_a_day_again_changes_nothing(world, go, rows, broken_names, on):
    broken_names(2)
    go(0, 1)
    before = rows()
    for number in (1, 0, 1):
        observe(world.store, "lib", [str(on(number))])
    assert rows() == before


def test_folding_again_counts_as_a_try_only_when_the_records_are_read_again(world, go, rows, broken_names, on):
    broken_names()
    go(0)
    world.fold(0)
    observe(world.store, "lib", [str(on(0))])
    assert rows()[0]["attempts"] == 1
    go(0)
    assert rows()[0]["attempts"] == 2


def test_days_that_one_list_brought_count_as_one_try(world, universe, rows, at, on):
    repository = world.add_source(count=0)
    for number in (-5, -4, -3):
        repository.add(at=at(number))
    universe.faults("lib", Faults(unreadable_record=Spot(1)))
    world.receive(-5, -4, -3, today=0)
    for number in (-3, -5, -4):
        world.fold(number)
        observe(world.store, "lib", [str(on(number))])
    (row,) = rows()
    assert (row["attempts"], row["first_day"], row["last_day"]) == (1, str(on(-5)), str(on(-3)))


def test_trouble_with_a_past_day_does_not_wake_what_was_well_later(world, go, rows, broken_names, write_json, on):
    repository, (broken,) = broken_names()
    go(0)
    write_json(UNTYPED)
    replay(world.installation, world.source(), Selection(), "fix")
    write_json(TYPED)
    world.receive(-5, today=0)
    world.fold(-5)
    observe(world.store, "lib", [str(on(-5))])
    (row,) = rows()
    assert (row["state"], row["first_day"], row["attempts"]) == ("released", str(on(-5)), 2)
    assert broken in repository.identifiers()


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1,)])
def test_the_order_in_which_days_are_observed_does_not_matter(world, universe, rows, spoil, on, order):
    repository = world.add_source(count=6, page_size=20)
    spoiled = repository.identifiers()[2]
    spoil.add(spoiled)
    for number in (0, 1):
        world.receive(number, full=True)
        world.fold(number)
        spoil.clear()
    for number in order:
        observe(world.store, "lib", [str(on(number))])
    found = [(row["id"], row["state"], row["released_by"]) for row in rows()]
    assert found == ([] if order == (1,) else [(spoiled, "released", f"harvest of {on(1)}")])
    assert universe.requests


def test_only_committed_documents_count(world, broken_names, on):
    broken_names()
    world.receive(0)
    observe(world.store, "lib", [str(on(0))])
    assert not world.store.quarantine.has("lib")


def test_what_was_settled_long_ago_is_forgotten_and_its_bytes_stay(world, go, rows, broken_names, write_json, on):
    broken_names()
    go(0)
    write_json(UNTYPED)
    replay(world.installation, world.source(), Selection(), "fix")
    (row,) = rows("released")
    for days, left in ((89, 1), (91, 0)):
        observe(world.store, "lib", [str(on(0))], now=datetime.now(UTC) + timedelta(days=days))
        assert len(rows()) == left
    assert world.store.files.has(row["body"])


def test_what_waits_is_not_forgotten(world, go, broken_names, on):
    broken_names()
    go(0)
    observe(world.store, "lib", [str(on(0))], now=datetime.now(UTC) + timedelta(days=900))
    assert waiting_count(world.store, "lib") == 1


def test_what_an_earlier_day_says_does_not_replace_what_a_later_day_said(world):
    aside = {"stage": "extract", "identifier": "a", "error": "RecordError", "rule": "r"}
    tries = [("2026-11-03", "2026-11-03", "later"), ("2026-11-01", "2026-11-04", "earlier"), ("2026-11-03", "2026-11-05", "last")]
    said = []
    for day, made, reason in tries:
        with world.store.quarantine.edit("lib") as edit:
            answer = {**aside, "reason": reason, "body": b"" if reason == "last" else reason.encode()}
            edit.fail([answer], Moment(day, f"{made}T00:00:00.000000+00:00"))
        said.append(world.store.quarantine.table("lib")["reason"].to_pylist())
    (row,) = find_rows(world.store, "lib", "a")
    assert said == [["later"], ["later"], ["last"]]
    assert (row["attempts"], row["first_day"], row["last_day"]) == (3, "2026-11-01", "2026-11-03")
    assert (row["first_seen_at"][:10], row["last_seen_at"][:10]) == ("2026-11-03", "2026-11-05")
    assert world.store.files.read(row["body"]) == b"later"  # an answer without bytes leaves the old ones
