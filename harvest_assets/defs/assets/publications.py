"""Stage publications: ``exports``, ``changes``, ``current_versions``. Wiring only."""

import dagster as dg

from harvest_assets.defs.automation import follow_upstream
from harvest_assets.defs.failures import RETRY, filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import CHANGES, CURRENT_VERSIONS, DATASET_VERSIONS, EXPORTS, OWNERS
from harvest_assets.defs.metadata import column_schema, describe, table
from harvest_assets.defs.partitions import RELEASES, split_release
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.publish.rows import PUBLISHED
from harvest_assets.stages.exports import export
from harvest_assets.stages.promotion import CHANGES as CHANGE_COLUMNS
from harvest_assets.stages.promotion import find_current, is_newer, preview_changes, promote
from harvest_assets.stages.releases import describe_release, version_of
from harvest_assets.store.manifests import Manifest


@dg.asset(
    key=EXPORTS,
    deps=[DATASET_VERSIONS],
    partitions_def=RELEASES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=follow_upstream(),
    group_name="publications",
    kinds={"parquet", "json"},
    owners=OWNERS,
    code_version="1",
    freshness_policy=DAILY,
    metadata=column_schema(PUBLISHED),
)
def exports(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Manifest]:
    """A version as files that need nothing of ours: ``documents.jsonl.gz`` and ``documents.parquet``."""
    opened = installation.open()
    found: list[Manifest] = []
    for key in sorted(map(str, context.partition_keys)):
        with filed(f"exports {key}"):
            manifest = export(opened, version_of(opened.store, *split_release(key)))
        files = table(
            [
                {"file": f"{manifest.reference.folder}/{each.name}", "bytes": each.bytes, "sha256": each.sha256}
                for (each,) in manifest.tables.values()
            ]
        )
        context.add_asset_metadata(describe(manifest, manifest.counts["live"], files=files), partition_key=key)
        found.append(manifest)
    return found


@dg.asset(
    key=CHANGES,
    deps=[DATASET_VERSIONS],
    partitions_def=RELEASES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=follow_upstream(),
    group_name="publications",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="1",
    freshness_policy=DAILY,
    metadata=column_schema(CHANGE_COLUMNS),
)
def changes(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Manifest]:
    """What leads from the current version to this one: upserts and tombstones. Promotion gives them their sequence numbers."""
    opened = installation.open()
    found: list[Manifest] = []
    for key in sorted(map(str, context.partition_keys)):
        with filed(f"changes {key}"):
            version = version_of(opened.store, *split_release(key))
            counts = preview_changes(opened.store, version)
        manifest = describe_release(CHANGES, version, counts)
        context.add_asset_metadata(describe(manifest, sum(counts.values())), partition_key=key)
        found.append(manifest)
    return found


@dg.asset(
    key=CURRENT_VERSIONS,
    deps=[EXPORTS, CHANGES],
    partitions_def=RELEASES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=follow_upstream(),
    group_name="publications",
    kinds={"json"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY,
    freshness_policy=DAILY,
)
def current_versions(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Manifest]:
    """Which version is current: one pointer per dataset, moved in one step, and the change feed that says what moved."""
    opened = installation.open()
    found: list[Manifest] = []
    for key in sorted(map(str, context.partition_keys)):
        with filed(f"current_versions {key}"):
            version = version_of(opened.store, *split_release(key))
            is_next = opened.catalog.dataset(version.dataset).promote == "auto" and is_newer(opened.store, version)
            sequence = promote(opened.store, version.dataset, version.number).last if is_next else 0
        manifest = describe_release(CURRENT_VERSIONS, version, {"promoted": int(is_next), "sequence": sequence})
        now_current = find_current(opened.store, version.dataset) or 0
        context.add_asset_metadata(describe(manifest, version.counts["live"], current=now_current), partition_key=key)
        found.append(manifest)
    return found
