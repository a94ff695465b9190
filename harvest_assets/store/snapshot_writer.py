"""``SnapshotWriter``: rows that were received become the next snapshot of a table.

Rows equal to those of the previous snapshot are not stored again; the index is written whole and narrow. When an index would refer to
more than ``MAX_EARLIER_PARTS`` earlier parts, the rows of the oldest move into this one. The tables of a generation are in place before
its manifest names them; ``Manifests.commit`` makes it the partition that readers see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from harvest_assets.store.files import Files
from harvest_assets.store.manifests import Manifest, Part, Reference, TableFile, describe_file, new_generation
from harvest_assets.store.queries import connect, parquet, write_query
from harvest_assets.store.rows import (
    Positions,
    RowFile,
    RowFiles,
    copy_rows,
    position_expression,
    row_positions,
    take_rows,
    with_fingerprint,
)
from harvest_assets.store.snapshots import INDEX, ROWS, Snapshot, TableShape

MAX_EARLIER_PARTS = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a snapshot comes from: its place and what it was made of and by."""

    asset: str
    scope: str
    day: str
    code_version: str = ""
    inputs: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """Parts of the previous snapshot that stay: old number → new number, and those whose rows move into the new part."""

    parts: tuple[Part, ...]
    renumbered: Mapping[int, int]
    folded: tuple[int, ...]


