"""``Asker``: the network for one examination: so many requests, so much time, and a note of every answer.

Put here: the bounds of an examination and what is remembered of its answers. Keep out: how requests are sent, which is
`harvest.http`, and how often, which is the budget of the host.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harvest_assets.errors import RefusedError, TransientError
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one examination may ask for, and how long it may take."""

    requests: int = 60
    seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it is remembered; ``seconds`` are those of the server, without our own waits; None for answers after retries."""

    status: int
    seconds: float | None
    body_bytes: int
    headers: Mapping[str, str]


class Clock:
    """The time of one examination; whoever sleeps by it does not sleep beyond its end."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds
        self._seconds = seconds
        self._local = threading.local()

    def check(self, wait_seconds: float = 0.0) -> None:
        """See that there is time for a wait.

        Raises:
            RefusedError: There is not.
        """
        if time.monotonic() + wait_seconds > self._ends_at:
            raise RefusedError(f"the {self._seconds:g} s of an examination are used up; the rest was not asked")

    def sleep(self, seconds: float) -> None:
        """Wait, if there is time. Raises as `check`."""
        self.check(seconds)
        time.sleep(seconds)
        self._local.slept = self.slept + seconds

    @property
    def slept(self) -> float:
        """Seconds that the calling thread slept by this clock so far."""
        return getattr(self._local, "slept", 0.0)


class Asker(HttpClient):
    """A client that counts. Protocols may share it between threads; repeated attempts and redirects count too."""

    def __init__(self, client: HttpClient, clock: Clock, most_requests: int) -> None:
        self.clock = clock
        self.answers: list[Answered] = []
        self._client = client
        self._most = most_requests
        self._asked = 0
        self._lock = threading.Lock()

    @property
    def left(self) -> int:
        """Requests that may still be made."""
        return max(0, self._most - self._asked)

    @property
    def asked(self) -> int:
        """Requests made so far."""
        return self._asked

    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        """See `HttpClient.get`; beyond the bounds nothing is asked, and ``RefusedError`` says so."""
        return self._ask(lambda: self._client.get(url, params=params, headers=headers))

    def post(self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        """See `HttpClient.post` and `get`."""
        return self._ask(lambda: self._client.post(url, body=body, content_type=content_type, headers=headers))

    def head(self, url: str) -> Response:
        """See `HttpClient.head` and `get`."""
        return self._ask(lambda: self._client.head(url))

    def fetch_start(self, url: str, *, size: int) -> Response:
        """See `HttpClient.fetch_start` and `get`."""
        return self._ask(lambda: self._client.fetch_start(url, size=size))

    def _ask(self, call: Callable[[], Response]) -> Response:
        self._admit()
        slept, began = self.clock.slept, time.monotonic()
        try:
            response = call()
        except HttpStatusError as error:
            self._remember(error.response, began, slept)
            raise
        except TransientError as error:
            self._remember_failure(error)
            raise
        self._remember(response, began, slept)
        return response

    def _admit(self) -> None:
        self.clock.check()
        with self._lock:
            if self._asked >= self._most:
                raise RefusedError(f"the {self._most} requests of an examination are used up; the rest was not asked")
            self._asked += 1

    def _remember(self, response: Response, began: float, slept: float) -> None:
        seconds = max(0.0, time.monotonic() - began - (self.clock.slept - slept))
        exchange = response.exchange
        with self._lock:
            self._asked += max(0, exchange.attempts - 1) + len(exchange.hops)
            self.answers.append(Answered(response.status, seconds, len(response.body), dict(response.headers)))

    def _remember_failure(self, error: TransientError) -> None:
        """Note a server error; when no answer came at all there is nothing to note."""
        if error.status is None:
            return
        wait = error.retry_after_seconds
        headers = {} if wait is None else {"retry-after": f"{wait:g}"}
        with self._lock:
            self.answers.append(Answered(error.status, None, 0, headers))
