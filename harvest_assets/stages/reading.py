"""All lists of one harvest: one, or the parts of a split range, several at a time where the source allows it (`shares`: in processes).

Each part is a unit of retry with a row of its own in the ledger: a part that failed leaves the others as they are, and the next attempt
asks for what is missing only. The tail is read when everything else has been read (`harvest.parts`).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from harvest_assets.config.sources import Source
from harvest_assets.errors import HarvestError
from harvest_assets.harvest.parts import Span
from harvest_assets.harvest.progress import ListProgress
from harvest_assets.model.window import Window
from harvest_assets.stages.lists import ListReading, OnProgress, Reader
from harvest_assets.store.rows import RowFile


@dataclass(frozen=True, slots=True)
class Part:
    """One list that is asked for; ``number`` is its place among the parts of the range."""

    number: int
    window: Window


@dataclass(frozen=True)
class PartResult:
    """What came of a part: its rows and what is known of its list, or the error that ended it."""

    part: Part
    progress: ListProgress
    files: Sequence[RowFile] = ()
    error: HarvestError | None = None


@dataclass(frozen=True)
class Task:
    """What is read, ready to travel to another process. ``name`` is the harvest's place in the staging area."""

    source: Source
    environ: Mapping[str, str]
    name: str
    scratch: Path
    span: Span
    deadline: float
    limit: int | None = None


@dataclass(frozen=True)
class Watch:
    """Who is told of a harvest under way: progress of a part after each of its pages, and every part that has ended.

    ``claim`` says whether a part is to be read here; processes that share the parts take them one by one.
    """

    started_at: datetime
    on_progress: Callable[[Part, ListProgress], None] = field(default=lambda _part, _progress: None)
    on_end: Callable[[PartResult], None] = field(default=lambda _: None)
    claim: Callable[[Part], bool] = field(default=lambda _: True)


def read_here(reader: Reader, task: Task, parts: Sequence[Part], parallel: int, watch: Watch) -> list[PartResult]:
    """Read the parts that nobody else claims, so many at a time; whoever breaks in ends all of them at their next page."""
    with ThreadPoolExecutor(parallel, thread_name_prefix="harvest-list") as threads:
        try:
            futures = [threads.submit(_read_part, reader, task, part, watch) for part in parts]
            return [result for future in futures if (result := _ended(future, watch)) is not None]
        except BaseException:
            reader.leash.stop.set()
            raise


def _ended(future: Future[PartResult | None], watch: Watch) -> PartResult | None:
    result = future.result()
    if result is not None:
        watch.on_end(result)
    return result


def _read_part(reader: Reader, task: Task, part: Part, watch: Watch) -> PartResult | None:
    if not watch.claim(part):
        return None
    on_progress: OnProgress = lambda progress: watch.on_progress(part, progress)  # noqa: E731 - a name says what it is
    reading = ListReading(
        replace(reader, on_progress=on_progress), part.window, f"{task.name}/{part.number:04d}", task.scratch / f"part-{part.number:04d}"
    )
    try:
        files = reading.read()
    except HarvestError as error:
        return PartResult(part, reading.progress, error=error)
    return PartResult(part, reading.progress, files)


class Tally:
    """Pages, records and announced totals over all lists of a harvest; threads add to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: dict[int, tuple[int, int, int | None]] = {}

    def add(self, part: Part, progress: ListProgress) -> tuple[int, int, int | None]:
        """Take up how far a part is; returns pages, records and the announced total of the whole, known when all parts announce one."""
        with self._lock:
            self._parts[part.number] = (progress.pages, progress.records, progress.announced_total)
            counts = list(self._parts.values())
        totals = [total for _, _, total in counts]
        known = sum(total for total in totals if total is not None) if None not in totals else None
        return sum(pages for pages, _, _ in counts), sum(records for _, records, _ in counts), known
