"""Who listens to a harvest under way: the command line shows pages as they arrive.

A harvest started by Dagster in this process runs deep below whoever started it, so the listener travels in the context.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

OnPage = Callable[[int, int, int | None], None]


def _ignore(_pages: int, _records: int, _announced: int | None) -> None:
    """Nobody listens."""


_LISTENER: ContextVar[OnPage] = ContextVar("listener", default=_ignore)


def find_listener() -> OnPage:
    """Whoever wants to be told pages, records and the announced total after each page."""
    return _LISTENER.get()


@contextmanager
def listening(on_page: OnPage) -> Generator[None]:
    """Tell harvests that start within this context's code to report to a listener."""
    token = _LISTENER.set(on_page)
    try:
        yield
    finally:
        _LISTENER.reset(token)
