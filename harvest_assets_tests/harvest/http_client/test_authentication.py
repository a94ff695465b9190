"""Credentials go to the source's origin and nowhere else; tokens are fetched, kept, renewed, and never seen."""

import base64
import json
import logging
import re
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import pytest

from harvest_assets.errors import HarvestError, PermanentError, TransientError
from harvest_assets.harvest.authentication import ClientCredentials, Credentials, drop_parameters, set_parameters
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.exchange import Exchange

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]

SECRET = "cl1ent/s3cr+t"  # noqa: S105 - made up
TOKEN = "acc3ss.t0ken-of-ours"  # noqa: S105 - made up


class TokenServer:
    """Gives a new token for each request, and accepts the last one only."""

    def __init__(self, serve: Serve, reply: Reply) -> None:
        self.given: list[str] = []
        self.lifetime: object = 3600
        self.tokens = serve(lambda _: [reply(json.dumps(self._give()).encode(), content_type="application/json")])
        self.records = serve(self._answer)
        self._reply = reply

    def _give(self) -> dict[str, object]:
        self.given.append(f"{TOKEN}-{len(self.given) + 1}")
        return {"access_token": self.given[-1], "token_type": "bearer", "expires_in": self.lifetime}

    def _answer(self, request: Any) -> list[bytes]:
        is_known = request.headers.get("authorization") == f"Bearer {self.given[-1]}" if self.given else False
        return [self._reply(b"here") if is_known else self._reply(b"", 401)]

    def credentials(self, **changed: Any) -> Credentials:
        chosen = {"token_url": self.tokens.url("/token"), "client_id": "us & co", "client_secret": SECRET, **changed}
        return Credentials(client=ClientCredentials(**chosen))


@pytest.fixture
def oauth2(serve: Serve, reply: Reply) -> TokenServer:
    return TokenServer(serve, reply)


@pytest.fixture
def build_with_token(oauth2: TokenServer, build_client: Build) -> Build:
    def build(**options: Any) -> RequestsClient:
        secrets = {"origin": oauth2.records.url(), "credentials": oauth2.credentials(), "secret_values": (SECRET,)}
        return build_client(**{**secrets, **options})

    return build


# -- keys that do not change -------------------------------------------------------------------------------------------------------


def test_a_header_goes_to_the_origin_only(serve: Serve, build_client: Build, reply: Reply) -> None:
    other = serve(lambda _: [reply(b"", 302, location=own.url("/back"))])
    own = serve(reply(b"", 302, location="/on"), reply(b"", 302, location=other.url()), reply(b"here"))
    client = build_client(origin=own.url(), credentials=Credentials(headers={"X-Partner": "k3y"}), secret_values=("k3y",))
    assert client.get(own.url("/")).body == b"here"
    assert [request.headers.get("x-partner") for request in own.requests] == ["k3y", "k3y", None]
    assert [request.headers.get("x-partner") for request in other.requests] == [None]
    client.get(serve(reply(b"")).url("/elsewhere"))
    client.head(own.url("/"))
    client.fetch_start(own.url("/"), size=1)
    client.post(own.url("/"), body=b"{}", content_type="application/json")
    assert [request.headers.get("x-partner") for request in own.requests[3:]] == ["k3y", "k3y", "k3y"]


