"""Published rows: documents with their derivatives, as consumers read them, straight from the snapshots that a set refers to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.config.plugins import OVERRIDES
from harvest_assets.model.override import correct
from harvest_assets.publish.rows import PUBLISHED
from harvest_assets.stages.sets import Contribution
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT
from harvest_assets.store.comparisons import State, is_published
from harvest_assets.store.rows import regroup
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store

ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class OpenSet:
    """A contribution with its snapshots at hand."""

    source: str
    documents: Snapshot
    derivatives: Mapping[str, Snapshot]

    @property
    def state(self) -> State:
        """The set as comparisons read it."""
        return State(self.documents, self.derivatives)

    def batches(self, where: str = "true") -> Iterator[pa.RecordBatch]:
        """Published rows (columns ``PUBLISHED``) of the live documents whose index row satisfies a condition."""
        wanted = self.documents.batches(where=f"live AND ({where}) AND {is_published(self.derivatives)}")
        for batch in regroup(wanted, ROWS_AT_ONCE):
            yield self._publish(batch)

    def _publish(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        found: dict[str, dict[str, Any]] = {}
        for task, snapshot in self.derivatives.items():
            for row in snapshot.select(batch.column("srn"), "status <> 'not_applicable'"):
                found.setdefault(row["srn"], {})[task] = row
        batch = _correct(
            batch, {srn: orjson.loads(rows[task]["output"]) for srn, rows in found.items() for task in OVERRIDES & rows.keys()}
        )
        results = [_encode(found[srn]) if srn in found else "{}" for srn in batch.column("srn").to_pylist()]
        columns = {name: batch.column(name) for name in PUBLISHED.names if name in batch.schema.names}
        columns["source"] = pa.array([self.source] * batch.num_rows, pa.string())
        columns["derivatives"] = pa.array(results, pa.string())
        return pa.RecordBatch.from_arrays([columns[name] for name in PUBLISHED.names], schema=PUBLISHED)


def _correct(batch: pa.RecordBatch, corrections: Mapping[str, Mapping[str, Any]]) -> pa.RecordBatch:
    """Documents as curators want them; the columns stay the same."""
    if not corrections:
        return batch
    rows = batch.to_pylist()
    for number, row in enumerate(rows):
        if row["srn"] in corrections:
            changed = correct({**row, "properties": orjson.loads(row["properties"])}, corrections[row["srn"]])
            rows[number] = {**changed, "properties": orjson.dumps(changed["properties"], option=orjson.OPT_SORT_KEYS).decode()}
    return pa.RecordBatch.from_pylist(rows, schema=batch.schema)


def open_set(store: Store, source: str, contribution: Contribution) -> OpenSet:
    """The snapshots that a contribution refers to; tasks without any result are left out."""
    derivatives = {name: store.snapshot_of(each, DERIVATIVE) for name, each in sorted(contribution.derivatives.items())}
    used = {name: each for name, each in derivatives.items() if each.manifest.counts["keys"] > each.manifest.counts["not_applicable"]}
    return OpenSet(source, store.snapshot_of(contribution.documents, DOCUMENT), used)


def _encode(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The results of each task for a document, as JSON."""
    return orjson.dumps({task: {**_seen(row), "output": orjson.Fragment(row["output"])} for task, row in rows.items()}).decode()


def _seen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("status", "output", "reason")}
