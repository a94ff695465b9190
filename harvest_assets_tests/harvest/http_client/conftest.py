"""A server on loopback that answers byte by byte as a test says, time that passes only when slept, and clients that use both."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.model.exchange import Exchange

# What a script yields: bytes to send, seconds to pause, or None to close the connection. Without None it stays open.
Script = Callable[["Request"], Iterable[bytes | float | None]]


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    connection: int
    body: bytes = b""


@dataclass
class ScriptedServer:
    """Answers every request with what its script yields, one thread per connection."""

    script: Script
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._listener = socket.create_server((self.host, 0), family=socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        self._listener.settimeout(0.01)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self.context else 'http'}://{host}:{self.port}{path}"

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._threads.append(threading.Thread(target=self._serve, args=(connection, len(self._threads))))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection, ExitStack() as stack:
            connection.settimeout(5)
            try:
                stream = stack.enter_context(self.context.wrap_socket(connection, server_side=True)) if self.context else connection
                stream.settimeout(0.01)
                while request := self._read(stream, number):
                    self.requests.append(request)
                    if not self._send(stream, self.script(request)):
                        return
            except OSError:
                return  # the client went away, as it should in some tests

    def _read(self, stream: socket.socket, number: int) -> Request | None:
        received = b""
        while b"\r\n\r\n" not in received:
            if not (more := self._receive(stream)):
                return None
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in lines}
        while len(body) < int(headers.get("content-length", 0)):
            if not (more := self._receive(stream)):
                return None
            body += more
        return Request(method, target, headers, number, body)

    def _receive(self, stream: socket.socket) -> bytes:
        while not self._stopped.is_set():
            try:
                return stream.recv(65536)
            except TimeoutError:
                continue
        return b""

    def _send(self, stream: socket.socket, items: Iterable[bytes | float | None]) -> bool:
        for item in items:
            if item is None:
                return False
            if isinstance(item, bytes):
                stream.settimeout(5)
                stream.sendall(item)
                stream.settimeout(0.01)
            elif self._stopped.wait(item):
                return False
        return True


class SleptTime:
    """Time as the client sees it: it passes when slept, and every sleep is on record."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.sleeps: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def _reply(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    fields = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@pytest.fixture
def reply() -> Callable[..., bytes]:
    return _reply


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def start(*answers: bytes | list[bytes | float | None] | Script, **options: Any) -> ScriptedServer:
        """Serve one answer after the other, the last one for ever; an answer is bytes, what a script yields, or a script."""
        counter = iter(range(1_000_000))

        def script(request: Request) -> Iterable[bytes | float | None]:
            answer = answers[min(next(counter), len(answers) - 1)]
            if isinstance(answer, bytes):
                return [answer]
            return answer(request) if callable(answer) else answer

        servers.append(ScriptedServer(script, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def slept() -> SleptTime:
    return SleptTime()


@pytest.fixture
def exchanges() -> list[Exchange]:
    """What the clients of a test reported, in order."""
    return []


@pytest.fixture
def build_client(tmp_path: Path, slept: SleptTime, exchanges: list[Exchange]) -> Iterator[Callable[..., RequestsClient]]:
    with ExitStack() as stack:

        def build(**options: Any) -> RequestsClient:
            resolver = {"resolver": options.pop("resolver")} if "resolver" in options else {}
            budget = HostBudget(tmp_path / "budget", clock=slept.clock)
            chosen = {"user_agent": "harvest-tests (+mailto:tests@example.org)", "allowed_networks": ("loopback",), **options}
            client = RequestsClient(
                HttpSettings(**chosen), budget, on_exchange=exchanges.append, sleep=slept.sleep, clock=slept.clock, **resolver
            )
            return stack.enter_context(client)

        yield build


@pytest.fixture
def client(build_client: Callable[..., RequestsClient]) -> RequestsClient:
    return build_client()


@pytest.fixture
def seconds() -> Callable[[], float]:
    """Seconds since the test began."""
    began = time.monotonic()
    return lambda: time.monotonic() - began


@pytest.fixture(scope="session")
def bomb() -> bytes:
    """A few kilobytes that unpack to 32 MiB."""
    return gzip.compress(bytes(32 * 1024 * 1024), 9)
