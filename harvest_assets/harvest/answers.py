"""What comes back for one request: an answer, a redirect, or trouble in words.

Only `http` uses this module. Bodies are read piece by piece, decoded, and never beyond their limit, so that neither a long body nor a
short one that unpacks to a long one fills the memory.
"""

import contextlib
import socket
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.connections import is_time_over
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.harvest.redaction import Redactor
from harvest_assets.harvest.redirects import REDIRECT_STATUSES

_READ_BYTES = 131_072
_DRAINED_BYTES = 16_384
_FIRST_ERROR_STATUS = 400

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31  # what zlib calls a gzip header and trailer around 32 KiB of window
_SNIFFED_BYTES = 256
_PIECE_BYTES = 8_192
_ARCHIVE_ENDINGS = (".gz", ".tgz", ".zip")
_ARCHIVE_MARKS = ("gzip", "/zip", "-zip", "x-tar", "x-compress", *_ARCHIVE_ENDINGS)
_BEFORE_TEXT = b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n"
_TEXT_BEGINS = (b"<", b"{", b"[")

_FAILURES = {socket.gaierror: "dns", ConnectionRefusedError: "refused_connection", TimeoutError: "timeout", ssl.SSLError: "tls"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer: the address as it was asked, lower-case header names, the decoded body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Redirect:
    """An answer that sends us on, with its ``Location`` as received."""

    status: int
    location: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why no answer came, without addresses or secrets, and its class in a word.

    ``is_final`` when the next attempt would end the same way.
    """

    reason: str
    failure: str = "connection"
    is_final: bool = False


def receive_answer(reply: requests.Response, *, start_bytes: int | None, max_body_bytes: int, redactor: Redactor) -> Answer | Redirect:
    """Read an answer whose headers have come; of an error page, and where ``start_bytes`` is given, no more than the start.

    Raises:
        PermanentError: The decoded body has more than ``max_body_bytes``.
        HTTPError: The body ends before its announced length, does not decode, or does not arrive in time.
    """
    location = reply.headers.get("Location")
    if location and reply.status_code in REDIRECT_STATUSES:
        _drain(reply)
        return Redirect(reply.status_code, location)
    if start_bytes is not None:
        body = _read_start(reply, start_bytes)
    elif reply.status_code >= _FIRST_ERROR_STATUS:
        body = _read_start(reply, max_body_bytes)
        with contextlib.suppress(DecodeError, PermanentError):
            body = _unpack(reply, body, max_body_bytes, redactor)
    else:
        body = _unpack(reply, _read_whole(reply, max_body_bytes, redactor), max_body_bytes, redactor)
    headers = {name.lower(): value for name, value in reply.headers.items()}
    return Answer(str(reply.request.url), reply.status_code, headers, body)


def describe_trouble(error: Exception, settings: HttpSettings, redactor: Redactor) -> Trouble:
    """Say what went wrong in words of ours; the libraries' messages carry the address as it was asked."""
    if is_time_over():
        return Trouble(f"no complete answer within {settings.response_timeout_seconds:g} s", "timeout")
    if isinstance(error, requests.ConnectTimeout):
        return Trouble(f"no connection within {settings.connect_timeout_seconds:g} s", "timeout")
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return Trouble(f"nothing received for {settings.read_timeout_seconds:g} s", "timeout")
    cause = _find_cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        remedy = "ask the publisher to renew it, or name its authority in 'ca_bundle'"
        return Trouble(f"certificate not trusted ({cause.verify_message}); {remedy}", "tls", is_final=True)
    failure = next((name for kind, name in _FAILURES.items() if isinstance(cause, kind)), "connection")
    return Trouble(redactor.clean(f"{type(cause).__name__}: {' '.join(str(cause).split())}")[:200], failure)


def _read_whole(reply: requests.Response, limit: int, redactor: Redactor) -> bytes:
    announced = reply.headers.get("Content-Length", "")
    is_short = not (announced.isdecimal() and int(announced) > limit)
    body = _read_start(reply, limit + 1) if is_short or reply.request.method == "HEAD" else None
    if body is None or len(body) > limit:
        raise _too_long(reply, limit, redactor)
    return body


def _too_long(reply: requests.Response, limit: int, redactor: Redactor) -> PermanentError:
    return PermanentError(
        f"{reply.request.method} {redactor.clean(str(reply.request.url))!r}: the body has more than {limit} bytes after decoding; "
        "ask for smaller pages, or raise 'max_body_bytes'",
        failure="too_large",
    )


def _read_start(reply: requests.Response, size: int) -> bytes:
    """Decoded body up to ``size`` bytes; a body that ends before its announced length raises the library's error."""
    chunks: list[bytes] = []
    left = size
    while left > 0 and (chunk := reply.raw.read1(min(left, _READ_BYTES), decode_content=True)):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _unpack(reply: requests.Response, body: bytes, limit: int, redactor: Redactor) -> bytes:
    """Decode text that was compressed without a word; a file that is meant to be compressed stays as it is."""
    if not body.startswith(_GZIP) or "Content-Encoding" in reply.headers or _is_archive(reply) or not _holds_text(body):
        return body
    try:
        text = _decompress(body, limit + 1)
    except zlib.error as error:
        raise DecodeError(f"a body that was compressed without Content-Encoding does not unpack: {error}") from None
    if len(text) > limit:
        raise _too_long(reply, limit, redactor)
    return text


def _is_archive(reply: requests.Response) -> bool:
    """Whether an answer is a compressed file by its address, its type or the name under which it is to be kept."""
    described = (reply.headers.get("Content-Type", "") + reply.headers.get("Content-Disposition", "")).lower()
    path = urlsplit(str(reply.request.url)).path.lower()
    return path.endswith(_ARCHIVE_ENDINGS) or any(mark in described for mark in _ARCHIVE_MARKS)


def _holds_text(body: bytes) -> bool:
    """Whether XML, HTML or JSON begins under the compression."""
    try:
        begin = zlib.decompressobj(_GZIP_WINDOW).decompress(body[:_PIECE_BYTES], _SNIFFED_BYTES)
    except zlib.error:
        return False
    return begin.lstrip(_BEFORE_TEXT).startswith(_TEXT_BEGINS)


def _decompress(body: bytes, size: int) -> bytes:
    """Up to ``size`` bytes out of one gzip member after the other; what follows the last one is dropped, as by every gzip program.

    The body is fed in small pieces, because a member copies what it leaves over, and a hostile body has millions of empty members.
    """
    chunks: list[bytes] = []
    member = zlib.decompressobj(_GZIP_WINDOW)
    start = 0
    while size > 0 and start < len(body):
        piece = body[start : start + _PIECE_BYTES]
        chunks.append(member.decompress(piece, size))
        size -= len(chunks[-1])
        start += len(piece) - len(member.unused_data) - len(member.unconsumed_tail)
        if member.eof:
            if not body.startswith(_GZIP, start):
                return b"".join(chunks)
            member = zlib.decompressobj(_GZIP_WINDOW)
    if size > 0:
        raise zlib.error("it ends early")
    return b"".join(chunks)


def _drain(reply: requests.Response) -> None:
    """Read the short text that comes with a redirect, so that the connection can be used again."""
    announced = reply.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) <= _DRAINED_BYTES:
        with contextlib.suppress(HTTPError):
            _read_start(reply, _DRAINED_BYTES)


def _find_cause(error: BaseException) -> BaseException:
    """Innermost error of the chain that the libraries build out of reasons, arguments and causes."""
    inner = [getattr(error, "reason", None), *error.args, error.__cause__]
    cause = next((item for item in inner if isinstance(item, BaseException)), None)
    return error if cause is None else _find_cause(cause)
