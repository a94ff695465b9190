"""Attempts: what is tried again, how long we wait, and what the whole host is spared."""

import socket
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.retries import draw_backoff, read_retry_after
from harvest_assets.interfaces import HttpStatusError

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 522])
def test_a_busy_status_is_tried_again(serve: Serve, client: RequestsClient, reply: Reply, status: int) -> None:
    server = serve(reply(b"later", status), reply(b"now"))
    response = client.get(server.url())
    assert (response.body, response.exchange.attempts, len(server.requests)) == (b"now", 2, 2)


def test_the_last_attempt_raises_with_what_the_server_asked_for(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b"", 503, retry_after="4000"))
    with pytest.raises(TransientError, match=r"GET 'http://127\.0\.0\.1:\d+/': status 503 after 3 attempts; try again later") as caught:
        build_client(max_attempts=3, retry_after_cap_seconds=10).get(server.url())
    assert caught.value.retry_after_seconds == 4000
    assert len(server.requests) == 3


def test_a_server_error_that_is_no_overload_is_transient_but_not_tried_again(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"", 501))
    with pytest.raises(TransientError, match=r"status 501 after 1 attempts"):
        client.get(server.url())
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_is_raised_at_once_with_the_answer(serve: Serve, client: RequestsClient, reply: Reply, status: int) -> None:
    server = serve(reply(b"<error/>", status))
    with pytest.raises(HttpStatusError, match=rf"status {status}, which trying again does not change; check the address") as caught:
        client.get(server.url())
    assert (caught.value.response.status, caught.value.response.body, len(server.requests)) == (status, b"<error/>", 1)


def test_an_error_page_over_the_cap_is_cut_and_not_an_error_of_its_own(serve: Serve, build_client: Build, reply: Reply) -> None:
    with pytest.raises(HttpStatusError) as caught:
        build_client(max_body_bytes=10).get(serve(reply(b"0123456789and more", 404)).url())
    assert caught.value.response.body == b"0123456789"


def test_retry_after_in_seconds_is_waited_for(serve: Serve, client: RequestsClient, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"", 429, retry_after="7"), reply(b"now"))
    assert client.get(server.url()).body == b"now"
    assert sum(slept.sleeps) == pytest.approx(7)


def test_retry_after_as_a_date_is_waited_for(serve: Serve, client: RequestsClient, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"", 503, retry_after=formatdate(slept.now + 90, usegmt=True)), reply(b"now"))
    assert client.get(server.url()).body == b"now"
    assert sum(slept.sleeps) == pytest.approx(90, abs=1)


def test_retry_after_is_waited_for_up_to_the_cap(serve: Serve, build_client: Build, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"", 503, retry_after="86400"), reply(b"now"))
    build_client(retry_after_cap_seconds=20).get(server.url())
    assert sum(slept.sleeps) == pytest.approx(20)


def test_retry_after_holds_back_other_clients_of_the_host(serve: Serve, build_client: Build, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"", 503, retry_after="30"), reply(b"now"))
    with pytest.raises(TransientError, match="status 503 after 1 attempts"):
        build_client(max_attempts=1).get(server.url())
    assert slept.sleeps == []
    build_client().get(server.url("/other"))
    assert slept.sleeps == [pytest.approx(30)]


def test_a_hold_that_comes_while_waiting_for_a_turn_is_respected(serve: Serve, build_client: Build, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"now"))
    client = build_client(requests_per_second=1)
    client.get(server.url())
    plain_sleep = slept.sleep

    def sleep_and_be_held(seconds: float) -> None:
        client._sleep = plain_sleep
        plain_sleep(seconds)
        client._budget.hold("127.0.0.1", 60)

    client._sleep = sleep_and_be_held
    client.get(server.url())
    assert sum(slept.sleeps) == pytest.approx(61)


def test_without_retry_after_waits_grow_with_full_jitter(serve: Serve, build_client: Build, reply: Reply, slept: Any) -> None:
    server = serve(reply(b"", 500))
    with pytest.raises(TransientError, match="after 5 attempts"):
        build_client(requests_per_second=1e9, backoff_base_seconds=10, backoff_cap_seconds=25).get(server.url())
    limits = [10, 20, 25, 25]
    assert len(slept.sleeps) == len(limits)
    assert all(0 <= wait <= limit for wait, limit in zip(slept.sleeps, limits, strict=True))


