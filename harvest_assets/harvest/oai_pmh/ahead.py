"""One page is fetched and parsed while the caller works on the page before: at most one request at a time, in one thread.

Parsing has a thread of its own and leaves the interpreter free (lxml), so that the next request need not wait for it. A failure of the
page ahead is kept until that page is due, so that what came before it is used first.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from harvest_assets.harvest.oai_pmh.answers import Answer, parse_answer
from harvest_assets.harvest.oai_pmh.arguments import Arguments
from harvest_assets.interfaces import Response


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer on its way: first its bytes, then what they mean."""

    arguments: Arguments
    received: Future[Response]
    parsed: Future[Answer]

    def response(self) -> Response:
        """The answer as it came; raises what the request raised."""
        return self.received.result()

    def answer(self) -> Answer:
        """The parsed answer; raises what parsing raised."""
        return self.parsed.result()


class FetchAhead:
    """Requests by their arguments; on leaving, the threads are gone."""

    def __init__(self, fetch: Callable[[Arguments], Response]) -> None:
        self._fetch = fetch
        self._network = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oai-pmh-page-ahead")
        self._parser = ThreadPoolExecutor(max_workers=1, thread_name_prefix="oai-pmh-page-ahead-parser")
        self._ahead: Fetched | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._network.shutdown(wait=True, cancel_futures=True)
        self._parser.shutdown(wait=True, cancel_futures=True)

    def start(self, arguments: Arguments, place: str) -> None:
        """Begin a request whose answer `take` will want; one that was begun for other arguments is dropped."""
        self._ahead = self._begin(arguments, place)

    def take(self, arguments: Arguments, place: str) -> Fetched:
        """The answer to a request: the one begun for exactly these arguments, or a new one."""
        begun, self._ahead = self._ahead, None
        if begun is not None and begun.arguments == arguments:
            return begun
        if begun is not None:
            begun.received.cancel()
        return self._begin(arguments, place)

    def _begin(self, arguments: Arguments, place: str) -> Fetched:
        received = self._network.submit(self._fetch, arguments)
        return Fetched(arguments, received, self._parser.submit(_parse, received, place))


def _parse(received: Future[Response], place: str) -> Answer:
    return parse_answer(received.result().body, place)
