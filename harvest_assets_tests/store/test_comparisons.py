"""Comparisons of snapshots against plain set arithmetic."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.model.document import ACTIVE, DELETED, DOCUMENTS
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT, RAW
from harvest_assets.store.comparisons import (
    Kind,
    Loss,
    Read,
    Received,
    Reread,
    State,
    count_results,
    find_changes,
    find_retracted,
    is_published,
    measure_loss,
    sort_differences,
    write_dead_keys,
    write_due_keys,
)
from harvest_assets.store.files import Files
from harvest_assets.store.rows import with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot, TableShape

Documents = Mapping[str, tuple[bool, int]]
"""SRN → live, fingerprint."""
Results = Mapping[str, tuple[str, int]]
"""SRN → status, fingerprint; what is ``failed`` is to be looked at again now, what is ``withholding`` keeps its document back."""

KEYS = [f"s:r{number}" for number in range(7)]
DOCUMENT_STATES = st.dictionaries(st.sampled_from(KEYS), st.tuples(st.booleans(), st.integers(0, 2)), max_size=7)
STATUSES = st.sampled_from(["succeeded", "failed", "not_applicable", "withholding"])
RESULT_STATES = st.dictionaries(st.sampled_from(KEYS), st.tuples(STATUSES, st.integers(0, 2)), max_size=7)
NOW, LATER = "2026-01-02T00:00:00+00:00", "2026-01-03T00:00:00+00:00"
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Bench:
    """A store to build snapshots in, and room to compare them."""

    files: Files
    scratch: Path

    def build(self, shape: TableShape, columns: Mapping[str, list[object]]) -> Snapshot:
        with self.files.scratch() as scratch:
            writer = SnapshotWriter(self.files, scratch, shape, Origin("any", "s", "2026-01-01"), None)
            writer.append(pa.RecordBatch.from_pydict(dict(columns), schema=with_fingerprint(shape.schema)))
            return writer.finish()

    def documents(self, state: Documents, owners: Mapping[str, str] | None = None) -> Snapshot:
        rows = sorted(state)
        columns: dict[str, list[object]] = {name: [None] * len(rows) for name in DOCUMENTS.names}
        columns["srn"] = list(rows)
        columns["owner"] = [(owners or {}).get(srn, srn) for srn in rows]
        columns["state"] = [ACTIVE if state[srn][0] else DELETED for srn in rows]
        columns["properties"] = ["{}"] * len(rows)
        return self.build(DOCUMENT, {**columns, "fingerprint": [state[srn][1] for srn in rows]})

    def results(self, state: Results) -> Snapshot:
        rows = sorted(state)
        columns: dict[str, list[object]] = {
            "srn": list(rows),
            "status": [state[srn][0].replace("withholding", "succeeded") for srn in rows],
            "output": ["{}"] * len(rows),
            "reason": [None] * len(rows),
            "failure": [None] * len(rows),
            "derived_at": [None] * len(rows),
            "retry_at": [NOW if state[srn][0] == "failed" else LATER for srn in rows],
            "withholds": [state[srn][0] == "withholding" for srn in rows],
            "result_fingerprint": [state[srn][1] for srn in rows],
            "attempts": [1] * len(rows),
            "input_fingerprint": [""] * len(rows),
            "task_version": ["1"] * len(rows),
            "fingerprint": [state[srn][1] for srn in rows],
        }
        snapshot = self.build(DERIVATIVE, columns)
        withheld = sum(status == "withholding" for status, _ in state.values())
        return Snapshot(self.files, replace(snapshot.manifest, counts={**snapshot.manifest.counts, "withheld": withheld}), DERIVATIVE)

    def raw(self, deleted: Mapping[str, bool]) -> Snapshot:
        rows = sorted(deleted)
        nothing: list[object] = [b""] * len(rows)
        columns: dict[str, list[object]] = {
            "identifier": list(rows),
            "datestamp": [""] * len(rows),
            "deleted": [deleted[name] for name in rows],
            "set_specs": [[] for _ in rows],
            "body": nothing,
            "envelope": nothing,
            "page": [1] * len(rows),
            "fingerprint": [1] * len(rows),
        }
        return self.build(RAW, columns)


@contextmanager
def open_bench(folder: Path) -> Iterator[Bench]:
    files = Files(str(folder))
    with files.scratch() as scratch:
        yield Bench(files, scratch)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path) as opened:
        yield opened


def live(state: Documents) -> dict[str, int]:
    return {srn: fingerprint for srn, (is_live, fingerprint) in state.items() if is_live}


def keys_in(path: Path) -> list[str]:
    return pq.read_table(path).column("key").to_pylist()


@QUICK
@given(old=st.none() | DOCUMENT_STATES, new=DOCUMENT_STATES, streaks=st.dictionaries(st.sampled_from(KEYS), st.integers(1, 3)))
def test_a_loss_is_the_difference_of_live_keys_with_its_streaks(
    tmp_path_factory: pytest.TempPathFactory, old: Documents | None, new: Documents, streaks: dict[str, int]
) -> None:
    with open_bench(tmp_path_factory.mktemp("store")) as bench:
        earlier, target = bench.scratch / "earlier.parquet", bench.scratch / "missing.parquet"
        pq.write_table(
            pa.table({"key": pa.array(list(streaks), pa.string()), "streak": pa.array(list(streaks.values()), pa.int32())}), earlier
        )
        before = None if old is None else bench.documents(old)
        loss = measure_loss(bench.scratch, before, bench.documents(new), earlier=earlier, confirmations=3, target=target)
        missing = {key: streaks.get(key, 0) + 1 for key in live(old or {}).keys() - live(new).keys()}
        added = live(new).keys() - live(old or {}).keys()
        confirmed = sum(streak >= 3 for streak in missing.values())
        assert loss == Loss(len(live(old or {})), len(live(new)), len(missing), confirmed, len(added))
        assert [(row["key"], row["streak"]) for row in pq.read_table(target).to_pylist()] == sorted(missing.items())


def test_a_streak_grows_by_one_with_each_harvest_and_ends_when_the_document_is_back(bench: Bench) -> None:
    old = bench.documents({"a": (True, 1), "b": (True, 1)})
    earlier: Path | None = None
    confirmed: list[int] = []
    for number, state in enumerate([{}, {}, {"b": (True, 1)}, {}]):
        target = bench.scratch / f"missing-{number}.parquet"
        new = bench.documents(state)
        confirmed.append(measure_loss(bench.scratch, old, new, earlier=earlier, confirmations=2, target=target).confirmed)
        earlier = target
    assert confirmed == [0, 2, 1, 1]


@QUICK
@given(now=DOCUMENT_STATES, read=DOCUMENT_STATES, results=RESULT_STATES, found=st.tuples(RESULT_STATES, RESULT_STATES))
def test_due_are_live_documents_that_changed_or_wait_or_of_which_another_task_says_something_else(
    tmp_path_factory: pytest.TempPathFactory, now: Documents, read: Documents, results: Results, found: tuple[Results, Results]
) -> None:
    with open_bench(tmp_path_factory.mktemp("store")) as bench:
        target, dead = bench.scratch / "due.parquet", bench.scratch / "dead.parquet"
        documents, derived = bench.documents(now), bench.results(results)
        changed = {srn for srn, fingerprint in live(now).items() if live(read).get(srn) != fingerprint}
        waiting = {srn for srn, (status, _) in results.items() if status == "failed"} & live(now).keys()
        marks = [{srn: fingerprint for srn, (_, fingerprint) in each.items()} for each in found]
        said = {srn for srn in live(now) if marks[0].get(srn) != marks[1].get(srn)}
        before = Read((bench.documents(read), documents), derived, [(bench.results(found[0]), bench.results(found[1]))])
        assert write_due_keys(bench.scratch, target, documents, before, NOW) == len(changed | waiting | said)
        assert keys_in(target) == sorted(changed | waiting | said)
        first_said = Read((documents, documents), derived, [(None, bench.results(found[1]))])
        write_due_keys(bench.scratch, target, documents, first_said, "2026-01-01")
        assert keys_in(target) == sorted(found[1].keys() & live(now).keys())
        write_dead_keys(bench.scratch, dead, documents, derived, target)
        assert keys_in(dead) == sorted(results.keys() & (found[1].keys() | results.keys() - live(now).keys()))
        write_due_keys(bench.scratch, target, documents, None, NOW)
        assert keys_in(target) == sorted(live(now))
        write_dead_keys(bench.scratch, dead, documents, derived)
        assert keys_in(dead) == sorted(results.keys() - live(now).keys())


STATES = st.none() | st.tuples(DOCUMENT_STATES, st.none() | RESULT_STATES)


@QUICK
@given(before=STATES, after=STATES)
def test_changes_lead_from_one_state_to_the_other(
    tmp_path_factory: pytest.TempPathFactory,
    before: tuple[Documents, Results | None] | None,
    after: tuple[Documents, Results | None] | None,
) -> None:
    with open_bench(tmp_path_factory.mktemp("store")) as bench:
        states = [None if each is None else _as_state(bench, *each) for each in (before, after)]
        found = [(row["srn"], row["operation"]) for batch in find_changes(bench.scratch, *states) for row in batch.to_pylist()]
    one, other = _published(before), _published(after)
    upserts = {(srn, "upsert") for srn, content in other.items() if one.get(srn) != content}
    deletes = {(srn, "delete") for srn in one.keys() - other.keys()}
    assert found == sorted(upserts | deletes)


def _as_state(bench: Bench, documents: Documents, results: Results | None) -> State:
    return State(bench.documents(documents), {} if results is None else {"task": bench.results(results)})


def _published(state: tuple[Documents, Results | None] | None) -> dict[str, tuple[int, int | None]]:
    if state is None:
        return {}
    documents, results = state
    seen = {srn: (status, fingerprint) for srn, (status, fingerprint) in (results or {}).items() if status != "not_applicable"}
    shown = {srn: fingerprint for srn, fingerprint in live(documents).items() if seen.get(srn, ("",))[0] != "withholding"}
    return {srn: (fingerprint, seen[srn][1] if srn in seen else None) for srn, fingerprint in shown.items()}


def test_what_is_part_of_a_withheld_record_is_withheld_with_it(bench: Bench) -> None:
    owners = {"s:a": "s:a", "s:a:file": "s:a", "s:b": "s:b"}
    documents = bench.documents(dict.fromkeys(owners, (True, 1)), owners)
    shown, hidden = State(documents, {}), State(documents, {"task": bench.results({"s:a": ("withholding", 1)})})
    found = [(row["srn"], row["operation"]) for batch in find_changes(bench.scratch, shown, hidden) for row in batch.to_pylist()]
    assert found == [("s:a", "delete"), ("s:a:file", "delete")]
    assert documents.count(f"live AND {is_published(hidden.derivatives)}") == 1


def test_results_are_counted_by_status_and_failure(bench: Bench) -> None:
    results = bench.results({"s:a": ("failed", 1), "s:b": ("failed", 2), "s:c": ("not_applicable", 0)})
    assert count_results(bench.scratch, results) == [("failed", None, 2), ("not_applicable", None, 1)]


RECORDS = [f"r{number}" for number in range(4)]


@QUICK
@given(
    previous=st.dictionaries(st.sampled_from([(record, part) for record in RECORDS for part in ("", ":f1", ":f2")]), st.booleans()),
    received=st.dictionaries(st.sampled_from(RECORDS), st.booleans()),
    aside=st.sets(st.sampled_from(RECORDS), max_size=2),
    extracted=st.sets(st.sampled_from([f"s:{record}{part}" for record in RECORDS for part in ("", ":f1", ":f2")])),
    absent_are_gone=st.booleans(),
)
def test_a_harvest_takes_back_what_its_records_no_longer_have(
    tmp_path_factory: pytest.TempPathFactory,
    previous: dict[tuple[str, str], bool],
    received: dict[str, bool],
    aside: set[str],
    extracted: set[str],
    absent_are_gone: bool,  # noqa: FBT001 - drawn
) -> None:
    state = {f"s:{record}{part}": (is_live, 1) for (record, part), is_live in previous.items()}
    owners = {f"s:{record}{part}": f"s:{record}" for record, part in previous}
    with open_bench(tmp_path_factory.mktemp("store")) as bench:
        files = []
        if extracted:
            files = [bench.scratch / "documents.parquet"]
            pq.write_table(pa.table({"srn": sorted(extracted)}), files[0])
        reread = Reread(bench.raw(received), "received AND NOT deleted", sorted(aside), files, "s:")
        found = find_retracted(bench.scratch, bench.documents(state, owners), reread, absent_are_gone=absent_are_gone)
    expected = set()
    for srn in live(state):
        record = owners[srn].removeprefix("s:")
        if record in aside:
            continue
        is_read_without = received.get(record) is False and srn not in extracted
        is_absent = record not in received and absent_are_gone
        if is_read_without or received.get(record) is True or is_absent:
            expected.add((srn, owners[srn]))
    assert found == sorted(expected)


def kind_of(srn: str, old: dict[str, int], new: dict[str, int], raw: Mapping[str, bool], *, absent_are_gone: bool) -> str:
    if srn in new:
        return "added" if srn not in old else "changed" if old[srn] != new[srn] else "unchanged"
    name = srn.removeprefix("s:")
    if raw.get(name, False):
        return "deleted"
    return "absent" if absent_are_gone and name not in raw else "left_out"


@QUICK
@given(
    old=st.none() | DOCUMENT_STATES,
    new=DOCUMENT_STATES,
    raw=st.dictionaries(st.sampled_from([key.removeprefix("s:") for key in KEYS]), st.booleans()),
    absent_are_gone=st.booleans(),
)
def test_each_live_document_is_of_one_kind(
    tmp_path_factory: pytest.TempPathFactory, old: Documents | None, new: Documents, raw: Mapping[str, bool], *, absent_are_gone: bool
) -> None:
    with open_bench(tmp_path_factory.mktemp("store")) as bench:
        before = None if old is None else bench.documents(old)
        received = Received(bench.raw(raw), "s:", absent_are_gone)
        found = sort_differences(bench.scratch, before, bench.documents(new), received, samples=2)
    before_live, after_live = live(old or {}), live(new)
    expected: dict[str, list[str]] = {}
    for srn in sorted({*before_live, *after_live}):
        expected.setdefault(kind_of(srn, before_live, after_live, raw, absent_are_gone=absent_are_gone), []).append(srn)
    assert found == {name: Kind(len(keys), () if name == "unchanged" else tuple(keys[:2])) for name, keys in expected.items()}


def test_a_file_fares_as_its_record_does(bench: Bench) -> None:
    owners = {"s:r1:file": "s:r1", "s:r2:file": "s:r2"}
    old = bench.documents({"s:r1": (True, 1), "s:r1:file": (True, 1), "s:r2": (True, 1), "s:r2:file": (True, 1)}, owners)
    new = bench.documents({"s:r2": (True, 2), "s:r3": (True, 1)})
    found = sort_differences(bench.scratch, old, new, Received(bench.raw({"r1": True, "r2": False}), "s:", absent_are_gone=True), samples=9)
    assert {name: kind.first for name, kind in found.items()} == {
        "added": ("s:r3",),
        "changed": ("s:r2",),
        "deleted": ("s:r1", "s:r1:file"),
        "left_out": ("s:r2:file",),
    }
