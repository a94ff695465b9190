"""The quarantine of a source: ``quarantine/{source}.parquet``, one narrow row per record, replaced in one step.

Put here: the table and how an observed day changes it, out of core. Keep out: which day that is (`stages.quarantine`). Bytes are blobs
under their SHA-256. Whoever edits holds the lock ``quarantine-{source}``.
"""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harvest_assets.interfaces import BlobSink
from harvest_assets.model.quarantine import QUARANTINE, WAITING, Moment, Selection
from harvest_assets.store.files import Files
from harvest_assets.store.queries import connect, literal, parquet, write_query
from harvest_assets.store.snapshots import Snapshot

FOLDER = "quarantine"
SUFFIX = ".bin"
AT_ONCE = 1_000
LONGEST_REASON = 1_000
_FAILED = ("stage", "id", "identifier", "error", "rule", "reason", "body", "body_sha256", "body_bytes")
_SAID, _BODY = _FAILED[3:6], _FAILED[6:]
_FAILED_COLUMNS = pa.schema([QUARANTINE.field(name) for name in _FAILED])


@dataclass(frozen=True, slots=True)
class Observation:
    """A committed day of a source: its raw records, the documents folded from them, and what both set aside (files of ``SET_ASIDE``).

    ``replayed`` are files with the column ``key``: identifiers that were read although nothing of them had changed.
    """

    received: Moment
    read: Moment
    raw: Snapshot
    documents: Snapshot
    prefix: str
    by: str
    not_received: Sequence[Path] = ()
    not_read: Sequence[Path] = ()
    replayed: Sequence[Path] = ()


class Quarantine:
    """The quarantines of a store, one table per source."""

    def __init__(self, files: Files, blobs: BlobSink) -> None:
        self._files = files
        self._blobs = blobs

    def sources(self) -> list[str]:
        """Sources that have a table, in order of name."""
        return [name.removesuffix(".parquet") for name in self._files.list_names(FOLDER)]

    def has(self, source: str) -> bool:
        """Whether anything of a source was ever set aside."""
        return self._files.has(_path(source))

    def table(self, source: str, selection: Selection | None = None, *, states: Sequence[str] = (WAITING,)) -> pa.Table:
        """Rows with the columns ``QUARANTINE``, in order of stage and id; none where there is no table."""
        content = self._files.find(_path(source))
        if content is None:
            return QUARANTINE.empty_table()
        table = pq.read_table(pa.BufferReader(content)).cast(QUARANTINE)
        wanted = pc.field("state").isin(list(states))
        for name, value in (selection or Selection()).as_dict().items():
            wanted = wanted & (pc.field(name) == value)
        return table.filter(wanted)

    @contextmanager
    def edit(self, source: str) -> Generator["QuarantineEdit"]:
        """Change the table of a source; nothing changes when the block ends with an error."""
        content = self._files.find(_path(source))
        with self._files.scratch() as scratch, connect(scratch) as connection:
            if content is None:
                connection.register("known", QUARANTINE.empty_table())
            else:
                (scratch / "known.parquet").write_bytes(content)
                connection.execute(f"CREATE VIEW known AS SELECT * FROM read_parquet({parquet([scratch / 'known.parquet'])})")
            connection.execute("CREATE TABLE quarantine AS SELECT * FROM known")
            yield QuarantineEdit(source, connection, self._blobs)
            target = scratch / "quarantine.parquet"
            write_query(connection, "SELECT * FROM quarantine ORDER BY stage, id", target)
            self._files.upload(_path(source), target)


