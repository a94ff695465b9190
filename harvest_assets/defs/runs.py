"""Runs that the command line starts: real Dagster runs, in this process, on the instance that the UI shows.

They bypass the run queue; the lock of the source keeps two harvests of it apart.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from harvest_assets.defs import jobs
from harvest_assets.defs.graph import ASSETS, build_resources
from harvest_assets.defs.harvest_config import as_run_config
from harvest_assets.defs.keys import DATASET_TAG
from harvest_assets.defs.partitions import harvest_key, range_tags, release_key
from harvest_assets.defs.sensors import source_tags
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.installation import Installation

# Dagster logs every event to standard error; the command line says in its own words what happened.
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended; ``reason`` is the first failure, for people, and ``error`` its class, where it is one of ours."""

    run_id: str
    succeeded: bool
    reason: str | None
    error: str | None = None


@contextmanager
def open_instance() -> Generator[dg.DagsterInstance]:
    """The instance below ``DAGSTER_HOME``.

    Raises:
        ConfigurationError: ``DAGSTER_HOME`` is not set, or has no ``dagster.yaml``.
    """
    home = os.environ.get("DAGSTER_HOME", "")
    if not home or not (Path(home) / "dagster.yaml").is_file():
        raise ConfigurationError(
            f"DAGSTER_HOME {home!r} is not a folder with a dagster.yaml; copy the project's there, or run `make demo` first"
        )
    with dg.DagsterInstance.get() as instance:
        yield instance


def register(instance: dg.DagsterInstance, installation: Installation) -> None:
    """Make partitions of every source and dataset that is configured, as the sensor ``new_sources`` does."""
    instance.add_dynamic_partitions("sources", sorted(installation.catalog.sources))
    instance.add_dynamic_partitions("datasets", sorted(installation.catalog.datasets))


def run_harvest(
    instance: dg.DagsterInstance,
    installation: Installation,
    source: str,
    days: Sequence[str],
    parameters: RunParameters | None = None,
    *,
    transform: bool = True,
) -> RunOutcome:
    """Harvest a source on consecutive days in one run that asks the server once, up to its sets or, without ``transform``, its records."""
    tags = {**source_tags(installation.catalog.source(source)), **(range_tags(source, days) if len(days) > 1 else {})}
    keys = [harvest_key(day, source) for day in days]
    config = as_run_config(parameters or RunParameters(), transform=transform)
    return _run(instance, jobs.HARVEST_ASSETS, keys, tags, config)


def run_sets(instance: dg.DagsterInstance, installation: Installation, source: str, day: str) -> RunOutcome:
    """Publish the set of a day again, after somebody decided about it."""
    return _run(instance, ("sets",), [harvest_key(day, source)], source_tags(installation.catalog.source(source)), {})


def run_release(instance: dg.DagsterInstance, dataset: str, day: str) -> RunOutcome:
    """Publish a dataset on a day, up to its current version."""
    return _run(instance, jobs.RELEASE_ASSETS, [release_key(dataset, day)], {DATASET_TAG: dataset}, {})


def _run(
    instance: dg.DagsterInstance, assets: Sequence[str], keys: Sequence[str], tags: Mapping[str, str], config: Mapping[str, Any]
) -> RunOutcome:
    """One run; over several partitions its tags name the range."""
    result = dg.materialize(
        ASSETS,
        instance=instance,
        resources=build_resources(),
        selection=dg.AssetSelection.assets(*assets),
        partition_key=keys[0] if len(keys) == 1 else None,
        tags=dict(tags),
        run_config={**config, **SILENT},
        raise_on_error=False,
    )
    return read_outcome(result)


def read_outcome(result: dg.ExecuteInProcessResult) -> RunOutcome:
    """How a run in this process ended."""
    return RunOutcome(result.run_id, result.success, *((None, None) if result.success else _first_failure(result)))


def _first_failure(result: dg.ExecuteInProcessResult) -> tuple[str, str | None]:
    """The first failure in words, and its class."""
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            user = event.step_failure_data.user_failure_data
            cause = error.cause or error if error else None
            words = (user.description if user else None) or (cause.message.strip().split("\n", 1)[0] if cause else "unknown")
            kind = user.metadata.get("error") if user else None
            return words, None if kind is None else str(kind.value)
    return "the run failed before its first step; see the run in the UI", None
