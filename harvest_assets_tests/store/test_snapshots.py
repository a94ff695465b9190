"""Snapshots against a plain dictionary: random histories of inserts, changes, deletes, re-runs and folds."""

import random
import secrets
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.errors import IntegrityError
from harvest_assets.store import snapshot_writer
from harvest_assets.store.files import Files
from harvest_assets.store.manifests import Manifests
from harvest_assets.store.rows import ROWS_PER_GROUP, RowFiles, regroup, with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot, TableShape, verify

SHAPE = TableShape(
    "name", pa.schema([pa.field("name", pa.string(), nullable=False), pa.field("value", pa.int64())]), {"even": "value % 2 = 0"}
)


def write_day(files: Files, day: int, previous: Snapshot | None, upserts: list[tuple[str, int]], dropped: list[str]) -> Snapshot:
    with files.scratch() as scratch:
        writer = SnapshotWriter(files, scratch, SHAPE, Origin("numbers", "s", f"2026-01-{day:02d}"), previous)
        for start in range(0, len(upserts), 3):
            some = upserts[start : start + 3]
            writer.append(batch_of(some))
        gone = None
        if dropped:
            gone = scratch / "dropped.parquet"
            pq.write_table(pa.table({"key": dropped}), gone)
        snapshot = writer.finish(dropped=gone)
    Manifests(files).commit(snapshot.manifest)
    return snapshot


def content(snapshot: Snapshot) -> dict[str, int]:
    return {row["name"]: row["value"] for batch in snapshot.batches() for row in batch.to_pylist()}


def table_hashes(snapshot: Snapshot) -> dict[str, list[str]]:
    return {name: [file.sha256 for file in files] for name, files in snapshot.manifest.tables.items()}


NAMES = st.sampled_from([f"k{number}" for number in range(12)])
Days = list[tuple[list[tuple[str, int]], list[str]]]
DAYS = st.lists(
    st.tuples(st.lists(st.tuples(NAMES, st.integers(0, 3)), max_size=8), st.lists(NAMES, max_size=3, unique=True)), min_size=1, max_size=9
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=DAYS, rerun=st.integers(0, 8), limit=st.integers(1, 4))
def test_any_history_reads_like_a_dictionary(tmp_path_factory: pytest.TempPathFactory, days: Days, rerun: int, limit: int) -> None:
    follow_history(Files(str(tmp_path_factory.mktemp("store"))), days, rerun, limit)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=DAYS, rerun=st.integers(0, 8), limit=st.integers(1, 4))
def test_any_history_in_a_bucket_reads_like_a_dictionary(s3_url: str, days: Days, rerun: int, limit: int) -> None:
    follow_history(Files(f"{s3_url}/{secrets.token_hex(4)}"), days, rerun, limit)


