"""Jobs: one per family of partitions, because a job over both would silently take one of them."""

import dagster as dg

from harvest_assets.config.plugins import document_tasks
from harvest_assets.defs.keys import (
    CHANGES,
    CURRENT_VERSIONS,
    DATASET_VERSIONS,
    DOCUMENTS,
    EXPORTS,
    HARVEST_LEDGER,
    LISTINGS,
    RAW_RECORDS,
    SETS,
    SOURCE_HEALTH,
)

HARVEST_ASSETS = (RAW_RECORDS, DOCUMENTS, *sorted(document_tasks()), SETS)
RELEASE_ASSETS = (DATASET_VERSIONS, EXPORTS, CHANGES, CURRENT_VERSIONS)

harvest = dg.define_asset_job(
    "harvest", selection=dg.AssetSelection.assets(*HARVEST_ASSETS), description="Harvest a source on a day, up to its set."
)
release = dg.define_asset_job(
    "release", selection=dg.AssetSelection.assets(*RELEASE_ASSETS), description="Publish a dataset on a day, up to its current version."
)
list_contents = dg.define_asset_job(
    "list_contents", selection=dg.AssetSelection.assets(LISTINGS), description="Ask a source what it offers for selection."
)
check_health = dg.define_asset_job(
    "check_health",
    selection=dg.AssetSelection.assets(SOURCE_HEALTH, HARVEST_LEDGER),
    description="Look at the freshness and the troubles of every source, and write the harvest ledger as a table.",
)
