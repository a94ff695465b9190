"""Replays that the command line starts: the job ``replay_quarantine`` in this process, on the instance that the UI shows."""

import dagster as dg

from harvest_assets.defs.replays import OP, replay_quarantine
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.runs import SILENT, RunOutcome, read_outcome
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
    return read_outcome(result)
