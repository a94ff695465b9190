"""Where the threads of one ``map`` meet: each takes a few items, and lays down what came of them for whoever reads the results.

Put here: what they share, and how much may lie there. Keep out: what is done with an item.
"""

import pickle
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Chunk = deque[tuple[Item, bytes]]

CHUNK_BYTES = 256 * 1024
_FILL_SECONDS = 0.01


class StoppedError(Exception):
    """Nobody wants results any more."""


class Desk(Generic[Item]):
    """Items on one side, results on the other; threads that bring more than is read wait."""

    def __init__(self, items: Iterable[Item], *, threads: int) -> None:
        self._items = iter(items)
        self._threads = threads
        self._reading = threading.Lock()
        self._room = threading.Semaphore(2 * threads)
        self._done: SimpleQueue[list[tuple[Item, Any]] | BaseException | None] = SimpleQueue()
        self.is_stopped = False

    def take(self, count: int) -> "Chunk[Item]":
        """The next items with their pickles, none at the end: so many, or fewer where they are large or slow to come."""
        chunk: Chunk[Item] = deque()
        size = 0
        with self._reading:
            until = time.monotonic() + _FILL_SECONDS
            for item in () if self.is_stopped else self._items:
                pickled = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
                chunk.append((item, pickled))
                size += len(pickled)
                if len(chunk) >= count or size >= CHUNK_BYTES or time.monotonic() >= until:
                    break
        return chunk

    def lay_down(self, done: list[tuple[Item, Any]]) -> None:
        """Hand on results, when there is room for them.

        Raises:
            StoppedError: Nobody reads them.
        """
        self._room.acquire()
        if self.is_stopped:
            raise StoppedError
        self._done.put(done)

    def leave(self, error: BaseException | None = None) -> None:
        """A thread has no more to do, or fails."""
        self._done.put(error)

    def results(self) -> Iterator[tuple[Item, Any]]:
        """What is laid down, until all threads have left; the error of a thread is raised."""
        working = self._threads
        while working:
            done = self._done.get()
            if isinstance(done, BaseException):
                raise done
            if done is None:
                working -= 1
                continue
            self._room.release()
            yield from done

    def stop(self) -> None:
        """No item is taken any more, and nobody waits for room."""
        self.is_stopped = True
        self._room.release(self._threads)
