"""The endpoint that records are sent to: ``POST /intake/{source}`` with ``Authorization: Bearer SECRET``.

Put here: who may send, and what is answered. What a record is, and where it is kept, is `stages.intake`. The secret may also be the last
part of the address, for senders that can set nothing else; so addresses are written into no log.
"""

import asyncio
import hashlib
import logging
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harvest_assets.config.intake import Intake
from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError, HarvestError, RecordError
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.intake import Kind, find_kind, receive

BODY_SECONDS = 30.0
RETRY_SECONDS = 60
NOTHING_HERE = "there is nothing here that takes records; check the address"

_log = logging.getLogger(__name__)
# What a secret is compared with where there is no source, so that it takes as long.
_NOBODY = hashlib.sha256(secrets.token_bytes()).digest()


@dataclass(slots=True)
class Allowance:
    """Requests that may be answered: as many as a minute has, used up one by one and given back as time passes."""

    per_minute: int
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.per_minute, time.monotonic()

    def take(self) -> int:
        """Seconds to wait before the next request; 0 when this one may go on."""
        now = time.monotonic()
        self._left = min(self.per_minute, self._left + (now - self._at) * self.per_minute / 60)
        self._at = now
        if self._left < 1:
            return math.ceil((1 - self._left) * 60 / self.per_minute)
        self._left -= 1
        return 0


@dataclass(frozen=True, slots=True)
class Door:
    """A source that takes records in; of its secret only the SHA-256 is kept."""

    source: Source
    intake: Intake
    kind: Kind
    secret_sha256: bytes
    allowance: Allowance


def open_doors(installation: Installation) -> tuple[dict[str, Door], list[str]]:
    """The sources that take records in, by slug, and why others that should do not."""
    doors: dict[str, Door] = {}
    problems: list[str] = []
    for slug, source in installation.catalog.sources.items():
        intake, kind = source.open_intake, find_kind(source)
        if intake is None:
            continue
        try:
            secret = intake.resolved_secret(installation.environ, file=source.file)
        except ConfigurationError as error:
            problems.append(str(error))
            continue
        if kind is None:
            problems.append(f"{source.file}: single records of protocol {source.protocol!r} cannot be sent; take 'intake' out")
            continue
        doors[slug] = Door(source, intake, kind, _digest(secret), Allowance(intake.requests_per_minute))
    return doors, problems


def build_app(installation: Installation, doors: Mapping[str, Door], *, body_seconds: float = BODY_SECONDS) -> Starlette:
    """The endpoint as an ASGI application; a body has to arrive within ``body_seconds``."""
    endpoint = _Endpoint(installation, doors, body_seconds)
    routes = [Route(path, endpoint.answer, methods=["POST"]) for path in ("/intake/{source}", "/intake/{source}/{secret}")]
    return Starlette(routes=routes, exception_handlers={HTTPException: _explain})


class _Endpoint:
    """Answers requests, each refusal with a status of its own."""

    def __init__(self, installation: Installation, doors: Mapping[str, Door], body_seconds: float) -> None:
        self._installation = installation
        self._doors = doors
        self._body_seconds = body_seconds

    async def answer(self, request: Request) -> Response:
        """Keep the record, or refuse it."""
        door = self._doors.get(str(request.path_params["source"]))
        self._admit(request, door)
        if door is None:
            raise HTTPException(404, NOTHING_HERE)
        try:
            response = await self._take(request, door)
        except HTTPException as error:
            _log.info("%s: refused with %d: %s", door.source.slug, error.status_code, error.detail)
            raise
        return response

    def _admit(self, request: Request, door: Door | None) -> None:
        """Compare the secret, for a source that is not there as for any other.

        Raises:
            HTTPException: 401, it is another one, or there is none.
        """
        is_right = secrets.compare_digest(_digest(_find_secret(request)), _NOBODY if door is None else door.secret_sha256)
        if door is not None and not is_right:
            _log.info("%s: refused with 401: wrong or no secret", door.source.slug)
            raise HTTPException(401, "the secret is missing or wrong; send 'Authorization: Bearer SECRET'", {"WWW-Authenticate": "Bearer"})

    async def _take(self, request: Request, door: Door) -> Response:
        if not door.intake.is_allowed(_find_sender(request, door.intake)):
            raise HTTPException(403, "records may not be sent from this address; ask for it to be allowed")
        wait = door.allowance.take()
        if wait:
            raise HTTPException(429, f"too many requests in a minute; send the record again in {wait} seconds", {"Retry-After": str(wait)})
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not door.kind.content_type.fullmatch(content_type):
            raise HTTPException(415, f"content type {content_type!r} is not {door.kind.words}")
        body = await self._read(request, door.intake.max_body_bytes)
        try:
            kept = await run_in_threadpool(receive, self._installation, door.source, door.intake, body)
        except RecordError as error:
            raise HTTPException(400, str(error)) from None
        except HarvestError as error:
            _log.warning("%s: a record could not be kept: %s", door.source.slug, error)
            raise HTTPException(503, "the record could not be kept; send it again later", {"Retry-After": str(RETRY_SECONDS)}) from None
        return JSONResponse(kept, 202)

    async def _read(self, request: Request, most: int) -> bytes:
        """The body, as far as it is allowed to be large and slow."""
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            raise _too_large(most)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._body_seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > most:
                        raise _too_large(most)
                    parts.append(part)
        except TimeoutError:
            raise HTTPException(408, f"the body did not arrive within {self._body_seconds:g} seconds", {"Connection": "close"}) from None
        except ClientDisconnect:
            raise HTTPException(400, "the connection ended before the body did") from None
        return b"".join(parts)


def _find_secret(request: Request) -> str:
    """What the sender shows: in the address, or as a bearer token."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return str(request.path_params.get("secret") or (token.strip() if scheme.lower() == "bearer" else ""))


def _find_sender(request: Request, intake: Intake) -> str:
    """The address that a request comes from, as the connection or a trusted proxy says it."""
    forwarded: Sequence[str] = request.headers.getlist("x-forwarded-for") if intake.trust_forwarded else ()
    if forwarded:
        return forwarded[-1].rpartition(",")[2].strip()
    return request.client.host if request.client else ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _too_large(most: int) -> HTTPException:
    return HTTPException(
        413, f"the body is larger than {most} bytes; send one record, or ask for more to be allowed", {"Connection": "close"}
    )


async def _explain(request: Request, error: Exception) -> Response:
    """Every refusal as JSON, with one line that says what to do."""
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    del request
    words = {404: NOTHING_HERE, 405: "send records with POST"}.get(error.status_code, error.detail)
    return JSONResponse({"error": words}, error.status_code, error.headers)
