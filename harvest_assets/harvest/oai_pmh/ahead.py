"""One page is fetched and parsed while the caller works on the page before: at most one request at a time, in one thread.

Parsing leaves the interpreter free (lxml), so that a list without latency uses two processors. A failure of the page ahead is kept
until that page is due, so that what came before it is used first.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from harvest_assets.errors import HarvestError
from harvest_assets.harvest.oai_pmh.answers import Answer, parse_answer
from harvest_assets.interfaces import Response

Arguments = dict[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer as it came, and parsed, or the reason why it was not."""

    response: Response
    parsed: Answer | HarvestError

    def answer(self) -> Answer:
        """The parsed answer; raises what parsing raised."""
        if isinstance(self.parsed, HarvestError):
            raise self.parsed
        return self.parsed


class FetchAhead:
    """Requests by their arguments; on leaving, the thread is gone."""

    def __init__(self, fetch: Callable[[Arguments], Response]) -> None:
        self._fetch = fetch
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oai-pmh-page-ahead")
        self._ahead: tuple[Arguments, Future[Fetched]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)

    def start(self, arguments: Arguments, place: str) -> None:
        """Begin a request whose answer `take` will want; one that was begun for other arguments is dropped."""
        self._ahead = (arguments, self._thread.submit(self._read, arguments, place))

    def take(self, arguments: Arguments, place: str) -> Fetched:
        """The answer to a request: the one begun for exactly these arguments, or a new one. Raises what the request raised."""
        begun, self._ahead = self._ahead, None
        if begun is not None and begun[0] == arguments:
            return begun[1].result()
        if begun is not None:
            begun[1].cancel()
        return self._thread.submit(self._read, arguments, place).result()

    def _read(self, arguments: Arguments, place: str) -> Fetched:
        response = self._fetch(arguments)
        try:
            return Fetched(response, parse_answer(response.body, place))
        except HarvestError as error:
            return Fetched(response, error)
