"""The rows of a harvest laid into its days: one partition of ``raw_records`` for each, every one on top of the one before it."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.harvest.progress import ListProgress
from harvest_assets.harvest.windows import day_of, next_start, proves_absence
from harvest_assets.interfaces import Remote
from harvest_assets.model.completeness import Completeness
from harvest_assets.model.exchange import EXCHANGES, Exchange
from harvest_assets.model.fingerprint import body_fingerprints
from harvest_assets.model.window import Window, next_midnight
from harvest_assets.stages.aside import AsideTable
from harvest_assets.stages.ranges import Request
from harvest_assets.stages.shapes import RAW
from harvest_assets.store.queries import count_distinct_each
from harvest_assets.store.rows import RowFile, RowFiles, take_rows, with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store

ASSET = "raw_records"
MOST_FILES = 64
KEPT_NOTES = 20

REPAIRS = pa.schema(
    [
        pa.field("page", pa.int32(), nullable=False),
        pa.field("repairs", pa.string(), nullable=False, metadata={"description": "What was mended before the page could be read"}),
        pa.field("original", pa.string(), nullable=False, metadata={"description": "Blob with the answer as it came; empty if not kept"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Harvest:
    """A range that was read: its window, all of its lists as one, the proof, and the files with its rows in the order of the lists."""

    request: Request
    window: Window
    remote: Remote
    progress: ListProgress
    proof: Completeness
    files: Sequence[RowFile]
    lists: int = 1


def write_days(store: Store, scratch: Path, done: Harvest, previous: Snapshot | None) -> Iterator[Snapshot]:
    """The snapshot of each day, in order, not yet committed; ``previous`` is the state before the first of them."""
    source, days = done.request.source, done.request.days
    rows = _split(scratch, done)
    distinct = [done.proof.distinct]  # counted already, for a single day
    if len(days) > 1:
        distinct = count_distinct_each(scratch, [[file.path for file in rows[day]] for day in days], RAW.key)
    for day, received in zip(days, distinct, strict=True):
        files = rows[day]
        folder = scratch / f"day-{day}"
        folder.mkdir()
        writer = SnapshotWriter(store.files, folder, RAW, Origin(ASSET, source.slug, str(day), source.protocol), previous)
        writer.adopt(files)
        _attach_tables(store, writer, folder, done.progress)
        previous = writer.finish(counts={"received": received}, facts=_facts(done, day))
        yield previous


def lay_again(store: Store, scratch: Path, snapshot: Snapshot, previous: Snapshot | None) -> Snapshot:
    """What a day received, laid on another state before it; the source is not asked."""
    manifest = snapshot.manifest
    folder = scratch / f"again-{manifest.day}"
    folder.mkdir(parents=True)
    writer = SnapshotWriter(store.files, folder, RAW, Origin(ASSET, manifest.scope, manifest.day, manifest.code_version), previous)
    for batch in snapshot.batches(columns=RAW.schema.names, where="received"):
        marks = body_fingerprints(batch.column("body"))
        writer.append(pa.RecordBatch.from_arrays([*batch.columns, marks], schema=with_fingerprint(RAW.schema)))
    for name in ("requests", "set_aside", "repairs"):
        for table in manifest.tables.get(name, ()):
            shutil.copy(store.files.localise(f"{manifest.reference.folder}/{table.name}"), folder / table.name)
            writer.attach(name, folder / table.name, table.rows)
    return writer.finish(counts={"received": manifest.counts["received"]}, facts=dict(manifest.facts))


def _split(scratch: Path, done: Harvest) -> dict[date, Sequence[RowFile]]:
    """The rows of each day; a single day has them all, as they were staged."""
    days = done.request.days
    if len(days) == 1 and len(done.files) <= MOST_FILES:
        return {days[0]: done.files}
    targets: dict[date, RowFiles] = {}
    for day in days:
        (scratch / f"rows-{day}").mkdir()
        targets[day] = RowFiles(scratch / f"rows-{day}", with_fingerprint(RAW.schema))
    for batch in take_rows([file.path for file in done.files], None):
        laid = [day_of(stamp, days) for stamp in batch.column("datestamp").to_pylist()] if len(days) > 1 else [days[0]] * batch.num_rows
        for day in sorted(set(laid)):
            targets[day].append(batch.filter(pa.array([each == day for each in laid])))
    return {day: target.finish() for day, target in targets.items()}


def _attach_tables(store: Store, writer: SnapshotWriter, folder: Path, progress: ListProgress) -> None:
    """The requests, the records that were set aside, and the pages that were mended, beside the records."""
    aside = AsideTable(folder / "set_aside.parquet")
    aside.append(replace(each.record, body=store.files.read(each.kept_at)) for each in progress.set_aside)
    aside.close()
    writer.attach("set_aside", aside.path, aside.rows)
    requests = [_exchange_row(page, exchange) for page, exchange in progress.exchanges]
    repairs = [asdict(each) for each in progress.repairs]
    for name, rows, schema in (("requests", requests, EXCHANGES), ("repairs", repairs, REPAIRS)):
        path = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        writer.attach(name, path, len(rows))


def _exchange_row(page: int, exchange: Exchange) -> dict[str, Any]:
    row = asdict(exchange)
    del row["hops"]
    return {"page": page, **row}


def _facts(done: Harvest, day: date) -> dict[str, Any]:
    """What the partition says beyond its tables: the request, the proof, and where the next harvest may begin."""
    request, window, proof, progress = done.request, done.window, done.proof, done.progress
    source = request.source
    return {
        "started_at": progress.started_at.isoformat(),
        "window": {"start": _iso(window.start), "end": _iso(window.end)},
        "batch": request.batch,
        "asked_for": [str(request.days[0]), str(request.days[-1])],
        "is_complete": proof.is_complete,
        "incomplete_because": list(proof.reasons()),
        "proves_absence": proof.is_complete and len(request.days) == 1 and proves_absence(window, source.start),
        "next_start": next_start(progress.started_at, _window_of(done, day), source.overlap).isoformat(),
        "completeness": {**asdict(proof), "duplicates": proof.duplicates},
        "restarted": progress.restarted,
        "lists": done.lists,
        "notes": progress.notes[:KEPT_NOTES],
        "parameters": {name: value for name, value in asdict(request.parameters).items() if value},
        "granularity": done.remote.granularity,
        "deleted_record": done.remote.deleted_record,
    }


def _window_of(done: Harvest, day: date) -> Window:
    """The part of the window that a day answers for: to its midnight, or to the end of the window on the last day."""
    return done.window if day == done.request.days[-1] else Window(done.window.start, next_midnight(day))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
