"""``url_checks``: whether the address of a file still leads to it, and by which redirects.

HEAD is a hint only: many servers refuse it or answer it wrongly, so a GET of the first bytes decides whenever HEAD is not a success.
Every HTTP answer is a result; only an address that gave no answer is a failure. Statuses: https://www.rfc-editor.org/rfc/rfc9110#section-15
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

from harvest_assets.derive.concurrency import map_unordered
from harvest_assets.errors import HarvestError, TransientError
from harvest_assets.interfaces import BlobSink, DocumentTask, HttpClient, Response, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.model.exchange import Hop

WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
PERMANENT_REDIRECTS = frozenset({HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT})
PROBE_BYTES = 1024


class UrlChecks(DocumentTask):
    """Asks for the address of every file.

    The output has ``status``, ``final_url``, ``redirects`` (no, temporary, permanent), ``hops``, ``content_type``, ``content_length`` and
    ``outcome`` (ok, moved, not_found, gone, refused, server_error, unreachable); ``moved`` is a success whose redirects are all permanent.
    """

    name: ClassVar[str] = "url_checks"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"file"})

    def __init__(self, workers: int = 16) -> None:
        self.workers = workers

    def applies_to(self, document: TaskInput) -> bool:
        """Files with an address of the web."""
        return is_file_on_the_web(document)

    def fingerprint(self, document: TaskInput) -> str:
        """The address is all that is read."""
        return fingerprint_of_address(document)

    def derive(self, documents: Sequence[TaskInput], client: HttpClient, blobs: BlobSink) -> Iterator[Derivative]:
        """One result per address, as they come; nothing is kept in ``blobs``."""
        del blobs
        return map_unordered(partial(_check, client), documents, workers=self.workers)


def is_file_on_the_web(document: TaskInput) -> bool:
    """Whether there is something to ask a server for."""
    return document.entity == "file" and bool(WEB_ADDRESS.match(document.url or ""))


def fingerprint_of_address(document: TaskInput) -> str:
    """SHA-256 of the address, in hexadecimal."""
    return hashlib.sha256((document.url or "").encode()).hexdigest()


def _check(client: HttpClient, document: TaskInput) -> Derivative:
    url = document.url or ""
    try:
        response = _ask(client, url)
    except HarvestError as error:
        return Derivative(document.srn, "failed", _describe_silence(url), str(error))
    return Derivative(document.srn, "succeeded", _describe(response))


def _ask(client: HttpClient, url: str) -> Response:
    """HEAD, and GET when HEAD was refused or not answered at all; what GET brings counts, also its error."""
    try:
        response = client.head(url)
    except TransientError:
        return client.fetch_start(url, size=PROBE_BYTES)
    if response.status < HTTPStatus.BAD_REQUEST:
        return response
    return client.fetch_start(url, size=PROBE_BYTES)


def _describe_silence(url: str) -> dict[str, Any]:
    """The same keys as for an answer, so that results make one table."""
    return {
        "status": 0,
        "final_url": url,
        "redirects": "no",
        "hops": [],
        "content_type": None,
        "content_length": None,
        "outcome": "unreachable",
    }


def _describe(response: Response) -> dict[str, Any]:
    hops = response.exchange.hops
    status = HTTPStatus.OK.value if response.status == HTTPStatus.PARTIAL_CONTENT else response.status
    return {
        "status": status,
        "final_url": response.exchange.final_url,
        "redirects": _classify_redirects(hops),
        "hops": [{"status": hop.status, "url": hop.url} for hop in hops],
        "content_type": response.headers.get("content-type", "").partition(";")[0].strip().lower() or None,
        "content_length": _read_length(response),
        "outcome": _classify(status, hops),
    }


def _classify_redirects(hops: Sequence[Hop]) -> str:
    if not hops:
        return "no"
    return "permanent" if all(hop.status in PERMANENT_REDIRECTS for hop in hops) else "temporary"


def _classify(status: int, hops: Sequence[Hop]) -> str:
    """The outcome in one word. 416 is how servers answer a range of an empty file: it is there."""
    if status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return "moved" if _classify_redirects(hops) == "permanent" else "ok"
    if status < HTTPStatus.BAD_REQUEST:
        return "moved"
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return HTTPStatus(status).name.lower()
    return "server_error" if HTTPStatus.INTERNAL_SERVER_ERROR <= status < 600 else "refused"  # noqa: PLR2004 - end of the class 5xx


def _read_length(response: Response) -> int | None:
    """Bytes of the whole file; ``None`` when the server does not say, or says it of compressed bytes only."""
    if "content-encoding" in response.headers:
        return None
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        text = response.headers.get("content-range", "").rpartition("/")[2]
    else:
        text = response.headers.get("content-length", "")
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None