def test_a_key_in_the_query_is_sent_and_recorded_nowhere(
    serve: Serve, build_client: Build, reply: Reply, exchanges: list[Exchange], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    own = serve(reply(b"", 302, location="/on?access=k%33y%20x&page=2"), reply(b"here"))
    client = build_client(origin=own.url(), credentials=Credentials(parameters={"access": "k3y x"}), secret_values=("k3y x",))
    response = client.get(own.url("/?q=a"), params={"access": "old", "set": "b c"})
    assert [request.target for request in own.requests] == ["/?q=a&access=k3y+x&set=b+c", "/on?page=2&access=k3y+x"]
    assert response.url == own.url("/on?page=2")
    assert response.exchange.url == own.url("/?q=a&access=***&set=b+c")
    assert response.exchange.final_url == own.url("/on?page=2&access=***")
    assert not any(spelling in f"{exchanges}{caplog.text}" for spelling in ("k3y x", "k3y+x", "k3y%20x"))


def test_a_key_in_the_query_leaves_its_origin_not_even_by_redirect(serve: Serve, build_client: Build, reply: Reply) -> None:
    other = serve(reply(b"there"))
    own = serve(lambda request: [reply(b"", 302, location=other.url(request.target))])
    client = build_client(origin=own.url(), credentials=Credentials(parameters={"access": "k3y"}), secret_values=("k3y",))
    assert client.get(own.url("/?page=1")).body == b"there"
    assert client.get(other.url("/?access=theirs")).body == b"there"
    assert [request.target for request in other.requests] == ["/?page=1", "/?access=theirs"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.example/", "http://a.example/?k=v+%26"),
        ("http://a.example/?k=old&x=1&k=%20", "http://a.example/?x=1&k=v+%26"),
        ("http://a.example/?%6B=old&kk=1", "http://a.example/?kk=1&k=v+%26"),
    ],
)
def test_a_parameter_takes_the_place_of_its_namesakes(url: str, expected: str) -> None:
    assert set_parameters(url, {"k": "v &"}) == expected
    assert "v+%26" not in drop_parameters(expected, {"k": "v &"})


# -- tokens ------------------------------------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_as_the_standard_says(oauth2: TokenServer, build_with_token: Build) -> None:
    credentials = oauth2.credentials(scope="read list", audience="https://api.example/")
    assert build_with_token(credentials=credentials).get(oauth2.records.url()).body == b"here"
    (request,) = oauth2.tokens.requests
    assert (request.method, request.target) == ("POST", "/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["user-agent"] == "harvest-tests (+mailto:tests@example.org)"
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "client_credentials",
        "scope": "read list",
        "audience": "https://api.example/",
    }
    scheme, _, value = request.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(value)) == ("Basic", b"us+%26+co:cl1ent%2Fs3cr%2Bt")


def test_a_client_may_show_its_secret_in_the_body(oauth2: TokenServer, build_with_token: Build) -> None:
    build_with_token(credentials=oauth2.credentials(client_authentication="body")).get(oauth2.records.url())
    (request,) = oauth2.tokens.requests
    assert "authorization" not in request.headers
    form = {"grant_type": "client_credentials", "client_id": "us & co", "client_secret": SECRET}
    assert dict(parse_qsl(request.body.decode())) == form


def test_headers_of_the_source_are_not_for_the_token_server(oauth2: TokenServer, build_with_token: Build) -> None:
    build_with_token(headers={"X-Api-Key": "k3y", "X-Plain": "1"}).get(oauth2.records.url())
    assert not {"x-api-key", "x-plain"} & set(oauth2.tokens.requests[0].headers)


def test_threads_share_one_token(oauth2: TokenServer, build_with_token: Build) -> None:
    client = build_with_token(requests_per_second=1e6)
    with ThreadPoolExecutor(16) as pool:
        assert {response.body for response in pool.map(lambda _: client.get(oauth2.records.url()), range(64))} == {b"here"}
    assert len(oauth2.tokens.requests) == 1


@pytest.mark.parametrize(
    ("lifetime", "kept_seconds"),
    [(3600, 3570), ("600", 570), (61.0, 31), (40, 20), (None, 86_400), (0, 86_400), ("soon", 86_400), ([], 86_400)],
)
def test_a_token_is_renewed_half_a_minute_before_it_runs_out(
    oauth2: TokenServer, build_with_token: Build, slept: Any, lifetime: object, kept_seconds: float
) -> None:
    oauth2.lifetime = lifetime
    client = build_with_token(requests_per_second=1e6)
    client.get(oauth2.records.url())
    slept.now += kept_seconds - 2
    client.get(oauth2.records.url())
    assert len(oauth2.given) == 1
    slept.now += 4
    client.get(oauth2.records.url())
    assert len(oauth2.given) == (1 if kept_seconds == 86_400 else 2)


