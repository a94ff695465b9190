"""``AsideTable``: records set aside, on their way into a table. Their bytes are written as they come; only names stay in memory."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.model.record import SET_ASIDE, SetAside

ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 16 * 2**20


class AsideTable:
    """A Parquet file with the columns ``SET_ASIDE``; ``close`` it before it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identifiers: list[str] = []
        self.rows = 0
        self._writer = pq.ParquetWriter(path, SET_ASIDE)
        self._pending: list[dict[str, Any]] = []
        self._pending_bytes = 0

    def append(self, records: Iterable[SetAside]) -> None:
        """Add records, in order."""
        for record in records:
            self._pending.append(asdict(record))
            self._pending_bytes += len(record.body)
            self.rows += 1
            if record.identifier is not None:
                self.identifiers.append(record.identifier)
            if len(self._pending) >= ROWS_AT_ONCE or self._pending_bytes >= BYTES_AT_ONCE:
                self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._pending:
            self._writer.write_table(pa.Table.from_pylist(self._pending, schema=SET_ASIDE))
        self._pending, self._pending_bytes = [], 0
