"""Batches: the partitions that one run or one backfill makes, and how its runs come in any order without harm.

Dagster cuts a backfill into runs as it sees fit, and starts them as it sees fit. So the first run that reaches a source asks for all of
its days at once, every stage goes through those days in order up to the one it was started for, and what the batch has made already is
not made again (``docs/decisions/0005``).
"""

from collections.abc import Sequence

from harvest_assets.errors import ConfigurationError
from harvest_assets.store.manifests import Manifest, Reference
from harvest_assets.store.store import Store

RAW_RECORDS = "raw_records"


def made_by(store: Store, asset: str, source: str, day: str, batch: str) -> Manifest | None:
    """The partition, when this batch made it."""
    manifest = store.manifests.find(asset, source, day)
    return manifest if manifest is not None and manifest.facts["batch"] == batch else None


def days_in_order(store: Store, source: str, days: Sequence[str]) -> list[str]:
    """The days that were asked for together with the wanted ones, up to the last of them, in order.

    Raises:
        ConfigurationError: A wanted day was never harvested.
    """
    found = set(days)
    for day in days:
        raw = read_input(store, RAW_RECORDS, source, day)
        first = raw.facts["asked_for"][0]
        together = [each for each in store.manifests.days(RAW_RECORDS, source) if first <= each < day]
        found.update(each for each in together if made_by(store, RAW_RECORDS, source, each, raw.facts["batch"]))
    return sorted(found)


def read_input(store: Store, asset: str, source: str, day: str) -> Manifest:
    """The partition that a stage builds on.

    Raises:
        ConfigurationError: It does not exist.
    """
    manifest = store.manifests.find(asset, source, day)
    if manifest is None:
        raise ConfigurationError(f"{asset} has no partition {day}|{source}; harvest it first: harvest run {source} --date {day}")
    return manifest


def is_current(manifest: Manifest | None, *inputs: Reference) -> bool:
    """Whether a partition was made from exactly these generations."""
    return manifest is not None and set(inputs) <= set(manifest.inputs)
