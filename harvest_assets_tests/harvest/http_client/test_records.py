"""What is recorded and what is kept secret, and how one client serves many threads."""

import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.errors import HarvestError, TransientError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.exchange import Exchange

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]

SECRET = "s3/cr+t value"  # noqa: S105 - made up
OTHER_SECRET = "other-s3cret"  # noqa: S105 - made up


def test_a_request_is_recorded(serve: Serve, client: RequestsClient, reply: Reply, exchanges: list[Exchange], slept: Any) -> None:
    server = serve(reply(b"12345", content_type="text/xml"))
    response = client.get(server.url("/oai"), params={"verb": "Identify"})
    exchange = response.exchange
    assert exchanges == [exchange]
    assert (exchange.method, exchange.url, exchange.status) == ("GET", server.url("/oai?verb=Identify"), 200)
    assert (exchange.final_url, exchange.body_bytes, exchange.attempts, exchange.hops) == (exchange.url, 5, 1, ())
    assert exchange.started_at == datetime.fromtimestamp(slept.now, UTC)
    assert 0 < exchange.seconds < 5
    assert response.headers["content-type"] == "text/xml"


def test_a_request_that_failed_is_recorded_too(serve: Serve, build_client: Build, reply: Reply, exchanges: list[Exchange]) -> None:
    client = build_client(max_attempts=2)
    with pytest.raises(TransientError, match="RemoteDisconnected"):
        client.get(serve([None]).url())
    with pytest.raises(TransientError, match="status 503"):
        client.get(serve(reply(b"busy", 503)).url())
    with pytest.raises(HttpStatusError, match="status 404"):
        client.get(serve(reply(b"", 404)).url())
    assert [(exchange.status, exchange.attempts, exchange.body_bytes) for exchange in exchanges] == [(0, 2, 0), (503, 2, 4), (404, 1, 0)]


def test_the_contact_is_on_every_request_and_headers_are_sent(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b"", 302, location="/there"), reply(b""))
    build_client(headers={"user-agent": "other", "Accept": "text/xml"}).get(server.url(), headers={"X-One": "1"})
    for request in server.requests:
        assert request.headers["user-agent"] == "harvest-tests (+mailto:tests@example.org)"
        assert (request.headers["accept"], request.headers["x-one"]) == ("text/xml", "1")


def test_the_environment_is_not_asked_for_proxies(
    serve: Serve, client: RequestsClient, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert client.get(serve(reply(b"direct")).url()).body == b"direct"


def test_a_secret_is_in_no_message_exchange_log_or_traceback(
    serve: Serve, build_client: Build, reply: Reply, exchanges: list[Exchange], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broken = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nno colon here\r\n\r\n"
    servers = [serve(broken), serve([None]), serve(reply(b"", 302, location=f"http://10.0.0.1/?x={SECRET}")), serve(reply(b"", 403))]
    client = build_client(max_attempts=2, secret_values=(SECRET,), headers={"X-Key": SECRET})
    kept: list[str] = []
    for server in servers:
        with pytest.raises(HarvestError) as caught:
            client.get(server.url(f"/path-{SECRET}/x"), params={"q": SECRET, "api_key": OTHER_SECRET})
        kept += traceback.format_exception(caught.value)
        assert caught.value.__context__ is None
    stopped = servers[0]
    stopped.stop()
    with pytest.raises(TransientError, match="ConnectionRefusedError") as refused:
        client.get(stopped.url(), params={"key": SECRET})
    kept += [*traceback.format_exception(refused.value), repr(exchanges), caplog.text, repr(client._settings)]
    assert any("GET /path-***/x?q=***&api_key=***" in line for line in caplog.messages)
    for spelling in (SECRET, "s3%2Fcr%2Bt+value", "s3%2Fcr%2Bt%20value", "s3/cr+t%20value", OTHER_SECRET):
        assert spelling not in "".join(kept)


def test_a_closed_client_leaves_the_loggers_as_they_were(build_client: Build) -> None:
    before = list(logging.getLogger("urllib3.connectionpool").filters)
    with build_client() as client:
        assert client._filter in logging.getLogger("urllib3.connectionpool").filters
    assert logging.getLogger("urllib3.connectionpool").filters == before


def test_connections_are_kept_alive(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"same"))
    for _ in range(5):
        client.get(server.url())
    assert {request.connection for request in server.requests} == {1}


def test_thirty_two_threads_share_a_client(serve: Serve, build_client: Build, exchanges: list[Exchange]) -> None:
    def echo(request: Any) -> list[bytes]:
        body = request.target.encode()
        return [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)]

    server = serve(echo)
    client = build_client(requests_per_second=1e6)
    paths = [f"/{number}" for number in range(320)]
    with ThreadPoolExecutor(32) as pool:
        bodies = list(pool.map(lambda path: client.get(server.url(path)).body, paths))
    assert bodies == [path.encode() for path in paths]
    assert sorted(exchange.url for exchange in exchanges) == sorted(server.url(path) for path in paths)
    assert len({request.connection for request in server.requests}) <= 32


def test_requests_are_spaced_by_the_budget_redirects_included(serve: Serve, build_client: Build, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"", 302, location="/there"), reply(b""))
    client = build_client(requests_per_second=4)
    client.get(server.url("/"))
    client.get(server.url("/x"))
    assert slept.sleeps == [pytest.approx(0.25), pytest.approx(0.25)]
    assert [(row.host, row.requests) for row in client._budget.usage()] == [("127.0.0.1", 3)]


def test_a_client_needs_nobody_to_report_to(serve: Serve, reply: Reply, tmp_path: Path) -> None:
    settings = HttpSettings(user_agent="robot (+mailto:tests@example.org)", allowed_networks=("loopback",))
    with RequestsClient(settings, HostBudget(tmp_path)) as client:
        assert client.get(serve(reply(b"here")).url()).body == b"here"


def test_settings_never_show_their_secrets() -> None:
    settings = HttpSettings(user_agent="robot (+mailto:tests@example.org)", headers={"X-Key": "hunter2"}, secret_values=("hunter2",))
    assert "hunter2" not in repr(settings)
