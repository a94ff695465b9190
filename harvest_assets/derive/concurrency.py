"""Work on many documents at once, with as much in flight as there are workers, and no more kept than that.

Put here: how tasks share a pool of threads. Keep out: what they do in it.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_unordered(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int) -> Iterator[Result]:
    """Yield results as they come; n items → n results in any order.

    At most ``workers`` items are in work and as many results wait, however long the input is; so nothing is left to cancel when the
    consumer stops early, only what is in work is waited for. What ``work`` raises is raised here.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: set[Future[Result]] = {pool.submit(work, item) for item in islice(waiting, workers)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(work, item) for item in islice(waiting, len(done))}
            yield from (future.result() for future in done)
