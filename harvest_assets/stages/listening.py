"""Who listens to a harvest under way: the command line shows pages as they arrive, and documents as tasks look at them.

A harvest started by Dagster in this process runs deep below whoever started it, so the listener travels in the context.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

OnPage = Callable[[int, int, int | None], None]
OnTask = Callable[[str, int, int], None]


def _ignore(_pages: int, _records: int, _announced: int | None) -> None:
    """Nobody listens."""


def _ignore_task(_task: str, _done: int, _of: int) -> None:
    """Nobody listens."""


_LISTENER: ContextVar[OnPage] = ContextVar("listener", default=_ignore)
_TASK_LISTENER: ContextVar[OnTask] = ContextVar("task_listener", default=_ignore_task)


def find_listener() -> OnPage:
    """Whoever wants to be told pages, records and the announced total after each page."""
    return _LISTENER.get()


def find_task_listener() -> OnTask:
    """Whoever wants to be told the name of a task, how many documents it has done, and of how many, again and again."""
    return _TASK_LISTENER.get()


@contextmanager
def listening(on_page: OnPage, on_task: OnTask | None = None) -> Generator[None]:
    """Tell harvests that start within this context's code to report to a listener."""
    token, task_token = _LISTENER.set(on_page), _TASK_LISTENER.set(on_task or _TASK_LISTENER.get())
    try:
        yield
    finally:
        _LISTENER.reset(token)
        _TASK_LISTENER.reset(task_token)
