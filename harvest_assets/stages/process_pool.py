"""Idle processes for strangers' bytes, lent to one thread at a time; with a temporary folder that goes when they go."""

import shutil
import tempfile
import weakref
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from harvest_assets.stages.work_process import WorkProcess


class ProcessPool:
    """Keeps what was given back for the next who needs one. One that nobody closes is closed when it is dropped or the program ends."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._temporary = Path(tempfile.mkdtemp(prefix="harvest-isolated-"))
        self._idle: deque[WorkProcess] = deque()
        self._end = weakref.finalize(self, _end_all, self._idle, self._temporary)

    def lend(self) -> WorkProcess:
        """An idle process, or a new one; whoever gets it gives it back or closes it.

        Raises:
            RuntimeError: The pool is closed.
        """
        if not self._end.alive:
            raise RuntimeError("these processes were closed; keep them open as long as there is work for them")
        with suppress(IndexError):
            while True:
                process = self._idle.pop()
                if process.is_alive:
                    return process
                process.close()
        return WorkProcess(self._temporary, self._environ)

    def take_back(self, process: WorkProcess) -> None:
        """Keep an idle process; one that is worn, or comes after the end, is ended."""
        if self._end.alive and not process.is_worn:
            self._idle.append(process)
        else:
            process.close()

    def close(self) -> None:
        """End all idle processes and remove what they left."""
        self._end()


def _end_all(idle: deque[WorkProcess], temporary: Path) -> None:
    while idle:
        idle.pop().close()
    shutil.rmtree(temporary, ignore_errors=True)
