"""Stage derivatives: one asset per document task, built-in or of a plug-in.

Wiring only: a task comes in through its entry point, and with it its asset.
"""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from harvest_assets.config.plugins import document_tasks, find_document_task
from harvest_assets.defs.automation import follow_documents
from harvest_assets.defs.batches import batch_of, days_in_order, own_days
from harvest_assets.defs.failures import RETRY, filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import DOCUMENTS, OWNERS, VOCABULARIES
from harvest_assets.defs.metadata import MAX_ROWS, column_schema, describe, table
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.interfaces import DocumentTask
from harvest_assets.model.derivative import DERIVATIVES
from harvest_assets.stages.derivatives import derive
from harvest_assets.stages.listening import find_listener, find_task_listener, listening
from harvest_assets.stages.task_inputs import upstream
from harvest_assets.stages.task_reports import sample_results
from harvest_assets.stages.unknown_terms import count_unknown
from harvest_assets.store.snapshots import Snapshot

SECONDS_BETWEEN_LINES = 30.0


def build_derivative(task: type[DocumentTask]) -> dg.AssetsDefinition:
    """The asset of a document task, under its name."""

    @dg.asset(
        key=task.name,
        deps=[DOCUMENTS, *upstream(task), *task.reads],
        partitions_def=HARVESTS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=follow_documents(task.reads),
        group_name="derivatives",
        description=(task.__doc__ or "").strip() or None,
        kinds={"python", "parquet"},
        owners=OWNERS,
        code_version=task.version,
        retry_policy=RETRY,
        freshness_policy=DAILY,
        metadata=column_schema(DERIVATIVES),
    )
    def derivative(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Snapshot]:
        opened = installation.open()
        found: list[Snapshot] = []
        for source, days in days_in_order(context).items():
            with filed(f"sources/{source}.yaml"), log_progress(context):
                derived = derive(opened, opened.catalog.source(source), task.name, days, batch_of(context))
            for day in own_days(context)[source]:
                described = describe_results(derived[day])
                context.add_asset_metadata(described, partition_key=harvest_key(day, source))
            found += derived.values()
        return found

    return derivative


def describe_results(results: Snapshot) -> dict[str, Any]:
    """Counts by status, classes of failure, a few rows, those with trouble first, and terms that no vocabulary knows."""
    manifest = results.manifest
    unknown = count_unknown(results, most=MAX_ROWS) if VOCABULARIES in find_document_task(manifest.asset).reads else []
    failures = ", ".join(f"{count} {failure}" for failure, count in sorted(manifest.facts["failures"].items()))
    tables = {"sample": table(sample_results(results)), **({"unknown_terms": table(unknown)} if unknown else {})}
    return describe(manifest, manifest.counts["keys"], failures=failures or "none", **tables)


@contextmanager
def log_progress(context: dg.AssetExecutionContext) -> Generator[None]:
    """Say every half minute how far a task is; whoever listens to the run goes on listening."""
    outer, said_at = find_task_listener(), time.monotonic()

    def on_task(task: str, done: int, total: int) -> None:
        nonlocal said_at
        outer(task, done, total)
        if time.monotonic() - said_at >= SECONDS_BETWEEN_LINES:
            said_at = time.monotonic()
            context.log.info("%s: %s of %s documents", task, done, total)

    with listening(find_listener(), on_task):
        yield


derivatives = [build_derivative(task) for _, task in sorted(document_tasks().items())]
