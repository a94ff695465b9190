"""A web server on loopback whose paths a test fills: files of every kind, and lists as the servers of source formats send them.

Every path that nobody filled is a file of the kind that its ending says, or else a web page.
"""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from harvest_assets.testing.oai_pmh_xml import write_element
from harvest_assets.testing.office import MAKERS, Work

Reply = Callable[[BaseHTTPRequestHandler, dict[str, str]], None]

PLACES = ("https://files.example.org", "https://pure.example.org", "https://www.example.org")  # where fixtures have their files
OTHER_FILES = {"csv": ("text/csv", b"year,count\n2024,7\n"), "mp4": ("video/mp4", bytes(2_000))}
WORK = Work(title="A work", author="Author One", language="en", paragraphs=("Plain words of a work on loopback, and some more of them.",))


class Origin:
    """``seen`` are the requests as method and path with its query."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://127.0.0.1:{port}"
        self.replies: dict[str, Reply] = {}
        self.seen: list[tuple[str, str]] = []

    def url(self, path: str) -> str:
        return self._origin + path

    def localise(self, text: str) -> str:
        """A record whose files are here."""
        for place in PLACES:
            text = text.replace(place, self._origin)
        return text

    def serve(self, path: str, body: bytes, media_type: str, *, status: int = 200, **headers: str) -> str:
        """Let a path answer every method alike, HEAD without the body."""
        return self.serve_with(path, lambda request, _: send(request, status, body, media_type, headers))

    def serve_with(self, path: str, reply: Reply) -> str:
        self.replies[path] = reply
        return self.url(path)

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        self.seen.append((request.command, request.path))
        parts = urlsplit(request.path)
        arguments = dict(parse_qsl(parts.query, keep_blank_values=True))
        with suppress(ConnectionError):  # a client that has enough hangs up
            self.replies.get(parts.path, _send_file)(request, arguments)


@contextmanager
def open_origin() -> Generator[Origin]:
    """An origin that answers until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            origin.handle(self)

        do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
            del format, args  # a test says what it saw

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    origin = Origin(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield origin
    server.shutdown()
    thread.join()
    server.server_close()


def send(request: BaseHTTPRequestHandler, status: int, body: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
    """A whole answer."""
    request.send_response(status)
    for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **(headers or {})}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


def _send_file(request: BaseHTTPRequestHandler, _: dict[str, str]) -> None:
    ending = urlsplit(request.path).path.rpartition(".")[2]
    if ending in OTHER_FILES:
        media_type, body = OTHER_FILES[ending]
    else:
        media_type, make = MAKERS[ending if ending in MAKERS else "html"]
        body = make(WORK)
    send(request, 200, body, media_type)


class Entry(NamedTuple):
    """A record of a data provider; without metadata it is deleted."""

    at: datetime
    metadata: str | None


class OaiPmhRecords:
    """A data provider of OAI-PMH 2.0 for metadata of any format: what a harvest by date needs of it, two records a page."""

    def __init__(self, origin: Origin, prefix: str) -> None:
        self._origin = origin
        self._prefix = prefix
        self._entries: dict[str, Entry] = {}
        origin.serve_with("/oai", self._reply)

    @property
    def keys(self) -> dict[str, Any]:
        """What a source's file says to harvest it."""
        return {"protocol": "oai-pmh", "url": self._origin.url("/oai"), "options": {"metadata_prefix": self._prefix}}

    def put(self, identifier: str, record: Any, at: datetime) -> None:
        """A new version of a record; none is a deleted one."""
        self._entries[identifier] = Entry(at, None if record is None else self._origin.localise(record))

    def _reply(self, request: BaseHTTPRequestHandler, arguments: dict[str, str]) -> None:
        verb = arguments["verb"]
        content = self._identify() if verb == "Identify" else self._list(arguments)
        opening = '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        date = write_element("responseDate", "2026-01-01T00:00:00Z") + write_element("request", self._origin.url("/oai"), {"verb": verb})
        send(request, 200, f"{opening}{date}{content}</OAI-PMH>".encode(), "text/xml; charset=utf-8")

    def _identify(self) -> str:
        facts = {
            "repositoryName": "Records of a test",
            "baseURL": self._origin.url("/oai"),
            "protocolVersion": "2.0",
            "adminEmail": "admin@example.org",
            "earliestDatestamp": "2020-01-01T00:00:00Z",
            "deletedRecord": "persistent",
            "granularity": "YYYY-MM-DDThh:mm:ssZ",
        }
        return f"<Identify>{''.join(write_element(name, text) for name, text in facts.items())}</Identify>"

    def _list(self, arguments: dict[str, str]) -> str:
        start, until, first = self._read_list(arguments)
        chosen = sorted((_stamp(entry.at), name) for name, entry in self._entries.items() if start <= _stamp(entry.at) <= until)
        if not chosen:
            return '<error code="noRecordsMatch">nothing in these days</error>'
        page, rest = chosen[first : first + 2], chosen[first + 2 :]
        token = f"{start}|{until}|{first + 2}" if rest else ""
        written = "".join(self._write(name) for _, name in page)
        return f"<ListRecords>{written}{write_element('resumptionToken', token, {'completeListSize': str(len(chosen))})}</ListRecords>"

    def _read_list(self, arguments: dict[str, str]) -> tuple[str, str, int]:
        if "resumptionToken" in arguments:
            start, until, first = arguments["resumptionToken"].split("|")
            return start, until, int(first)
        assert arguments["metadataPrefix"] == self._prefix
        return arguments.get("from", ""), arguments.get("until", "9"), 0

    def _write(self, identifier: str) -> str:
        at, metadata = self._entries[identifier]
        status = ' status="deleted"' if metadata is None else ""
        header = f"<header{status}><identifier>{identifier}</identifier><datestamp>{_stamp(at)}</datestamp></header>"
        return f"<record>{header}{'' if metadata is None else f'<metadata>{metadata}</metadata>'}</record>"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


class JsonRecords:
    """Lists as servers of JSON have them; ``style`` is how pages follow each other: ``next``, ``offset``, ``none`` or ``details``."""

    def __init__(self, origin: Origin, style: str, options: Mapping[str, Any]) -> None:
        self._origin = origin
        self._options = options
        self._records: dict[str, Any] = {}
        origin.serve_with("/records", {"next": self._next, "offset": self._offset, "none": self._all, "details": self._ids}[style])

    @property
    def keys(self) -> dict[str, Any]:
        """What a source's file says to harvest it."""
        return {"protocol": "json", "url": self._origin.url("/records"), "options": self._options}

    def put(self, identifier: str, record: Any, at: datetime) -> None:
        """A new version of a record, for a list without dates; none takes it out of the list."""
        del at
        self._records.pop(identifier, None)
        if record is not None:
            self._records[identifier] = json.loads(self._origin.localise(json.dumps(record)))
            self._origin.serve_with(f"/records/{identifier}", lambda request, _: self._send_one(request, identifier))

    def _next(self, request: BaseHTTPRequestHandler, arguments: dict[str, str]) -> None:
        """JSON:API, two records a page: https://jsonapi.org/format/1.1/#fetching-pagination."""
        page, found = int(arguments.get("page", "1")), self._sorted()
        following = self._origin.url(f"/records?page={page + 1}") if len(found) > 2 * page else None
        send_json(request, {"data": found[2 * page - 2 : 2 * page], "links": {"next": following}})

    def _offset(self, request: BaseHTTPRequestHandler, arguments: dict[str, str]) -> None:
        """As Pure does it: ``size`` and ``offset``, ``count`` of all."""
        first, size, found = int(arguments["offset"]), int(arguments["size"]), self._sorted()
        send_json(request, {"count": len(found), "items": found[first : first + size]})

    def _all(self, request: BaseHTTPRequestHandler, _: dict[str, str]) -> None:
        send_json(request, self._sorted())

    def _ids(self, request: BaseHTTPRequestHandler, _: dict[str, str]) -> None:
        send_json(request, [int(name) for name in sorted(self._records)])

    def _send_one(self, request: BaseHTTPRequestHandler, identifier: str) -> None:
        """A record; one that is hidden is refused, with words."""
        record = self._records[identifier]
        send_json(request, record, status=403 if "zichtbaarheid" in record else 200)

    def _sorted(self) -> list[Any]:
        return [record for _, record in sorted(self._records.items())]


def send_json(request: BaseHTTPRequestHandler, content: object, status: int = 200) -> None:
    """A whole answer in JSON."""
    send(request, status, json.dumps(content).encode(), "application/json")
