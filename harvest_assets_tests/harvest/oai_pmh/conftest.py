"""A server on loopback that answers as a test says, and the plainest client that keeps the promises of ``HttpClient``."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from harvest_assets.errors import TransientError
from harvest_assets.harvest.oai_pmh import OaiPmh, OaiPmhOptions
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response, Target
from harvest_assets.model.exchange import Exchange

Reply = bytes | tuple[int, bytes]
Answer = Callable[[dict[str, str]], Reply]


class Server(ThreadingHTTPServer):
    """Answers GET with what ``answer`` makes of the query; remembers paths and queries."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Answer = lambda _: b""
        self.queries: list[dict[str, str]] = []
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/oai"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.server.paths.append(parts.path)
        self.server.queries.append(query)
        reply = self.server.answer(query)
        status, body = reply if isinstance(reply, tuple) else (200, reply)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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
        if response.status >= 500 or response.status == 429:
            raise TransientError(f"HTTP {response.status}", status=response.status)
        if response.status >= 400:
            raise HttpStatusError(f"HTTP {response.status}", response)
        return response

    def head(self, url: str) -> Response:
        return self._ask("HEAD", url)

    def fetch_start(self, url: str, *, size: int) -> Response:
        return self._ask("GET", url, {"Range": f"bytes=0-{size - 1}"})

    def _ask(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Response:
        request = Request(url, body, dict(headers or {}), method=method)  # noqa: S310 - only to the server of the test
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
def open_repository(server: Server) -> Callable[..., OaiPmh]:
    """A protocol for a repository that answers as a function of the query says."""

    def build(answer: Answer, **options: object) -> OaiPmh:
        server.answer = answer
        return OaiPmh(Target("library", server.url, OaiPmhOptions.model_validate(options)), PlainClient())

    return build


class Xml:
    """Answers of a well-behaved repository, to be broken by tests."""

    DATE = "2024-05-01T10:00:00Z"

    @staticmethod
    def answer(content: str) -> bytes:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<responseDate>{Xml.DATE}</responseDate><request>http://127.0.0.1/oai</request>{content}</OAI-PMH>"
        ).encode()

    @staticmethod
    def record(identifier: str, metadata: str = "<metadata><x>é</x></metadata>", *, status: str = "", header: str = "") -> str:
        head = f"<identifier>{identifier}</identifier><datestamp>{Xml.DATE}</datestamp>{header}"
        return f"<record><header{status}>{head}</header>{metadata}</record>"

    @staticmethod
    def page(records: str, token: str | None = None, attributes: str = "") -> bytes:
        tail = "" if token is None else f"<resumptionToken{attributes}>{token}</resumptionToken>"
        return Xml.answer(f"<ListRecords>{records}{tail}</ListRecords>")

    @staticmethod
    def error(code: str, text: str = "") -> bytes:
        return Xml.answer(f'<error code="{code}">{text}</error>')

    @staticmethod
    def identify(granularity: str = "YYYY-MM-DDThh:mm:ssZ") -> bytes:
        return Xml.answer(
            "<Identify><repositoryName>Library of tests</repositoryName><earliestDatestamp>2001-01-01</earliestDatestamp>"
            f"<deletedRecord>transient</deletedRecord><granularity>{granularity}</granularity></Identify>"
        )


@pytest.fixture
def xml() -> type[Xml]:
    return Xml
