"""Stage raw: ``listings`` and ``raw_records``.

Wiring only. Which window is asked for, how pages are read and what proves a list complete belong to `harvest` and `stages`.
"""

from datetime import date

import dagster as dg

from harvest_assets.defs.batches import batch_of, days_to_ask, own_days
from harvest_assets.defs.failures import RETRY, Failures, filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import LISTINGS, OWNERS, RAW_RECORDS
from harvest_assets.defs.metadata import column_schema, describe, table
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.model.record import RAW_RECORDS as COLUMNS
from harvest_assets.stages.listings import LISTED, list_contents
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.snapshots import Snapshot


class HarvestConfig(dg.Config):
    """What the launchpad lets a person say about one harvest."""

    full: bool = False
    """Ask for everything, whatever the cursor says. The integrity check compares with the last accepted set all the same."""


@dg.asset(
    key=RAW_RECORDS,
    partitions_def=HARVESTS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="raw",
    kinds={"python", "parquet"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY,
    freshness_policy=DAILY,
    metadata=column_schema(COLUMNS),
)
def raw_records(context: dg.AssetExecutionContext, config: HarvestConfig, installation: InstallationResource) -> list[Snapshot]:
    """Records of one harvest exactly as the source sent them, the requests that brought them, and the proof that the list was complete."""
    opened, failures = installation.open(), Failures()
    found: list[Snapshot] = []
    for source, days in days_to_ask(context).items():
        with failures.of(f"sources/{source}.yaml"):
            request = Request(opened.catalog.source(source), [date.fromisoformat(day) for day in days], batch_of(context), full=config.full)
            harvested = harvest(opened, request)
            for snapshot in harvested.values():
                opened.store.manifests.commit(snapshot.manifest)
                _describe(context, snapshot)
            found += harvested.values()
    failures.raise_any()
    return found


def _describe(context: dg.AssetExecutionContext, snapshot: Snapshot) -> None:
    manifest = snapshot.manifest
    key = harvest_key(manifest.day, manifest.scope)
    if key in context.partition_keys:
        proof = manifest.facts["completeness"]
        more = {name: proof[name] for name in ("pages", "records", "duplicates") if proof[name] is not None}
        reasons = "; ".join(manifest.facts["incomplete_because"]) or "the whole list was seen"
        described = describe(manifest, manifest.counts["received"], complete=manifest.facts["is_complete"], proof=reasons, **more)
        context.add_asset_metadata(described, partition_key=key)


@dg.asset(
    key=LISTINGS,
    partitions_def=HARVESTS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="raw",
    kinds={"python", "parquet"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY,
    metadata=column_schema(LISTED),
)
def listings(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Manifest]:
    """What a source offers for selection, before anything is fetched: the sets of an OAI-PMH repository."""
    opened = installation.open()
    found: list[Manifest] = []
    for source, days in own_days(context).items():
        with filed(f"sources/{source}.yaml"):
            listed = list_contents(opened, opened.catalog.source(source), days[-1])
        found.append(listed.manifest)
        described = describe(listed.manifest, len(listed.rows), sample=table(listed.rows))
        context.add_asset_metadata(described, partition_key=harvest_key(days[-1], source))
    return found
