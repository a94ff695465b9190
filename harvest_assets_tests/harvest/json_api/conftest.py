"""A server on loopback that answers as a test says, and the plainest client that keeps the promises of ``HttpClient``."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from harvest_assets.errors import TransientError
from harvest_assets.harvest.json_api import JsonApi, JsonApiOptions
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response, Target
from harvest_assets.model.exchange import Exchange

Reply = bytes | tuple[int, bytes] | tuple[int, bytes, dict[str, str]]
Answer = Callable[[dict[str, str]], Reply]


class Server(ThreadingHTTPServer):
    """Answers with what ``answer`` makes of the query; remembers paths, queries, headers and the JSON of bodies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Answer = lambda _: b""
        self.queries: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/list"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.server.paths.append(parts.path)
        self.server.queries.append(query)
        self.server.headers.append(dict(self.headers))
        sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.bodies.append(json.loads(sent) if sent else None)
        reply = self.server.answer(query)
        status, body, headers = (*reply, {})[:3] if isinstance(reply, tuple) else (200, reply, {})
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - http.server calls it by this name

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class PlainClient(HttpClient):
    """One attempt, no redirects to speak of, the statuses that the interface names."""

    def __init__(self) -> None:
        self._opener = build_opener(ProxyHandler({}))

    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        full = url + ("&" if "?" in url else "?") + urlencode(params) if params else url
        return self._require_good(self._ask("GET", full, headers))

    def post(self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        return self._require_good(self._ask("POST", url, {**(headers or {}), "Content-Type": content_type}, body))

    def _require_good(self, response: Response) -> Response:
        if response.status >= 500:
            raise TransientError(f"HTTP {response.status}", status=response.status)
        if response.status >= 400:
            raise HttpStatusError(f"HTTP {response.status}", response)
        return response

    def head(self, url: str) -> Response:
        return self._ask("HEAD", url)

    def fetch_start(self, url: str, *, size: int) -> Response:
        return self._ask("GET", url, {"Range": f"bytes=0-{size - 1}"})

    def _ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, data: bytes | None = None) -> Response:
        request = Request(url, data, headers=dict(headers or {}), method=method)  # noqa: S310 - only to the server of the test
        try:
            with self._opener.open(request, timeout=5) as answer:
                status, sent, body = answer.status, dict(answer.headers), answer.read()
        except HTTPError as error:
            with error:
                status, sent, body = error.code, dict(error.headers), error.read()
        exchange = Exchange(method, request.full_url, request.full_url, status, len(body), datetime.now(UTC), 0.0, 1)
        return Response(request.full_url, status, {name.lower(): value for name, value in sent.items()}, body, exchange)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def open_list(server: Server) -> Callable[..., JsonApi]:
    """A protocol for a list whose pages are values, in JSON, or replies."""

    def build(answer: Callable[[dict[str, str]], Any], **options: object) -> JsonApi:
        def reply(query: dict[str, str]) -> Reply:
            made = answer(query)
            return made if isinstance(made, bytes | tuple) else json.dumps(made).encode()

        server.answer = reply
        settings = JsonApiOptions.model_validate({"identifier": "/id", **options})
        return JsonApi(Target("shop", server.url, settings), PlainClient())

    return build
