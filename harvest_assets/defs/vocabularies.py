"""When vocabularies are loaded: every day, because those at an address change, and as soon as a local file was written."""

import dagster as dg

from harvest_assets.defs.keys import VOCABULARIES
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.vocabulary_files import fingerprint_files

load_vocabularies = dg.define_asset_job(
    "load_vocabularies",
    selection=dg.AssetSelection.assets(VOCABULARIES),
    description="Read every vocabulary again; those that changed get a new version.",
)

daily_vocabularies = dg.ScheduleDefinition(
    name="daily_vocabularies",
    job=load_vocabularies,
    cron_schedule="15 0 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.sensor(job=load_vocabularies, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def changed_vocabularies(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Load the vocabularies again when a file of ``vocabularies/`` was written; the cursor says which state was loaded."""
    try:
        opened = installation.open()
    except ConfigurationError as error:
        return dg.SensorResult(skip_reason=str(error))
    found = fingerprint_files(opened.settings.config_folder) or ""
    if found == (context.cursor or ""):
        return dg.SensorResult(skip_reason="nothing changed" if found else "there are no vocabularies")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"vocabularies|{found}")], cursor=found)