def test_the_jitter_fills_the_whole_span() -> None:
    draws = [draw_backoff(3, base_seconds=1, cap_seconds=60) for _ in range(500)]
    assert 0 <= min(draws) < 0.5
    assert 3.5 < max(draws) <= 4


@pytest.mark.parametrize("value", [None, "", "soon", "-5", "1.5e", "Mon, 99 Foo 2026 00:00:00 GMT", "²"])
def test_an_unreadable_retry_after_is_as_good_as_none(value: str | None) -> None:
    assert read_retry_after(value, now=0) is None


def test_a_retry_after_that_has_passed_is_zero() -> None:
    assert read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now=1_800_000_000) == 0


def test_a_refused_connection_is_tried_again_and_then_transient(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b""))
    server.stop()
    with pytest.raises(TransientError, match=r"ConnectionRefusedError: \[Errno 111\] Connection refused, after 3 attempts"):
        build_client(max_attempts=3).get(server.url())


def test_a_name_that_is_not_found_is_transient(build_client: Build) -> None:
    def find_nothing(host: str, port: int, **_: object) -> list[Any]:
        del host, port
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(TransientError, match=r"gaierror: \[Errno -2\] Name or service not known, after 2 attempts"):
        build_client(max_attempts=2, resolver=find_nothing).get("http://no-such-host.invalid/")


def test_a_connection_that_the_server_closed_between_requests_costs_nothing(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve([reply(b"first"), None], reply(b"second"))
    assert client.get(server.url()).body == b"first"
    assert client.get(server.url()).body == b"second"


@pytest.mark.parametrize("status", [404, 429, 503])
def test_head_returns_any_status_after_two_attempts_at_most(serve: Serve, client: RequestsClient, reply: Reply, status: int) -> None:
    server = serve(reply(b"", status, content_type="text/html", content_length="123"))
    response = client.head(server.url())
    assert (response.status, response.body, response.headers["content-type"]) == (status, b"", "text/html")
    assert [request.method for request in server.requests] == ["HEAD"] * (1 if status == 404 else 2)


def test_head_without_answer_is_transient_after_two_attempts(serve: Serve, client: RequestsClient) -> None:
    server = serve([None])
    with pytest.raises(TransientError, match=r"HEAD 'http://127\.0\.0\.1:\d+/': RemoteDisconnected: .*, after 2 attempts"):
        client.head(server.url())
    assert len(server.requests) == 2


def test_head_of_something_larger_than_the_cap_is_answered(serve: Serve, build_client: Build, reply: Reply) -> None:
    response = build_client(max_body_bytes=10).head(serve(reply(b"", content_length="1000000")).url())
    assert response.headers["content-length"] == "1000000"


def test_fetch_start_asks_for_a_range_and_reads_no_more(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"%PDF-1.7", 206, content_range="bytes 0-7/99999"))
    response = client.fetch_start(server.url(), size=8)
    assert (response.status, response.body) == (206, b"%PDF-1.7")
    assert (server.requests[0].headers["range"], server.requests[0].headers["accept-encoding"]) == ("bytes=0-7", "identity")


def test_fetch_start_leaves_the_rest_where_the_range_is_ignored(serve: Serve, build_client: Build) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n", bytes(5000), 10.0])
    response = build_client(max_body_bytes=2000).fetch_start(server.url(), size=1000)
    assert (response.status, len(response.body), response.exchange.body_bytes) == (200, 1000, 1000)


def test_fetch_start_returns_any_status_after_two_attempts_at_most(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"no", 416))
    assert client.fetch_start(server.url(), size=10).status == 416
    busy = serve(reply(b"no", 503))
    assert client.fetch_start(busy.url(), size=10).status == 503
    assert (len(server.requests), len(busy.requests)) == (1, 2)


@pytest.mark.parametrize("url", ["http://[::1/", "http://127.0.0.1:99999/", "http://exa mple.org/", "http://*.example.org/"])
def test_an_address_that_cannot_be_asked_is_permanent(client: RequestsClient, url: str) -> None:
    with pytest.raises(PermanentError, match=r"cannot be read as an address; correct|not an address that can be asked; correct it"):
        client.get(url)
