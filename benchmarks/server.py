"""The server that everybody is measured against: it sends pages from disk and does nothing else. ``python -m benchmarks.server FOLDER``."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.pages import IDENTIFY


class Handler(BaseHTTPRequestHandler):
    """``GET /{kind}?verb=…``: Identify, or a page of ListRecords; ``from`` of the second day selects what changed."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    folder = Path()

    def do_GET(self) -> None:
        """Answer with one file."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = IDENTIFY if query.get("verb") == "Identify" else self._page(parts.path.strip("/"), query)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _page(self, kind: str, query: dict[str, str]) -> bytes:
        first = "changed-00000" if query.get("from", "") > "2026-07" else "full-00000"
        name = Path(query.get("resumptionToken", first)).name
        return (self.folder / kind / f"{name}.xml").read_bytes()


def main() -> None:
    """Serve the folder on a free loopback port, which is printed."""
    Handler.folder = Path(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
