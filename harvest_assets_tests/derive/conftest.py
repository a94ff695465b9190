"""A server on loopback whose paths a test fills, and a small client for it."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urljoin, urlsplit

import pytest

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.interfaces import BlobSink, HttpClient, HttpStatusError, Response, TaskInput
from harvest_assets.model.exchange import Exchange, Hop

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
        return f"http://127.0.0.1:{self.server.server_port}{path}"

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
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
            current.handle(self)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    current = Site(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield current
    server.shutdown()
    thread.join()
    server.server_close()


class PlainClient(HttpClient):
    """The contract of `HttpClient` over the standard library, without its budgets: one attempt, redirects followed."""

    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        assert params is None
        response = self._travel("GET", url, dict(headers or {}), None)
        if response.status >= 500:
            raise TransientError(f"GET {url!r}: status {response.status}")
        if response.status >= 400:
            raise HttpStatusError(f"GET {url!r}: status {response.status}", response)
        return response

    def head(self, url: str) -> Response:
        return self._travel("HEAD", url, {}, None)

    def fetch_start(self, url: str, *, size: int) -> Response:
        return self._travel("GET", url, {"Range": f"bytes=0-{size - 1}"}, size)

    def _travel(self, method: str, url: str, headers: dict[str, str], size: int | None) -> Response:
        started_at, began, hops = datetime.now(UTC), time.monotonic(), list[Hop]()
        while len(hops) < 6:
            current = hops[-1].url if hops else url
            status, answered, body = self._ask(method, current, headers, size)
            if status not in {301, 302, 303, 307, 308} or "location" not in answered:
                exchange = Exchange(method, url, current, status, len(body), started_at, time.monotonic() - began, 1, tuple(hops))
                return Response(current, status, answered, body, exchange)
            hops.append(Hop(status, urljoin(current, answered["location"])))
        raise PermanentError(f"{method} {url!r}: redirects do not end")

    def _ask(self, method: str, url: str, headers: dict[str, str], size: int | None) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        try:
            connection.request(method, parts.path or "/", headers=headers)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read(size)
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(f"{method} {url!r}: no answer ({type(error).__name__})") from error
        finally:
            connection.close()


@pytest.fixture
def client() -> PlainClient:
    return PlainClient()


class Shelf(BlobSink):
    """Blobs in memory."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def keep(self, content: bytes, *, suffix: str) -> str:
        path = f"blobs/{len(self.contents)}{suffix}"
        self.contents[path] = content
        return path


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def describe_file() -> Callable[..., TaskInput]:
    """Build what a task reads of a file document; the address is also its name."""

    def build(url: str | None, *, media_type: str | None = None, entity: str = "file") -> TaskInput:
        return TaskInput(srn=f"source:{url}", entity=entity, title=None, url=url, media_type=media_type)

    return build
