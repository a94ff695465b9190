"""``raw_records``: one list, asked for once, becomes the raw records of its days, with the proof that it was complete.

Pages are staged as they arrive; a harvest that fails keeps them, and the next attempt at the same request goes on at the page that is
missing. An attempt leaves its trace in the ledger whatever becomes of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.config.sources import Source
from harvest_assets.errors import PositionExpiredError, UnendingListError
from harvest_assets.harvest.progress import ListProgress
from harvest_assets.harvest.windows import Habits, day_of, next_start, plan_window, proves_absence
from harvest_assets.interfaces import Protocol, Remote
from harvest_assets.model.completeness import Completeness
from harvest_assets.model.exchange import EXCHANGES, Exchange
from harvest_assets.model.fingerprint import body_fingerprints
from harvest_assets.model.record import SET_ASIDE, Page
from harvest_assets.model.window import Window, next_midnight
from harvest_assets.stages.attempts import recorded_attempt
from harvest_assets.stages.batches import made_by
from harvest_assets.stages.history import find_cursor
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.listening import OnPage, find_listener
from harvest_assets.stages.shapes import RAW
from harvest_assets.store.queries import count_distinct
from harvest_assets.store.rows import RowFile, RowFiles, take_rows, with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.staging import Place, Staging
from harvest_assets.store.store import Store

ASSET = "raw_records"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: consecutive days of one source, for a batch. ``on_page`` is told pages, records and the announced total."""

    source: Source
    days: Sequence[date]
    batch: str = ""
    full: bool = False
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    on_page: OnPage = field(default_factory=find_listener)


@dataclass(frozen=True, slots=True)
class _Harvest:
    """A list that was read, to its end or not."""

    request: Request
    window: Window
    remote: Remote
    progress: ListProgress
    files: Sequence[RowFile]


def harvest(installation: Installation, request: Request) -> dict[str, Snapshot]:
    """Ask the source once for all days and lay its records into them: day → raw records, not yet committed.

    Days that the batch has made already are not asked for again.

    Raises:
        ConfigurationError: The days cannot be asked for.
        TransientError: A page failed after its retries, or the source is being harvested by another run.
        PermanentError: The server refuses, or breaks the protocol.
    """
    source, store = request.source, installation.store
    made = {str(day): made_by(store, ASSET, source.slug, str(day), request.batch) for day in request.days}
    if request.batch and all(made.values()):
        return {day: store.snapshot(manifest, RAW) for day, manifest in made.items() if manifest}
    with store.hold(f"harvest-{source.slug}"), recorded_attempt(store, source.slug, request.days) as attempt:
        with store.files.scratch() as scratch, installation.client(source) as client:
            protocol = source.build_protocol(client, installation.environ)
            reading = _Reading(protocol, store, scratch, request, attempt.started_at)
            done = reading.read()
            snapshots = _write_days(store, scratch, done)
            reading.staging.restart()
        attempt.counts = next(reversed(snapshots.values())).manifest.facts["completeness"]
        return snapshots


class _Reading:
    """One list, from the first page or from where an earlier attempt stopped, to its end."""

    def __init__(self, protocol: Protocol, store: Store, scratch: Path, request: Request, started_at: datetime) -> None:
        self._protocol = protocol
        self._store = store
        self._request = request
        self._started_at = started_at
        self._progress = ListProgress(started_at)
        name = f"{request.source.slug}/{request.days[0]}"
        self.staging = Staging(store.files, scratch, name, with_fingerprint(RAW.schema), self._state)

    def read(self) -> _Harvest:
        request, source = self._request, self._request.source
        filters = self._protocol.filters_by_date()
        remote = self._protocol.identify()
        habits = Habits(filters, source.mode, source.full_every_days, remote.deleted_record, source.start)
        cursor = find_cursor(self._store, source.slug, request.days[0])
        window = plan_window(request.days, request.today, habits, cursor, force_full=request.full)
        key = orjson.dumps([source.fingerprint(), self._protocol.version, window.start, window.end]).decode()
        with self.staging:
            self._read_pages(window, key)
        self._progress.exchanges = [*((0, each) for each in remote.exchanges), *self._progress.exchanges]
        return _Harvest(request, window, remote, self._progress, self.staging.finish())

    def _state(self) -> dict[str, Any]:
        return self._progress.as_state()

    def _read_pages(self, window: Window, key: str) -> None:
        checkpoint = self.staging.begin(key)
        if checkpoint is None:
            self._follow(window, Place())
            return
        self._progress = ListProgress.from_state(checkpoint.state)
        try:
            self._follow(window, checkpoint.place)
        except PositionExpiredError as error:
            self.staging.restart()
            self._progress = ListProgress(
                self._started_at, restarted=f"page {checkpoint.number} could not be resumed, the list was started again: {error}"
            )
            self._follow(window, Place())

    def _follow(self, window: Window, place: Place) -> None:
        progress = self._progress
        if place.position is None and place.number > 1:
            progress.last_page_reached = True
            return
        try:
            for page in self._protocol.pages(window, position=place.position, number=place.number):
                progress.receive(page)
                self.staging.append(_with_fingerprints(page), Place(page.next_position, page.number + 1))
                self._request.on_page(progress.pages, progress.records, progress.announced_total)
        except UnendingListError as error:
            progress.stopped = str(error)


