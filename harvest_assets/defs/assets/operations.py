"""Stage operations: ``source_health`` and the check that shows stale sources. Wiring only."""

import dagster as dg
import pyarrow as pa

from harvest_assets.defs.keys import OWNERS, SOURCE_HEALTH
from harvest_assets.defs.metadata import column_schema, table
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.stages.health import HEALTH, as_rows, check_sources
from harvest_assets.stages.tables import replace_table


@dg.asset(
    key=SOURCE_HEALTH,
    group_name="operations",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="1",
    check_specs=[dg.AssetCheckSpec("sources_are_fresh", asset=SOURCE_HEALTH, description="Was every source accepted recently enough?")],
    metadata=column_schema(HEALTH),
)
def source_health(context: dg.AssetExecutionContext, installation: InstallationResource):  # noqa: ANN201 - Dagster reads the events
    """Per source: when it was asked, when it was last accepted, how old that is, what is due, and the last trouble in words."""
    opened = installation.open()
    rows = as_rows(check_sources(opened))
    path = replace_table(opened.store, f"{SOURCE_HEALTH}.parquet", pa.Table.from_pylist(rows, schema=HEALTH))
    stale = [row["source"] for row in rows if row["freshness"] in {"stale", "late"}]
    context.log.info("%s sources, %s of them late or stale", len(rows), len(stale))
    yield dg.MaterializeResult(metadata={"dagster/row_count": len(rows), "stale": len(stale), "sources": table(rows), "path": path})
    yield dg.AssetCheckResult(
        check_name="sources_are_fresh",
        passed=not stale,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"late or stale: {', '.join(stale)}" if stale else "every source is fresh, frozen or new",
    )
