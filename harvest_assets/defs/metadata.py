"""Metadata: counts that the UI plots, columns with their descriptions, and links from a table to its files. Never a row per document."""

from collections.abc import Mapping, Sequence

import dagster as dg
import pyarrow as pa

from harvest_assets.store.manifests import Manifest

MAX_ROWS = 50


def column_schema(schema: pa.Schema) -> dict[str, dg.TableSchema]:
    """The columns of a table, for an asset's definition."""
    columns = [
        dg.TableColumn(each.name, str(each.type), (each.metadata or {}).get(b"description", b"").decode() or None) for each in schema
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def describe(
    manifest: Manifest, rows: int, **more: dg.MetadataValue | str | float | bool
) -> dict[str, dg.MetadataValue | str | float | bool]:
    """Row count, counts and generation of a partition; numbers become plots over partitions."""
    stored = sum(file.bytes for files in manifest.tables.values() for file in files)
    return {"dagster/partition_row_count": rows, **manifest.counts, "stored_bytes": stored, "generation": manifest.generation, **more}


def table(rows: Sequence[Mapping[str, str | int | float | bool | None]]) -> dg.MetadataValue | str:
    """A small table; the first rows only."""
    if not rows:
        return "none"
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows[:MAX_ROWS]])
