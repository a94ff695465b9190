"""The parts of a split range shared by processes. Each has connections and threads of its own; the budget of a host is shared.

Processes speak through small files in the harvest's scratch folder: who has which part, how far it is, so that the whole gives signs of
life, and the word to stop.
"""

import os
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import replace
from functools import partial
from pathlib import Path

from harvest_assets.errors import ConfigurationError, PausedError, PermanentError, TransientError
from harvest_assets.harvest.progress import ListProgress
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.lists import Leash, Reader
from harvest_assets.stages.reading import Part, PartResult, Task, Watch, read_here
from harvest_assets.stages.workers import count_processes, start

POLL_SECONDS = 1.0


def read_parts(reader: Reader, task: Task, parts: Sequence[Part], watch: Watch) -> list[PartResult]:
    """Read every part, in as many processes as the source allows; results in order of number, errors among them."""
    ranges = task.source.ranges
    processes = 1 if task.limit is not None else min(ranges.processes, len(parts))
    if processes == 1:
        return read_here(reader, task, parts, 1 if task.limit is not None else ranges.parallel, watch)
    # every process is given all parts and takes the next that nobody has: one that starts late has fewer
    parallel, signals = -(-ranges.parallel // processes), Signals(task.scratch)
    others = [
        start(partial(_read_share, task, parts, parallel, os.getpid()), processes=max(processes - 1, count_processes()))
        for _ in range(processes - 1)
    ]
    try:
        found = read_here(reader, task, parts, parallel, replace(watch, claim=signals.claim))
        while wait(others, timeout=POLL_SECONDS).not_done:
            signals.pass_on(parts, watch)
    except BaseException:
        signals.stop()
        wait(others)
        raise
    for other in others:
        found += [_passed_on(result, watch) for result in other.result()]
    return sorted(found, key=lambda result: result.part.number)


class Signals:
    """Small files by which the processes of one harvest tell each other how far they are."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch / "signals"
        self._folder.mkdir(exist_ok=True)
        self._told: dict[int, str] = {}

    def claim(self, part: Part) -> bool:
        """Take a part, unless another process has it."""
        try:
            (self._folder / f"{part.number}.claim").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def tell(self, part: Part, progress: ListProgress) -> None:
        """Say how far a part is."""
        told = self._folder / f"{part.number}.new"
        total = "" if progress.announced_total is None else progress.announced_total
        told.write_text(f"{progress.pages} {progress.records} {total}")
        told.replace(self._folder / str(part.number))

    def pass_on(self, parts: Sequence[Part], watch: Watch) -> None:
        """Tell whoever watches what is new."""
        for part in parts:
            told = self._folder / str(part.number)
            text = told.read_text() if told.exists() else ""
            if text and self._told.get(part.number) != text:
                self._told[part.number] = text
                pages, records, total = text.split(" ")
                progress = ListProgress(watch.started_at, int(pages), int(records), int(total) if total else None)
                watch.on_progress(part, progress)

    def stop(self) -> None:
        """Ask every process to end at its next page."""
        (self._folder / "stop").touch()

    def is_stopped(self) -> bool:
        """Whether somebody asked."""
        return (self._folder / "stop").exists()


def _read_share(task: Task, parts: Sequence[Part], parallel: int, parent: int) -> list[PartResult]:
    """Read parts for another process; when that was killed, the source's lock is free, and this one has to end, too."""
    installation, signals = Installation.open(task.environ), Signals(task.scratch)
    with installation.client(task.source) as client:
        protocol = task.source.build_protocol(client, task.environ)
        protocol.identify()
        leash = Leash(task.deadline, is_stopped=lambda: signals.is_stopped() or os.getppid() != parent)
        reader = Reader(task.source, protocol, installation.store, task.span, leash)
        return [
            _portable(result)
            for result in read_here(reader, task, parts, parallel, Watch(task.span.now, signals.tell, claim=signals.claim))
        ]


def _passed_on(result: PartResult, watch: Watch) -> PartResult:
    watch.on_progress(result.part, result.progress)
    watch.on_end(result)
    return result


def _portable(result: PartResult) -> PartResult:
    """The result with an error of a plain class: what an error carries beside its words does not travel between processes."""
    if result.error is None:
        return result
    for kind in (PausedError, TransientError, ConfigurationError, PermanentError):
        if isinstance(result.error, kind):
            return replace(result, error=kind(str(result.error)))
    return replace(result, error=PermanentError(str(result.error)))
