"""Sensors: new files become partitions, due sources become runs, due datasets become releases, and sources are looked at.

A run is asked for under a key that names what it is for, so that the same thing is never asked for twice; an attempt that failed or was
turned away is asked for again under the next key. Only `availability` touches the network, in threads of its own (``docs/decisions/0010``).
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import dagster as dg

from harvest_assets.config.sources import Source
from harvest_assets.defs.jobs import harvest, release
from harvest_assets.defs.keys import DATASET_TAG, HOST_TAG, SOURCE_TAG
from harvest_assets.defs.partitions import DATASETS, SOURCES, harvest_key, release_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.availability import Lookout, Round
from harvest_assets.stages.health import is_source_due, name_next_try
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.releases import is_release_due
from harvest_assets.stages.reschedules import waiting

# Other sensors wait for a tick: looks that take longer go on without it.
LOOK_SECONDS = 5.0
LOOKOUT = Lookout()
ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dg.sensor(job=harvest, minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def new_sources(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Turn new files into partitions and start their first harvest; name every file that is wrong."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    problems = [f"{each.file}: {each.message}" for each in opened.catalog.problems]
    for problem in problems:
        context.log.warning(problem)
    sources = sorted({*opened.catalog.sources} - {*context.instance.get_dynamic_partitions("sources")})
    datasets = sorted({*opened.catalog.datasets} - {*context.instance.get_dynamic_partitions("datasets")})
    now = datetime.now(UTC)
    first = [opened.catalog.source(each) for each in sources]
    runs = [_harvest_request(opened, each, now) for each in first if is_source_due(opened, each, now).is_due]
    added = [SOURCES.build_add_request(sources)] if sources else []
    added += [DATASETS.build_add_request(datasets)] if datasets else []
    if added:
        return dg.SensorResult(run_requests=runs, dynamic_partitions_requests=added)
    return dg.SensorResult(skip_reason=f"nothing new; wrong: {'; '.join(problems)}" if problems else "nothing new")


@dg.sensor(job=harvest, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def due_harvests(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Ask for a run of every source that is due and that nothing stands against; say of the others what does."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    now = datetime.now(UTC)
    known = set(context.instance.get_dynamic_partitions("sources"))
    held = dict.fromkeys((each.source for each in waiting(opened.store)), "was put off, see rescheduled_harvests")
    held |= dict.fromkeys(_busy(context.instance, SOURCE_TAG), "a run is under way")
    requests: list[dg.RunRequest] = []
    said: list[str] = []
    for source in opened.catalog.sources.values():
        decided = is_source_due(opened, source, now)
        if source.slug in known and source.slug not in held and decided.is_due:
            requests.append(_harvest_request(opened, source, now))
        else:
            said.append(f"{source.slug}: {held.get(source.slug, decided.because)}")
    return dg.SensorResult(run_requests=requests) if requests else dg.SensorResult(skip_reason="; ".join(said) or "no sources")


@dg.sensor(job=release, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def due_versions(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Ask for a release when every source that was due has a verdict or has failed; a source that fails holds up nobody."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    now = datetime.now(UTC)
    day = str(now.date())
    known = set(context.instance.get_dynamic_partitions("datasets"))
    busy, releasing = _busy(context.instance, SOURCE_TAG), _busy(context.instance, DATASET_TAG)
    requests: list[dg.RunRequest] = []
    said: list[str] = []
    for dataset in sorted(known & {*opened.catalog.datasets} - releasing):
        decided = is_release_due(opened, dataset, now, busy)
        if decided.is_due:
            key = f"{dataset}|{day}|{decided.evidence}"
            requests.append(dg.RunRequest(run_key=key, partition_key=release_key(dataset, day), tags={DATASET_TAG: dataset}))
        else:
            said.append(f"{dataset}: {decided.because}")
    return dg.SensorResult(run_requests=requests) if requests else dg.SensorResult(skip_reason="; ".join(said) or "no datasets")


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Look whether sources answer at all, each on its own frequency; one that is down is not harvested until it is up again.",
)
def availability(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Look at the sources whose time has come, and say what was seen."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    done = LOOKOUT.look(opened, datetime.now(UTC), wait_seconds=LOOK_SECONDS)
    for problem in done.problems:
        context.log.warning(problem)
    return dg.SensorResult(skip_reason=_describe_round(done))


def _describe_round(done: Round) -> str:
    said = [f"{each.source}: {'is up' if each.is_up else each.reason}" for each in done.looks]
    said += [f"{source}: a look is under way" for source in done.under_way]
    return "; ".join([*said, *done.problems]) or "no look is due"


def _harvest_request(installation: Installation, source: Source, now: datetime) -> dg.RunRequest:
    day = str(now.date())
    key = f"{source.slug}|{day}|{name_next_try(installation, source, now)}"
    return dg.RunRequest(run_key=key, partition_key=harvest_key(day, source.slug), tags=source_tags(source))


def source_tags(source: Source) -> dict[str, str]:
    """Run tags of a harvest: ``dagster.yaml`` lets one run per source go at a time."""
    return {SOURCE_TAG: source.slug, HOST_TAG: urlsplit(source.url).hostname or ""}


def _busy(instance: dg.DagsterInstance, tag: str) -> set[str]:
    """Values of a tag among the runs that have not ended."""
    runs = instance.get_runs(dg.RunsFilter(statuses=ACTIVE))
    return {run.tags[tag] for run in runs if tag in run.tags}
