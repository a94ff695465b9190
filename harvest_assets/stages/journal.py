"""The journal of a harvest under way: what the ledger is told while its lists are read, and who is told of each page."""

import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from harvest_assets.errors import PausedError
from harvest_assets.harvest.progress import ListProgress
from harvest_assets.model.completeness import Completeness
from harvest_assets.model.window import Window
from harvest_assets.stages.harvest_ledger import HarvestLedger, HarvestRow, Status
from harvest_assets.stages.ranges import Request
from harvest_assets.stages.reading import Part, PartResult, Tally
from harvest_assets.store.store import Store

BEAT_SECONDS = 10.0


class Journal:
    """One harvest. Parts report from their threads."""

    def __init__(self, store: Store, request: Request) -> None:
        self._ledger = HarvestLedger(store)
        self._request = request
        self._row = self._ledger.find(request.source, request.start, request.end)
        self._parts: dict[int, HarvestRow] = {}
        self._tally = Tally()
        self._lock = threading.Lock()
        self._beat_at = time.monotonic()

    @contextmanager
    def kept(self) -> Generator[None]:
        """Write that the range is under way, and how that ended when it did not end well."""
        self._mark("started")
        try:
            yield
        except BaseException as error:
            is_cancelled = isinstance(error, PausedError) or not isinstance(error, Exception)
            reason = str(error).split("\n", 1)[0]
            self._mark("cancelled" if is_cancelled else "failed", error=type(error).__name__, reason=reason)
            raise

    def ask(self, window: Window, parts: Sequence[Part]) -> None:
        """Write what is asked of the server, and a row for each part of a range that was split."""
        facts = _bounds(window)
        if len(parts) == 1:
            self._mark("started", **facts, attempts=self._row.attempts)
            return
        self._mark("split", **facts)
        for part in parts:
            bounds = _bounds(part.window)
            row = self._ledger.find(self._request.source, bounds["window_start"], bounds["window_end"])
            self._parts[part.number] = self._write(row, "created", part_of=f"{self._row.start}/{self._row.end}", **bounds)

    def progress(self, part: Part, progress: ListProgress) -> None:
        """Tell who listens, and give a sign of life from time to time."""
        pages, records, announced = self._tally.add(part, progress)
        self._request.on_page(pages, records, announced)
        with self._lock:
            if time.monotonic() - self._beat_at >= BEAT_SECONDS:
                self._beat_at = time.monotonic()
                self._row = self._ledger.beat(self._row, pages=pages, records=records)

    def end_part(self, result: PartResult) -> None:
        """Write what became of a part."""
        row = self._parts.get(result.part.number)
        if row is None:
            return
        progress, error = result.progress, result.error
        row = self._write(row, "started")
        counts = {"pages": progress.pages, "records": progress.records, "set_aside": len(progress.set_aside)}
        if error is None:
            self._write(row, "succeeded", **counts, is_complete=progress.prove(progress.records).is_complete)
        else:
            status = "cancelled" if isinstance(error, PausedError) else "failed"
            self._write(row, status, **counts, error=type(error).__name__, reason=str(error))

    def succeed(self, proof: Completeness) -> None:
        """Write that the range has been received."""
        reason = "; ".join(proof.reasons()) or None
        counts = {name: asdict(proof)[name] for name in ("pages", "records", "set_aside")}
        self._mark("succeeded", **counts, is_complete=proof.is_complete, reason=reason)

    def _mark(self, status: Status, **facts: Any) -> None:  # noqa: ANN401 - fields of the row
        self._row = self._write(self._row, status, **facts)

    def _write(self, row: HarvestRow, status: Status, **facts: Any) -> HarvestRow:  # noqa: ANN401 - fields of the row
        return self._ledger.mark(row, status, **facts)


def _bounds(window: Window) -> dict[str, str | None]:
    return {
        "window_start": window.start.isoformat() if window.start else None,
        "window_end": window.end.isoformat() if window.end else None,
    }
