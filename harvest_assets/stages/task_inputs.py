"""What a document task reads: documents with the corrections of curators, what other tasks found, and its own last results."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from harvest_assets.config.plugins import OVERRIDES
from harvest_assets.interfaces import DocumentTask, Finding, TaskInput
from harvest_assets.model.override import correct
from harvest_assets.store.snapshots import Snapshot

COLUMNS = ("srn", "entity", "parent", "title", "url", "media_type", "datestamp", "properties")


class Looked(NamedTuple):
    """One document as a task reads it, and the rows of results that the task found for it, the last one first."""

    document: TaskInput
    known: Sequence[Mapping[str, Any]]

    def find(self, fingerprint: str, task_version: str) -> Mapping[str, Any] | None:
        """The last of them that is of an input."""
        wanted = (fingerprint, task_version)
        return next((row for row in self.known if (row["input_fingerprint"], row["task_version"]) == wanted), None)


def upstream(task: type[DocumentTask]) -> tuple[str, ...]:
    """The tasks whose results a task reads; what curators say, every other task reads."""
    return task.after if task.name in OVERRIDES else tuple(dict.fromkeys((*sorted(OVERRIDES), *task.after)))


def choose(task: DocumentTask, documents: pa.RecordBatch, corrected: pa.Array) -> tuple[pa.RecordBatch, pa.Array]:
    """The rows that a task has to look at, and the SRNs of those of its entities that have nothing that it needs.

    ``corrected`` are SRNs of documents that a curator may have given what they lack.
    """
    if task.entities:
        documents = documents.filter(pc.is_in(documents.column("entity"), value_set=pa.array(sorted(task.entities))))  # pyright: ignore[reportAttributeAccessIssue] - made at import
    if not task.needs:
        return documents, pa.array([], pa.string())
    pattern = "|".join(f'"{name}":' for name in task.needs)
    has = pc.match_substring_regex(documents.column("properties"), pattern)  # pyright: ignore[reportAttributeAccessIssue] - as above
    has = pc.or_(has, pc.is_in(documents.column("srn"), value_set=corrected))  # pyright: ignore[reportAttributeAccessIssue] - as above
    return documents.filter(has), documents.filter(pc.invert(has)).column("srn")  # pyright: ignore[reportAttributeAccessIssue] - as above


def read_inputs(rows: pa.RecordBatch, findings: Mapping[str, Snapshot], known: Sequence[Snapshot]) -> Iterator[Looked]:
    """Rows of documents (columns ``COLUMNS``) with what tasks found for them; ``known`` are results of the task itself, the last first."""
    srns = rows.column("srn")
    found: dict[str, dict[str, Finding]] = {}
    for task, snapshot in findings.items():
        for row in snapshot.select(srns):
            found.setdefault(row["srn"], {})[task] = _finding(row)
    earlier: dict[str, list[dict[str, Any]]] = {}
    for snapshot in known:
        for row in snapshot.select(srns):
            earlier.setdefault(row["srn"], []).append(row)
    for row in rows.to_pylist():
        own = earlier.get(row["srn"], [])
        yield Looked(_document(row, found.get(row["srn"], {}), own[0] if own else None), own)


def _document(row: Mapping[str, Any], findings: dict[str, Finding], earlier: Mapping[str, Any] | None) -> TaskInput:
    fields = {**row, "properties": orjson.loads(row["properties"])}
    for name in OVERRIDES & findings.keys():
        if findings[name].status == "succeeded":
            fields = correct(fields, findings[name].output)
    return TaskInput(**fields, findings=findings, earlier=None if earlier is None else _finding(earlier))


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(row["status"], orjson.loads(row["output"]), row["reason"], row["derived_at"])
