"""``exports``: a version as files that need nothing of ours: ``documents.jsonl.gz`` and ``documents.parquet``."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa

from harvest_assets.publish.formats import WRITERS, FileWriter
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.versions import Version, open_version
from harvest_assets.store.manifests import Manifest, describe_file, new_generation
from harvest_assets.store.store import Store

ASSET = "exports"


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
    with store.files.scratch() as scratch:
        writers = {name: WRITERS[name](scratch / f"documents.{name}") for name in installation.catalog.dataset(version.dataset).exports}
        rows = _write_all(_batches(store, version), list(writers.values()))
        for name, writer in writers.items():
            manifest.tables[name] = (describe_file(writer.path.name, writer.path, rows),)
            store.files.upload(f"{manifest.reference.folder}/{writer.path.name}", writer.path)
    return manifest


def _batches(store: Store, version: Version) -> Iterator[pa.RecordBatch]:
    for each in open_version(store, version):
        yield from each.batches()


def _write_all(batches: Iterator[pa.RecordBatch], writers: Sequence[FileWriter]) -> int:
    """Read once, write every format; each compresses in a thread of its own, one batch behind at most."""
    rows = 0
    with ThreadPoolExecutor(len(writers) or 1, thread_name_prefix="export") as threads:
        pending: list[Future[None]] = []
        for batch in batches:
            rows += batch.num_rows
            prepared = [writer.prepare(batch) for writer in writers]
            _wait(pending)
            pending = [threads.submit(writer.write, each) for writer, each in zip(writers, prepared, strict=True)]
        _wait(pending)
    for writer in writers:
        writer.close()
    return rows


def _wait(pending: Sequence[Future[None]]) -> None:
    for each in pending:
        each.result()
