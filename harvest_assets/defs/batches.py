"""The batch that a run belongs to, and the days of its sources.

Dagster's backfill data is not public API: it is read here only.
"""

import dagster as dg

from harvest_assets.defs.partitions import days_by_source

BACKFILL_TAG = "dagster/backfill"
RETRY_TAG = "dagster/retry_number"


def batch_of(context: dg.AssetExecutionContext) -> str:
    """The backfill that started this run, or else the run itself, or the one that it retries: what it made is not made twice for it."""
    tags = context.run.tags
    own = context.run.root_run_id if RETRY_TAG in tags and context.run.root_run_id else context.run.run_id
    return tags.get(BACKFILL_TAG) or own


def days_to_ask(context: dg.AssetExecutionContext) -> dict[str, list[str]]:
    """Source → the days to ask for, for the sources of this run: with a backfill all days that it will come to."""
    planned = _planned_days(context)
    return {source: sorted({*days, *planned.get(source, [])}) for source, days in own_days(context).items()}


def days_in_order(context: dg.AssetExecutionContext) -> dict[str, list[str]]:
    """Source → the days to go through, for the sources of this run: with a backfill also its earlier days, come or not."""
    planned = _planned_days(context)
    return {
        source: sorted({*days, *(day for day in planned.get(source, []) if day < days[-1])}) for source, days in own_days(context).items()
    }


def own_days(context: dg.AssetExecutionContext) -> dict[str, list[str]]:
    """Source → the days of this run's partitions."""
    return days_by_source(map(str, context.partition_keys))


def _planned_days(context: dg.AssetExecutionContext) -> dict[str, list[str]]:
    """Source → the days of this asset that the backfill of this run will come to."""
    name = context.run.tags.get(BACKFILL_TAG)
    found = context.instance.get_backfill(name) if name else None
    if found is None or found.asset_backfill_data is None:
        return {}
    return days_by_source(found.asset_backfill_data.get_target_partitions_subset(context.asset_key).get_partition_keys())
