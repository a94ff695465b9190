"""``dataset_versions``: immutable, numbered lists of sets. Wiring only."""

import dagster as dg

from harvest_assets.defs.automation import follow_any_upstream
from harvest_assets.defs.failures import filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import DATASET_VERSIONS, OWNERS, SETS
from harvest_assets.defs.metadata import describe, table
from harvest_assets.defs.partitions import RELEASES, SETS_OF_THE_DAY, split_release
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.stages.releases import describe_release
from harvest_assets.stages.versions import create_version
from harvest_assets.store.manifests import Manifest


@dg.asset(
    key=DATASET_VERSIONS,
    deps=[dg.AssetDep(SETS, partition_mapping=SETS_OF_THE_DAY)],
    partitions_def=RELEASES,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=follow_any_upstream(),
    group_name="versions",
    kinds={"python", "json"},
    owners=OWNERS,
    code_version="1",
    freshness_policy=DAILY,
)
def dataset_versions(context: dg.AssetExecutionContext, installation: InstallationResource) -> list[Manifest]:
    """One set of every source of a dataset, with counts, the version number and the SHA-256 of every file."""
    opened = installation.open()
    found: list[Manifest] = []
    for key in sorted(map(str, context.partition_keys)):
        dataset, day = split_release(key)
        with filed(f"datasets/{dataset}.yaml"):
            version = create_version(opened, dataset, day)
        manifest = describe_release(DATASET_VERSIONS, version, version.counts)
        members = table(
            [
                {"source": each.source, "state": each.state, "day": each.day, "live": each.live, "words": each.words}
                for each in version.members
            ]
        )
        context.add_asset_metadata(describe(manifest, version.counts["live"], version=version.number, members=members), partition_key=key)
        found.append(manifest)
    return found