def _with_fingerprints(page: Page) -> pa.RecordBatch:
    marks = body_fingerprints(page.records.column("body"))
    return pa.RecordBatch.from_arrays([*page.records.columns, marks], schema=with_fingerprint(RAW.schema))


def _write_days(store: Store, scratch: Path, done: _Harvest) -> dict[str, Snapshot]:
    """Lay the records into their days, each day on top of the one before."""
    source, days = done.request.source, done.request.days
    earlier = next(store.manifests.before(ASSET, source.slug, days[0]), None)
    previous = None if earlier is None else store.snapshot(earlier, RAW)
    rows = _split(scratch, done)
    distinct = {day: count_distinct(scratch, [file.path for file in files], RAW.key) for day, files in rows.items()}
    proof = done.progress.prove(count_distinct(scratch, [file.path for file in done.files], RAW.key))
    snapshots: dict[str, Snapshot] = {}
    for day, files in rows.items():
        folder = scratch / f"day-{day}"
        folder.mkdir()
        writer = SnapshotWriter(store.files, folder, RAW, Origin(ASSET, source.slug, str(day), source.protocol), previous)
        writer.adopt(files)
        _attach_tables(writer, folder, done.progress)
        previous = writer.finish(counts={"received": distinct[day]}, facts=_facts(done, proof, day))
        snapshots[str(day)] = previous
    return snapshots


def _split(scratch: Path, done: _Harvest) -> dict[date, Sequence[RowFile]]:
    """The rows of each day; a single day has them all, as they were staged."""
    days = done.request.days
    if len(days) == 1:
        return {days[0]: done.files}
    targets: dict[date, RowFiles] = {}
    for day in days:
        (scratch / f"rows-{day}").mkdir()
        targets[day] = RowFiles(scratch / f"rows-{day}", with_fingerprint(RAW.schema))
    for batch in take_rows([file.path for file in done.files], None):
        laid = [day_of(stamp, days) for stamp in batch.column("datestamp").to_pylist()]
        for day in sorted(set(laid)):
            targets[day].append(batch.filter(pa.array([each == day for each in laid])))
    return {day: target.finish() for day, target in targets.items()}


def _attach_tables(writer: SnapshotWriter, folder: Path, progress: ListProgress) -> None:
    """The requests, and the records that were set aside, beside the records."""
    requests = [_exchange_row(page, exchange) for page, exchange in progress.exchanges]
    aside = [asdict(each) for each in progress.set_aside]
    for name, rows, schema in (("requests", requests, EXCHANGES), ("set_aside", aside, SET_ASIDE)):
        path = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
        writer.attach(name, path, len(rows))


def _exchange_row(page: int, exchange: Exchange) -> dict[str, Any]:
    row = asdict(exchange)
    del row["hops"]
    return {"page": page, **row}


def _facts(done: _Harvest, proof: Completeness, day: date) -> dict[str, Any]:
    """What the partition says beyond its tables: the request, the proof, and where the next harvest may begin."""
    source, window = done.request.source, done.window
    return {
        "started_at": done.progress.started_at.isoformat(),
        "window": {"start": _iso(window.start), "end": _iso(window.end)},
        "batch": done.request.batch,
        "asked_for": [str(done.request.days[0]), str(done.request.days[-1])],
        "is_complete": proof.is_complete,
        "incomplete_because": list(proof.reasons()),
        "proves_absence": proof.is_complete and len(done.request.days) == 1 and proves_absence(window, source.start),
        "next_start": next_start(done.progress.started_at, _window_of(done, day), source.overlap).isoformat(),
        "completeness": {**asdict(proof), "duplicates": proof.duplicates},
        "restarted": done.progress.restarted,
        "granularity": done.remote.granularity,
        "deleted_record": done.remote.deleted_record,
    }


def _window_of(done: _Harvest, day: date) -> Window:
    """The part of the window that a day answers for: to its midnight, or to the end of the window on the last day."""
    return done.window if day == done.request.days[-1] else Window(done.window.start, next_midnight(day))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