def test_a_token_that_is_refused_is_renewed_once(
    oauth2: TokenServer, build_with_token: Build, exchanges: list[Exchange], serve: Serve, reply: Reply
) -> None:
    client = build_with_token(max_attempts=1)
    client.get(oauth2.records.url())
    oauth2.given.append("forgotten by the server")
    assert client.get(oauth2.records.url()).body == b"here"
    assert (len(oauth2.tokens.requests), exchanges[-1].attempts) == (2, 1)
    refusing = serve(reply(b"", 401))
    with pytest.raises(HttpStatusError, match=r"status 401, which trying again does not change; check the address and the access"):
        build_with_token(origin=refusing.url(), max_attempts=3).get(refusing.url())
    assert len(refusing.requests) == 2


def test_a_burst_of_refusals_renews_the_token_once(oauth2: TokenServer, build_with_token: Build) -> None:
    client = build_with_token(requests_per_second=1e6)
    client.get(oauth2.records.url())
    oauth2.given.append("forgotten by the server")
    with ThreadPoolExecutor(8) as pool:
        bodies = [response.body for response in pool.map(lambda _: client.get(oauth2.records.url()), range(8))]
    assert (bodies, len(oauth2.tokens.requests)) == ([b"here"] * 8, 2)


def test_a_token_stays_with_its_origin(oauth2: TokenServer, build_with_token: Build, serve: Serve, reply: Reply) -> None:
    other = serve(reply(b"", 401))
    own = serve(reply(b"", 302, location=other.url()))
    client = build_with_token(origin=own.url())
    for url in (own.url(), other.url()):
        with pytest.raises(HttpStatusError, match="status 401"):
            client.get(url)
    assert own.requests[0].headers["authorization"] == f"Bearer {oauth2.given[0]}"
    assert [request.headers.get("authorization") for request in other.requests] == [None, None]
    assert len(oauth2.tokens.requests) == 1


def test_a_token_request_is_within_the_budget_and_the_guard(oauth2: TokenServer, build_with_token: Build, slept: Any) -> None:
    client = build_with_token(source="zoo", requests_per_second=2)
    client.get(oauth2.records.url())
    assert slept.sleeps == [pytest.approx(0.5)]
    assert [(row.user, row.requests) for row in client._budget.usage()] == [("zoo", 2)]
    with pytest.raises(PermanentError, match=r"its address '10\.0\.0\.1' is private and may not be reached"):
        build_with_token(credentials=oauth2.credentials(token_url="http://10.0.0.1/token")).get(oauth2.records.url())  # noqa: S106 - no password


def test_robots_txt_does_not_speak_of_tokens(oauth2: TokenServer, build_with_token: Build) -> None:
    assert build_with_token(robots=True).get(oauth2.records.url()).body == b"here"
    assert [request.target for request in oauth2.tokens.requests] == ["/token"]


@pytest.fixture
def fail_with(
    serve: Serve, oauth2: TokenServer, build_with_token: Build, reply: Reply, exchanges: list[Exchange], caplog: pytest.LogCaptureFixture
) -> Callable[[str, int], tuple[str, str]]:
    """Give an answer to a token request; returns the message of the error, and all that anybody may see of it."""
    caplog.set_level(logging.DEBUG)

    def fail(body: str, status: int) -> tuple[str, str]:
        server = serve(reply(body.encode(), status))
        with pytest.raises(PermanentError, match="token") as caught:
            build_with_token(credentials=oauth2.credentials(token_url=server.url("/token"))).get(oauth2.records.url())
        assert oauth2.records.requests == []
        return str(caught.value), "".join(traceback.format_exception(caught.value)) + caplog.text + repr(exchanges)

    return fail


