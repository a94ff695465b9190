"""Derivatives: the results of a document task, carried forward while what the task reads of a document stands.

A task looks at documents that are new or changed, and again at those where it failed, up to ``MAX_ATTEMPTS`` times. A new version of a
task looks at all of them. A document that the task no longer applies to loses its result.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from harvest_assets.config.plugins import find_document_task
from harvest_assets.config.sources import Source
from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.derivative import DERIVATIVES, Derivative
from harvest_assets.model.fingerprint import fingerprints
from harvest_assets.stages.batches import days_in_order, is_current, made_by, read_input
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT
from harvest_assets.store.comparisons import Looked, write_dead_keys, write_due_keys
from harvest_assets.store.queries import literal, parquet
from harvest_assets.store.rows import with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot

MAX_ATTEMPTS = 5
READ = ("srn", "entity", "title", "url", "media_type", "properties")


def derive(installation: Installation, source: Source, task_name: str, days: Sequence[str], batch: str) -> dict[str, Snapshot]:
    """Run a task over the documents of days, in order: day → results, not yet committed.

    Days that were asked for together with the wanted ones come first; what the batch has derived already stays.
    """
    store = installation.store
    task = find_document_task(task_name)()
    wanted = days_in_order(store, source.slug, days)
    earlier = next(store.manifests.before(task_name, source.slug, wanted[0]), None)
    previous = None if earlier is None else store.snapshot(earlier, DERIVATIVE)
    results: dict[str, Snapshot] = {}
    for day in wanted:
        documents = read_input(store, "documents", source.slug, day)
        made = made_by(store, task_name, source.slug, day, batch)
        if made is not None and is_current(made, documents.reference):
            previous = store.snapshot(made, DERIVATIVE)
        else:
            with store.files.scratch() as scratch:
                previous = _TaskDay(installation, source, task, store.snapshot(documents, DOCUMENT), previous).run(scratch, batch)
        results[day] = previous
    return results


class _TaskDay:
    """One task on one day of one source."""

    def __init__(
        self, installation: Installation, source: Source, task: DocumentTask, documents: Snapshot, previous: Snapshot | None
    ) -> None:
        self._installation = installation
        self._source = source
        self._task = task
        self._documents = documents
        self._previous = previous
        self._given_up: list[str] = []

    def run(self, scratch: Path, batch: str) -> Snapshot:
        """Look at what is due, carry the rest, drop what belongs to no live document."""
        store, manifest = self._installation.store, self._documents.manifest
        origin = Origin(self._task.name, self._source.slug, manifest.day, self._task.version, (manifest.reference,))
        writer = SnapshotWriter(store.files, scratch, DERIVATIVE, origin, self._previous)
        due = self._write_due(scratch)
        counts = {"succeeded": 0, "failed": 0, "not_applicable": 0, "cancelled": 0}
        for derivatives in self._results(due):
            writer.append(derivatives)
            for status in derivatives.column("status").to_pylist():
                counts[status] += 1
        dead = self._write_dead(scratch, due)
        return writer.finish(dropped=dead, counts=counts, facts={"batch": batch})

    def _write_due(self, scratch: Path) -> Path | None:
        """The keys to look at, as a file; ``None`` when the source does without this task."""
        if self._task.name not in self._source.task_names:
            return None
        previous, read = self._previous, None
        if previous is not None and previous.manifest.code_version == self._task.version:
            read = self._installation.store.snapshot_of(previous.manifest.input_of("documents"), DOCUMENT)
        target = scratch / "due.parquet"
        write_due_keys(scratch, target, self._documents, previous, read)
        return target

    def _write_dead(self, scratch: Path, due: Path | None) -> Path | None:
        """Keys of results that nothing stands behind; what was looked at again has its new result, or none."""
        if self._previous is None:
            return None
        target = scratch / "dead.parquet"
        write_dead_keys(scratch, target, self._documents, self._previous, Looked(due, self._given_up))
        return target

    def _results(self, due: Path | None) -> Iterator[pa.RecordBatch]:
        if due is None:
            return
        where = f"live AND key IN (SELECT key FROM read_parquet({parquet([due])}))"  # noqa: S608 - a path of ours
        with self._installation.client(self._source) as client:
            for batch in self._documents.batches(columns=READ, where=where):
                inputs = [each for each in _inputs(batch, self._task.entities) if self._task.applies_to(each)]
                stands = self._tried(inputs)
                self._given_up += [srn for srn, attempts in stands.items() if attempts >= MAX_ATTEMPTS]
                wanted = [each for each in inputs if stands.get(each.srn, 0) < MAX_ATTEMPTS]
                if wanted:
                    found = list(self._task.derive(wanted, client, self._installation.store.blobs))
                    yield self._encode(found, wanted, stands)

    def _tried(self, inputs: list[TaskInput]) -> dict[str, int]:
        """How often each document was tried without success with the input that it has now."""
        if self._previous is None or not inputs or self._previous.manifest.code_version != self._task.version:
            return {}
        keys = ", ".join(literal(each.srn) for each in inputs)
        earlier = self._previous.table(where=f"key IN ({keys}) AND status = 'failed'")
        inputs_now = {each.srn: self._task.fingerprint(each) for each in inputs}
        rows = (row for row in earlier.to_pylist() if row["input_fingerprint"] == inputs_now[row["srn"]])
        return {row["srn"]: row["attempts"] for row in rows}

    def _encode(self, derivatives: list[Derivative], wanted: list[TaskInput], tried: Mapping[str, int]) -> pa.RecordBatch:
        """Results in order of SRN, whatever order the task found them in."""
        inputs = {each.srn: self._task.fingerprint(each) for each in wanted}
        rows = [self._row(each, inputs[each.srn], tried.get(each.srn, 0) + 1) for each in sorted(derivatives, key=lambda each: each.srn)]
        table = pa.RecordBatch.from_pylist(rows, schema=DERIVATIVES)
        contents = (orjson.dumps([row["status"], row["output"], row["reason"], *_trial(row)]) for row in rows)
        return pa.RecordBatch.from_arrays([*table.columns, fingerprints(contents)], schema=with_fingerprint(DERIVATIVES))

    def _row(self, derivative: Derivative, input_fingerprint: str, attempts: int) -> dict[str, Any]:
        return {
            "srn": derivative.srn,
            "status": derivative.status,
            "output": orjson.dumps(derivative.output, option=orjson.OPT_SORT_KEYS).decode(),
            "reason": derivative.reason,
            "attempts": attempts,
            "input_fingerprint": input_fingerprint,
            "task_version": self._task.version,
        }


def _trial(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a failure is about and how often it happened, so that trying ends; of no interest in a success."""
    return (row["attempts"], row["input_fingerprint"]) if row["status"] == "failed" else (0,)


def _inputs(batch: pa.RecordBatch, entities: frozenset[str]) -> Iterator[TaskInput]:
    chosen = batch.filter(pc.is_in(batch.column("entity"), value_set=pa.array(sorted(entities))))  # pyright: ignore[reportAttributeAccessIssue] - made at import
    for row in chosen.to_pylist():
        yield TaskInput(row["srn"], row["entity"], row["title"], row["url"], row["media_type"], orjson.loads(row["properties"]))
