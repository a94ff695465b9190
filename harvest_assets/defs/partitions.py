"""The two partition definitions, and how a key is cut into its parts.

``HARVESTS`` is date by source (key ``2026-11-01|zenodo``), ``RELEASES`` dataset by date (key ``geo|2026-11-01``): Dagster sorts
dimensions by name. Sources and datasets are dynamic: a new YAML file becomes a partition through a sensor, with no reload.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence

import dagster as dg

FIRST_DAY = os.environ.get("HARVEST_FIRST_DAY", "2025-01-01")

DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=1)
SOURCES = dg.DynamicPartitionsDefinition(name="sources")
DATASETS = dg.DynamicPartitionsDefinition(name="datasets")
HARVESTS = dg.MultiPartitionsDefinition({"date": DAYS, "source": SOURCES})
RELEASES = dg.MultiPartitionsDefinition({"dataset": DATASETS, "date": DAYS})

SETS_OF_THE_DAY = dg.MultiPartitionMapping(
    {
        "date": dg.DimensionPartitionMapping("date", dg.IdentityPartitionMapping()),
        "source": dg.DimensionPartitionMapping("dataset", dg.AllPartitionMapping()),
    }
)
"""A release reads the sets of its day; which sources they belong to is the dataset's file, not a mapping."""


def harvest_key(day: str, source: str) -> dg.MultiPartitionKey:
    """The key of a harvest."""
    return dg.MultiPartitionKey({"date": day, "source": source})


def range_tags(source: str, days: Sequence[str]) -> dict[str, str]:
    """Tags of a run over several days of a source."""
    first, last = harvest_key(days[0], source), harvest_key(days[-1], source)
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def release_key(dataset: str, day: str) -> dg.MultiPartitionKey:
    """The key of a release."""
    return dg.MultiPartitionKey({"dataset": dataset, "date": day})


def days_by_source(keys: Iterable[str]) -> dict[str, list[str]]:
    """Harvest keys as source → its days, in order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key in sorted(keys):
        day, source = key.split("|")
        found[source].append(day)
    return dict(found)


def split_release(key: str) -> tuple[str, str]:
    """The dataset and the day of a release key."""
    dataset, day = key.split("|")
    return dataset, day
