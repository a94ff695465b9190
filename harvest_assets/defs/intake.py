"""The job ``take_in`` and the sensor that starts it: records that were sent to us become part of the latest day of their source.

Data first: everything is committed by `stages.intake`, and the events that the UI shows follow.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from harvest_assets.defs.checks import evaluate_set
from harvest_assets.defs.failures import filed
from harvest_assets.defs.keys import SOURCE_TAG
from harvest_assets.defs.partitions import harvest_key
from harvest_assets.defs.replays import materialize
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.sensors import ACTIVE, source_tags
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.intake import take_in, waiting_sources

OP = "lay_in"


class TakeInConfig(dg.Config):
    """Whose inbox is emptied."""

    source: str = Field(description="The source, by the name of its file.")


@dg.op(name=OP, out=dg.Out(dg.Nothing), description="Lay the records that a source sent into its latest day, up to its set.")
def take_in_op(context: dg.OpExecutionContext, config: TakeInConfig, installation: InstallationResource) -> Iterator[object]:
    """A source that is being harvested keeps its records waiting."""
    with filed(f"sources/{config.source}.yaml"):
        opened = installation.open()
        done = take_in(opened, opened.catalog.source(config.source), context.run_id)
    yield from map(materialize, done.made)
    if done.verdict is not None:
        evaluate_set(context, harvest_key(str(done.day), done.source), done.verdict)
    context.add_output_metadata({"day": done.day or "", "taken": done.taken, "older": done.older})
    yield dg.Output(None)


@dg.job(name="take_in", description="Lay records that a source sent into its latest day, up to its set; a release publishes it.")
def take_in_job() -> None:
    """One op: see `TakeInConfig`."""
    take_in_op()


@dg.sensor(
    job_name="take_in",  # given the job itself, Dagster makes the sensor anew with a parameter that it warns of
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Take records in that were sent, as soon as no run of their source is under way.",
)
def received_records(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Ask for a run for every inbox with something in it; what failed is asked for again when more arrives, and after ten minutes."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    runs = context.instance.get_runs(dg.RunsFilter(statuses=ACTIVE))
    busy = {run.tags[SOURCE_TAG] for run in runs if SOURCE_TAG in run.tags}
    waiting = waiting_sources(opened)
    now = datetime.now(UTC)
    requests = [
        dg.RunRequest(
            run_key=f"{slug}|{_fingerprint(ids)}|{now:%Y-%m-%dT%H:%M}"[:-1],
            run_config={"ops": {OP: {"config": {"source": slug}}}},
            tags=source_tags(opened.catalog.source(slug)),
        )
        for slug, ids in waiting.items()
        if slug not in busy
    ]
    said = "; ".join(f"{slug}: a run is under way, {len(waiting[slug])} records wait" for slug in sorted(busy & waiting.keys()))
    return dg.SensorResult(run_requests=requests) if requests else dg.SensorResult(skip_reason=said or "nothing was sent")


def _fingerprint(ids: Sequence[str]) -> str:
    return hashlib.sha256("".join(ids).encode()).hexdigest()[:16]
