"""``url_checks``: whether the address of a file still leads to it, and by which redirects.

HEAD is a hint only: many servers refuse it or answer it wrongly, so a GET of the first bytes decides whenever HEAD is not a plain success.
Every HTTP answer is a result; only an address that gave no answer is a failure. Statuses: https://www.rfc-editor.org/rfc/rfc9110#section-15
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from http import HTTPMethod, HTTPStatus
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from pydantic import Field

from harvest_assets.derive.absences import MISSED, SEEN, Patience, follow_absence
from harvest_assets.derive.concurrency import Share, map_in_turns
from harvest_assets.derive.redirect_chains import NO, PERMANENT, classify_redirects, describe_hops
from harvest_assets.derive.soft_errors import HTML_TYPES, Landing, decode_page, expects_file, find_suspicions
from harvest_assets.derive.url_syntax import WEB_SCHEMES, Problem, find_problem, read_scheme
from harvest_assets.derive.video_addresses import read_youtube_id
from harvest_assets.errors import HarvestError, TransientError
from harvest_assets.interfaces import DocumentTask, HttpClient, Options, Response, TaskInput
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply
from harvest_assets.model.exchange import Exchange, Hop

START_BYTES = 16_384
SOON = timedelta(days=1)

_BUSY = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_LONGEST_HEADER = 200


class UrlCheckOptions(Options):
    """How patient, how often and how busy the checks are; ``per_host`` is how many addresses of one host are asked for at once."""

    gone_after_observations: int = Field(default=3, ge=1, le=100)
    gone_after_days: int = Field(default=3, ge=0, le=365)
    recheck_after_days: int = Field(default=30, ge=1, le=3650)
    workers: int = Field(default=32, ge=1, le=32)
    per_host: int = Field(default=2, ge=1, le=32)


class UrlChecks(DocumentTask):
    """Whether the address of a file still leads to it, and by which redirects.

    The output has ``outcome`` (ok, moved, not_found, gone, refused, server_error; of a failure unreachable, syntax), ``status``,
    ``final_url``, ``redirects`` (no, temporary, permanent), ``hops``, ``content_type``, ``content_length``, ``etag``, ``last_modified``,
    ``method`` (which of HEAD and GET decided) and ``suspicions``; ``moved`` is a success whose redirects are all permanent. Beside them
    ``observations``, ``first_missed_at``, ``last_seen_at`` and ``is_gone`` of `absences`, and ``address_sha256``, of which address.
    """

    name: ClassVar[str] = "url_checks"
    version: ClassVar[str] = "2"
    entities: ClassVar[frozenset[str]] = frozenset({"file"})
    portion: ClassVar[int] = 5_000  # many hosts to take turns
    options: ClassVar[type[Options]] = UrlCheckOptions

    def applies_to(self, document: TaskInput) -> Applicability:
        """Files with an address of the web, or with one that was meant to be; not videos of YouTube."""
        url = document.url or ""
        if not url.strip():
            return does_not_apply("the file has no address")
        scheme = read_scheme(url)
        if scheme is not None and scheme not in WEB_SCHEMES:
            return does_not_apply(f"scheme {scheme!r} is not one of {', '.join(WEB_SCHEMES)}")
        if read_youtube_id(url):
            return does_not_apply("YouTube answers 200 for videos that do not exist; youtube_videos asks for them")
        return APPLIES

    def fingerprint(self, document: TaskInput) -> str:
        """The address is all that is read; what became of it is looked at again by the calendar."""
        return fingerprint_of_address(document)

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result per document, as answers come; hosts take turns, and an address of several documents is asked for once."""
        askable: dict[str, list[TaskInput]] = {}
        for document in batch:
            url = document.url or ""
            if problem := find_problem(url):
                yield self._misspelled(document, problem)
            else:
                askable.setdefault(url, []).append(document)
        yield from self._ask_for(askable)

    def _ask_for(self, askable: dict[str, list[TaskInput]]) -> Iterator[Derivative]:
        options = cast("UrlCheckOptions", self.settings)
        share = Share(workers=options.workers, each=options.per_host)
        for url, found in map_in_turns(self._look, list(askable), key=_read_host, share=share):
            for document in askable[url]:
                yield self._silent(document, found) if isinstance(found, HarvestError) else self._answered(document, found)

    def _look(self, url: str) -> tuple[str, dict[str, Any] | HarvestError]:
        try:
            return url, _describe(_ask(self.tools.client, url))
        except HarvestError as error:
            return url, error

    def _answered(self, document: TaskInput, found: dict[str, Any]) -> Derivative:
        output = found | self._follow(document, found["outcome"])
        recheck = timedelta(days=cast("UrlCheckOptions", self.settings).recheck_after_days)
        return Derivative(document.srn, "succeeded", output, again_after=SOON if _is_unsettled(output) else recheck)

    def _silent(self, document: TaskInput, error: HarvestError) -> Derivative:
        hops = [Hop(status, url) for status, url in error.hops]
        way = {"redirects": classify_redirects(hops), "hops": describe_hops(hops)}
        output = _SILENCE | {"outcome": "unreachable"} | way | self._follow(document, "unreachable")
        return Derivative(document.srn, "failed", output, str(error), error.failure or "unreachable")

    def _misspelled(self, document: TaskInput, problem: Problem) -> Derivative:
        output = _SILENCE | {"outcome": "syntax", "problem": problem.name} | self._follow(document, "syntax")
        return Derivative(document.srn, "failed", output, problem.reason, "syntax", is_final=True)

    def _follow(self, document: TaskInput, outcome: str) -> dict[str, Any]:
        """Absence so far, of this address; the result of another one says nothing of it."""
        options = cast("UrlCheckOptions", self.settings)
        patience = Patience(options.gone_after_observations, options.gone_after_days)
        address = {"address_sha256": fingerprint_of_address(document)}
        earlier = {**document.earlier.output, "derived_at": document.earlier.derived_at} if document.earlier else {}
        known = earlier if earlier.get("address_sha256") == address["address_sha256"] else {}
        return follow_absence(known, outcome, self.tools.now, patience) | address


