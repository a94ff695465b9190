"""What people are shown of a task's results: counts, and a few rows, those with trouble first. The whole table is in the store."""

from typing import Any

from harvest_assets.config.sources import Source
from harvest_assets.stages.shapes import DERIVATIVE
from harvest_assets.stages.task_day import SHAPE, STATUSES
from harvest_assets.store.queries import parquet
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store

__all__ = ["STATUSES", "find_results", "sample_results", "summarise"]

SAMPLE = 20
_TROUBLE_FIRST = "CASE status WHEN 'failed' THEN 0 WHEN 'cancelled' THEN 1 WHEN 'succeeded' THEN 2 ELSE 3 END"
_ORDER = {"failed": 0, "cancelled": 1, "succeeded": 2}


def find_results(store: Store, source: str, task: str) -> Snapshot | None:
    """The latest results of a task for a source."""
    manifest = store.manifests.latest(task, source)
    return store.snapshot(manifest, DERIVATIVE) if manifest is not None and manifest.facts.get("shape") == SHAPE else None


def summarise(store: Store, source: Source) -> list[dict[str, Any]]:
    """One row for each task of a source that has results: how many documents of each status, and classes of failure."""
    found = [(task, find_results(store, source.slug, task)) for task in source.task_names]
    return [
        {
            "task": task,
            "day": results.day,
            "documents": results.manifest.counts["keys"],
            **{name: results.manifest.counts[name] for name in (*STATUSES, "withheld")},
            "failures": results.manifest.facts["failures"],
        }
        for task, results in found
        if results is not None
    ]


def sample_results(results: Snapshot, size: int = SAMPLE) -> list[dict[str, Any]]:
    """At most ``size`` rows, short, in order of trouble and SRN."""
    keys = f"SELECT key FROM read_parquet({parquet([results.index_path])}) ORDER BY {_TROUBLE_FIRST}, key LIMIT {size}"  # noqa: S608 - a path of ours
    rows = results.table(where=f"key IN ({keys})").to_pylist()
    return [
        {
            "srn": row["srn"],
            "status": row["status"],
            "failure": row["failure"] or "",
            "attempts": row["attempts"],
            "retry_at": row["retry_at"] or "",
            "said": (row["reason"] or row["output"])[:200],
        }
        for row in sorted(rows, key=lambda row: (_ORDER.get(row["status"], 3), row["srn"]))
    ]
