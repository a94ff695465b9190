"""``TaskDay``: one document task on one day of one source.

It looks at documents that are new or changed, at those for which a task that it reads found something else, and again at those whose time
has come (`task_rows`). What it finds to have the fingerprint of its last result, it leaves alone. A new version of a task looks at all of
them; another vocabulary, or another option, compares the fingerprints of all of them.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.config.plugins import OVERRIDES
from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.stages.careful import derive_each, examine
from harvest_assets.stages.listening import find_task_listener
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT
from harvest_assets.stages.task_inputs import COLUMNS, Looked, choose, read_inputs
from harvest_assets.stages.task_rows import Rows, Tried, fingerprint_input, not_applicable_rows
from harvest_assets.store.comparisons import Read, count_results, write_dead_keys, write_due_keys
from harvest_assets.store.queries import parquet
from harvest_assets.store.rows import regroup
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store

SHAPE = 2  # of the table; results in another one are made again
ROWS_AT_ONCE = 10_000
STATUSES = ("succeeded", "failed", "not_applicable", "cancelled")


@dataclass(slots=True)
class _Look:
    """One pass of a task over what is due, and how far it is."""

    task: DocumentTask
    now: datetime
    total: int
    ends_at: float
    done: int = 0
    calls: int = 0

    def is_over(self) -> bool:
        """Whether the time for the task is up."""
        return time.monotonic() >= self.ends_at

    def report(self) -> None:
        """Tell whoever listens."""
        find_task_listener()(self.task.name, self.done, self.total)


class TaskDay:
    """What a task works on: documents of the day, what other tasks found for them, and its own earlier results, the last first.

    The last results are what the new ones are built on; in the others is looked up what these do not know.
    """

    def __init__(self, store: Store, name: str, documents: Snapshot, findings: Mapping[str, Snapshot], known: Sequence[Snapshot]) -> None:
        self._store = store
        self._name = name
        self._documents = documents
        self._findings = findings
        self._known = known
        self._previous = known[0] if known else None

    def run(self, task: DocumentTask | None, scratch: Path, batch: str, duration: timedelta) -> Snapshot:
        """Look at what is due, carry the rest, drop what belongs to no live document; without a task nothing is left."""
        manifest, version = self._documents.manifest, "" if task is None else task.version
        inputs = (manifest.reference, *(each.manifest.reference for each in self._findings.values()))
        origin = Origin(self._name, manifest.scope, manifest.day, version, inputs)
        writer = SnapshotWriter(self._store.files, scratch, DERIVATIVE, origin, self._previous)
        facts: dict[str, Any] = {"batch": batch, "shape": SHAPE, "basis": ""}
        due, calls = None, 0
        if task is not None:
            facts["basis"] = basis = _fingerprint_basis(task)
            due = scratch / "due.parquet"
            look = self._write_due(task, basis, due, duration)
            for rows in self._look_at(look, due):
                writer.append(rows)
            calls = look.calls
        dropped = self._write_dead(scratch, due or self._documents.index_path)
        return self._count(scratch, writer, writer.finish(dropped=dropped, counts={"calls": calls}, facts=facts))

    def _write_due(self, task: DocumentTask, basis: str, due: Path, duration: timedelta) -> _Look:
        now = datetime.now(UTC)
        total = write_due_keys(due.parent, due, self._documents, self._read_before(task, basis), now.isoformat(timespec="seconds"))
        return _Look(task, now, total, time.monotonic() + duration.total_seconds())

    def _read_before(self, task: DocumentTask, basis: str) -> Read | None:
        """What the last results were made of; nothing, when all documents have to be looked at anyway."""
        if self._previous is None:
            return None
        before = self._previous.manifest
        if before.code_version != task.version or before.facts["basis"] != basis:
            return None
        read = {each.asset: each for each in before.inputs}
        documents = (self._store.snapshot_of(read.pop("documents"), DOCUMENT), self._documents)
        names = sorted({*read, *self._findings})
        findings = [(self._store.snapshot_of(read[name], DERIVATIVE) if name in read else None, self._findings.get(name)) for name in names]
        return Read(documents, self._previous, findings)

    def _look_at(self, look: _Look, due: Path) -> Iterator[pa.RecordBatch]:
        """Rows of results for the documents that are due."""
        task, corrected = look.task, self._corrected()
        findings = {name: each for name, each in self._findings.items() if each.manifest.counts["keys"]}
        where = f"live AND key IN (SELECT key FROM read_parquet({parquet([due])}))"  # noqa: S608 - a path of ours
        for documents in regroup(self._documents.batches(columns=COLUMNS, where=where), ROWS_AT_ONCE):
            chosen, lacking = choose(task, documents, corrected)
            if len(lacking):
                yield not_applicable_rows(lacking, f"its properties have none of: {', '.join(task.needs)}", task.version)
            rows = Rows(task.version, look.now)
            wanted = self._select(look, read_inputs(chosen, findings, self._known), rows)
            look.done += documents.num_rows - chosen.num_rows
            while portion := list(islice(wanted, task.portion)):
                _derive(look, portion, rows)
                yield from rows.take()
            yield from rows.take()

    def _corrected(self) -> pa.Array:
        """SRNs of the documents that curators changed."""
        found = [self._findings[name] for name in OVERRIDES if name in self._findings]
        keys = [each.table(columns=["srn"], where="status = 'succeeded'").column("srn") for each in found]
        return pa.chunked_array([pa.array([], pa.string()), *(chunk for each in keys for chunk in each.chunks)]).combine_chunks()

    def _select(self, look: _Look, inputs: Iterable[Looked], rows: Rows) -> Iterator[tuple[TaskInput, Tried]]:
        """The documents that the task has to derive something for; what stands is kept, what does not apply gets its row."""
        options = look.task.settings.model_dump(mode="json")
        for looked in inputs:
            document, found = looked.document, examine(look.task, looked.document)
            fingerprint = "" if isinstance(found, Derivative) else fingerprint_input(found, options)
            tried = Tried(fingerprint, looked.find(fingerprint, look.task.version))
            if isinstance(found, Derivative):
                look.done += 1
                rows.add(found, tried if found.status == "failed" else Tried(fingerprint))
            elif tried.last is not None and not tried.is_due(look.now.isoformat(timespec="seconds")):
                look.done += 1
                rows.keep(tried.last)
            else:
                yield document, tried

    def _write_dead(self, scratch: Path, looked_at: Path) -> Path | None:
        """Keys of results that nothing stands behind; what was looked at again has its new result, or the one that stands."""
        if self._previous is None:
            return None
        target = scratch / "dead.parquet"
        write_dead_keys(scratch, target, self._documents, self._previous, looked_at)
        return target

    def _count(self, scratch: Path, writer: SnapshotWriter, snapshot: Snapshot) -> Snapshot:
        """The results with how many there are of each status and each class of failure, and how many documents they withhold."""
        found = count_results(scratch, snapshot)
        counts = {status: sum(count for each, _, count in found if each == status) for status in STATUSES}
        counts["withheld"] = snapshot.count("withholds")
        failures = {failure or "unknown": count for status, failure, count in found if status == "failed"}
        return writer.amend(snapshot, counts=counts, facts={"failures": failures})


def _derive(look: _Look, portion: list[tuple[TaskInput, Tried]], rows: Rows) -> None:
    tried = {document.srn: each for document, each in portion}
    look.calls += len(portion)
    for result in derive_each(look.task, [document for document, _ in portion], look.is_over):
        rows.add(result, tried[result.srn])
        look.done += 1
        look.report()


def _fingerprint_basis(task: DocumentTask) -> str:
    """Fingerprint of what a task reads beside documents: its options and its own basis."""
    content = orjson.dumps([task.settings.model_dump(mode="json"), task.basis()], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()
