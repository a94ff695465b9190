"""The tables of operations, through a real run."""

import dagster as dg
import pyarrow.parquet as pq

from harvest_assets.defs.assets.operations import harvest_ledger, source_health
from harvest_assets.defs.graph import build_resources
from harvest_assets.stages.harvest_ledger import LEDGER, HarvestLedger
from harvest_assets.stages.health import HEALTH


def test_the_ledger_is_a_table_of_all_sources_also_retired_ones_beside_the_health_of_those_that_are_left(folder, instance):
    folder.add_source("kept")
    folder.add_source("retired")
    ledger = HarvestLedger(folder.installation.store)
    for slug, status in (("kept", "failed"), ("retired", "succeeded")):
        row = ledger.find(folder.installation.catalog.source(slug), "2026-11-01", "2026-11-02")
        ledger.mark(ledger.mark(row, "started"), status, window_start="2026-11-01", reason="status 500")
    (folder.path / "config" / "sources" / "retired.yaml").unlink()
    result = dg.materialize([source_health, harvest_ledger], instance=instance, resources=build_resources())
    assert result.success
    tables = folder.path / "store" / "tables"
    written, health = pq.read_table(tables / "harvest_ledger.parquet"), pq.read_table(tables / "source_health.parquet")
    assert written.schema.equals(LEDGER)
    assert [(row["source"], row["status"]) for row in written.to_pylist()] == [("kept", "failed"), ("retired", "succeeded")]
    assert health.schema.equals(HEALTH)
    (row,) = health.to_pylist()
    assert (row["source"], row["gaps"], row["ledger_status"], row["breaker"], row["is_up"]) == ("kept", 1, "failed", "closed", None)
    (event,) = result.asset_materializations_for_node("harvest_ledger")
    assert {name: event.metadata[name].value for name in ("dagster/row_count", "failed", "succeeded")} == {
        "dagster/row_count": 2,
        "failed": 1,
        "succeeded": 1,
    }


def test_an_empty_ledger_is_an_empty_table(folder, instance):
    folder.add_source("new")
    assert dg.materialize([harvest_ledger], instance=instance, resources=build_resources()).success
    table = pq.read_table(folder.path / "store" / "tables" / "harvest_ledger.parquet")
    assert (table.num_rows, table.schema.equals(LEDGER)) == (0, True)
