"""Tables that stand for now: one Parquet file each, replaced in one step."""

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.store.store import Store


def replace_table(store: Store, name: str, table: pa.Table) -> str:
    """Write ``tables/{name}``; returns its path in the store."""
    path = f"tables/{name}"
    with store.files.scratch() as scratch:
        pq.write_table(table, scratch / "table.parquet", compression="zstd")
        store.files.upload(path, scratch / "table.parquet")
    return path
