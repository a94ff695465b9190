"""Files that need nothing of ours: JSON lines, compressed, and Parquet. Equal rows in equal order give equal bytes."""

import gzip
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.publish.rows import PUBLISHED, to_json

COMPRESSION_LEVEL = 4


class FileWriter(ABC):
    """One format: ``prepare`` holds the interpreter, ``write`` leaves it free."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def prepare(self, batch: pa.RecordBatch) -> Any:  # noqa: ANN401 - what its own `write` takes
        """Turn published rows into what `write` takes."""

    @abstractmethod
    def write(self, prepared: Any) -> None:  # noqa: ANN401 - what its own `prepare` gave
        """Add them to the file."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""


class _JsonLines(FileWriter):
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


class _Parquet(FileWriter):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = pq.ParquetWriter(path, PUBLISHED, compression="zstd")

    def prepare(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch

    def write(self, prepared: pa.RecordBatch) -> None:
        self._writer.write_batch(prepared)

    def close(self) -> None:
        self._writer.close()


WRITERS: dict[str, type[FileWriter]] = {"jsonl.gz": _JsonLines, "parquet": _Parquet}
