"""A server on loopback whose paths a test fills, and the client that asks it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.interfaces import TaskInput

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """Paths and what they answer; ``seen`` lists the requests as (method, path)."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.server = server
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, str]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.lock = threading.Lock()

    def url(self, path: str) -> str:
        return f"http://{self.server.server_address[0]}:{self.server.server_port}{path}"

    def serve(self, path: str, status: int = 200, body: bytes = b"", **headers: str) -> str:
        """Let a path answer every method alike (HEAD without the body); ``content_type`` stands for ``Content-Type``."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            lines = {"Content-Length": str(len(body))} | {name.replace("_", "-").title(): value for name, value in headers.items()}
            for name, value in lines.items():
                request.send_header(name, value)
            request.end_headers()
            if request.command != "HEAD":
                request.wfile.write(body)

        return self.serve_with(path, answer)

    def serve_with(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return self.url(path)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        with self.lock:
            self.seen.append((request.command, request.path))
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            self.answers[request.path](request)
        finally:
            with self.lock:
                self.at_once -= 1


@pytest.fixture
def site() -> Iterator[Site]:
    with open_site("127.0.0.1") as one:
        yield one


@pytest.fixture
def other_site() -> Iterator[Site]:
    with open_site("127.0.0.2") as one:
        yield one


@contextmanager
def open_site(host: str) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            current.handle(self)

        do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            del format, args  # a test says what it saw

    server = ThreadingHTTPServer((host, 0), Handler)
    current = Site(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield current
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RequestsClient]:
    """The client as the graph uses it, allowed to reach loopback and not made to wait."""
    settings = HttpSettings(
        user_agent="harvest_assets tests (+https://example.org)",
        allowed_networks=("127.0.0.0/8",),
        requests_per_second=5000,
        connect_timeout_seconds=5,
        read_timeout_seconds=5,
        max_attempts=1,
    )
    with RequestsClient(settings, HostBudget(tmp_path)) as one:
        yield one


@pytest.fixture
def describe_file() -> Callable[..., TaskInput]:
    """Build what a task reads of a file document; the address is also its name."""

    def build(url: str | None, *, media_type: str | None = None, entity: str = "file", **more: Any) -> TaskInput:
        return TaskInput(srn=f"source:{url}", entity=entity, title=None, url=url, media_type=media_type, **more)

    return build