def follow_history(files: Files, days: Days, rerun: int, limit: int) -> None:
    """Write the days, one of them twice, and compare with a dictionary after each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot_writer, "MAX_EARLIER_PARTS", limit)
        expected: dict[str, int] = {}
        previous = None
        for day, (upserts, dropped) in enumerate(days, 1):
            before = previous
            previous = write_day(files, day, before, upserts, dropped)
            if day == rerun:
                again = write_day(files, day, before, upserts, dropped)
                assert table_hashes(again) == table_hashes(previous)
                previous = again
            for name in dropped:
                expected.pop(name, None)
            expected.update(dict(upserts))
            assert content(previous) == expected
            assert previous.count() == len(expected)
            assert previous.count("even") == sum(value % 2 == 0 for value in expected.values())
            assert previous.count("received") == len(expected.keys() & dict(upserts).keys())
            assert len(previous.manifest.parts) <= limit + 1
            verify(previous)


def test_an_unchanged_day_writes_no_row_and_an_equal_index(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    rows = [(f"k{number}", number) for number in range(100)]
    first = write_day(files, 1, None, rows, [])
    second = write_day(files, 2, first, rows, [])
    assert second.manifest.counts == {"keys": 100, "new_rows": 0}
    assert second.manifest.tables["rows"] == ()
    assert [part.day for part in second.manifest.parts] == ["2026-01-01"]
    assert table_hashes(second)["index"] == table_hashes(first)["index"]


def test_one_changed_row_is_all_that_a_day_stores(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    first = write_day(files, 1, None, [(f"k{number}", number) for number in range(1000)], [])
    second = write_day(files, 2, first, [("k7", -1)], [])
    assert second.manifest.counts["new_rows"] == 1
    assert second.find("k7")["value"] == -1
    assert second.find("k7")["part"].day == "2026-01-02"
    assert second.find("k8")["part"].day == "2026-01-01"
    assert second.find("unknown") is None


def test_rows_of_the_oldest_parts_move_when_there_are_too_many(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    snapshot = None
    for day in range(1, 29):
        snapshot = write_day(files, day, snapshot, [(f"k{day}", day)], [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot_writer, "MAX_EARLIER_PARTS", 20)
        snapshot = write_day(files, 29, snapshot, [("k29", 29)], [])
    assert [part.day for part in snapshot.manifest.parts][:1] == ["2026-01-09"]
    assert len(snapshot.manifest.parts) == 21
    assert content(snapshot) == {f"k{day}": day for day in range(1, 30)}


def test_large_tables_are_read_in_the_order_of_arrival(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    names = [f"k{number:06d}" for number in range(25_000)]
    random.Random(1).shuffle(names)  # noqa: S311 - any fixed disorder
    with files.scratch() as scratch:
        writer = SnapshotWriter(files, scratch, SHAPE, Origin("numbers", "s", "2026-01-01"), None)
        values = list(range(len(names)))
        writer.append(
            pa.RecordBatch.from_arrays([pa.array(names), pa.array(values), pa.array(values)], schema=with_fingerprint(SHAPE.schema))
        )
        snapshot = writer.finish()
    assert list(content(snapshot)) == names
    wanted = snapshot.table(where="key < 'k000010'")
    assert sorted(wanted["name"].to_pylist()) == [f"k{number:06d}" for number in range(10)]


def test_the_old_partition_is_served_until_the_manifest_is_committed(tmp_path: Path) -> None:
    files = Files(str(tmp_path))
    first = write_day(files, 1, None, [("a", 1)], [])
    with files.scratch() as scratch:
        SnapshotWriter(files, scratch, SHAPE, Origin("numbers", "s", "2026-01-01"), None).finish()
    found = Manifests(files).find("numbers", "s", "2026-01-01")
    assert found == first.manifest


def test_a_reader_sees_the_old_generation_while_the_new_one_is_written_and_after(files: Files) -> None:
    first = write_day(files, 1, None, [("a", 1), ("b", 2)], [])
    batches = first.batches()
    with files.scratch() as scratch:
        writer = SnapshotWriter(files, scratch, SHAPE, Origin("numbers", "s", "2026-01-01"), None)
        writer.append(batch_of([("a", 10)]))
        second = writer.finish()
        assert [row["value"] for batch in batches for row in batch.to_pylist()] == [1, 2]
        found = Manifests(files).find("numbers", "s", "2026-01-01")
        assert found == first.manifest
    Manifests(files).commit(second.manifest)
    assert content(second) == {"a": 10}
    assert content(Snapshot(files, Manifests(files).read(first.manifest.reference), SHAPE)) == {"a": 1, "b": 2}


def test_a_day_that_was_run_again_leaves_the_days_after_it_as_they_were(files: Files) -> None:
    first = write_day(files, 1, None, [("a", 1), ("b", 2)], [])
    second = write_day(files, 2, first, [("b", 3)], [])
    write_day(files, 1, None, [("a", 100)], [])
    assert content(Snapshot(files, second.manifest, SHAPE)) == {"a": 1, "b": 3}


def test_a_row_file_that_is_gone_is_named(files: Files) -> None:
    snapshot = write_day(files, 1, None, [("a", 1)], [])
    path = f"{snapshot.manifest.reference.folder}/rows-0000.parquet"
    files.delete(path)
    with pytest.raises(IntegrityError, match=f"'{path}' is missing from the store; restore it or run its partition again"):
        verify(Snapshot(files, snapshot.manifest, SHAPE))


def test_a_row_that_is_gone_is_counted(files: Files) -> None:
    snapshot = write_day(files, 1, None, [("a", 1), ("b", 2)], [])
    with files.scratch() as scratch:
        rows = RowFiles(scratch, with_fingerprint(SHAPE.schema))
        rows.append(batch_of([("a", 1)]))
        files.upload(f"{snapshot.manifest.reference.folder}/rows-0000.parquet", rows.finish()[0].path)
    with pytest.raises(IntegrityError, match=f"{snapshot.manifest.reference.folder}: 1 rows for 2 keys; run the partition again"):
        verify(Snapshot(files, snapshot.manifest, SHAPE))


def test_folding_stays_right_when_folded_days_are_run_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_writer, "MAX_EARLIER_PARTS", 2)
    expected: dict[str, int] = {}
    snapshot = None
    for day in range(1, 8):
        before, rows = snapshot, [(f"k{day}", day), ("shared", day)]
        once = write_day(files, day, before, rows, [])
        snapshot = write_day(files, day, before, rows, [])
        assert table_hashes(once) == table_hashes(snapshot)
        expected.update(rows)
        assert content(snapshot) == expected
        verify(snapshot)


def test_chosen_rows_come_in_the_order_in_which_they_are_stored(files: Files) -> None:
    first = write_day(files, 1, None, [("b", 1), ("a", 2), ("c", 3)], [])
    second = write_day(files, 2, first, [("b", 4)], [])
    assert [(row["name"], row["value"]) for row in second.select(pa.array(["b", "a", "none"]))] == [("a", 2), ("b", 4)]
    assert second.table(columns=["value"], where="key = 'none'").to_pylist() == []
    assert second.table(columns=["value"]).column_names == ["value"]


def batch_of(rows: list[tuple[str, int]]) -> pa.RecordBatch:
    columns = [[name for name, _ in rows], [value for _, value in rows], [value * 7 for _, value in rows]]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=with_fingerprint(SHAPE.schema))


def test_few_rows_of_many_are_found_in_every_group_and_part(files: Files) -> None:
    rows = [(f"k{number:05d}", number) for number in range(2 * ROWS_PER_GROUP + 10)]
    first = write_day(files, 1, None, rows, [])
    second = write_day(files, 2, first, [("k00007", -7)], [])
    wanted = ["k00007", f"k{ROWS_PER_GROUP - 1:05d}", f"k{ROWS_PER_GROUP:05d}", rows[-1][0]]
    found = [(row["name"], row["value"]) for row in second.select(pa.array([*wanted, "no such key"]))]
    assert found == [*((name, int(name[1:])) for name in wanted[1:]), ("k00007", -7)]
    assert list(second.select(pa.array(["no such key"]))) == []
    assert [row["name"] for row in second.table(where="key < 'k00003'").to_pylist()] == ["k00000", "k00001", "k00002"]


def test_small_batches_are_put_together_and_none_is_cut() -> None:
    batches = [batch_of([(f"k{number}", number)] * size) for number, size in enumerate((1, 2, 1, 5, 1))]
    regrouped = list(regroup(batches, 4))
    assert [each.num_rows for each in regrouped] == [4, 5, 1]
    assert pa.Table.from_batches(regrouped).equals(pa.Table.from_batches(batches))
    assert list(regroup([], 4)) == []


def test_days_that_are_not_committed_yet_build_on_each_other(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_writer, "MAX_EARLIER_PARTS", 3)
    snapshot = None
    for day in range(1, 9):
        with files.scratch() as scratch:
            writer = SnapshotWriter(files, scratch, SHAPE, Origin("numbers", "s", f"2026-01-{day:02d}"), snapshot)
            writer.append(batch_of([(f"k{day}", day)]))
            snapshot = writer.finish()
    assert Manifests(files).days("numbers", "s") == []
    assert content(snapshot) == {f"k{day}": day for day in range(1, 9)}
