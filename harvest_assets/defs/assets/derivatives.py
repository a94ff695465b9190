"""Stage derivatives: one asset per document task, built-in or of a plug-in.

Wiring only: a task comes in through its entry point, and with it its asset.
"""

import dagster as dg

from harvest_assets.config.plugins import document_tasks
from harvest_assets.defs.automation import follow_upstream
from harvest_assets.defs.batches import batch_of, days_in_order, own_days
from harvest_assets.defs.failures import RETRY, filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import DOCUMENTS, OWNERS
from harvest_assets.defs.metadata import column_schema, describe
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.interfaces import DocumentTask
from harvest_assets.model.derivative import DERIVATIVES
from harvest_assets.stages.derivatives import derive
from harvest_assets.store.snapshots import Snapshot


def build_derivative(task: type[DocumentTask]) -> dg.AssetsDefinition:
    """The asset of a document task, under its name."""

    @dg.asset(
        key=task.name,
        deps=[DOCUMENTS],
        partitions_def=HARVESTS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=follow_upstream(),
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
            with filed(f"sources/{source}.yaml"):
                derived = derive(opened, opened.catalog.source(source), task.name, days, batch_of(context))
            for day in own_days(context)[source]:
                manifest = derived[day].manifest
                context.add_asset_metadata(describe(manifest, manifest.counts["keys"]), partition_key=harvest_key(day, source))
            found += derived.values()
        return found

    return derivative


derivatives = [build_derivative(task) for _, task in sorted(document_tasks().items())]
