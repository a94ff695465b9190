"""Rows of a snapshot on their way to and from Parquet files, in batches and by position.

A snapshot's rows lie in one or more files per part, in the order in which they arrived. ``RowFiles`` writes them, ``take_rows``
reads the ones at given positions, counted through the files of a part.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.store.queries import literal, parquet

FINGERPRINT = "fingerprint"
ROWS_PER_GROUP = 4_000
ROWS_PER_FILE = 100_000
ROWS_AT_ONCE = 4_000
BUFFER_BYTES = 1 << 20

Positions = npt.NDArray[np.int64]


def with_fingerprint(schema: pa.Schema) -> pa.Schema:
    """The columns of a rows file: those of the table and the fingerprint of the row's content, a signed 64-bit number."""
    return schema.append(pa.field(FINGERPRINT, pa.int64(), nullable=False))


@dataclass(frozen=True, slots=True)
class RowFile:
    """A finished local file."""

    path: Path
    rows: int


class RowFiles:
    """Write batches into Parquet files of bounded size, compressing in a thread while the caller goes on.

    Row groups have ``ROWS_PER_GROUP`` rows whatever the size of the batches, so that equal rows make equal bytes.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._finished: list[RowFile] = []
        self._writer: pq.ParquetWriter | None = None
        self._written = 0
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rows")
        self._job: Future[None] | None = None

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows with the columns of the schema; errors of an earlier write surface here or in ``finish``."""
        while self._pending_rows + batch.num_rows >= ROWS_PER_GROUP:
            room = ROWS_PER_GROUP - self._pending_rows
            self._add(batch.slice(0, room))
            self._flush()
            batch = batch.slice(room)
        if batch.num_rows:
            self._add(batch)

    def finish(self) -> list[RowFile]:
        """Write what is left; returns the files in order, none when there were no rows."""
        try:
            if self._pending:
                self._flush()
            self._wait()
            self._close_file()
        finally:
            self._thread.shutdown()
        return self._finished

    def _add(self, batch: pa.RecordBatch) -> None:
        self._pending.append(batch)
        self._pending_rows += batch.num_rows

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._pending, schema=self._schema)
        self._pending, self._pending_rows = [], 0
        self._wait()
        self._job = self._thread.submit(self._write, table)

    def _wait(self) -> None:
        if self._job is not None:
            self._job.result()
            self._job = None

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            path = self._folder / f"rows-{len(self._finished):04d}.parquet"
            options: dict[str, Any] = {"compression": "zstd", "compression_level": 1, "use_dictionary": _repetitive(self._schema)}
            self._writer = pq.ParquetWriter(path, self._schema, **options)
            self._written = 0
        self._writer.write_table(table)
        self._written += table.num_rows
        if self._written >= ROWS_PER_FILE:
            self._close_file()

    def _close_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._finished.append(RowFile(Path(str(self._writer.where)), self._written))
            self._writer = None


def take_rows(paths: Sequence[Path], positions: Positions | None, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Batches of the rows at ascending positions, counted through all the files; every row when ``positions`` is ``None``.

    Row groups that have none of them are not read.
    """
    offset = 0
    for path in paths:
        with pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if positions is None or np.searchsorted(positions, offset) < np.searchsorted(positions, offset + rows):
                    yield from _take_group(file, group, offset, positions, columns)
                offset += rows


def regroup(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in fewer batches: small ones are put together until they have so many rows; none is cut."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        if pending and sum(each.num_rows for each in pending) + batch.num_rows > rows:
            yield pa.concat_batches(pending)
            pending = []
        pending.append(batch)
    if pending:
        yield pa.concat_batches(pending)


def _take_group(
    file: pq.ParquetFile, group: int, offset: int, positions: Positions | None, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    wanted = list(columns) if columns is not None else None
    for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=wanted):
        yield from _taken(batch, offset, positions)
        offset += batch.num_rows


def _taken(batch: pa.RecordBatch, offset: int, positions: Positions | None) -> Iterator[pa.RecordBatch]:
    if positions is None:
        yield batch
        return
    first, last = np.searchsorted(positions, [offset, offset + batch.num_rows])
    if last - first == batch.num_rows:
        yield batch
    elif last > first:
        yield batch.take(pa.array(positions[first:last] - offset))


def row_positions(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], key: str, wanted: str) -> Positions:
    """Where in the files the rows are whose key a query (with one column ``key``) returns, ascending."""
    if not paths:
        return np.empty(0, dtype=np.int64)
    found = connection.execute(
        f"""SELECT {position_expression(paths)} AS position
        FROM read_parquet({parquet(paths)}, file_row_number = true, filename = true) AS rows
        SEMI JOIN ({wanted}) AS wanted ON rows.{key} = wanted.key ORDER BY position"""
    ).fetchnumpy()
    return np.asarray(found["position"], dtype=np.int64)


def position_expression(paths: Sequence[Path]) -> str:
    """SQL for the position of a row counted through all the files."""
    start = 0
    cases: list[str] = []
    for path in paths:
        cases.append(f"WHEN {literal(str(path))} THEN {start}")
        start += pq.read_metadata(path).num_rows
    return f"(file_row_number + CASE filename {' '.join(cases)} END)"


def copy_rows(batches: Iterable[pa.RecordBatch], target: RowFiles) -> None:
    """Append all batches to row files."""
    for batch in batches:
        target.append(batch)


def _repetitive(schema: pa.Schema) -> list[str]:
    """Columns that a dictionary shrinks; it only costs time on bodies, keys and JSON."""
    unique = {"body", "identifier", "srn", "owner", "properties", "output", FINGERPRINT}
    return [name for name in schema.names if name not in unique]
