"""Stage operations: ``source_health`` with the check that shows stale sources, and ``harvest_ledger``. Wiring only."""

from collections import Counter
from dataclasses import asdict

import dagster as dg
import pyarrow as pa

from harvest_assets.defs.keys import HARVEST_LEDGER, OWNERS, SOURCE_HEALTH
from harvest_assets.defs.metadata import column_schema, table
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.stages.gaps import last_written
from harvest_assets.stages.harvest_ledger import LEDGER, HarvestLedger, as_table
from harvest_assets.stages.health import HEALTH, as_rows, check_sources
from harvest_assets.stages.tables import replace_table


@dg.asset(
    key=SOURCE_HEALTH,
    group_name="operations",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="2",
    check_specs=[dg.AssetCheckSpec("sources_are_fresh", asset=SOURCE_HEALTH, description="Was every source accepted recently enough?")],
    metadata=column_schema(HEALTH),
)
def source_health(context: dg.AssetExecutionContext, installation: InstallationResource):  # noqa: ANN201 - Dagster reads the events
    """Per source: when it was asked and last accepted, how old that is, what is due, whether it answers, what failed, in words."""
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


@dg.asset(
    key=HARVEST_LEDGER,
    group_name="operations",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="1",
    metadata=column_schema(LEDGER),
)
def harvest_ledger(context: dg.AssetExecutionContext, installation: InstallationResource) -> None:
    """One row per range that was asked of a source: what became of it, how often it was tried, what it brought; retired sources too."""
    store = installation.open().store
    rows = list(HarvestLedger(store).all_rows())
    ledger = as_table(iter(rows))
    path = replace_table(store, f"{HARVEST_LEDGER}.parquet", ledger)
    latest = [asdict(row) for row in sorted(rows, key=last_written, reverse=True)]
    statuses = Counter(ledger.column("status").to_pylist())
    context.add_output_metadata({"dagster/row_count": ledger.num_rows, **statuses, "latest": table(latest), "path": path})
