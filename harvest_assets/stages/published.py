"""Published rows: documents with their derivatives, as consumers read them, straight from the snapshots that a set refers to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.publish.rows import PUBLISHED
from harvest_assets.stages.sets import Contribution
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT
from harvest_assets.store.comparisons import State
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store


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
        for batch in self.documents.batches(where=f"live AND ({where})"):
            yield self._publish(batch)

    def _publish(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        found: dict[str, dict[str, Any]] = {}
        for task, snapshot in self.derivatives.items():
            for row in snapshot.select(batch.column("srn")):
                found.setdefault(row["srn"], {})[task] = _result(row)
        results = (
            [orjson.dumps(found[srn]).decode() if srn in found else "{}" for srn in batch.column("srn").to_pylist()] if found else None
        )
        columns = {name: batch.column(name) for name in PUBLISHED.names if name in batch.schema.names}
        columns["source"] = pa.array([self.source] * batch.num_rows, pa.string())
        columns["derivatives"] = pa.array(results if results is not None else ["{}"] * batch.num_rows, pa.string())
        return pa.RecordBatch.from_arrays([columns[name] for name in PUBLISHED.names], schema=PUBLISHED)


def open_set(store: Store, source: str, contribution: Contribution) -> OpenSet:
    """The snapshots that a contribution refers to; tasks without any result are left out."""
    derivatives = {name: store.snapshot_of(each, DERIVATIVE) for name, each in sorted(contribution.derivatives.items())}
    used = {name: each for name, each in derivatives.items() if each.manifest.counts["keys"]}
    return OpenSet(source, store.snapshot_of(contribution.documents, DOCUMENT), used)


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": row["status"], "output": orjson.Fragment(row["output"]), "reason": row["reason"]}
