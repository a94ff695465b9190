"""One list, from the first page or from where an earlier attempt stopped, to its end or to the reason why it did not end.

A page that cannot be read does not end the list: its window is halved until what cannot be read is as short as the server can tell, or is
a single record. That is set aside, or is a hole in the proof.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pyarrow as pa

from harvest_assets.config.sources import Source
from harvest_assets.errors import PausedError, PermanentError, PositionExpiredError, UnendingListError, UnreadablePageError
from harvest_assets.harvest.parts import Span, halve
from harvest_assets.harvest.progress import Entry, ListProgress
from harvest_assets.interfaces import Protocol
from harvest_assets.model.fingerprint import body_fingerprints
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.stages.shapes import RAW
from harvest_assets.store.rows import RowFile, with_fingerprint
from harvest_assets.store.staging import Place, Staging
from harvest_assets.store.store import Store

KEPT_ORIGINALS = 20
LEFT_BEHIND = timedelta(days=1)
# Windows tried around one page that cannot be read, and how many holes there may be before the first record: then the server is at fault.
MOST_WINDOWS = 200
HOPELESS_AFTER = 2

OnProgress = Callable[[ListProgress], None]


class Leash:
    """What ends a harvest between two pages: its time, its number of records, or whoever started it. Shared by all of its lists."""

    def __init__(self, deadline: float, limit: int | None = None, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self._deadline = deadline
        self._is_stopped = is_stopped
        self._limit = limit
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self.stop = threading.Event()

    @property
    def is_limited(self) -> bool:
        """Whether pages are cut: what an earlier attempt kept of them is not the whole, and was not counted here."""
        return self._limit is not None

    def check(self, place: str) -> None:
        """Go on, or not.

        Raises:
            PausedError: The time is up, or somebody wants the harvest to stop.
        """
        if self.stop.is_set() or self._is_stopped():
            raise PausedError(f"{place}: stopped between two pages; the next harvest goes on there")
        if time.time() >= self._deadline:
            raise PausedError(f"{place}: its time is up (limits.duration, or the end of its hours); the next harvest goes on there")

    def find_end(self) -> str | None:
        """Why no list has to be asked for any more; ``None`` when there is no such reason."""
        is_full = self._limit is not None and len(self._seen) >= self._limit
        return f"the limit of {self._limit} records is reached" if is_full else None

    def cut(self, page: Page) -> tuple[Page, str | None]:
        """The page, without the records that are too many, and why the list ends after it."""
        if self._limit is None:
            return page, None
        with self._lock:
            kept = 0
            for identifier in page.records.column("identifier").to_pylist():
                if identifier not in self._seen and len(self._seen) == self._limit:
                    break
                self._seen.add(identifier)
                kept += 1
            if len(self._seen) < self._limit and kept == page.records.num_rows:
                return page, None
        return replace(page, records=page.records.slice(0, kept)), self.find_end()


@dataclass(frozen=True)
class Reader:
    """What every list of one harvest is read with; ``on_progress`` is called after each page, from the thread that reads the list."""

    source: Source
    protocol: Protocol
    store: Store
    span: Span
    leash: Leash
    on_progress: OnProgress = field(default=lambda _: None)


class ListReading:
    """One list. ``name`` is its place in the staging area, ``scratch`` a folder of its own."""

    def __init__(self, reader: Reader, window: Window, name: str, scratch: Path) -> None:
        self.reader = reader
        self.window = window
        self._staging = Staging(reader.store.files, scratch, name, with_fingerprint(RAW.schema))
        self._place = Place()
        self.progress = ListProgress(reader.span.now)

    def read(self) -> list[RowFile]:
        """Read on to the end; the rows of all pages, also of those that earlier attempts received.

        Raises:
            TransientError: A page failed after its retries, or the harvest pauses; what was received is kept for the next attempt.
            PermanentError: The server refuses, or breaks the protocol.
        """
        self._take_up()
        try:
            self._follow_once_more()
        except UnreadablePageError as error:
            _Halving(self, error).read()
        return list(self._staging.finish())

    def _follow_once_more(self) -> None:
        """Follow the list, and start it again when the place to go on is no longer known; once."""
        try:
            self._follow()
        except PositionExpiredError as error:
            number = self._place.number
            self._staging.restart()
            self._place = Place()
            restarted = f"page {number} could not be resumed, the list was started again: {error}"
            self.progress = ListProgress(self.reader.span.now, restarted=restarted)
            self._follow()

    def _take_up(self) -> None:
        source, window = self.reader.source, self.window
        key = [source.fingerprint(), self.reader.protocol.version, window.start, window.end]
        found = self._staging.begin(orjson.dumps(key).decode())
        if found is not None and (self.reader.leash.is_limited or _is_old(found.entries[-1], self.reader.span.now)):
            self._staging.restart()
        elif found is not None:
            self._place = found.place
            self.progress.replay(found.entries)

    def _follow(self) -> None:
        place = self._place
        if place.position is None and place.number > 1:
            self.progress.last_page_reached = True
            return
        self._receive_all(self.reader.protocol.pages(self.window, position=place.position, number=place.number))

    def _receive_all(self, pages: Iterator[Page]) -> None:
        self.progress.stopped = self.reader.leash.find_end()
        if self.progress.stopped is not None:
            return
        self.reader.leash.check(f"{self.reader.source.slug}: page {self._place.number}")
        try:
            for page in pages:
                stopped = self.receive(page, Place(page.next_position, page.number + 1))
                if stopped is not None:
                    self.progress.stopped = stopped
                    return
                if page.next_position is not None:
                    self.reader.leash.check(f"{self.reader.source.slug}: page {page.number + 1}")
        except UnendingListError as error:
            self.progress.stopped = str(error)

    def receive(self, page: Page, place: Place | None = None) -> str | None:
        """Keep a page; without a place the list stands where it stood. Returns why the list ends here, if it does."""
        page, stopped = self.reader.leash.cut(page)
        self._place = place or self._place
        kept_at = [self.reader.store.blobs.keep(each.body, suffix=".bin") for each in page.set_aside]
        entry = self.progress.receive(page, self._keep_original(page), kept_at)
        self._staging.append(_with_fingerprints(page), self._place, entry)
        self.reader.on_progress(self.progress)
        return stopped

    def _keep_original(self, page: Page) -> str:
        """Evidence of the first pages that had to be mended; a source that needs it on every page is not kept twice."""
        if not page.original or len(self.progress.repairs) >= KEPT_ORIGINALS:
            return ""
        return self.reader.store.blobs.keep(page.original, suffix=".page")


class _Halving:
    """The window of a list with a page that cannot be read, asked for in smaller and smaller parts."""

    def __init__(self, reading: ListReading, error: UnreadablePageError) -> None:
        self._reading = reading
        self._error = error
        self._number = reading.progress.pages
        self._tried = 0
        self._holes = 0
        self._read_any = False

    def read(self) -> None:
        """Read all that can be read.

        Raises:
            UnreadablePageError: The window cannot be cut, or no part of it can be read.
        """
        progress = self._reading.progress
        halves = halve(self._reading.window, self._reading.reader.span) if self._reading.reader.protocol.filters_by_date() else None
        if halves is None:
            raise self._error
        progress.notes.append(f"a page could not be read, its window was asked for in parts: {self._error}")
        for half in halves:
            self._try(half, self._error)
        progress.position, progress.last_page_reached = None, True

    def _try(self, window: Window, error: UnreadablePageError) -> None:
        self._tried += 1
        if self._tried > MOST_WINDOWS:
            self._leave_out(window, error)
            return
        try:
            self._read_window(window)
        except UnreadablePageError as failure:
            # windows that fail one inside the other may all hold the same bad record: only holes, which lie side by side, tell
            if not self._read_any and self._holes >= HOPELESS_AFTER:
                raise
            self._cut(window, failure)

    def _read_window(self, window: Window) -> None:
        reading = self._reading
        try:
            for page in reading.reader.protocol.pages(window, number=self._number + 1):
                reading.reader.leash.check(f"{reading.reader.source.slug}: page {page.number}")
                self._number = page.number
                self._read_any = self._read_any or page.records.num_rows > 0
                # the total of the whole list stands: what a part announces would hide what another part lacks
                stopped = reading.receive(replace(page, announced_total=None))
                if stopped is not None:
                    reading.progress.stopped = stopped
                    return
        except UnendingListError as error:
            reading.progress.stopped = str(error)

    def _cut(self, window: Window, error: UnreadablePageError) -> None:
        halves = halve(window, self._reading.reader.span)
        if halves is None:
            self._isolate(window, error)
            return
        for half in halves:
            self._try(half, error)

    def _isolate(self, window: Window, error: UnreadablePageError) -> None:
        """The records of the shortest window one by one, so that the bad one is alone; where that cannot be done, all of them are out."""
        reading = self._reading
        try:
            for page in reading.reader.protocol.one_by_one(window, number=self._number + 1):
                self._number = page.number
                reading.receive(replace(page, announced_total=None))
        except PermanentError:
            self._leave_out(window, error)
        else:
            self._read_any = True

    def _leave_out(self, window: Window, error: UnreadablePageError) -> None:
        self._holes += 1
        start = window.start.isoformat() if window.start else "the beginning"
        end = window.end.isoformat() if window.end else "now"
        self._reading.progress.holes.append(f"records from {start} to {end} could not be read: {error}")


def _is_old(entry: Entry, now: datetime) -> bool:
    """Whether a list was left so long ago that its places mean nothing any more."""
    return now - datetime.fromisoformat(entry["exchange"]["started_at"]) > LEFT_BEHIND


def _with_fingerprints(page: Page) -> pa.RecordBatch:
    marks = body_fingerprints(page.records.column("body"))
    return pa.RecordBatch.from_arrays([*page.records.columns, marks], schema=with_fingerprint(RAW.schema))
