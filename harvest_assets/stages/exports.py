"""``exports``: a version as files that need nothing of ours: ``documents.jsonl.gz`` and ``documents.parquet``."""

import gzip
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.stages.installation import Installation
from harvest_assets.stages.published import PUBLISHED, to_json
from harvest_assets.stages.versions import Version, open_version
from harvest_assets.store.manifests import Manifest, describe_file, new_generation
from harvest_assets.store.store import Store

ASSET = "exports"
COMPRESSION_LEVEL = 4


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
        writers = {name: _WRITERS[name](scratch / f"documents.{name}") for name in installation.catalog.dataset(version.dataset).exports}
        rows = _write_all(_batches(store, version), list(writers.values()))
        for name, writer in writers.items():
            manifest.tables[name] = (describe_file(writer.path.name, writer.path, rows),)
            store.files.upload(f"{manifest.reference.folder}/{writer.path.name}", writer.path)
    return manifest


def _batches(store: Store, version: Version) -> Iterator[pa.RecordBatch]:
    for each in open_version(store, version):
        yield from each.batches()


def _write_all(batches: Iterator[pa.RecordBatch], writers: Sequence["_Writer"]) -> int:
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


class _Writer(ABC):
    """One format: ``prepare`` holds the interpreter, ``write`` leaves it free."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def prepare(self, batch: pa.RecordBatch) -> Any: ...  # noqa: ANN401 - what its own `write` takes

    @abstractmethod
    def write(self, prepared: Any) -> None: ...  # noqa: ANN401 - what its own `prepare` gave

    @abstractmethod
    def close(self) -> None: ...


class _JsonLines(_Writer):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._raw = path.open("wb")
        self._packed = gzip.GzipFile("", "wb", COMPRESSION_LEVEL, self._raw, mtime=0)

    def prepare(self, batch: pa.RecordBatch) -> bytes:
        return b"".join(line + b"\n" for line in to_json(batch))

    def write(self, prepared: bytes) -> None:
        self._packed.write(prepared)

    def close(self) -> None:
        self._packed.close()
        self._raw.close()


class _Parquet(_Writer):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = pq.ParquetWriter(path, PUBLISHED, compression="zstd")

    def prepare(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def write(self, prepared: pa.RecordBatch) -> None:
        self._writer.write_batch(prepared)

    def close(self) -> None:
        self._writer.close()


_WRITERS: dict[str, type[_Writer]] = {"jsonl.gz": _JsonLines, "parquet": _Parquet}
