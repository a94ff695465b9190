"""Connections that go where `addresses` allows, and that end when their time is over.

Only `http` uses this module. The name is looked up once, checked, and connected to by address; TLS still checks the name. Every read
from the socket, headers included, is bounded by the request's deadline, so that a server that sends a byte a second cannot hold us.
"""

import http.client
import io
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from harvest_assets.harvest.addresses import AddressGuard, Endpoint

KEPT_HOSTS = 256
KEPT_CONNECTIONS = 32

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def limit_time(seconds: float) -> Generator[None]:
    """End every connect and read that the calling thread does within, at the latest after these seconds."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def is_time_over() -> bool:
    """Whether the time set by the enclosing ``limit_time`` is used up."""
    return time.monotonic() >= _deadline.get()


class PlainSession(requests.Session):
    """A session that follows nothing and reads nothing from the environment; each answer is handed over as it came."""

    def __init__(self, guard: AddressGuard) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("http://", GuardedAdapter(guard))
        self.mount("https://", GuardedAdapter(guard))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """See no redirect anywhere: requests would read a whole redirect body before following, or not following, it."""
        del resp


class GuardedAdapter(HTTPAdapter):
    """Keeps up to 32 connections alive for each of 256 hosts, all of them made by the guarded classes.

    So many hosts, because checks of addresses ask hosts in turns: with fewer, every request would make its connection anew.
    """

    def __init__(self, guard: AddressGuard) -> None:
        super().__init__(pool_connections=KEPT_HOSTS, pool_maxsize=KEPT_CONNECTIONS)
        self.poolmanager.pool_classes_by_scheme = _build_pool_classes(guard)


class _TimedStream(io.RawIOBase):
    """The bytes of a socket; each read waits for the socket's own timeout or the deadline, whichever is sooner."""

    def __init__(self, sock: socket.socket) -> None:
        self.is_at_end = False
        self._socket = sock
        self._stream = sock.makefile("rb", buffering=0)
        self._idle_seconds = sock.gettimeout() or float("inf")
        self._deadline = _deadline.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:  # noqa: ANN401 - the type of a writable buffer has no name in 3.11
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole response is over")
        if left < self._idle_seconds:
            self._socket.settimeout(left)
        count = self._stream.readinto(buffer)
        self.is_at_end = count == 0
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _TimedSocket:
    """What ``http.client`` asks of a socket when it reads a response."""

    def __init__(self, sock: socket.socket) -> None:
        self.stream = _TimedStream(sock)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.stream)


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:  # noqa: ANN401 - see below
        # http.client only calls makefile() on it, and urllib3 passes a plain or a TLS socket
        self._timed = _TimedSocket(sock)
        super().__init__(self._timed, debuglevel, method, url)  # pyright: ignore[reportArgumentType] - see above

    def begin(self) -> None:
        """Read the headers to their end; http.client takes a connection that ends within them for an empty, successful answer."""
        super().begin()
        if self._timed.stream.is_at_end:
            raise http.client.RemoteDisconnected("the connection ended within the headers")


class _GuardedConnection(HTTPConnection):
    guard: AddressGuard
    response_class = _TimedResponse

    def _new_conn(self) -> socket.socket:
        """Connect to the first checked address that answers."""
        try:
            endpoints = self.guard.resolve(self._dns_host, self.port)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: OSError = OSError("the name has no address")
        for endpoint in endpoints:
            try:
                return self._connect(endpoint)
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "the connection was not made in time") from failure
        raise NewConnectionError(self, str(failure)) from failure

    def _connect(self, endpoint: Endpoint) -> socket.socket:
        left = _deadline.get() - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole response is over")
        sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
        try:
            for level, option, value in self.socket_options or ():
                sock.setsockopt(level, option, value)
            sock.settimeout(left if self.timeout is None else min(left, self.timeout))
            sock.connect(endpoint.address)
        except OSError:
            sock.close()
            raise
        return sock


def _build_pool_classes(guard: AddressGuard) -> dict[str, type[HTTPConnectionPool]]:
    """Pools of one client: urllib3 makes connections from classes, so the client's guard has to be on the class."""

    class GuardedHttp(_GuardedConnection):
        pass

    class GuardedHttps(_GuardedConnection, HTTPSConnection):
        pass

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = GuardedHttp  # pyright: ignore[reportAssignmentType] - urllib3 types its own classes as not fitting

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHttps  # pyright: ignore[reportAssignmentType] - urllib3 types its own classes as not fitting

    GuardedHttp.guard = GuardedHttps.guard = guard
    return {"http": HttpPool, "https": HttpsPool}
