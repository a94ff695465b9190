"""``Lane``: one thread with one process at a time, which does the items that it takes from the desk.

A process answers each item before it begins the next, so the first item without an answer is the culprit when it ends, and what was
answered is not done again.
"""

import threading
import time
from dataclasses import dataclass
from typing import Any, Generic

from harvest_assets.interfaces import Ended
from harvest_assets.stages.desk import CHUNK_BYTES, Chunk, Desk, Item, StoppedError
from harvest_assets.stages.isolated import ENDED, READY, RESULT
from harvest_assets.stages.plain_values import read_plain
from harvest_assets.stages.process_pool import ProcessPool
from harvest_assets.stages.work_process import ProcessEndedError, WorkProcess

CHUNK_ITEMS = 256
CHUNK_SECONDS = 0.05
_REASON_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Job:
    """What is done with each item: a pickle of the function and its memory, its name for people, and whose values it may return."""

    pickled: bytes
    name: str
    seconds: float
    packages: frozenset[str]


class Lane(Generic[Item]):
    """Runs in a thread of its own until there are no items left, an item brings a defect to light, or it is stopped."""

    def __init__(self, job: Job, desk: Desk[Item], pool: ProcessPool) -> None:
        self._job = job
        self._desk = desk
        self._pool = pool
        self._process: WorkProcess | None = None
        self._guard = threading.Lock()
        self._done: list[tuple[Item, Any]] = []
        self._done_bytes = 0
        # A daemon: a program that ends with results unread must not wait for it; its process ends with the program.
        self._thread = threading.Thread(target=self._run, name=job.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the process that is at work, after the desk was stopped; returns when nothing is left."""
        with self._guard:
            if self._process is not None:
                self._process.kill()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._work_off()
        except StoppedError:
            return
        except BaseException as error:  # noqa: BLE001 - raised again where the results are read
            self._desk.leave(error)
        else:
            self._desk.leave()
        finally:
            self._part(is_idle=False)

    def _work_off(self) -> None:
        """Take as many items at a time as are done in a twentieth of a second, so that no lane is left with work that others could do."""
        count = 1
        while chunk := self._desk.take(count):
            taken, began = len(chunk), time.monotonic()
            self._do(chunk)
            seconds_each = (time.monotonic() - began) / taken
            count = max(1, min(CHUNK_ITEMS, 4 * count, int(CHUNK_SECONDS / max(seconds_each, 1e-6))))
        self._part(is_idle=True)

    def _do(self, chunk: Chunk[Item]) -> None:
        """Have the items of a chunk done, in as many processes as it takes.

        Who crashes a process that did others before is tried again in a fresh one: they may have broken it.
        """
        while chunk:
            process = self._engage()
            try:
                process.send([pickled for _, pickled in chunk])
                while chunk:
                    if not process.has_answer:
                        self._hand_on()
                    answer = process.receive(self._job.seconds)
                    item, _ = chunk.popleft()
                    self._note(item, self._read(answer), len(answer))
            except ProcessEndedError as end:
                self._part(is_idle=False)
                if end.failure != "crashed" or not process.items:
                    item, _ = chunk.popleft()
                    self._note(item, Ended(end.failure, str(end)), 0)
        self._hand_on()

    def _engage(self) -> WorkProcess:
        """A process that knows what to do.

        Raises:
            RuntimeError: The function cannot be loaded there.
        """
        with self._guard:
            if self._desk.is_stopped:
                raise StoppedError
            if self._process is not None and self._process.is_worn:
                self._process.close()
                self._process = None
            process = self._process = self._process or self._pool.lend()
        if process.work != self._job.pickled:
            self._load(process)
        return process

    def _load(self, process: WorkProcess) -> None:
        try:
            kind, _, text = read_plain(process.load(self._job.pickled), ())
        except ProcessEndedError as end:
            if self._desk.is_stopped:
                raise StoppedError from None
            raise RuntimeError(f"{self._job.name}: no process could be started for it: {end}") from None
        if kind != READY:
            raise RuntimeError(f"{self._job.name}: it cannot be loaded in a process of its own; let it be a function of a module\n{text}")

    def _part(self, *, is_idle: bool) -> None:
        """Give the process back when it has nothing to do, and end it otherwise."""
        with self._guard:
            process, self._process = self._process, None
            is_kept = is_idle and not self._desk.is_stopped
        if process is None:
            return
        if is_kept:
            self._pool.take_back(process)
        else:
            process.close()

    def _read(self, answer: bytes) -> object:
        """What the work returned, or that it ended.

        Raises:
            RuntimeError: The work raised what is no ``HarvestError``: a defect of ours.
        """
        kind, value, text = read_plain(answer, self._job.packages)
        if kind == RESULT:
            return value
        if kind == ENDED:
            return Ended(str(value), str(text)[:_REASON_CHARACTERS])
        raise RuntimeError(f"{self._job.name}: an item raised what is no HarvestError\n{text}")

    def _note(self, item: Item, result: object, size: int) -> None:
        self._done.append((item, result))
        self._done_bytes += size
        if self._done_bytes >= CHUNK_BYTES or len(self._done) >= CHUNK_ITEMS:
            self._hand_on()

    def _hand_on(self) -> None:
        if self._done:
            self._desk.lay_down(self._done)
            self._done, self._done_bytes = [], 0