class QuarantineEdit:
    """Changes of one table. What a later day says of a record counts, in whatever order days are observed."""

    def __init__(self, source: str, connection: duckdb.DuckDBPyConnection, blobs: BlobSink) -> None:
        self._source = source
        self._connection = connection
        self._blobs = blobs

    def observe(self, day: Observation) -> None:
        """Take in a committed day: records set aside wait, others are released or gone. Observing a day twice changes nothing more."""
        self._load("not_received", (row for path in day.not_received for row in _read_rows(path)))
        self._load("not_read", (row for path in day.not_read for row in _read_rows(path)))
        self._run(  # a record that also came well has arrived
            f"""DELETE FROM not_received WHERE identifier IN (SELECT key FROM read_parquet({parquet([day.raw.index_path])})
            SEMI JOIN not_received ON key = identifier WHERE received)"""
        )
        self._take_in("not_received", day.received)
        self._take_in("not_read", day.read)
        self._run("CREATE OR REPLACE TEMP VIEW failed AS SELECT stage, id FROM not_received UNION ALL SELECT stage, id FROM not_read")
        self._settle(day)

    def fail(self, rows: Iterable[Mapping[str, Any]], moment: Moment) -> None:
        """Take in records that were tried in vain: fields of ``SET_ASIDE``."""
        self._load("tried", rows)
        self._take_in("tried", moment)

    def forget(self, before: str) -> None:
        """Drop rows that were settled before a time; their bytes stay."""
        self._run("DELETE FROM quarantine WHERE state <> 'waiting' AND released_at < ?", [before])

    def _load(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """A table of what was set aside, one row per record, the last one of each; their bytes are in the store afterwards."""
        self._connection.register("no_rows", _FAILED_COLUMNS.empty_table())
        self._run("CREATE OR REPLACE TEMP TABLE loaded AS SELECT *, 0::BIGINT AS number FROM no_rows")
        first = 0
        for batch in _in_batches(rows):
            described = [_describe(row) for row in batch]
            self._keep_bodies(described, batch)
            numbers = pa.array(range(first, first + len(batch)), pa.int64())
            self._connection.register("batch", pa.Table.from_pylist(described, schema=_FAILED_COLUMNS).append_column("number", numbers))
            self._run("INSERT INTO loaded SELECT * FROM batch")
            first += len(batch)
        self._run(
            f"""CREATE OR REPLACE TEMP TABLE {name} AS SELECT * EXCLUDE (number) FROM loaded
            QUALIFY row_number() OVER (PARTITION BY stage, id ORDER BY number DESC) = 1"""
        )

    def _keep_bodies(self, described: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> None:
        """Store the bytes that no row refers to yet."""
        digests = [row["body_sha256"] for row in described]
        query = "SELECT DISTINCT body_sha256 FROM quarantine WHERE body_sha256 IN (SELECT unnest(?::VARCHAR[]))"
        known = {digest for (digest,) in self._run(query, [digests])}
        for digest, row in zip(digests, rows, strict=True):
            if digest not in known:
                self._blobs.keep(row["body"], suffix=SUFFIX)
                known.add(digest)

    def _take_in(self, failed: str, moment: Moment) -> None:
        """Count a try at each record, and let its row wait unless a later day knows better; an answer without bytes leaves the old ones."""
        same = f"FROM {failed} AS failed WHERE quarantine.stage = failed.stage AND quarantine.id = failed.id"
        day, at, as_of = literal(moment.day), literal(moment.at), literal(moment.as_of)
        said = ", ".join(f"{name} = failed.{name}" for name in _SAID)
        kept = ", ".join(f"{name} = if(failed.body_bytes > 0, failed.{name}, quarantine.{name})" for name in _BODY)
        self._run(
            f"""UPDATE quarantine SET attempts = attempts + 1 {same} AND {at} > last_seen_at;
            UPDATE quarantine SET first_seen_at = least(first_seen_at, {at}), last_seen_at = greatest(last_seen_at, {at}),
            first_day = least(first_day, {day}), last_day = greatest(last_day, {day}) {same};
            UPDATE quarantine SET {said}, {kept}, state = 'waiting', released_at = NULL, released_by = NULL, as_of = {as_of}
            {same} AND {as_of} > as_of;
            INSERT INTO quarantine BY NAME SELECT {literal(self._source)} AS source, failed.*, {at} AS first_seen_at,
            {at} AS last_seen_at, {day} AS first_day, {day} AS last_day, 1 AS attempts, 'waiting' AS state, {as_of} AS as_of
            FROM {failed} AS failed ANTI JOIN quarantine USING (stage, id)"""
        )

    def _settle(self, day: Observation) -> None:
        """Release what the day read, and let go what the source no longer has."""
        self._run(
            f"""CREATE OR REPLACE TEMP TABLE waiting AS
            SELECT stage, id, identifier, last_day, {literal(day.prefix)} || identifier AS srn
            FROM quarantine ANTI JOIN failed USING (stage, id) WHERE state = 'waiting' AND as_of <= {literal(day.read.as_of)}"""
        )
        if self._run("SELECT count(*) FROM waiting") == [(0,)]:
            return
        self._run(f"CREATE OR REPLACE TEMP TABLE settled AS SELECT stage, id, {_outcome(day)} AS outcome FROM ({_seen(day)})")
        by = literal(f"{day.by} of {day.read.day}")
        self._run(
            f"""UPDATE quarantine SET state = if(outcome = 'read', 'released', 'gone'), released_at = {literal(day.read.at)},
            released_by = if(outcome = 'read', {by}, outcome || ', ' || {by}), as_of = {literal(day.read.as_of)}
            FROM settled WHERE quarantine.stage = settled.stage AND quarantine.id = settled.id AND outcome IS NOT NULL"""
        )

    def _run(self, statements: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Execute and fetch, so that the connection is free for the next statement."""
        return self._connection.execute(statements, values).fetchall()


def _seen(day: Observation) -> str:
    """SQL for what a day knows of the records that wait, from its indexes: whether they arrived, whether they were read."""
    raw, documents = parquet([day.raw.index_path]), parquet([day.documents.index_path])
    again = f"SELECT key FROM read_parquet({parquet(day.replayed)})" if day.replayed else "SELECT NULL::VARCHAR AS key WHERE false"
    return f"""SELECT stage, id, identifier, coalesce(record.received, false) AS is_received, coalesce(deleted, false) AS is_deleted,
        coalesce(record.received OR record.day > last_day, false) AS has_arrived,
        coalesce(live AND (document.received OR document.day > last_day), false)
        OR (record.key IS NOT NULL AND identifier IN ({again})) AS was_read
        FROM waiting LEFT JOIN (SELECT key, deleted, received, {_day_of(day.raw)} AS day FROM read_parquet({raw})
        SEMI JOIN waiting ON key = identifier) AS record ON record.key = identifier
        LEFT JOIN (SELECT key, live, received, {_day_of(day.documents)} AS day FROM read_parquet({documents})
        SEMI JOIN waiting ON key = srn) AS document ON document.key = srn"""


def _outcome(day: Observation) -> str:
    """SQL for what becomes of a record: ``read``, why it is gone, or nothing.

    Bytes without an identifier cannot be followed; a complete harvest that has them no longer says that they are not sent any more.
    """
    facts = day.raw.manifest.facts
    return f"""CASE WHEN is_deleted AND (stage = 'extract' OR has_arrived) THEN 'deleted at the source'
        WHEN identifier IS NULL THEN if({bool(facts["is_complete"])}, 'no longer sent', NULL)
        WHEN {bool(facts["proves_absence"])} AND NOT is_received AND identifier NOT IN (SELECT id FROM failed)
        THEN 'absent from the complete list'
        WHEN if(stage = 'extract', was_read, has_arrived) THEN 'read' END"""


def _path(source: str) -> str:
    return f"{FOLDER}/{source}.parquet"


def _read_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(AT_ONCE):
            yield from batch.to_pylist()


def _in_batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    batch: list[Mapping[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _describe(row: Mapping[str, Any]) -> dict[str, Any]:
    digest = hashlib.sha256(row["body"]).hexdigest()
    described = {name: row[name] for name in ("stage", "identifier", "error")}
    said = {"rule": row.get("rule", "unreadable"), "reason": row["reason"][:LONGEST_REASON]}
    body = {"body": f"blobs/{digest[:2]}/{digest}{SUFFIX}", "body_sha256": digest, "body_bytes": len(row["body"])}
    return {**described, **said, **body, "id": row["identifier"] or digest}


def _day_of(snapshot: Snapshot) -> str:
    """SQL for the day of the partition that holds a row of an index."""
    days = ", ".join(literal(part.day) for part in snapshot.manifest.parts)
    return f"([{days}]::VARCHAR[])[part + 1]"
