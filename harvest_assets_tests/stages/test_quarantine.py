"""The quarantine: what is kept of records that could not be read, and how they get out of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from harvest_assets.errors import ConfigurationError, TransientError
from harvest_assets.extract.mapping import Mapping
from harvest_assets.model.quarantine import QUARANTINE, Moment, Selection
from harvest_assets.stages.health import check_sources
from harvest_assets.stages.quarantine import count_groups, find_rows, observe, waiting_count
from harvest_assets.testing.faults import Faults, Spot
from harvest_assets_tests.stages.conftest import World

# -- what is kept ------------------------------------------------------------------------------------------------------------------------


def test_a_record_that_cannot_be_read_is_kept_with_all_that_is_known_of_it(world, go, rows, broken_names, on):
    _, (broken,) = broken_names()
    go(0)
    (row,) = rows()
    raw = world.raw(world.manifest("raw_records", 0)).find(broken)
    assert raw is not None
    assert world.store.files.read(row["body"]) == raw["body"]
    assert (row["source"], row["stage"], row["id"], row["identifier"]) == ("lib", "extract", broken, broken)
    assert (row["error"], row["rule"]) == ("RecordError", "field_type")
    assert row["reason"] == "field 'name' at /title is a int, declared as string"
    assert (row["first_day"], row["last_day"], row["attempts"], row["state"]) == (str(on(0)), str(on(0)), 1, "waiting")
    assert row["body_bytes"] == len(raw["body"])
    assert datetime.now(UTC) - datetime.fromisoformat(row["first_seen_at"]) < timedelta(minutes=5)
    assert (row["released_at"], row["released_by"]) == (None, None)


def test_a_record_without_a_header_is_known_by_the_sha256_of_its_bytes(world, universe, go, rows):
    world.add_source()
    universe.faults("lib", Faults(unreadable_record=Spot(1, 1)))
    go(0)
    (row,) = rows("waiting")
    assert (row["stage"], row["identifier"], row["rule"], row["id"]) == ("harvest", None, "no_header", row["body_sha256"])
    assert row["body"] == f"blobs/{row['id'][:2]}/{row['id']}.bin"
    assert world.store.files.read(row["body"]).startswith(b"<record>")


def test_the_table_is_a_parquet_file_that_pandas_reads_and_holds_no_bytes(world, go, broken_names, tmp_path):
    broken_names(3)
    go(0)
    path = tmp_path / "copy.parquet"
    path.write_bytes(world.store.files.read("quarantine/lib.parquet"))
    frame = pd.read_parquet(path)
    assert list(frame.columns) == QUARANTINE.names
    assert len(frame) == 3
    assert frame["rule"].unique().tolist() == ["field_type"]


def test_a_source_without_trouble_has_no_table(world, go):
    world.add_source()
    go(0)
    assert not world.store.quarantine.has("lib")
    assert waiting_count(world.store, "lib") == 0
    assert count_groups(world.store, Selection()) == []


def test_tries_in_vain_are_counted_over_three_days_and_the_bytes_are_kept_once(world, universe, go, rows, on):
    world.add_source()
    universe.faults("lib", Faults(unreadable_record=Spot(1)))
    go(0, 1, 2, full=True)
    (row,) = rows("waiting")
    assert (row["attempts"], row["first_day"], row["last_day"]) == (3, str(on(0)), str(on(2)))
    assert row["first_seen_at"] < row["last_seen_at"]
    assert len([path for path in world.store.files.list_below("blobs") if path.endswith(".bin")]) == 1


def test_large_bytes_leave_the_table_small(world, go, at, write_json, rows):
    repository = world.add_source(count=1)
    repository.change(repository.identifiers()[0], at=at(-5), title=1, description="x" * 3_000_000)
    write_json()
    go(0)
    assert rows()[0]["body_bytes"] > 3_000_000
    assert len(world.store.files.read("quarantine/lib.parquet")) < 20_000


def test_a_long_reason_is_cut(world):
    aside = {"stage": "harvest", "identifier": "a", "error": "RecordError", "rule": "r", "body": b"x", "reason": "y" * 5_000}
    with world.store.quarantine.edit("lib") as edit:
        edit.fail([aside], Moment("2026-11-01", "2026-11-01T00:00:00.000000+00:00"))
    assert world.store.quarantine.table("lib")["reason"].to_pylist() == ["y" * 1_000]


def test_a_record_that_is_set_aside_many_times_over_several_batches_is_one_row(world):
    aside = {"stage": "harvest", "identifier": "a", "error": "RecordError", "rule": "r", "body": b"", "reason": "old"}
    many = [{**aside, "identifier": f"id {number % 1200}", "body": b"%d" % (number % 1200)} for number in range(2_400)]
    with world.store.quarantine.edit("lib") as edit:
        edit.fail([*many, {**many[0], "reason": "new", "body": b"other"}], Moment("2026-11-01", "2026-11-01T00:00:00.000000+00:00"))
    assert waiting_count(world.store, "lib") == 1_200
    (row,) = find_rows(world.store, "lib", "id 0")
    assert (row["reason"], row["attempts"], world.store.files.read(row["body"])) == ("new", 1, b"other")


# -- the way out -------------------------------------------------------------------------------------------------------------------------


def test_a_record_that_arrives_well_later_is_released(world, go, rows, spoil, on):
    repository = world.add_source(count=6, page_size=20)
    spoiled = repository.identifiers()[2]
    spoil.add(spoiled)
    go(0)
    assert [(row["id"], row["stage"], row["rule"]) for row in rows("waiting")] == [(spoiled, "harvest", "not_well_formed")]
    spoil.clear()
    go(1, full=True)
    (row,) = rows("released")
    assert (row["id"], row["released_by"], row["attempts"]) == (spoiled, f"harvest of {on(1)}", 1)
    assert spoiled in world.live(1)


def test_a_record_that_is_well_for_a_day_and_broken_again_waits_again(world, go, rows, spoil, on):
    repository = world.add_source(count=6, page_size=20)
    spoil.add(repository.identifiers()[2])
    go(0)
    spoil.clear()
    go(1, full=True)
    spoil.add(repository.identifiers()[2])
    go(2, full=True)
    (row,) = rows()
    assert (row["state"], row["attempts"], row["first_day"], row["last_day"]) == ("waiting", 2, str(on(0)), str(on(2)))
    assert (row["released_at"], row["released_by"]) == (None, None)


def test_a_record_that_its_source_mends_is_released_though_nobody_asked(go, rows, broken_names, at, on):
    repository, (broken,) = broken_names()
    go(0)
    repository.change(broken, at=at(1), title="A name")
    go(1)
    (row,) = rows()
    assert (row["state"], row["released_by"]) == ("released", f"harvest of {on(1)}")


def test_a_record_that_had_a_document_before_it_broke_waits_until_it_is_read(world, go, rows, at, write_json):
    repository = world.add_source()
    broken = repository.identifiers()[0]
    write_json()
    go(0)
    repository.change(broken, at=at(1), title=1)
    go(1, 2)
    assert broken in world.live(2)
    assert [row["id"] for row in rows("waiting")] == [broken]


def test_a_record_that_its_source_deletes_is_gone(go, rows, broken_names, at, on):
    repository, (broken, _) = broken_names(2)
    go(0)
    repository.delete(broken, at=at(1))
    go(1)
    (row,) = rows("gone")
    assert (row["id"], row["released_by"]) == (broken, f"deleted at the source, harvest of {on(1)}")
    assert len(rows("waiting")) == 1


def test_a_record_that_a_complete_list_lacks_is_gone_and_one_that_an_incomplete_list_lacks_is_not(universe, go, rows, broken_names, on):
    repository, (broken,) = broken_names()
    go(0)
    repository.vanish(broken)
    universe.faults("lib", Faults(lying_total=3))
    go(1, full=True)
    assert [row["id"] for row in rows("waiting")] == [broken]
    universe.faults("lib")
    go(2, full=True)
    (row,) = rows("gone")
    assert row["released_by"] == f"absent from the complete list, harvest of {on(2)}"


def test_bytes_without_an_identifier_are_gone_when_a_complete_harvest_has_them_no_longer(world, universe, go, rows, on):
    world.add_source()
    universe.faults("lib", Faults(unreadable_record=Spot(1)))
    go(0, 1)
    assert len(rows("waiting")) == 1
    universe.faults("lib")
    go(2)
    (row,) = rows("gone")
    assert row["released_by"] == f"no longer sent, harvest of {on(2)}"
    assert len(world.live(2)) == 10


def test_a_new_version_of_the_extractor_reads_what_the_old_one_set_aside(world, go, rows, broken_names, monkeypatch, on):
    _, (broken,) = broken_names()
    go(0)
    monkeypatch.setattr(Mapping, "version", "next")
    monkeypatch.setattr("harvest_assets.extract.mapping._Field._check", lambda *_: None)
    go(1)
    assert broken in world.live(1)
    assert [(row["state"], row["released_by"]) for row in rows()] == [("released", f"harvest of {on(1)}")]


# -- the table ----------------------------------------------------------------------------------------------------------------------------


def test_a_table_that_is_being_changed_is_left_alone(world, go, broken_names, on):
    broken_names()
    go(0)
    with world.store.hold("quarantine-lib"), pytest.raises(TransientError, match="'quarantine-lib'"):
        observe(world.store, "lib", [str(on(0))])


def test_two_sources_are_observed_at_the_same_time(world, broken_names, on):
    for slug, count in (("lib", 2), ("press", 3)):
        broken_names(count, slug=slug)
        world.run(0, slug)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            list(pool.map(lambda slug: observe(world.store, slug, [str(on(0))]), ["lib", "press"]))
    groups = count_groups(world.store, Selection())
    assert [(each.source, each.stage, each.error, each.rule, each.records) for each in groups] == [
        ("lib", "extract", "RecordError", "field_type", 2),
        ("press", "extract", "RecordError", "field_type", 3),
    ]


def test_a_change_that_fails_leaves_the_table_as_it_was(world, go, rows, broken_names):
    broken_names()
    go(0)
    before = rows()
    with pytest.raises(KeyError, match="stage"), world.store.quarantine.edit("lib") as edit:
        edit.fail([{"body": b""}], Moment("2026-11-01", "2026-11-01T00:00:00.000000+00:00"))
    assert rows() == before


def test_a_record_that_nobody_set_aside_is_not_found(world):
    world.add_source()
    with pytest.raises(ConfigurationError, match="'nothing' of source 'lib' is not in quarantine; see: harvest quarantine list lib --all"):
        find_rows(world.store, "lib", "nothing")


def test_what_waits_is_what_health_counts_after_one_harvest(world, universe, go, broken_names):
    broken_names(2)
    universe.faults("lib", Faults(unreadable_record=Spot(2)))
    go(0)
    (health,) = check_sources(world.installation)
    assert health.set_aside == waiting_count(world.store, "lib") == 3


def test_on_an_object_store_the_table_is_replaced_and_read_anew(universe, tmp_path, s3_url, on):
    world = World(universe, tmp_path, s3_url)
    repository = world.add_source(count=2)
    universe.faults("lib", Faults(unreadable_record=Spot(1, 1)))
    for number in (0, 1):
        world.run(number)
        observe(world.store, "lib", [str(on(number))])
        assert waiting_count(world.store, "lib") == 1 - number
    assert len(repository.identifiers()) == 2
