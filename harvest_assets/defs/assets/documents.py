"""``documents``: the state of a source after a harvest.

Wiring only. Cutting responses into records belongs to `harvest`, reading a record to `extract`, folding to `stages.documents`, keeping
to the IO manager. A new source never edits this file.
"""

import dagster as dg

from harvest_assets.defs.automation import follow_upstream
from harvest_assets.defs.batches import batch_of, days_in_order, own_days
from harvest_assets.defs.failures import filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import DOCUMENTS, OWNERS, RAW_RECORDS
from harvest_assets.defs.metadata import column_schema, describe
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.model.document import DOCUMENTS as COLUMNS
from harvest_assets.stages.documents import fold
from harvest_assets.stages.quarantine import observe
from harvest_assets.store.snapshots import Snapshot


@dg.asset(
    key=DOCUMENTS,
    deps=[RAW_RECORDS],
    partitions_def=HARVESTS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=follow_upstream(),
    group_name="documents",
    kinds={"python", "parquet"},
    owners=OWNERS,
    code_version="1",
    freshness_policy=DAILY,
    metadata=column_schema(COLUMNS),
)
def documents(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Snapshot]:
    """The full state of a source after a harvest: the last accepted state and what the harvest brought; one row per SRN."""
    opened = installation.open()
    found: list[Snapshot] = []
    for source, days in days_in_order(context).items():
        with filed(f"sources/{source}.yaml"):
            folded = fold(opened, opened.catalog.source(source), days, batch_of(context))
            for day in sorted(folded):
                opened.store.manifests.commit(folded[day].manifest)
            observe(opened.store, source, list(folded))
        for day in own_days(context)[source]:
            manifest = folded[day].manifest
            described = describe(manifest, manifest.counts["keys"], verdict=manifest.facts["verdict"]["words"])
            context.add_asset_metadata(described, partition_key=harvest_key(day, source))
        found += folded.values()
    return found
