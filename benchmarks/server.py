"""The server that everybody is measured against: it sends pages from disk and does nothing else.

``python -m benchmarks.server FOLDER [LATENCY_SECONDS]``. Page by page the records are a day younger, so that a window of days is a run of
pages; with latency every answer waits that long before its first byte.
"""

import sys
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.pages import FIRST_DAY, IDENTIFY

NO_RECORDS = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-11-01T00:00:00Z'
    b'</responseDate><request>http://127.0.0.1/oai</request><error code="noRecordsMatch">none</error></OAI-PMH>'
)
END = b"<resumptionToken>TOKEN</resumptionToken></ListRecords></OAI-PMH>"


class Handler(BaseHTTPRequestHandler):
    """``GET /{kind}?verb=…``: Identify, or a page of ListRecords; ``from`` of the second day selects what changed."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    folder = Path()
    latency_seconds = 0.0

    def do_GET(self) -> None:
        """Answer with one file."""
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = IDENTIFY if query.get("verb") == "Identify" else self._list(self.folder / parts.path.strip("/"), query)
        time.sleep(self.latency_seconds)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _list(self, folder: Path, query: dict[str, str]) -> bytes:
        token = query.get("resumptionToken", "")
        if "until" in query or "~" in token or query.get("from", "").endswith(":00:00Z"):  # a part of a split range
            return self._window(folder, query, token)
        first = "changed-00000" if query.get("from", "") > "2026-11-15" else "full-00000"
        return (folder / f"{Path(token or first).name}.xml").read_bytes()

    def _window(self, folder: Path, query: dict[str, str], token: str) -> bytes:
        """A page of the pages whose day lies in the window; a token is the page and the page after the last."""
        if token:
            page, end = (int(part) for part in token.split("~"))
        else:
            last = len(list(folder.glob("full-*.xml")))
            page = max(0, _day(query["from"]) if "from" in query else 0)
            end = min(last, _day(query["until"]) + 1) if "until" in query else last
        if page >= end:
            return NO_RECORDS
        body = (folder / f"dated-{page:05d}.xml").read_bytes()
        following = f"{page + 1}~{end}" if page + 1 < end else ""
        return body[: body.rindex(b"<resumptionToken")] + END.replace(b"TOKEN", following.encode())


def _day(text: str) -> int:
    return (datetime.fromisoformat(text).astimezone(UTC) - FIRST_DAY).days


def main() -> None:
    """Serve the folder on a free loopback port, which is printed."""
    Handler.folder = Path(sys.argv[1])
    Handler.latency_seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
