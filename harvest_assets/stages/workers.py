"""Workers: processes for work that keeps a processor busy, in order and within bounds.

A small job is done in place: starting processes costs about a second. Results come in the order of the input, and no more than two items
per process are on their way, so that memory follows the batch and not the source. loky's processes, unlike those of the standard
library, do not import the main module again, which in a Dagster run is Dagster; they stay for the next job and go when there is none.
"""

import gc
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import TypeVar

from loky import get_reusable_executor

Item = TypeVar("Item")
Result = TypeVar("Result")

WORTH_PROCESSES = 20_000
MAX_PROCESSES = 4
IDLE_SECONDS = 10


def map_in_order(work: Callable[[Item], Result], items: Iterable[Item], *, size: int) -> Iterator[Result]:
    """Apply ``work`` (picklable) to each item; ``size`` is how many records the items hold in all, as far as known."""
    processes = count_processes()
    if size < WORTH_PROCESSES or processes < 2:  # noqa: PLR2004 - one process is no help
        yield from map(work, items)
        return
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(start(partial(work, item), processes=processes))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def count_processes() -> int:
    """How many processes this machine is good for."""
    return min(os.cpu_count() or 1, MAX_PROCESSES)


def start(work: Callable[[], Result], *, processes: int) -> "Future[Result]":
    """Do something (picklable) in one of so many processes."""
    return get_reusable_executor(processes, timeout=IDLE_SECONDS).submit(_do, work)


def _do(work: Callable[[], Result]) -> Result:
    """Parsed records hold no cycles; looking for them costs a fifth of the time (measured November 2026)."""
    gc.set_threshold(200_000, 50, 100)
    return work()
