"""``Snapshot``: the full table of a partition, read through its index.

The index holds every key once, sorted: the fingerprint of its row, the number of the part that holds the row, whether this
materialization received the key, and a few columns that questions are asked by. Rows lie in the parts: partitions in which they were
new. Nothing is copied from day to day but the index (design, section 3).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.errors import IntegrityError
from harvest_assets.store.files import Files
from harvest_assets.store.manifests import Manifest, Part, Reference
from harvest_assets.store.queries import connect, literal, parquet
from harvest_assets.store.rows import Positions, row_positions, take_rows

INDEX = "index"
ROWS = "rows"


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a snapshot's table looks like: its key, its columns, and index columns as SQL over the columns of a row."""

    key: str
    schema: pa.Schema
    index_columns: Mapping[str, str]


class Snapshot:
    """A lazy table; nothing is read before it is asked for."""

    def __init__(self, files: Files, manifest: Manifest, shape: TableShape) -> None:
        self.files = files
        self.manifest = manifest
        self.shape = shape

    @property
    def day(self) -> str:
        """The partition's day."""
        return self.manifest.day

    @property
    def index_path(self) -> Path:
        """The index as a local Parquet file."""
        return self._local(self.manifest.reference, INDEX)[0]

    def part_files(self, part: Part) -> list[Path]:
        """The local row files of a part."""
        own = self.manifest.reference
        reference = Reference(own.asset, own.scope, part.day, part.generation)
        if reference == own:
            return self._local(own, ROWS)
        content = self.files.read(f"{reference.folder}/manifest.json")
        return [self.files.localise(f"{reference.folder}/{file.name}") for file in Manifest.from_json(content).tables[ROWS]]

    def batches(self, *, columns: Sequence[str] | None = None, where: str | None = None) -> Iterator[pa.RecordBatch]:
        """Current rows in batches, part by part, oldest part first, in the order of arrival: the same order each time.

        ``where`` is SQL over the columns of the index (``key``, ``fingerprint``, ``part``, ``received`` and the shape's own).
        """
        holding = None if where is None else self._parts_with(where)
        for number, part in enumerate(self.manifest.parts):
            if holding is None or number in holding:
                paths = self.part_files(part)
                positions = None if where is None and part.used == part.rows else self._positions(paths, number, where)
                yield from take_rows(paths, positions, columns)

    def table(self, *, columns: Sequence[str] | None = None, where: str | None = None) -> pa.Table:
        """All current rows at once."""
        batches = list(self.batches(columns=columns, where=where))
        if batches:
            return pa.Table.from_batches(batches)
        empty = self.shape.schema.empty_table()
        return empty if columns is None else empty.select(columns)

    def select(self, keys: pa.Array, where: str = "true") -> Iterator[dict[str, Any]]:
        """The rows of some keys whose index row satisfies a condition, in the order in which they are stored."""
        with self.files.scratch() as scratch:
            path = scratch / "keys.parquet"
            pq.write_table(pa.table({"key": keys}), path)
            found = self._find(scratch, f"({where}) AND key IN (SELECT key FROM read_parquet({parquet([path])}))")
        for paths, positions in found:
            for batch in take_rows(paths, positions):
                yield from batch.to_pylist()

    def find(self, key: str) -> dict[str, Any] | None:
        """One row by its key, with the part that holds it under ``part``, or ``None``."""
        for number, part in enumerate(self.manifest.parts):
            paths = self.part_files(part)
            positions = self._positions(paths, number, f"key = {literal(key)}")
            for batch in take_rows(paths, positions) if len(positions) else ():
                return {**batch.to_pylist()[0], "part": part}
        return None

    def count(self, where: str = "true") -> int:
        """How many keys there are whose index row satisfies a condition."""
        with self.files.scratch() as scratch, connect(scratch) as connection:
            row = connection.execute(f"SELECT count(*) FROM read_parquet({parquet([self.index_path])}) WHERE {where}").fetchone()
        return int(row[0]) if row else 0

    def _find(self, scratch: Path, where: str) -> list[tuple[list[Path], Positions]]:
        """Where few rows are: the files of each part that has any of them, and their positions there. The index is read once."""
        with connect(scratch) as connection:
            wanted = f"SELECT key, part FROM read_parquet({parquet([self.index_path])}) WHERE {where}"
            connection.execute(f"CREATE TABLE wanted AS {wanted}")
            numbers = connection.execute("SELECT DISTINCT part FROM wanted ORDER BY part").fetchall()
            parts = [(int(number), self.part_files(self.manifest.parts[number])) for (number,) in numbers]
            query = "SELECT key FROM wanted WHERE part = {}"
            return [(paths, row_positions(connection, paths, self.shape.key, query.format(number))) for number, paths in parts]

    def _parts_with(self, where: str) -> set[int]:
        """Numbers of the parts that hold a row whose index row satisfies a condition."""
        with self.files.scratch() as scratch, connect(scratch) as connection:
            query = f"SELECT DISTINCT part FROM read_parquet({parquet([self.index_path])}) WHERE {where}"
            return {int(number) for (number,) in connection.execute(query).fetchall()}

    def _positions(self, paths: Sequence[Path], number: int, where: str | None) -> Positions:
        """Where in a part's files the wanted rows are, ascending."""
        condition = f"part = {number}" + (f" AND ({where})" if where else "")
        wanted = f"SELECT key FROM read_parquet({parquet([self.index_path])}) WHERE {condition}"
        with self.files.scratch() as scratch, connect(scratch) as connection:
            return row_positions(connection, paths, self.shape.key, wanted)

    def _local(self, reference: Reference, table: str) -> list[Path]:
        return [self.files.localise(f"{reference.folder}/{file.name}") for file in self.manifest.tables.get(table, ())]


def verify(snapshot: Snapshot) -> None:
    """Read a snapshot whole and compare it with its index.

    Raises:
        IntegrityError: A key of the index has no row, or a row has no key.
    """
    rows = sum(batch.num_rows for batch in snapshot.batches(columns=[snapshot.shape.key]))
    keys = snapshot.count()
    if rows != keys:
        raise IntegrityError(f"{snapshot.manifest.reference.folder}: {rows} rows for {keys} keys; run the partition again")
