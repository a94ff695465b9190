"""The batch that a run belongs to, and the days of a source that it will make in all.

Dagster's backfill data is not public API: it is read here only.
"""

import dagster as dg

from harvest_assets.defs.keys import RAW_RECORDS
from harvest_assets.defs.partitions import days_by_source

BACKFILL_TAG = "dagster/backfill"


def batch_of(context: dg.AssetExecutionContext) -> str:
    """The backfill that started this run, or else the run itself: what it made is not made twice for it."""
    return context.run.tags.get(BACKFILL_TAG) or context.run.root_run_id or context.run.run_id


def days_of_batch(context: dg.AssetExecutionContext) -> dict[str, list[str]]:
    """Source → the days to ask for, for the sources of this run: with a backfill all days that it will come to."""
    own = days_by_source(map(str, context.partition_keys))
    backfill = _find_backfill(context)
    if backfill is None:
        return own
    subset = backfill.get_target_partitions_subset(dg.AssetKey(RAW_RECORDS))
    planned = days_by_source(subset.get_partition_keys())
    return {source: sorted({*days, *planned.get(source, [])}) for source, days in own.items()}


def _find_backfill(context: dg.AssetExecutionContext):  # noqa: ANN202 - a private class of Dagster
    name = context.run.tags.get(BACKFILL_TAG)
    found = context.instance.get_backfill(name) if name else None
    return found.asset_backfill_data if found else None
