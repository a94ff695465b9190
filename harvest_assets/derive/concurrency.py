"""Work on many documents at once, with as much in flight as there are workers, and no more kept than that.

Put here: how tasks share a pool of threads, and how hosts share it fairly. Keep out: what the threads do.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Share:
    """How much may be in work: ``workers`` items altogether, ``each`` of one key, and ``keys`` that take turns at a time."""

    workers: int = 32
    each: int = 2
    keys: int = 256


def map_unordered(work: Callable[[Item], Result], items: Iterable[Item], *, workers: int) -> Iterator[Result]:
    """Yield results as they come; n items → n results in any order.

    At most ``workers`` items are in work and as many results wait, however long the input is; so nothing is left to cancel when the
    consumer stops early, only what is in work is waited for. What ``work`` raises is raised here.
    """
    waiting = iter(items)
    yield from _run(work, lambda: list(islice(waiting, 1)), lambda _: None, workers)


def map_in_turns(
    work: Callable[[Item], Result], items: Sequence[Item], *, key: Callable[[Item], Hashable], share: Share
) -> Iterator[Result]:
    """Yield results as they come, as `map_unordered` does, while keys (hosts) take turns and none has more than its share in work.

    So one slow host holds ``share.each`` workers and not all of them, and a host with many files does not make the others wait.
    """
    turns = _Turns(items, key, share)
    yield from _run(work, turns.draw, turns.give_back, share.workers)


class _Turns(Generic[Item]):
    """Items by key, and whose turn it is; used by one thread."""

    def __init__(self, items: Sequence[Item], key: Callable[[Item], Hashable], share: Share) -> None:
        queues: dict[Hashable, deque[Item]] = {}
        for item in items:
            queues.setdefault(key(item), deque()).append(item)
        self._key = key
        self._each = share.each
        self._queues = queues
        self._busy = dict.fromkeys(queues, 0)
        self._later = iter(queues)
        self._ready: deque[Hashable] = deque()
        for _ in range(share.keys):
            self._admit()

    def draw(self) -> list[Item]:
        """The next item, of the key that waited longest; none while every key has its share in work, or nothing is left."""
        if not self._ready:
            return []
        name = self._ready.popleft()
        item = self._queues[name].popleft()
        self._busy[name] += 1
        if self._queues[name] and self._busy[name] < self._each:
            self._ready.append(name)
        return [item]

    def give_back(self, item: Item) -> None:
        """An item is done: its key may have the next one in work, or another key takes its place."""
        name = self._key(item)
        self._busy[name] -= 1
        if self._queues[name] and self._busy[name] == self._each - 1:
            self._ready.append(name)
        if not self._queues[name] and not self._busy[name]:
            self._admit()

    def _admit(self) -> None:
        name = next(self._later, None)
        if name is not None:
            self._ready.append(name)


def _run(
    work: Callable[[Item], Result], draw: Callable[[], list[Item]], give_back: Callable[[Item], None], workers: int
) -> Iterator[Result]:
    """Keep the workers busy with what ``draw`` gives, until it gives nothing and nothing is in work."""
    finished: SimpleQueue[Future[Result]] = SimpleQueue()
    running: dict[Future[Result], Item] = {}
    with ThreadPoolExecutor(max_workers=workers) as pool:
        while True:
            while len(running) < workers and (drawn := draw()):
                future = pool.submit(work, drawn[0])
                running[future] = drawn[0]
                future.add_done_callback(finished.put)
            if not running:
                return
            done = finished.get()
            give_back(running.pop(done))
            yield done.result()
