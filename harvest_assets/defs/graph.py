"""The graph, put together: every asset, check, job, schedule, sensor and resource."""

import warnings

import dagster as dg

# Previews and betas that the graph rests on; each stays behind one thin module (docs/decisions/0006).
for category, message in (
    (dg.PreviewWarning, "Specifying a partitions_def on an AssetCheckSpec"),
    (dg.BetaWarning, "Parameter `backfill_policy` of function `asset`"),
    (dg.BetaWarning, "Class `MultiPartitionMapping`"),
):
    warnings.filterwarnings("ignore", category=category, message=message)

from harvest_assets.defs import intake, jobs, replays, schedules, sensors, supervision  # noqa: E402 - the filters come first
from harvest_assets.defs.assets.derivatives import derivatives  # noqa: E402
from harvest_assets.defs.assets.documents import documents  # noqa: E402
from harvest_assets.defs.assets.operations import harvest_ledger, source_health  # noqa: E402
from harvest_assets.defs.assets.publications import changes, current_versions, exports  # noqa: E402
from harvest_assets.defs.assets.raw import listings, raw_records  # noqa: E402
from harvest_assets.defs.assets.sets import sets  # noqa: E402
from harvest_assets.defs.assets.versions import dataset_versions  # noqa: E402
from harvest_assets.defs.assets.vocabularies import vocabularies  # noqa: E402
from harvest_assets.defs.io import SnapshotIOManager  # noqa: E402
from harvest_assets.defs.resources import InstallationResource  # noqa: E402
from harvest_assets.defs.vocabularies import changed_vocabularies, daily_vocabularies, load_vocabularies  # noqa: E402

ASSETS = [
    *(listings, raw_records, documents, *derivatives, sets),
    *(dataset_versions, exports, changes, current_versions),
    *(source_health, harvest_ledger, vocabularies),
]


def build_resources() -> dict[str, object]:
    """The resources of every asset and sensor."""
    installation = InstallationResource()
    return {"installation": installation, "io_manager": SnapshotIOManager(installation=installation)}


def build_definitions() -> dg.Definitions:
    """What Dagster loads. Runs are one process each: parallelism is inside a stage and between runs."""
    return dg.Definitions(
        assets=ASSETS,
        jobs=[
            *(jobs.harvest, jobs.release, jobs.list_contents, jobs.check_health),
            *(replays.replay_quarantine, load_vocabularies, intake.take_in_job),
        ],
        schedules=[schedules.hourly_health, daily_vocabularies],
        sensors=[
            sensors.new_sources,
            sensors.due_harvests,
            sensors.due_versions,
            sensors.availability,
            supervision.rescheduled_harvests,
            supervision.stuck_harvests,
            supervision.failed_gaps,
            changed_vocabularies,
            intake.received_records,
            dg.AutomationConditionSensorDefinition(
                "follow_upstream", target=dg.AssetSelection.all(), default_status=dg.DefaultSensorStatus.RUNNING, emit_backfills=False
            ),
        ],
        resources=build_resources(),
        executor=dg.in_process_executor,
    )
