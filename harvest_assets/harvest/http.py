"""The only way to the network: GET, POST and HEAD over `requests`, within limits of time, bytes, rate and place.

Put here: what happens to one request from its first attempt to its record. Keep out: where we may connect (`addresses`,
`connections`), how often (`budget`, `robots`), when to try again (`retries`), where a redirect leads (`redirects`), what is read of
an answer (`answers`), what lets us in (`authentication`), what is secret (`redaction`).
"""

import contextlib
import logging
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from harvest_assets.errors import HarvestError, PermanentError, TransientError
from harvest_assets.harvest.addresses import AddressGuard, Resolver
from harvest_assets.harvest.answers import Answer, Redirect, Trouble, describe_trouble, receive_answer
from harvest_assets.harvest.authentication import TOKEN_ANSWER_BYTES, AccessTokens, drop_parameters, set_parameters
from harvest_assets.harvest.budget import HostBudget, Turn
from harvest_assets.harvest.calls import Call, Journey
from harvest_assets.harvest.connections import PlainSession, limit_time
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.harvest.redaction import RedactingFilter, Redactor
from harvest_assets.harvest.redirects import check_body, read_origin, resolve_location, split_url
from harvest_assets.harvest.retries import RETRIED_STATUSES, draw_backoff, read_retry_after
from harvest_assets.harvest.robots import ROBOTS_BYTES, Robots
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response
from harvest_assets.model.exchange import Exchange, Hop

logger = logging.getLogger(__name__)

__all__ = ["HttpSettings", "RequestsClient"]

LOOK_ATTEMPTS = 2
_UNAUTHORIZED = 401
_LIBRARY_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.response")