PLACE = r"^POST 'http://127\.0\.0\.1:\d+/token': "
CHECK = r"check 'auth\.token_url'"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (f"<html>{TOKEN}</html>", 200, rf"the answer is no JSON object, so it holds no token; {CHECK}$"),
        (f'["{TOKEN}"]', 200, rf"the answer is no JSON object, so it holds no token; {CHECK}$"),
        ("", 204, rf"the answer is no JSON object, so it holds no token; {CHECK}$"),
        (f'{{"token": "{TOKEN}"}}', 200, rf"the answer has no 'access_token' that can be sent; {CHECK}$"),
        (f'{{"access_token": ["{TOKEN}"]}}', 200, rf"the answer has no 'access_token' that can be sent; {CHECK}$"),
        (f'{{"access_token": "{TOKEN}\\r\\nX-Other: 1"}}', 200, rf"the answer has no 'access_token' that can be sent; {CHECK}$"),
        (f'{{"access_token": "{TOKEN} "}}', 200, rf"the answer has no 'access_token' that can be sent; {CHECK}$"),
        (f'{{"error": "invalid_scope", "x": "{TOKEN}"}}', 200, rf"no 'access_token' that can be sent and error 'invalid_scope'; {CHECK}$"),
        (f'{{"access_token": "{TOKEN}", "token_type": "mac"}}', 200, r"token_type 'mac' is not 'Bearer', the only one that"),
        (f'{{"access_token": "{TOKEN}", "token_type": "{TOKEN}"}}', 200, r"token_type '\*\*\*' is not 'Bearer', the only"),
        (f'{{"access_token": "{TOKEN}", "token_type": null}}', 200, r"token_type None is not 'Bearer', the only one that"),
        (f'{{"access_token": "{TOKEN * 5000}"}}', 200, rf"the answer has more than 65536 bytes, too many for a token; {CHECK}$"),
        (f'{{"error": "invalid_client", "error_description": "{SECRET}"}}', 401, r"status 401 and error 'invalid_client'; check"),
        (f'{{"error": "{SECRET}"}}', 400, r"status 400; check client_id, client_secret, scope and client_authentication of 'auth'$"),
        (SECRET, 403, r"status 403; check client_id, client_secret, scope and client_authentication of 'auth'$"),
    ],
)
def test_a_token_answer_that_is_none_is_a_clear_error_without_secrets(
    fail_with: Callable[[str, int], tuple[str, str]], body: str, status: int, message: str
) -> None:
    text, shown = fail_with(body, status)
    assert re.search(PLACE + ".*" + message, text), text
    assert [secret for secret in (SECRET, TOKEN) if secret in shown] == []
    assert len(text) < 200


def test_a_token_server_that_is_down_is_tried_again_and_is_transient(
    serve: Serve, oauth2: TokenServer, build_with_token: Build, reply: Reply
) -> None:
    busy = serve(reply(b"", 503), reply(b"", 503), reply(f'{{"access_token": "{TOKEN}"}}'.encode()))
    records = serve(reply(b"here"))
    client = build_with_token(credentials=oauth2.credentials(token_url=busy.url()), origin=records.url())
    assert client.get(records.url()).body == b"here"
    down = serve(reply(b"", 503))
    with pytest.raises(TransientError, match=r"^POST 'http://127\.0\.0\.1:\d+/': status 503 after 2 attempts; try again later$"):
        build_with_token(credentials=oauth2.credentials(token_url=down.url()), max_attempts=2).get(oauth2.records.url())


@pytest.mark.parametrize("where", ["basic", "body"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_token_server_that_redirects_does_not_carry_the_secret_away(
    serve: Serve, oauth2: TokenServer, build_with_token: Build, reply: Reply, where: str, status: int
) -> None:
    other = serve(reply(b"", 401))
    server = serve(reply(b"", status, location=other.url("/token")))
    client = build_with_token(credentials=oauth2.credentials(token_url=server.url("/token"), client_authentication=where))
    with pytest.raises(PermanentError, match=r"^POST 'http.*/token': status (302 sends|307 sends|401; check)"):
        client.get(oauth2.records.url())
    assert not any("authorization" in request.headers or b"s3cr" in request.body for request in other.requests)


def test_no_token_is_in_any_message_exchange_or_log(
    build_with_token: Build, serve: Serve, reply: Reply, exchanges: list[Exchange], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echoing = serve(lambda request: [reply(b"", 302, location=f"http://10.0.0.1/?x={request.headers['authorization']}")])
    client = build_with_token(origin=echoing.url(), secret_values=(SECRET,))
    with pytest.raises(HarvestError, match="10\\.0\\.0\\.1") as caught:
        client.get(echoing.url())
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(exchanges) + repr(client._settings)
    assert len(exchanges) == 2
    for secret in (TOKEN, SECRET, base64.b64encode(b"us+%26+co:cl1ent%2Fs3cr%2Bt").decode()):
        assert secret not in shown
