"""What a document task reads: documents with the corrections of curators, what other tasks found, and its own last results."""

from collections.abc import Iterator, Mapping
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
    """One document as a task reads it, and the row of its last result."""

    document: TaskInput
    last: Mapping[str, Any] | None


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


def read_inputs(rows: pa.RecordBatch, findings: Mapping[str, Snapshot], last: Snapshot | None) -> Iterator[Looked]:
    """Rows of documents (columns ``COLUMNS``) with what tasks found for them; ``last`` are the task's own last results."""
    srns = rows.column("srn")
    found: dict[str, dict[str, Finding]] = {}
    for task, snapshot in findings.items():
        for row in snapshot.select(srns):
            found.setdefault(row["srn"], {})[task] = _finding(row)
    earlier = {row["srn"]: row for row in last.select(srns)} if last is not None else {}
    for row in rows.to_pylist():
        srn = row["srn"]
        yield Looked(_document(row, found.get(srn, {}), earlier.get(srn)), earlier.get(srn))


def _document(row: Mapping[str, Any], findings: dict[str, Finding], earlier: Mapping[str, Any] | None) -> TaskInput:
    fields = {**row, "properties": orjson.loads(row["properties"])}
    for name in OVERRIDES & findings.keys():
        if findings[name].status == "succeeded":
            fields = correct(fields, findings[name].output)
    return TaskInput(**fields, findings=findings, earlier=None if earlier is None else _finding(earlier))


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(row["status"], orjson.loads(row["output"]), row["reason"])
