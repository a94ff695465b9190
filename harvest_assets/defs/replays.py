"""The job ``replay_quarantine``: records that were set aside are read again, by class, after a fix.

One run for any number of sources; each has its latest day made again, up to its set. Data first: everything is committed by
`stages.replays`, and the events that the UI shows follow.
"""

from collections.abc import Iterator
from enum import Enum

import dagster as dg
from pydantic import Field

from harvest_assets.defs.checks import evaluate_set
from harvest_assets.defs.failures import Failures
from harvest_assets.defs.keys import RAW_RECORDS, SETS
from harvest_assets.defs.metadata import describe, table
from harvest_assets.defs.partitions import harvest_key
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.model.quarantine import Selection
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.quarantine import count_groups
from harvest_assets.stages.replays import Replay, replay
from harvest_assets.store.manifests import Manifest

OP = "replay"


class Stage(Enum):
    """Where a record was set aside; the names are what a person writes."""

    harvest = "harvest"
    extract = "extract"


class ReplayConfig(dg.Config):
    """Which records in quarantine are read again; what is left out selects all of its kind."""

    sources: list[str] = Field(default_factory=list, description="Sources, by the name of their file; empty: all with records that wait.")
    rule: str | None = Field(
        default=None, description="The rule that the records break, such as field_type; see `harvest quarantine list`."
    )
    error: str | None = Field(default=None, description="The class of the error, such as RecordError.")
    stage: Stage | None = Field(
        default=None, description="harvest: ask the source again for single records; extract: read what was received; empty: both."
    )

    def selection(self) -> Selection:
        """The rows of any source that are meant."""
        return Selection(stage=self.stage.value if self.stage else None, error=self.error, rule=self.rule)


@dg.op(name=OP, out=dg.Out(dg.Nothing), description="Read records in quarantine again, source by source, each up to its set.")
def replay_op(context: dg.OpExecutionContext, config: ReplayConfig, installation: InstallationResource) -> Iterator[object]:
    """A source that fails does not keep the others from being replayed."""
    opened, failures, done = installation.open(), Failures(), list[Replay]()
    for source in config.sources or _waiting_sources(opened, config.selection()):
        with failures.of(f"sources/{source}.yaml"):
            done.append(replay(opened, opened.catalog.source(source), config.selection(), context.run_id))
    for each in done:
        yield from map(materialize, each.made)
        if each.verdict is not None:
            evaluate_set(context, harvest_key(str(each.day), each.source), each.verdict)
    context.add_output_metadata({"replays": table([_as_row(each) for each in done])})
    failures.raise_any()
    yield dg.Output(None)


@dg.job(
    description="Read records in quarantine again, after a source or its file was mended. Choose them in the configuration: by source, "
    "rule, error and stage. The latest day of each source is made again, up to its set; a release publishes it."
)
def replay_quarantine() -> None:
    """One op: see `ReplayConfig`."""
    replay_op()


def _waiting_sources(installation: Installation, selection: Selection) -> list[str]:
    """Sources with selected records that wait; those that are no longer configured are left alone."""
    found = sorted({group.source for group in count_groups(installation.store, selection)})
    return [source for source in found if source in installation.catalog.sources]


def materialize(manifest: Manifest) -> dg.AssetMaterialization:
    """The event of a partition that was made and committed beside the graph's own steps."""
    rows = manifest.counts[{RAW_RECORDS: "received", SETS: "live"}.get(manifest.asset, "keys")]
    return dg.AssetMaterialization(manifest.asset, partition=harvest_key(manifest.day, manifest.scope), metadata=describe(manifest, rows))


def _as_row(done: Replay) -> dict[str, str | int | None]:
    reasons = "; ".join(f"{count} for: {reason}" for reason, count in done.reasons[:3])
    counts = {"selected": done.selected, "released": done.released, "gone": done.gone, "still_waiting": done.waiting}
    return {"source": done.source, "day": done.day, **counts, "because": reasons, "not_asked": "; ".join(done.not_asked)}
