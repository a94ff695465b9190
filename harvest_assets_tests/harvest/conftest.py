"""A web server on loopback whose every path a test may set, and protocols that ask it through the real client."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harvest_assets.config.plugins import find_protocol
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.interfaces import Protocol, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.testing import Universe

Reply = bytes | tuple[int, bytes] | list[bytes]


class Web(ThreadingHTTPServer):
    """Answers GET with what ``pages`` has for the path and query: a body, a status and a body, or several bodies one after the other."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, Reply] = {}
        self.asked: list[str] = []
        self.retry_after: str | None = None

    def url(self, path: str = "") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def reply(self, path: str) -> tuple[int, bytes]:
        self.asked.append(path)
        found = self.pages.get(path, (404, b"nothing here"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        return found if isinstance(found, tuple) else (200, found)


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, body = self.server.reply(parts.path + (f"?{parts.query}" if parts.query else ""))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.server.retry_after and status >= 500:
            self.send_header("Retry-After", self.server.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def loopback() -> Iterator[Universe]:
    """A universe without a repository."""
    with Universe() as running:
        yield running


class Opened:
    """Protocols by name, with options as in a source's file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clients: list[RequestsClient] = []

    def __call__(self, name: str, url: str, *, body_bytes: int = 256 * 1024 * 1024, **options: Any) -> Protocol:
        settings = HttpSettings(
            user_agent="tests (+https://contact.example/)",
            allowed_networks=("loopback",),
            requests_per_second=1000,
            max_attempts=1,
            max_body_bytes=body_bytes,
            retry_after_cap_seconds=0,
        )
        client = RequestsClient(settings, HostBudget(self._folder))
        self._clients.append(client)
        protocol = find_protocol(name)
        return protocol(Target("shop", url, protocol.options.model_validate(options)), client)

    def close(self) -> None:
        for client in self._clients:
            client.close()


@pytest.fixture
def open_protocol(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path / "hosts")
    yield opened
    opened.close()


class Read(list[Page]):
    """The pages of a list, and what they hold together."""

    @property
    def identifiers(self) -> list[str]:
        return [name for page in self for name in page.records.column("identifier").to_pylist()]

    @property
    def bodies(self) -> list[bytes]:
        return [body for page in self for body in page.records.column("body").to_pylist()]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for page in self for row in page.records.to_pylist()]

    @property
    def rules(self) -> list[str]:
        return [each.rule for page in self for each in page.set_aside]

    @property
    def aside(self) -> list[Any]:
        return [each for page in self for each in page.set_aside]

    @property
    def holes(self) -> list[str]:
        return [hole for page in self for hole in page.holes]

    @property
    def notes(self) -> list[str]:
        return [note for page in self for note in page.notes]


@pytest.fixture
def read(open_protocol: Opened) -> Callable[..., Read]:
    """All pages of a list."""

    def read_all(name: str, url: str, *, window: Window = Window(), position: str | None = None, **options: Any) -> Read:  # noqa: B008 - frozen
        number = 1 if position is None else 2
        return Read(open_protocol(name, url, **options).pages(window, position=position, number=number))

    return read_all
