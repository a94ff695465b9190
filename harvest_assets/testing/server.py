"""The HTTP/1.1 server under the universe: sockets, threads and nothing of what is asked.

One thread per connection, kept alive; loopback only. ``close`` ends every connection and waits for their threads, so that a test leaves
nothing behind.
"""

import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Condition, Event, Thread
from typing import cast
from urllib.parse import unquote, urlsplit

from harvest_assets.testing.exchange import Answer, Question

HOST = "127.0.0.1"

_CLOSE_SECONDS = 5.0
_POLL_SECONDS = 0.02
_FORM = "application/x-www-form-urlencoded"

_Connection = socket.socket | tuple[bytes, socket.socket]  # the second is for UDP, which nobody speaks here

log = logging.getLogger(__name__)


class LoopbackServer(ThreadingHTTPServer):
    """Serves ``respond`` on 127.0.0.1 from ``open`` to ``close``."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Question], Answer]) -> None:
        self.respond = respond
        self.stopping = Event()
        self._open: set[_Connection] = set()
        self._changed = Condition()
        super().__init__((HOST, port), _Handler)
        self._thread = Thread(target=self.serve_forever, args=(_POLL_SECONDS,), name="loopback-universe", daemon=True)

    def open(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering, end the connections and free the port."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._changed:
            for connection in self._open:
                with suppress(OSError):
                    cast("socket.socket", connection).shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, _CLOSE_SECONDS)
        self.server_close()

    def server_bind(self) -> None:
        """Bind without asking who we are."""
        # HTTPServer asks the name service for the host's name here, which is slow on some machines and needless on all
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: _Connection, client_address: object) -> None:
        """Remember the connection, for ``close``."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connection) -> None:
        """Forget the connection, once it is closed."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def handle_error(self, request: _Connection, client_address: object) -> None:
        """Report a defect of ours."""
        # a client that hangs up is everyday life; anything else is a defect and stays loud
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "LoopbackUniverse"
    sys_version = ""
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        server = cast("LoopbackServer", self.server)
        answer = server.respond(self._read())
        if server.stopping.wait(answer.latency_seconds) if answer.latency_seconds else False:
            self.close_connection = True
            return
        self._write(answer, server.stopping)

    do_GET = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815 - http.server calls them by these names

    def _read(self) -> Question:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        form = body.decode() if self.headers.get("Content-Type", "").partition(";")[0] == _FORM else ""
        query = "&".join(part for part in (address.query, form) if part)
        return Question(self.command, unquote(address.path), query, body, self.headers.get("Range"))

    def _write(self, answer: Answer, stopping: Event) -> None:
        body = b"" if self.command == "HEAD" else answer.body
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if answer.is_dropped:
            body = body[: len(body) // 2]
            self.close_connection = True
        if answer.byte_seconds:
            self._drip(body, answer.byte_seconds, stopping)
        else:
            self.wfile.write(body)

    def _drip(self, body: bytes, byte_seconds: float, stopping: Event) -> None:
        for place in range(len(body)):
            if stopping.wait(byte_seconds):
                self.close_connection = True
                return
            self.wfile.write(body[place : place + 1])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server names it so
        log.debug(format, *args)
