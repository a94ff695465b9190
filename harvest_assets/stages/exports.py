"""``exports``: a version as files that need nothing of ours: ``documents.jsonl.gz`` and ``documents.parquet``."""

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.stages.installation import Installation
from harvest_assets.stages.published import PUBLISHED, to_json
from harvest_assets.stages.versions import Version, open_version
from harvest_assets.store.manifests import Manifest, describe_file, new_generation
from harvest_assets.store.store import Store

ASSET = "exports"
COMPRESSION_LEVEL = 4

_Write = Callable[[Iterator[pa.RecordBatch], Path], int]


def export(installation: Installation, version: Version) -> Manifest:
    """Write a version in the formats of its dataset; equal versions give equal bytes. Not yet committed."""
    store = installation.store
    generation = new_generation()
    manifest = Manifest(
        asset=ASSET,
        scope=version.dataset,
        day=version.day,
        generation=generation,
        written_at=datetime.now(UTC).isoformat(timespec="seconds"),
        counts={"live": version.counts["live"]},
        facts={"version": version.number},
    )
    for name in installation.catalog.dataset(version.dataset).exports:
        with store.files.scratch() as scratch:
            path = scratch / f"documents.{name}"
            rows = _WRITERS[name](_batches(store, version), path)
            manifest.tables[name] = (describe_file(path.name, path, rows),)
            store.files.upload(f"{manifest.reference.folder}/{path.name}", path)
    return manifest


def _batches(store: Store, version: Version) -> Iterator[pa.RecordBatch]:
    for each in open_version(store, version):
        yield from each.batches()


def _write_jsonl(batches: Iterator[pa.RecordBatch], path: Path) -> int:
    rows = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", COMPRESSION_LEVEL, raw, mtime=0) as packed:
        for batch in batches:
            rows += batch.num_rows
            packed.write(b"".join(line + b"\n" for line in to_json(batch)))
    return rows


def _write_parquet(batches: Iterator[pa.RecordBatch], path: Path) -> int:
    rows = 0
    with pq.ParquetWriter(path, PUBLISHED, compression="zstd") as writer:
        for batch in batches:
            rows += batch.num_rows
            writer.write_batch(batch)
    return rows


_WRITERS: dict[str, _Write] = {"jsonl.gz": _write_jsonl, "parquet": _write_parquet}
