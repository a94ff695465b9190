"""HTTP on loopback around a function that answers one OAI-PMH request. The port that was free is the first line of output."""

import json
import sys
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = Callable[[dict[str, str]], bytes]


def read_repository(path: str) -> dict[str, Any]:
    """The repository as it is now: what it says of itself, and its records in order of datestamp.

    A record has ``identifier``, ``datestamp`` (``2024-01-31T00:00:00Z``), ``sets``, and ``metadata``: XML, or null once it is deleted.
    """
    repository: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    repository["records"].sort(key=lambda record: (record["datestamp"], record["identifier"]))
    return repository


def serve(answer: Answer) -> None:
    """Serve until terminated."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                status, body = 200, answer(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))
            except Exception:  # noqa: BLE001 - whatever the library raises is a failure of the server
                status, body = 500, traceback.format_exc().encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Keep quiet; the harvest records its requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
