"""What a source shows to be let in: headers, parameters, or a token that a token server gives for them.

Put here: what is sent, and the life of an access token (client credentials grant, https://www.rfc-editor.org/rfc/rfc6749#section-4.4).
Keep out: to whom it is sent (`http`: the source's origin only), how a file says it (`config.authentication`), and what hides it
(`redaction`).
"""

import base64
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import quote_plus, unquote_plus, urlencode, urlsplit, urlunsplit

import orjson

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.redaction import Redactor
from harvest_assets.interfaces import HttpStatusError, Response

TOKEN_ANSWER_BYTES = 65_536
_EARLY_SECONDS = 30.0
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_ERROR_CODE = re.compile(r"[a-z_]{1,40}")

# Posts a body with headers to the token server, within the budget and the limits of the source.
PostForm = Callable[[str, Mapping[str, str], bytes], Response]


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Who asks a token server, and for what."""

    token_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str | None = None
    audience: str | None = None
    client_authentication: Literal["basic", "body"] = "basic"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is added to each request to the source's origin."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    client: ClientCredentials | None = None

    def secret_values(self) -> frozenset[str]:
        """What of this must be in nothing that is recorded, in the form in which it is sent."""
        schemes = [value.partition(" ") for value in self.headers.values()]
        client = () if self.client is None else (self.client.client_secret, encode_client(self.client).partition(" ")[2])
        return frozenset({rest or first for first, _, rest in schemes} | {*self.parameters.values(), *client})


def encode_basic(user: str, password: str) -> str:
    """User and password as the value of an Authorization header: https://www.rfc-editor.org/rfc/rfc7617."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def set_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an address, in place of those of the same names: servers copy a key into the links of their pages."""
    if not parameters:
        return url
    return _with_query(url, [*(part for part in _split_query(url) if _name_of(part) not in parameters), urlencode(parameters)])


def drop_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """Take parameters with these values out of an address that is handed on, or that leads elsewhere."""
    if not parameters:
        return url
    return _with_query(url, [part for part in _split_query(url) if parameters.get(_name_of(part)) != _value_of(part)])


def _split_query(url: str) -> list[str]:
    return [part for part in urlsplit(url).query.split("&") if part]


def _name_of(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _value_of(part: str) -> str:
    return unquote_plus(part.partition("=")[2])


def _with_query(url: str, parts: list[str]) -> str:
    return urlunsplit(urlsplit(url)._replace(query="&".join(parts)))


class AccessTokens:
    """The access token of one client: fetched when it is needed, kept in memory, renewed before it runs out; threads share it."""

    def __init__(self, client: ClientCredentials, post: PostForm, redactor: Redactor, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._post = post
        self._redactor = redactor
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def current(self) -> str:
        """A token that counts now; while one thread fetches it, the others wait.

        Raises:
            TransientError: The token server does not answer.
            PermanentError: It refuses, or its answer holds no token that can be used.
        """
        with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                self._token, self._renew_at = self._fetch()
            return self._token

    def reject(self, token: str) -> None:
        """Forget a token that the source did not accept, unless it was renewed meanwhile."""
        with self._lock:
            if self._token == token:
                self._token = None

    def _fetch(self) -> tuple[str, float]:
        asked_at = self._clock()
        headers, form = _build_request(self._client)
        try:
            answer = _read_object(self._post(self._client.token_url, headers, urlencode(form).encode()), self._place)
        except HttpStatusError as error:
            code = _name_error(error.response.body)
            reason = f"status {error.response.status}{code}; check client_id, client_secret, scope and client_authentication of 'auth'"
            raise PermanentError(f"{self._place}: {reason}") from None
        token: object = answer.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            code = _name_error(orjson.dumps(answer))
            raise PermanentError(f"{self._place}: the answer has no 'access_token' that can be sent{code}; check 'auth.token_url'")
        self._redactor.add(token)
        kind: object = answer.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            shown = self._redactor.clean(repr(kind)[:40])
            raise PermanentError(f"{self._place}: token_type {shown} is not 'Bearer', the only one that can be sent; ask the publisher")
        return token, asked_at + _read_lifetime(answer.get("expires_in"))

    @property
    def _place(self) -> str:
        return f"POST {self._redactor.clean(self._client.token_url)!r}"


def _build_request(client: ClientCredentials) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and form of a token request; the client is named as RFC 6749 section 2.3.1 says, in one of two ways."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    wanted = {"grant_type": "client_credentials", "scope": client.scope, "audience": client.audience}
    form = {name: value for name, value in wanted.items() if value is not None}
    if client.client_authentication == "body":
        return headers, {**form, "client_id": client.client_id, "client_secret": client.client_secret}
    return {**headers, "Authorization": encode_client(client)}, form


def encode_client(client: ClientCredentials) -> str:
    """The client as the value of an Authorization header; other than in RFC 7617 both parts are form-encoded first."""
    return encode_basic(quote_plus(client.client_id), quote_plus(client.client_secret))


def _read_object(response: Response, place: str) -> dict[str, Any]:
    """The answer of a token server; nothing of it is repeated, because it may hold the token."""
    if len(response.body) > TOKEN_ANSWER_BYTES:
        raise PermanentError(f"{place}: the answer has more than {TOKEN_ANSWER_BYTES} bytes, too many for a token; check 'auth.token_url'")
    try:
        answer: object = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        answer = None
    if not isinstance(answer, dict):
        raise PermanentError(f"{place}: the answer is no JSON object, so it holds no token; check 'auth.token_url'")
    return cast("dict[str, Any]", answer)


def _name_error(body: bytes) -> str:
    """The error code of RFC 6749 section 5.2, if the answer has one; its description may repeat anything and is left out."""
    try:
        code: Any = orjson.loads(body)["error"]
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
    return f" and error {code!r}" if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def _read_lifetime(value: object) -> float:
    """Seconds until a token is renewed: half a minute early, or half-way for a shorter life; until it is refused when not known."""
    try:
        seconds = float(value) if isinstance(value, int | float | str) else math.inf
    except ValueError:
        return math.inf
    return max(seconds - _EARLY_SECONDS, seconds / 2) if seconds > 0 else math.inf
