"""Questions about two snapshots, answered from their indexes alone, out of core.

Put here: which documents a harvest takes back, what a state lost against another, which keys differ. Keep out: what follows from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.store.queries import connect, literal, parquet, write_query
from harvest_assets.store.snapshots import Snapshot

BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Reread:
    """What a harvest read again: raw index rows that satisfy ``where``, less the identifiers that were set aside.

    ``documents`` are the files with the documents that came of it, ``prefix`` turns an identifier into the SRN of its record.
    """

    raw: Snapshot
    where: str
    set_aside: Sequence[str]
    documents: Sequence[Path]
    prefix: str


def find_retracted(scratch: Path, previous: Snapshot, reread: Reread, *, absent_are_gone: bool) -> list[tuple[str, str]]:
    """Live documents that a harvest takes back, as SRN and owner, in order of SRN.

    Those whose record was read again without them, those whose record is deleted, and, where ``absent_are_gone``, those whose record was
    not received. Records that were set aside take nothing back.
    """
    with connect(scratch) as connection:
        connection.execute("CREATE TABLE aside (identifier VARCHAR)")
        if reread.set_aside:
            connection.executemany("INSERT INTO aside VALUES (?)", [[each] for each in reread.set_aside])
        received = parquet(reread.documents)
        documents = f"(SELECT srn FROM read_parquet({received}))" if reread.documents else "(SELECT NULL::VARCHAR AS srn WHERE false)"
        live, raw = parquet([previous.index_path]), parquet([reread.raw.index_path])
        connection.execute(
            f"""CREATE VIEW live AS SELECT key, coalesce(owner, key) AS owner FROM read_parquet({live}) WHERE live;
            CREATE VIEW raw AS SELECT {literal(reread.prefix)} || key AS owner, * FROM read_parquet({raw})
            WHERE key NOT IN (SELECT identifier FROM aside);
            CREATE VIEW aside_owner AS SELECT {literal(reread.prefix)} || identifier AS owner FROM aside;
            CREATE VIEW again AS SELECT owner FROM raw WHERE {reread.where};
            CREATE VIEW deleted_record AS SELECT owner FROM raw WHERE received AND deleted;
            CREATE VIEW seen AS SELECT owner FROM raw WHERE received UNION ALL SELECT owner FROM aside_owner"""
        )
        absent = "UNION SELECT key, owner FROM live ANTI JOIN seen USING (owner)" if absent_are_gone else ""
        rows = connection.execute(
            f"""SELECT key, owner FROM live SEMI JOIN again USING (owner) WHERE key NOT IN {documents}
            UNION SELECT key, owner FROM live SEMI JOIN deleted_record USING (owner)
            {absent} ORDER BY key"""
        ).fetchall()
    return [(str(key), str(owner)) for key, owner in rows]


@dataclass(frozen=True, slots=True)
class Loss:
    """How a new state differs from an old one in its live keys; ``confirmed`` of the missing were missed often enough."""

    old_live: int
    new_live: int
    missing: int
    confirmed: int
    added: int


def measure_loss(scratch: Path, old: Snapshot | None, new: Snapshot, *, earlier: Path | None, confirmations: int, target: Path) -> Loss:
    """Compare live keys, and write those that are missing, with how many complete harvests in a row missed them, to ``target``.

    ``earlier`` is the file that the complete harvest before this one wrote; columns ``key`` and ``streak``.
    """
    with connect(scratch) as connection:
        keys = f"SELECT key FROM read_parquet({parquet([old.index_path])}) WHERE live" if old else "SELECT NULL::VARCHAR AS key WHERE false"
        streaks = (
            f"SELECT key, streak FROM read_parquet({parquet([earlier])})" if earlier else "SELECT NULL AS key, 0 AS streak WHERE false"
        )
        connection.execute(
            f"""CREATE VIEW old AS {keys};
            CREATE VIEW new AS SELECT key FROM read_parquet({parquet([new.index_path])}) WHERE live;
            CREATE VIEW earlier AS {streaks};
            CREATE TABLE missing AS SELECT key, (coalesce(streak, 0) + 1)::INTEGER AS streak
            FROM (SELECT key FROM old ANTI JOIN new USING (key)) LEFT JOIN earlier USING (key)"""
        )
        missing = write_query(connection, "SELECT key, streak FROM missing ORDER BY key", target, sorted_column="key")
        counts = [
            _count(connection, query)
            for query in (
                "SELECT count(*) FROM old",
                "SELECT count(*) FROM new",
                f"SELECT count(*) FROM missing WHERE streak >= {confirmations}",
            )
        ]
    old_live, new_live, confirmed = counts
    return Loss(old_live, new_live, missing, confirmed, new_live - (old_live - missing))


@dataclass(frozen=True, slots=True)
class Read:
    """What a task read when it made its last results, each beside what there is now; ``None`` where there was, or is, nothing."""

    documents: tuple[Snapshot, Snapshot]
    results: Snapshot
    findings: Sequence[tuple[Snapshot | None, Snapshot | None]] = ()


def write_due_keys(scratch: Path, target: Path, documents: Snapshot, read: Read | None, now: str) -> int:
    """Keys of the live documents that a task has to look at; all of them when it has read nothing yet.

    New or changed ones, those for which another task found something else, and those whose result is to be looked at again by ``now``.
    """
    alive = f"SELECT key FROM read_parquet({parquet([documents.index_path])}) WHERE live"
    query = alive if read is None else f"SELECT DISTINCT key FROM ({_changed_keys(read, now)}) SEMI JOIN ({alive}) USING (key)"
    with connect(scratch) as connection:
        return write_query(connection, f"{query} ORDER BY key", target, sorted_column="key")


def _changed_keys(read: Read, now: str) -> str:
    before, after = read.documents
    queries = [
        f"""SELECT now.key FROM read_parquet({parquet([after.index_path])}) AS now
        LEFT JOIN read_parquet({parquet([before.index_path])}) AS before USING (key)
        WHERE now.live AND (before.key IS NULL OR NOT before.live OR before.fingerprint <> now.fingerprint)""",
        f"SELECT key FROM read_parquet({parquet([read.results.index_path])}) WHERE retry_at <= {literal(now)}",
    ]
    for earlier, later in read.findings:
        if earlier is None or later is None or earlier.manifest.reference != later.manifest.reference:
            queries.append(
                f"""SELECT key FROM ({_marks(earlier)}) AS earlier FULL JOIN ({_marks(later)}) AS later USING (key)
                WHERE earlier.fingerprint IS DISTINCT FROM later.fingerprint"""
            )
    return " UNION ALL ".join(queries)


def write_dead_keys(scratch: Path, target: Path, documents: Snapshot, results: Snapshot, looked_at: Path | None = None) -> int:
    """Keys of results whose document is no longer live, or was looked at again; new results replace those anyway.

    ``looked_at`` is a Parquet file with a column ``key``.
    """
    again = f"SELECT key FROM read_parquet({parquet([looked_at])})" if looked_at else _NO_KEY
    with connect(scratch) as connection:
        query = f"""WITH result AS (SELECT key FROM read_parquet({parquet([results.index_path])}))
            SELECT key FROM result ANTI JOIN (SELECT key FROM read_parquet({parquet([documents.index_path])}) WHERE live) USING (key)
            UNION SELECT key FROM result SEMI JOIN ({again}) USING (key) ORDER BY key"""
        return write_query(connection, query, target, sorted_column="key")


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class State:
    """What consumers see of a source: its live documents and the results of each task for them."""

    documents: Snapshot
    derivatives: Mapping[str, Snapshot]


def find_changes(scratch: Path, before: State | None, after: State | None) -> Iterator[pa.RecordBatch]:
    """What leads from one state to the other, in batches, in order of SRN: columns ``srn`` and ``operation`` (upsert or delete).

    A document is upserted when it or the result of a task for it is new or differs.
    """
    tasks = sorted({*(before.derivatives if before else ()), *(after.derivatives if after else ())})
    with connect(scratch) as connection:
        connection.execute(f"CREATE VIEW before AS {_live(before)}; CREATE VIEW after AS {_live(after)}")
        results = "".join(
            f"""UNION SELECT key AS srn, 'upsert' AS operation FROM ({_results(before, task)}) AS old
            FULL JOIN ({_results(after, task)}) AS new USING (key)
            SEMI JOIN after USING (key) WHERE old.fingerprint IS DISTINCT FROM new.fingerprint """
            for task in tasks
        )
        yield from connection.sql(
            f"""SELECT key AS srn, 'upsert' AS operation FROM after LEFT JOIN before USING (key)
            WHERE before.fingerprint IS DISTINCT FROM after.fingerprint
            {results} UNION SELECT key AS srn, 'delete' AS operation FROM before ANTI JOIN after USING (key) ORDER BY srn"""
        ).to_arrow_reader(BATCH_ROWS)


def _live(state: State | None) -> str:
    if state is None:
        return _NO_KEYS
    index = parquet([state.documents.index_path])
    return f"SELECT key, fingerprint FROM read_parquet({index}) WHERE live AND {is_published(state.derivatives)}"


def _results(state: State | None, task: str) -> str:
    snapshot = state.derivatives.get(task) if state else None
    return f"SELECT * FROM ({_marks(snapshot)}) WHERE status <> 'not_applicable'"


def _marks(results: Snapshot | None) -> str:
    """Results by key, with the fingerprint of what consumers see of them; tables of old have one fingerprint only."""
    if results is None:
        return "SELECT NULL::VARCHAR AS key, NULL::VARCHAR AS status, NULL::BIGINT AS fingerprint WHERE false"
    mark = "result_fingerprint" if "result_fingerprint" in pq.read_schema(results.index_path).names else "fingerprint"
    return f"SELECT key, status, {mark} AS fingerprint FROM read_parquet({parquet([results.index_path])})"


def is_published(derivatives: Mapping[str, Snapshot]) -> str:
    """SQL over the index of documents: no task keeps the document, or the record that it is part of, from being published."""
    paths = [each.index_path for each in derivatives.values() if each.manifest.counts.get("withheld")]
    if not paths:
        return "true"
    withheld = f"SELECT key FROM read_parquet({parquet(paths)}, union_by_name = true) WHERE withholds"
    return f"key NOT IN ({withheld}) AND coalesce(owner, key) NOT IN ({withheld})"


def count_results(scratch: Path, results: Snapshot) -> list[tuple[str, str | None, int]]:
    """How many results there are, by status and class of failure."""
    with connect(scratch) as connection:
        rows = connection.execute(
            f"SELECT status, failure, count(*) FROM read_parquet({parquet([results.index_path])}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    return [(str(status), failure, int(count)) for status, failure, count in rows]


_NO_KEY = "SELECT NULL::VARCHAR AS key WHERE false"
_NO_KEYS = "SELECT NULL::VARCHAR AS key, NULL::BIGINT AS fingerprint WHERE false"


@dataclass(frozen=True, slots=True)
class Kind:
    """Live documents that fared alike from one state to the next: how many, and the first of them by SRN."""

    count: int
    first: Sequence[str]


@dataclass(frozen=True, slots=True)
class Received:
    """The raw records of a harvest; ``prefix`` turns an identifier into the SRN of its record, ``absent_are_gone`` as above."""

    raw: Snapshot
    prefix: str
    absent_are_gone: bool


def sort_differences(scratch: Path, before: Snapshot | None, after: Snapshot, received: Received, *, samples: int) -> dict[str, Kind]:
    """What became of each live document, by kind; kinds that none belongs to are missing.

    ``added``, ``changed``, ``unchanged`` (without names), or gone: ``deleted`` by the source, ``absent`` from its list, or ``left_out`` of
    a record that is still there.
    """
    absent = "NOT coalesce(received, false)" if received.absent_are_gone else "false"
    with connect(scratch) as connection:
        live = "SELECT key, fingerprint, coalesce(owner, key) AS owner FROM read_parquet({}) WHERE live"
        nothing = "SELECT NULL::VARCHAR AS key, NULL::BIGINT AS fingerprint, NULL::VARCHAR AS owner WHERE false"
        connection.execute(
            f"""CREATE VIEW before AS {live.format(parquet([before.index_path])) if before else nothing};
            CREATE VIEW after AS {live.format(parquet([after.index_path]))};
            CREATE VIEW raw AS SELECT {literal(received.prefix)} || key AS owner, received, deleted
            FROM read_parquet({parquet([received.raw.index_path])});
            CREATE TABLE gone AS SELECT key, owner FROM before ANTI JOIN after USING (key)"""
        )
        rows = connection.execute(
            f"""SELECT kind, count(*), min(key, {max(samples, 1)}) FILTER (WHERE kind <> 'unchanged') FROM (
                SELECT key, CASE WHEN before.key IS NULL THEN 'added' WHEN before.fingerprint <> after.fingerprint THEN 'changed'
                ELSE 'unchanged' END AS kind FROM after LEFT JOIN before USING (key)
                UNION ALL SELECT key, CASE WHEN received AND deleted THEN 'deleted' WHEN {absent} THEN 'absent'
                ELSE 'left_out' END FROM gone LEFT JOIN raw USING (owner)
            ) GROUP BY kind"""
        ).fetchall()
    return {str(kind): Kind(int(count), tuple(first or ())[:samples]) for kind, count, first in rows}
