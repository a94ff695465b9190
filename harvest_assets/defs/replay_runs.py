"""Replays that the command line starts: the job ``replay_quarantine`` in this process, on the instance that the UI shows."""

import dagster as dg

from harvest_assets.defs.replays import OP, replay_quarantine
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.runs import SILENT, RunOutcome
from harvest_assets.defs.sensors import source_tags
from harvest_assets.model.quarantine import Selection
from harvest_assets.stages.installation import Installation


def run_replay(instance: dg.DagsterInstance, installation: Installation, source: str, selection: Selection) -> RunOutcome:
    """Replay one source; what became of it is in the ledger ``replays``, under the id of the run."""
    result = replay_quarantine.execute_in_process(
        run_config={"ops": {OP: {"config": {"sources": [source], **selection.as_dict()}}}, **SILENT},
        instance=instance,
        resources={"installation": InstallationResource()},
        tags=source_tags(installation.catalog.source(source)),
        raise_on_error=False,
    )
    return RunOutcome(result.run_id, result.success, None if result.success else _read_failure(result))


def _read_failure(result: dg.ExecuteInProcessResult) -> str:
    """Why the one step failed: the op files every error of ours with its description."""
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    filed = next((each.user_failure_data.description for each in failures if each.user_failure_data), None)
    raised = next((each.error.message.strip().split("\n", 1)[0] for each in failures if each.error), None)
    return filed or raised or "the run failed before its first step; see the run in the UI"
