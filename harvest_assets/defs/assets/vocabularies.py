"""Stage operations: ``vocabularies``, the controlled vocabularies that document tasks look terms up in. Wiring only."""

import dagster as dg

from harvest_assets.defs.failures import RETRY, filed
from harvest_assets.defs.keys import OWNERS, VOCABULARIES
from harvest_assets.defs.metadata import column_schema, table
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.stages import vocabulary_rows
from harvest_assets.stages.isolation import Processes
from harvest_assets.stages.vocabularies import describe, load

ALL_LOADED = "vocabularies_are_loaded"


@dg.asset(
    key=VOCABULARIES,
    group_name="operations",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="1",
    retry_policy=RETRY,
    check_specs=[dg.AssetCheckSpec(ALL_LOADED, asset=VOCABULARIES, description="Could every vocabulary be read?")],
    metadata=column_schema(vocabulary_rows.VOCABULARIES),
)
def vocabularies(context: dg.AssetExecutionContext, installation: InstallationResource):  # noqa: ANN201 - Dagster reads the events
    """One row per term of every vocabulary; one that cannot be read stays as it was, and equal content is written once."""
    with filed(VOCABULARIES):
        opened = installation.open()
        with Processes() as isolation:
            loaded = load(opened, isolation)
    for problem in (line for each in loaded.reports for line in each.problems):
        context.log.warning(problem)
    yield dg.MaterializeResult(metadata={**describe(loaded), "vocabularies": table([each.as_row() for each in loaded.reports])})
    broken = loaded.broken
    yield dg.AssetCheckResult(
        check_name=ALL_LOADED,
        passed=not broken,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(line for each in broken for line in each.problems) or "every vocabulary was read",
    )
