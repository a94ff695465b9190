"""``sets`` and its check ``set_integrity``.

Wiring only. The verdict is made in `assemble.integrity` and kept as a row; here it is shown.
"""

import dagster as dg

from harvest_assets.config.plugins import document_tasks
from harvest_assets.defs.automation import follow_upstream
from harvest_assets.defs.batches import batch_of, days_in_order, own_days
from harvest_assets.defs.checks import integrity_spec, report_verdicts
from harvest_assets.defs.failures import filed
from harvest_assets.defs.freshness import DAILY
from harvest_assets.defs.keys import DOCUMENTS, OWNERS, SETS
from harvest_assets.defs.metadata import column_schema, describe
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.stages.sets import VERDICTS, PublishedSet, publish


@dg.asset(
    key=SETS,
    deps=[DOCUMENTS, *sorted(document_tasks())],
    partitions_def=HARVESTS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    automation_condition=follow_upstream(),
    check_specs=[integrity_spec()],
    group_name="sets",
    kinds={"python", "parquet"},
    owners=OWNERS,
    code_version="1",
    freshness_policy=DAILY,
    metadata=column_schema(VERDICTS),
)
def sets(context: dg.AssetExecutionContext, installation: InstallationResource):  # noqa: ANN201 - Dagster reads the events
    """What a source contributes on a day: enriched documents and the verdict on them, or a reference to its last accepted set."""
    opened = installation.open()
    found: list[PublishedSet] = []
    for source, days in days_in_order(context).items():
        with filed(f"sources/{source}.yaml"):
            published = publish(opened, opened.catalog.source(source), days, batch_of(context))
        for day in own_days(context)[source]:
            manifest, verdict = published[day].manifest, published[day].verdict
            described = describe(manifest, manifest.counts["live"], decision=verdict.decision, verdict=verdict.words)
            context.add_asset_metadata(described, partition_key=harvest_key(day, source))
        found += published.values()
    yield dg.Output(found)
    yield from report_verdicts(context, found)
