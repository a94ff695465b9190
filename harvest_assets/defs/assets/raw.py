"""Stage raw: ``listings`` and ``raw_records``.

Wiring only. Which window is asked for, how pages are read and what proves a list complete belong to `harvest` and `stages`.
"""

from collections.abc import Iterator

import dagster as dg

from harvest_assets.defs.batches import batch_of, days_to_ask, own_days
from harvest_assets.defs.failures import RETRY, Failures, filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.harvest_config import HarvestConfig
from harvest_assets.defs.keys import LISTINGS, OWNERS, RAW_RECORDS
from harvest_assets.defs.metadata import column_schema, describe, table
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.model.record import RAW_RECORDS as COLUMNS
from harvest_assets.stages.listings import LISTED, list_contents
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.reschedules import put_off_when_busy
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.snapshots import Snapshot


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
    output_required=False,
)
def raw_records(
    context: dg.AssetExecutionContext, config: HarvestConfig, installation: InstallationResource
) -> Iterator[dg.Output[list[Snapshot]]]:
    """Records of one harvest exactly as the source sent them, the requests that brought them, and the proof that the list was complete."""
    opened, failures = installation.open(), Failures()
    found: list[Snapshot] = []
    for source, days in days_to_ask(context).items():
        with failures.of(f"sources/{source}.yaml"):
            request = Request(opened.catalog.source(source), config.days(days), batch_of(context), config.parameters())
            with put_off_when_busy(opened, request, transform=config.transform):
                harvested = harvest(opened, request)
            for snapshot in harvested.values():
                opened.store.manifests.commit(snapshot.manifest)
                _describe(context, snapshot, is_output=config.transform)
            found += harvested.values()
    failures.raise_any()
    if config.transform:
        yield dg.Output(found)


def _describe(context: dg.AssetExecutionContext, snapshot: Snapshot, *, is_output: bool) -> None:
    """Say what a partition holds; one that is no output of the run, or without stages after it, is reported as an event of its own."""
    manifest = snapshot.manifest
    key = harvest_key(manifest.day, manifest.scope)
    proof = manifest.facts["completeness"]
    more = {name: proof[name] for name in ("pages", "records", "duplicates") if proof[name] is not None}
    notes = {"notes": "; ".join(manifest.facts["notes"])} if manifest.facts.get("notes") else {}
    reasons = "; ".join(manifest.facts["incomplete_because"]) or "the whole list was seen"
    described = describe(manifest, manifest.counts["received"], complete=manifest.facts["is_complete"], proof=reasons, **more, **notes)
    if is_output and key in context.partition_keys:
        context.add_asset_metadata(described, partition_key=key)
    else:
        context.log_event(dg.AssetMaterialization(RAW_RECORDS, partition=key, metadata=described))


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
