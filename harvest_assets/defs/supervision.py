"""Supervision: harvests that found their source busy are started again, and stuck ones are ended, both without a person.

What waits and what is stuck is decided by `stages.reschedules` and `stages.stuck`; here runs are looked at, asked for and ended.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import orjson

from harvest_assets.config.sources import Source
from harvest_assets.defs.harvest_config import as_run_config
from harvest_assets.defs.jobs import harvest
from harvest_assets.defs.keys import RAW_RECORDS, SOURCE_TAG
from harvest_assets.defs.partitions import harvest_key, range_tags
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.sensors import ACTIVE, source_tags
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.gap_closing import close_gaps
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.reschedules import Reschedule, done, is_under_way, skip, waiting, was_received
from harvest_assets.stages.standing import find_refusal
from harvest_assets.stages.stuck import Stuck, end_harvest, find_stuck

RESCHEDULED_TAG = "harvest/rescheduled"
# Dagster's own tag of a run of one partition, which runs from the launchpad have in place of ours.
PARTITION_TAG = "dagster/partition/source"
RUNNING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dg.sensor(
    job=harvest,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Start harvests again, when their time has come, that found their source being harvested by another run.",
)
def rescheduled_harvests(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Ask for a run of each harvest that was put off; forget those that have been started or are no longer needed."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    busy = _busy_sources(context.instance)
    requests: list[dg.RunRequest] = []
    said: list[str] = []
    for put in waiting(opened.store):
        because = _forget(context.instance, opened, put) or _why_not_now(context.instance, opened, put, busy)
        if because is None:
            requests.append(_request(opened.catalog.source(put.source), put))
            busy.add(put.source)
        else:
            said.append(f"{put.source} {put.start} to {put.end}: {because}")
    return dg.SensorResult(run_requests=requests) if requests else dg.SensorResult(skip_reason="; ".join(said) or "nothing was put off")


@dg.sensor(
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ask again for past ranges whose harvest failed and that no other harvest has covered.",
)
def failed_gaps(installation: InstallationResource) -> dg.SensorResult:
    """Hand gaps over to ``rescheduled_harvests``."""
    try:
        said = close_gaps(installation.open(), datetime.now(UTC))
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    return dg.SensorResult(skip_reason="; ".join(said) or "no gap to close")


def _forget(instance: dg.DagsterInstance, installation: Installation, put: Reschedule) -> str | None:
    """Take a harvest out that needs not be started (again), and say why; ``None`` when it stays."""
    store, catalog = installation.store, installation.catalog
    if put.source not in catalog.sources:
        if put.source in catalog.broken_sources:
            return "the source's file is wrong"
        done(store, put)
        return "forgotten, the source's file is gone"
    runs = instance.get_runs(dg.RunsFilter(tags={RESCHEDULED_TAG: put.key}))
    if runs and all(run.is_finished for run in runs):
        done(store, put)
        return "was started"
    if not runs and was_received(store, put):
        skip(store, catalog.source(put.source), put)
        return "forgotten, another harvest has received it"
    return None


def _why_not_now(instance: dg.DagsterInstance, installation: Installation, put: Reschedule, busy: set[str]) -> str | None:
    """What it waits for. One that would be refused now is not started: it would be forgotten as one that was."""
    now = datetime.now(UTC)
    if put.retry_at > now:
        return f"not before {put.retry_at:%H:%M:%S} UTC"
    if put.source in busy or is_under_way(installation.store, put):
        return "a run is under way"
    refusal = find_refusal(installation, installation.catalog.source(put.source), now, put.parameters)
    if refusal is not None:
        return refusal
    return None if put.source in instance.get_dynamic_partitions("sources") else "the source has no partition yet"


def _request(source: Source, put: Reschedule) -> dg.RunRequest:
    days = [str(day) for day in put.days_at(datetime.now(UTC))]
    return dg.RunRequest(
        run_key=put.key,
        partition_key=harvest_key(days[0], put.source) if len(days) == 1 else None,
        run_config=dict(as_run_config(put.parameters, transform=put.transform)),
        tags={**source_tags(source), RESCHEDULED_TAG: put.key, **(range_tags(put.source, days) if len(days) > 1 else {})},
    )


def _busy_sources(instance: dg.DagsterInstance) -> set[str]:
    """Sources that have a run which has not ended."""
    return {source for run in instance.get_runs(dg.RunsFilter(statuses=ACTIVE)) if (source := _source_of(run))}


def _source_of(run: dg.DagsterRun) -> str | None:
    return run.tags.get(SOURCE_TAG) or run.tags.get(PARTITION_TAG)


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="End harvests that run too long, from which no page comes any more, or whose process is gone, and say why.",
)
def stuck_harvests(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Look at every run that is at its raw records.

    A process that lives ends when it can, and writes into the ledgers when it does: the cursor keeps what is still to be set down then.
    """
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    ended = {run_id: Stuck(**fields) for run_id, fields in orjson.loads(context.cursor or "{}").items()}
    found = dict(_find_all(context.instance, opened))
    for run_id, stuck in found.items():
        context.log.warning("%s: %s: %s", run_id, stuck.source, stuck.reason)
        _end_run(context.instance, run_id, stuck)
    left: dict[str, Stuck] = {}
    for run_id, stuck in {**ended, **found}.items():
        if stuck.source in opened.catalog.sources:
            is_held = opened.store.is_held(f"harvest-{stuck.source}")  # before: a process that ends now writes its own words last
            end_harvest(opened.store, opened.catalog.source(stuck.source), stuck)
            if is_held:
                left[run_id] = stuck
    said = [f"{stuck.source}: {stuck.reason}" for stuck in found.values()]
    cursor = orjson.dumps({run_id: asdict(stuck) for run_id, stuck in left.items()}).decode()
    return dg.SensorResult(skip_reason="; ".join(said) or "no harvest is stuck", cursor=cursor)


def _find_all(instance: dg.DagsterInstance, installation: Installation) -> Iterator[tuple[str, Stuck]]:
    """Runs that are stuck at their raw records; those at a later stage are left alone."""
    now = datetime.now(UTC)
    for record in instance.get_run_records(dg.RunsFilter(statuses=RUNNING)):
        source = installation.catalog.sources.get(_source_of(record.dagster_run) or "")
        since = _at_raw_records_since(instance, record)
        stuck = find_stuck(installation.store, source, since, now) if source is not None and since is not None else None
        if stuck is not None:
            yield record.dagster_run.run_id, stuck


def _at_raw_records_since(instance: dg.DagsterInstance, record: dg.RunRecord) -> datetime | None:
    """When the run came to its raw records, or was started, if it has not come to any stage; ``None`` when it is elsewhere."""
    steps = instance.get_run_step_stats(record.dagster_run.run_id)
    if not steps:
        return datetime.fromtimestamp(record.start_time, UTC) if record.start_time else record.update_timestamp.astimezone(UTC)
    for step in steps:
        if step.step_key == RAW_RECORDS and step.status is not None and step.status.value == "IN_PROGRESS" and step.start_time:
            return datetime.fromtimestamp(step.start_time, UTC)
    return None


def _end_run(instance: dg.DagsterInstance, run_id: str, stuck: Stuck) -> None:
    """Ask the process of a run to end where it lives and can be asked; otherwise the run has failed."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return
    instance.report_engine_event(stuck.reason, run)
    if not (stuck.is_alive and _terminate(instance, run_id)):
        instance.report_run_failed(run, stuck.reason)


def _terminate(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the process was asked; one that the command line started, or whose code server is gone, cannot be."""
    try:
        return bool(instance.run_launcher.terminate(run_id))
    except dg.DagsterError:
        return False