# The same keys as for an answer, so that results make one table.
_SILENCE: dict[str, Any] = dict.fromkeys(("status", "final_url", "content_type", "content_length", "etag", "last_modified", "method")) | {
    "redirects": NO,
    "hops": [],
    "suspicions": [],
}


def fingerprint_of_address(document: TaskInput) -> str:
    """SHA-256 of the address, in hexadecimal."""
    return hashlib.sha256((document.url or "").encode("utf-8", "surrogatepass")).hexdigest()


def _ask(client: HttpClient, url: str) -> Response:
    """HEAD, and GET where HEAD decides nothing; what GET brings counts, also its error.

    No GET follows where it would be refused alike, as too many requests are, and none is missed where HEAD was a success.
    """
    try:
        hint = client.head(url)
    except TransientError:
        return client.fetch_start(url, size=START_BYTES)
    if hint.status in _BUSY or not _needs_look(url, hint):
        return hint
    try:
        return client.fetch_start(url, size=START_BYTES)
    except TransientError:
        if hint.status < HTTPStatus.BAD_REQUEST:
            return hint
        raise


def _needs_look(url: str, hint: Response) -> bool:
    """Whether an answer to HEAD may be untrue: an error, an empty file, a page where a file was meant, a page that says "not found"."""
    if hint.status >= HTTPStatus.BAD_REQUEST or _read_type(hint) in HTML_TYPES:
        return True
    return hint.status == HTTPStatus.OK and (hint.headers.get("content-length") == "0" or (expects_file(url) and not _read_type(hint)))


def _describe(response: Response) -> dict[str, Any]:
    exchange = response.exchange
    status = HTTPStatus.OK.value if response.status == HTTPStatus.PARTIAL_CONTENT else response.status
    return {
        "outcome": _classify(status, exchange),
        "status": status,
        "final_url": exchange.final_url,
        "redirects": classify_redirects(exchange.hops),
        "hops": describe_hops(exchange.hops),
        "content_type": _read_type(response),
        "content_length": _read_length(response),
        "etag": _read_header(response, "etag"),
        "last_modified": _read_header(response, "last-modified"),
        "method": exchange.method,
        "suspicions": find_suspicions(_read_landing(response)),
    }


def _classify(status: int, exchange: Exchange) -> str:
    """The outcome in one word. 416 is how servers answer a range of an empty file: it is there."""
    if status < HTTPStatus.MULTIPLE_CHOICES or status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return "moved" if classify_redirects(exchange.hops) == PERMANENT else "ok"
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return HTTPStatus(status).name.lower()
    return "server_error" if HTTPStatus.INTERNAL_SERVER_ERROR <= status < 600 else "refused"  # noqa: PLR2004 - end of the class 5xx


def _is_unsettled(output: dict[str, Any]) -> bool:
    """Whether another day may bring another answer: a file that is missing but not gone, a server in trouble or too busy."""
    outcome = output["outcome"]
    if outcome in MISSED:
        return not output["is_gone"]
    return outcome not in SEEN and (outcome == "server_error" or output["status"] in _BUSY)


def _read_landing(response: Response) -> Landing:
    """Where it ended; a page counts as one where a GET of it was a success, and its beginning came."""
    media_type = _read_type(response)
    is_page = response.status < HTTPStatus.BAD_REQUEST and media_type in HTML_TYPES and response.exchange.method == HTTPMethod.GET
    return Landing(
        asked_url=response.exchange.url,
        final_url=response.exchange.final_url,
        media_type=media_type,
        page=decode_page(response.body, response.headers.get("content-type", "")) if is_page else "",
        www_authenticate=response.headers.get("www-authenticate"),
    )


def _read_type(response: Response) -> str | None:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()[:_LONGEST_HEADER] or None


def _read_header(response: Response, name: str) -> str | None:
    return response.headers.get(name, "").strip()[:_LONGEST_HEADER] or None


def _read_length(response: Response) -> int | None:
    """Bytes of the whole file; ``None`` when the server does not say, or says it of compressed bytes only."""
    if "content-encoding" in response.headers:
        return None
    is_part = response.status in {HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE}
    text = response.headers.get("content-range", "").rpartition("/")[2] if is_part else response.headers.get("content-length", "")
    return int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else None


def _read_host(url: str) -> str:
    return urlsplit(url).hostname or ""