class RequestsClient(HttpClient):
    """The network as one source may use it. Up to 32 threads share a client; ``on_exchange`` is called from theirs, also for failures.

    ``Response.url`` is the address as asked, without the credentials of the source but with any other secret, because links are resolved
    against it; record ``Response.exchange``.
    """

    def __init__(
        self,
        settings: HttpSettings,
        budget: HostBudget,
        *,
        on_exchange: Callable[[Exchange], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        resolver: Resolver = socket.getaddrinfo,
    ) -> None:
        self._settings = settings
        self._budget = budget
        self._on_exchange = on_exchange
        self._sleep = sleep
        self._clock = clock
        self._redactor = Redactor(settings.secret_values)
        self._session = PlainSession(AddressGuard(settings.allowed_networks, resolver=resolver))
        self._session.verify = settings.ca_bundle or True
        self._session.headers.update({"Accept-Encoding": "gzip, deflate"})
        self._credentials = settings.credentials
        client = settings.credentials.client
        self._tokens = None if client is None else AccessTokens(client, self._post_form, self._redactor, clock=clock)
        product = settings.user_agent.replace("/", " ").split()[0]
        self._robots = Robots(budget.folder / "robots", product, self._fetch_robots, clock=clock) if settings.robots else None
        self._filter = RedactingFilter(self._redactor)
        for name in _LIBRARY_LOGGERS:
            logging.getLogger(name).addFilter(self._filter)

    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        """See `HttpClient.get`. ``TransientError.retry_after_seconds`` is what the server asked for, not capped."""
        return self._require_good(Call("GET", url, self._settings.max_attempts, params or {}, headers or {}))

    def post(self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        """See `HttpClient.post`. Only a redirect that keeps method and body (307, 308) is followed."""
        sent = {**(headers or {}), "Content-Type": content_type}
        return self._require_good(Call("POST", url, self._settings.max_attempts, headers=sent, body=body))

    def _post_form(self, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Ask a token server; a little more is read than it may answer, so that too much is seen."""
        attempts = self._settings.max_attempts
        return self._require_good(Call("POST", url, attempts, headers=headers, start_bytes=TOKEN_ANSWER_BYTES + 1, body=body, is_own=True))

    def _fetch_robots(self, url: str) -> Response:
        return self._perform(Call("GET", url, min(LOOK_ATTEMPTS, self._settings.max_attempts), start_bytes=ROBOTS_BYTES, is_own=True))

    def _require_good(self, call: Call) -> Response:
        response = self._perform(call)
        exchange = response.exchange
        if response.status in RETRIED_STATUSES or response.status >= 500:  # noqa: PLR2004 - the class of server errors
            raise TransientError(
                f"{call.method} {exchange.url!r}: status {response.status} after {exchange.attempts} attempts; try again later",
                retry_after_seconds=read_retry_after(response.headers.get("retry-after"), now=self._clock()),
                status=response.status,
            )
        if response.status >= 400:  # noqa: PLR2004 - the class of client errors
            raise HttpStatusError(
                f"{call.method} {exchange.url!r}: status {response.status}, which trying again does not change; "
                "check the address and the access",
                response,
            )
        return response

    def head(self, url: str) -> Response:
        """See `HttpClient.head`; two attempts at most.

        Raises:
            TransientError: No answer came.
            PermanentError: The address is not allowed, or redirects do not end.
        """
        return self._perform(Call("HEAD", url, min(LOOK_ATTEMPTS, self._settings.max_attempts)))

    def fetch_start(self, url: str, *, size: int) -> Response:
        """See `HttpClient.fetch_start`; the rest is left unread even where the server ignores the range. Two attempts at most.

        Raises:
            TransientError: No answer came.
            PermanentError: The address is not allowed, or redirects do not end.
        """
        headers = {"Range": f"bytes=0-{size - 1}", "Accept-Encoding": "identity"}
        return self._perform(Call("GET", url, min(LOOK_ATTEMPTS, self._settings.max_attempts), headers=headers, start_bytes=size))

    def close(self) -> None:
        """Close the connections that are kept alive; the client is of no use afterwards."""
        self._session.close()
        for name in _LIBRARY_LOGGERS:
            logging.getLogger(name).removeFilter(self._filter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _perform(self, call: Call) -> Response:
        """Carry a call out and record it, whatever becomes of it."""
        started_at = datetime.fromtimestamp(self._clock(), UTC)
        journey = Journey(call.method, self._redactor.clean(call.url), started_at)
        try:
            answer = self._insist(call, journey)
        except HarvestError as error:
            error.hops = tuple((hop.status, hop.url) for hop in journey.hops)
            self._report(journey.record(status=0, body_bytes=0))
            raise
        exchange = journey.record(answer.status, len(answer.body))
        self._report(exchange)
        url = drop_parameters(answer.url, self._credentials.parameters)
        return Response(url, answer.status, answer.headers, answer.body, exchange)

    def _report(self, exchange: Exchange) -> None:
        if self._on_exchange is not None:
            self._on_exchange(exchange)

    def _insist(self, call: Call, journey: Journey) -> Answer:
        """Attempt until an answer is worth handing over, or the attempts are used up; a busy answer to the last one is handed over."""
        while True:
            journey.attempts += 1
            outcome = self._attempt(call, journey)
            if isinstance(outcome, Answer) and outcome.status not in RETRIED_STATUSES:
                return outcome
            if isinstance(outcome, Trouble) and outcome.is_final:
                raise PermanentError(f"{call.method} {journey.url!r}: {outcome.reason}", failure=outcome.failure)
            is_held = isinstance(outcome, Answer) and self._hold_host(outcome)
            if journey.attempts >= call.attempts:
                break
            reason = f"status {outcome.status}" if isinstance(outcome, Answer) else outcome.reason
            logger.warning("%s %r: %s; attempt %d of %d", call.method, journey.url, reason, journey.attempts, call.attempts)
            if not is_held:
                self._back_off(journey.attempts)
        if isinstance(outcome, Answer):
            return outcome
        tried = f"after {journey.attempts} attempts; try again later"
        raise TransientError(f"{call.method} {journey.url!r}: {outcome.reason}, {tried}", failure=outcome.failure)

    def _hold_host(self, answer: Answer) -> bool:
        """Do as the server asks, for everyone who asks it: leave the host alone until its ``Retry-After``, up to the cap."""
        seconds = read_retry_after(answer.headers.get("retry-after"), now=self._clock())
        if not seconds:
            return False
        self._budget.hold(_read_host(answer.url), min(seconds, self._settings.retry_after_cap_seconds))
        return True

    def _back_off(self, attempt: int) -> None:
        settings = self._settings
        self._sleep(draw_backoff(attempt, base_seconds=settings.backoff_base_seconds, cap_seconds=settings.backoff_cap_seconds))

    def _attempt(self, call: Call, journey: Journey) -> Answer | Trouble:
        """Ask; where the access token is refused, ask once more with a new one."""
        outcome = self._travel(call, journey)
        if self._tokens and journey.token and isinstance(outcome, Answer) and outcome.status == _UNAUTHORIZED:
            logger.info("%s %r: the access token is not accepted; asking for a new one", call.method, journey.url)
            self._tokens.reject(journey.token)
            return self._travel(call, journey)
        return outcome

    def _travel(self, call: Call, journey: Journey) -> Answer | Trouble:
        """Ask, and follow redirects to the end."""
        journey.hops = []
        is_trusted = self._is_origin(call.url) or call.is_own
        prepared = self._prepare(call, journey, call.url, params=call.params, is_trusted=is_trusted)
        url = str(prepared.url)
        journey.url = self._redactor.clean(url)
        # A site that sets a cookie and sends us back to the same address is no loop.
        visited = {(url, prepared.headers.get("Cookie"))}
        while isinstance(step := self._ask(prepared, call), Redirect):
            target = resolve_location(url, step.location, self._redactor)
            if call.body is not None:
                check_body(url, target, step.status, call.body, self._redactor)
            is_trusted = is_trusted and read_origin(url) == read_origin(target)
            prepared = self._prepare(call, journey, target, params={}, is_trusted=is_trusted)
            url = str(prepared.url)
            journey.hops.append(Hop(step.status, self._redactor.clean(url)))
            self._refuse_endless(journey, is_loop=(url, prepared.headers.get("Cookie")) in visited)
            visited.add((url, prepared.headers.get("Cookie")))
        return step

    def _is_origin(self, url: str) -> bool:
        split_url(url, self._redactor)
        return self._settings.origin is None or read_origin(self._settings.origin) == read_origin(url)

    def _refuse_endless(self, journey: Journey, *, is_loop: bool) -> None:
        limit = self._settings.max_redirects
        if is_loop:
            raise PermanentError(
                f"{journey.method} {journey.url!r}: redirects in a loop to {journey.hops[-1].url!r}; check the address",
                failure="redirect_loop",
            )
        if len(journey.hops) > limit:
            raise PermanentError(
                f"{journey.method} {journey.url!r}: more than {limit} redirects, the last to {journey.hops[-1].url!r}; check the address",
                failure="too_many_redirects",
            )

    def _prepare(self, call: Call, journey: Journey, url: str, *, params: Mapping[str, str], is_trusted: bool) -> requests.PreparedRequest:
        """Put a request together; secrets go in where the address is trusted, and are taken out of the address where it is not."""
        sent = call.headers if call.is_own else {**self._settings.headers, **call.headers}
        headers = {name: value for name, value in sent.items() if is_trusted or not self._redactor.is_secret_header(name, value)}
        journey.token = None
        secrets = self._credentials.parameters
        if not is_trusted:
            url = drop_parameters(url, secrets)
        elif not call.is_own:
            url, params = set_parameters(url, secrets), {name: value for name, value in params.items() if name not in secrets}
            headers |= self._credentials.headers
            journey.token = self._tokens.current() if self._tokens else None
            headers |= {"Authorization": f"Bearer {journey.token}"} if journey.token else {}
        headers["User-Agent"] = self._settings.user_agent
        with contextlib.suppress(requests.RequestException, ValueError):
            return self._session.prepare_request(requests.Request(call.method, url, params=params, headers=headers, data=call.body))
        cleaned = self._redactor.clean(url)
        raise PermanentError(f"{call.method} {cleaned!r}: this is not an address that can be asked; correct it", failure="address")

    def _ask(self, prepared: requests.PreparedRequest, call: Call) -> Answer | Redirect | Trouble:
        """Send one request when its turn comes, and read what comes back."""
        self._await_turn(str(prepared.url), call)
        timeouts = (self._settings.connect_timeout_seconds, self._settings.read_timeout_seconds)
        with limit_time(self._settings.response_timeout_seconds):
            try:
                with self._session.send(prepared, stream=True, timeout=timeouts, proxies={}) as reply:
                    limit = self._settings.max_body_bytes
                    return receive_answer(reply, start_bytes=call.start_bytes, max_body_bytes=limit, redactor=self._redactor)
            except (requests.RequestException, HTTPError) as error:
                return describe_trouble(error, self._settings, self._redactor)

    def _await_turn(self, url: str, call: Call) -> None:
        settings = self._settings
        rate = settings.requests_per_second if call.is_own else self._limit_rate(url, call.method)
        turn = Turn(_read_host(url), rate, settings.source, settings.rate_limit)
        while (wait_seconds := self._budget.reserve(turn)) > 0:
            self._sleep(wait_seconds)

    def _limit_rate(self, url: str, method: str) -> float:
        rate = self._settings.requests_per_second
        try:
            return self._robots.limit_rate(url, rate) if self._robots else rate
        except PermanentError as error:
            raise PermanentError(f"{method} {self._redactor.clean(url)!r}: {error}", failure="robots") from None


def _read_host(url: str) -> str:
    return urlsplit(url).hostname or ""