class SnapshotWriter:
    """Collect rows, then ``finish``. The scratch folder has to live until then.

    A previous snapshot of the same day is added to: what that day received before stays received.
    """

    def __init__(self, files: Files, scratch: Path, shape: TableShape, origin: Origin, previous: Snapshot | None) -> None:
        self._files = files
        self._scratch = scratch
        self._shape = shape
        self._origin = origin
        self._previous = previous
        self._generation = new_generation()
        self._received: list[RowFile] = []
        self._open: RowFiles | None = None
        self._tables: dict[str, tuple[TableFile, ...]] = {}

    def append(self, batch: pa.RecordBatch) -> None:
        """Receive rows: the columns of the shape and ``fingerprint``. A key that comes twice counts with its last row."""
        if self._open is None:
            folder = self._scratch / f"received-{len(self._received):04d}"
            folder.mkdir()
            self._open = RowFiles(folder, with_fingerprint(self._shape.schema))
        self._open.append(batch)

    def adopt(self, files: Sequence[RowFile]) -> None:
        """Receive files of such rows that were written elsewhere."""
        self._received += files

    def received(self) -> list[Path]:
        """The files with all rows received so far."""
        if self._open is not None:
            self._received += self._open.finish()
            self._open = None
        return [file.path for file in self._received]

    def attach(self, name: str, path: Path, rows: int) -> None:
        """Keep a table beside the snapshot, in the same generation."""
        self._tables[name] = (self._store(name, path, rows),)

    def finish(
        self, *, dropped: Path | None = None, counts: Mapping[str, int] | None = None, facts: Mapping[str, Any] | None = None
    ) -> Snapshot:
        """Write index, new rows and the generation's manifest; returns the snapshot, which readers see once its manifest is committed.

        The snapshots of later days refer to its rows before that: days of one harvest are made first and committed together.

        ``dropped`` is a Parquet file with a column ``key``: keys of the previous snapshot
        that this one no longer has, unless they were received.
        """
        paths = self.received()
        with connect(self._scratch) as connection:
            self._load(connection, paths, dropped)
            kept = self._keep(connection)
            changed = _ascending(connection, "SELECT position FROM changed ORDER BY position")
            new_rows = self._write_rows(connection, paths, changed, kept)
            self._write_index(connection, kept)
        own = (Part(self._origin.day, self._generation, new_rows, new_rows),) if new_rows else ()
        manifest = Manifest(
            asset=self._origin.asset,
            scope=self._origin.scope,
            day=self._origin.day,
            generation=self._generation,
            code_version=self._origin.code_version,
            inputs=self._origin.inputs,
            written_at=datetime.now(UTC).isoformat(timespec="seconds"),
            parts=kept.parts + own,
            tables=self._tables,
            counts={"keys": self._tables[INDEX][0].rows, "new_rows": len(changed), **(counts or {})},
            facts=dict(facts or {}),
        )
        self._files.write(manifest.path, manifest.to_json())
        return Snapshot(self._files, manifest, self._shape)

    def amend(self, snapshot: Snapshot, *, counts: Mapping[str, int], facts: Mapping[str, Any]) -> Snapshot:
        """The finished snapshot with more to say, and with the tables attached since; its index and rows stay."""
        manifest = snapshot.manifest
        known = {"counts": {**manifest.counts, **counts}, "facts": {**manifest.facts, **facts}, "tables": dict(self._tables)}
        return Snapshot(self._files, replace(manifest, **known), self._shape)

    def _load(self, connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], dropped: Path | None) -> None:
        """Tables ``received`` (last row of each key), ``previous``, ``dropped`` and ``changed``."""
        columns = "".join(f", {expression} AS {name}" for name, expression in self._shape.index_columns.items())
        if paths:
            connection.execute(
                f"""CREATE TABLE received AS SELECT {position_expression(paths)} AS position, {self._shape.key} AS key, fingerprint{columns}
                FROM read_parquet({parquet(paths)}, file_row_number = true, filename = true)"""
            )
            row = connection.execute("SELECT count(*) - count(DISTINCT key) FROM received").fetchone()
            if row and row[0]:
                connection.execute("DELETE FROM received WHERE position NOT IN (SELECT max(position) FROM received GROUP BY key)")
        if self._previous is not None:
            connection.execute(f"CREATE VIEW previous AS SELECT * FROM read_parquet({parquet([self._previous.index_path])})")
        self._complete_schema(connection, has_received=bool(paths))
        gone = f"read_parquet({parquet([dropped])})" if dropped else "(SELECT NULL::VARCHAR AS key WHERE false)"
        connection.execute(f"CREATE VIEW dropped AS SELECT key FROM {gone} ANTI JOIN received USING (key)")
        connection.execute(
            """CREATE TABLE changed AS SELECT received.* FROM received LEFT JOIN previous USING (key)
            WHERE previous.key IS NULL OR previous.fingerprint <> received.fingerprint"""
        )
        connection.execute("CREATE VIEW kept AS SELECT * FROM previous ANTI JOIN changed USING (key) ANTI JOIN dropped USING (key)")

    def _complete_schema(self, connection: duckdb.DuckDBPyConnection, *, has_received: bool) -> None:
        """Empty tables where nothing was received or nothing came before, of the types that the other has."""
        extra = "".join(f", {name}" for name in self._shape.index_columns)
        if not has_received:
            expressions = "".join(f", {expression} AS {name}" for name, expression in self._shape.index_columns.items())
            connection.register("no_rows", with_fingerprint(self._shape.schema).empty_table())
            connection.execute(
                f"CREATE TABLE received AS SELECT 0::BIGINT AS position, {self._shape.key} AS key, fingerprint{expressions} FROM no_rows"
            )
        if self._previous is None:
            connection.execute(
                f"CREATE VIEW previous AS SELECT key, fingerprint, 0::SMALLINT AS part, true AS received{extra} FROM received WHERE false"
            )

    def _keep(self, connection: duckdb.DuckDBPyConnection) -> _Kept:
        """Which parts stay in use, and which of them are folded into the new one."""
        rows = connection.execute("SELECT part, count(*) FROM kept GROUP BY part ORDER BY part").fetchall()
        used: dict[int, int] = {int(part): int(count) for part, count in rows}
        surplus = max(0, len(used) - MAX_EARLIER_PARTS)
        numbers = list(used)
        before = self._previous.manifest.parts if self._previous else ()
        staying = numbers[surplus:]
        parts = tuple(Part(before[n].day, before[n].generation, before[n].rows, used[n]) for n in staying)
        own = len(staying)
        renumbered = {**dict.fromkeys(numbers[:surplus], own), **{number: new for new, number in enumerate(staying)}}
        return _Kept(parts, renumbered, tuple(numbers[:surplus]))

    def _write_rows(self, connection: duckdb.DuckDBPyConnection, paths: list[Path], changed: Positions, kept: _Kept) -> int:
        """The rows that this part holds: as received when all of them are new, otherwise those that differ, and the folded ones."""
        total = sum(file.rows for file in self._received)
        if len(changed) == total and not kept.folded:
            finished = self._received
        else:
            folder = self._scratch / "new"
            folder.mkdir()
            target = RowFiles(folder, with_fingerprint(self._shape.schema))
            copy_rows(take_rows(paths, changed), target)
            for number in kept.folded:
                self._fold(connection, number, target)
            finished = target.finish()
        names = [f"rows-{number:04d}" for number in range(len(finished))]
        self._tables[ROWS] = tuple(self._store(name, file.path, file.rows) for name, file in zip(names, finished, strict=True))
        return sum(file.rows for file in finished)

    def _fold(self, connection: duckdb.DuckDBPyConnection, number: int, target: RowFiles) -> None:
        if self._previous is None:
            return
        paths = self._previous.part_files(self._previous.manifest.parts[number])
        positions = row_positions(connection, paths, self._shape.key, f"SELECT key FROM kept WHERE part = {number}")
        copy_rows(take_rows(paths, positions), target)

    def _write_index(self, connection: duckdb.DuckDBPyConnection, kept: _Kept) -> None:
        extra = "".join(f", {name}" for name in self._shape.index_columns)
        numbers = "".join(f"WHEN {old} THEN {new} " for old, new in kept.renumbered.items())
        renumbered = f"CASE part {numbers} END" if numbers else "part"
        path = self._scratch / "index.parquet"
        before = "received OR " if self._previous is not None and self._previous.day == self._origin.day else ""
        query = f"""SELECT key, fingerprint, {len(kept.parts)}::SMALLINT AS part, true AS received{extra} FROM changed UNION ALL
            SELECT key, fingerprint, ({renumbered})::SMALLINT AS part, {before}key IN (SELECT key FROM received) AS received{extra}
            FROM kept
            ORDER BY key"""
        rows = write_query(connection, query, path, sorted_column="key")
        self._tables[INDEX] = (self._store(INDEX, path, rows),)

    def _store(self, name: str, path: Path, rows: int) -> TableFile:
        described = describe_file(f"{name}.parquet", path, rows)
        reference = Reference(self._origin.asset, self._origin.scope, self._origin.day, self._generation)
        self._files.upload(f"{reference.folder}/{described.name}", path)
        return described


def _ascending(connection: duckdb.DuckDBPyConnection, query: str) -> Positions:
    return np.asarray(connection.execute(query).fetchnumpy()["position"], dtype=np.int64)
