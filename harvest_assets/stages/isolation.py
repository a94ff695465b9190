"""``Processes``: work on strangers' bytes in processes that are ended when they take too long, need too much, or crash.

Put here: what a caller sees. Keep out: who does which item and what an end means (`lanes`), a process from outside (`work_process`) and
inside (`isolated`), what it gives up (`confinement`), and what is believed of its answers (`plain_values`).
"""

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from harvest_assets.interfaces import Bounds, Ended, Isolation, Item, Result
from harvest_assets.stages.desk import Desk
from harvest_assets.stages.lanes import Job, Lane
from harvest_assets.stages.process_pool import ProcessPool

MAX_PROCESSES = 4


class Processes(Isolation):
    """So many processes for each ``map`` that is being read; they stay for the next one, and are replaced when they are worn.

    They see neither the network nor the environment but for paths and language, and have a temporary folder that goes when they go. What
    they answer is read as plain values, dates, and dataclasses and named tuples of this project and of the work's package:
    a file may have taken a process over, and a pickle could then make this one do anything.
    """

    def __init__(self, processes: int | None = None, *, environ: Mapping[str, str] = os.environ) -> None:
        self._size = processes or min(os.cpu_count() or 1, MAX_PROCESSES)
        self._pool = ProcessPool(environ)

    def map(self, work: Callable[[Item], Result], items: Iterable[Item], bounds: Bounds) -> Iterator[tuple[Item, Result | Ended]]:
        """See ``Isolation.map``. Processes that are at work when the caller stops early are ended.

        ``items`` are read in other threads, one at a time and a little ahead: per process 256 KiB, or one item that is larger. Programs
        that the work starts end with its process.

        Raises:
            RuntimeError: ``work`` cannot be loaded in a process, or raised what is no ``HarvestError``; its traceback is in the message.
            pickle.UnpicklingError: A result is none of the values that are taken.
        """
        function = getattr(work, "func", work)
        name = f"{function.__module__}.{function.__qualname__}"
        packages = frozenset({"harvest_assets", name.partition(".")[0]})
        job = Job(pickle.dumps((work, bounds.memory_bytes)), name, bounds.seconds, packages)
        desk = Desk(items, threads=self._size)
        lanes = [Lane(job, desk, self._pool) for _ in range(self._size)]
        for lane in lanes:
            lane.start()
        try:
            yield from desk.results()
        finally:
            desk.stop()
            for lane in lanes:
                lane.stop()

    def close(self) -> None:
        """End all processes and remove what they left; to be called when no ``map`` is being read."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
