"""Limits of one request: time to connect, to receive and to finish, bytes after decoding, and bodies that end too soon."""

import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import pytest

from harvest_assets.errors import ConfigurationError, PermanentError, TransientError
from harvest_assets.harvest.http import HttpSettings, RequestsClient

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]


def test_a_body_that_drips_ends_with_the_time_for_the_whole_response(
    serve: Serve, build_client: Build, seconds: Callable[[], float]
) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"x", 0.1] * 200])
    with pytest.raises(TransientError, match=r"no complete answer within 0\.5 s, after 1 attempts; try again later"):
        build_client(response_timeout_seconds=0.5, read_timeout_seconds=5, max_attempts=1).get(server.url())
    assert 0.4 < seconds() < 2


def test_headers_that_drip_end_with_the_time_for_the_whole_response(
    serve: Serve, build_client: Build, seconds: Callable[[], float]
) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\nx-slow: ", *[b"x", 0.1] * 200])
    with pytest.raises(TransientError, match=r"no complete answer within 0\.5 s"):
        build_client(response_timeout_seconds=0.5, read_timeout_seconds=5, max_attempts=1).get(server.url())
    assert 0.4 < seconds() < 2


def test_chunks_that_drip_end_with_the_time_for_the_whole_response(serve: Serve, build_client: Build, seconds: Callable[[], float]) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n", 0.1] * 200])
    with pytest.raises(TransientError, match=r"no complete answer within 0\.5 s"):
        build_client(response_timeout_seconds=0.5, read_timeout_seconds=5, max_attempts=1).get(server.url())
    assert 0.4 < seconds() < 2


def test_a_body_that_never_pauses_ends_with_the_time_for_the_whole_response(serve: Serve, build_client: Build) -> None:
    server = serve(lambda _: chain([b"HTTP/1.1 200 OK\r\n\r\n"], repeat(b"x")))
    with pytest.raises(TransientError, match=r"no complete answer within 0\.3 s"):
        build_client(response_timeout_seconds=0.3, max_attempts=1).get(server.url())


def test_without_time_left_no_connection_is_made(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b""))
    with pytest.raises(TransientError, match=r"no complete answer within 0 s"):
        build_client(response_timeout_seconds=0, max_attempts=1).get(server.url())
    assert server.requests == []


def test_a_server_that_falls_silent_ends_with_the_read_timeout(serve: Serve, build_client: Build, seconds: Callable[[], float]) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", 10.0])
    with pytest.raises(TransientError, match=r"nothing received for 0\.3 s"):
        build_client(read_timeout_seconds=0.3, max_attempts=1).get(server.url())
    assert seconds() < 2


def test_a_server_that_never_answers_ends_with_the_read_timeout(serve: Serve, build_client: Build) -> None:
    with pytest.raises(TransientError, match=r"nothing received for 0\.2 s"):
        build_client(read_timeout_seconds=0.2, max_attempts=1).get(serve([10.0]).url())


def test_a_server_that_does_not_accept_ends_with_the_connect_timeout(build_client: Build) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        with pytest.raises(TransientError, match=r"no connection within 0\.3 s"):
            build_client(connect_timeout_seconds=0.3, max_attempts=1).get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnothex\r\nhalf",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nhalf",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\nserver: x\r\n",
        b"",
    ],
    ids=["length", "chunk-missing", "chunk-short", "chunk-broken", "encoding", "status", "header", "headers", "nothing"],
)
def test_an_answer_that_is_cut_short_is_asked_for_again(serve: Serve, client: RequestsClient, reply: Reply, cut: bytes) -> None:
    server = serve([cut, None], reply(b"whole"))
    response = client.get(server.url())
    assert (response.body, response.exchange.attempts) == (b"whole", 2)


def test_a_body_that_stays_cut_is_an_error_and_never_a_short_body(serve: Serve, build_client: Build) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", None])
    with pytest.raises(TransientError, match=r"IncompleteRead: .*4 bytes read, 6 more expected.*after 2 attempts"):
        build_client(max_attempts=2).get(server.url())


def test_a_body_of_exactly_the_cap_is_read(serve: Serve, build_client: Build, reply: Reply) -> None:
    assert build_client(max_body_bytes=5).get(serve(reply(b"12345")).url()).body == b"12345"


def test_an_announced_body_over_the_cap_is_refused_unread(serve: Serve, build_client: Build) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n", 10.0])
    with pytest.raises(PermanentError, match=r"the body has more than 5 bytes after decoding; ask for smaller pages") as caught:
        build_client(max_body_bytes=5).get(server.url())
    assert caught.value.failure == "too_large"
    assert len(server.requests) == 1


def test_an_endless_body_is_refused_at_the_cap(serve: Serve, build_client: Build) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(1000)] * 1000, None])
    with pytest.raises(PermanentError, match=r"more than 5000 bytes"):
        build_client(max_body_bytes=5000).get(server.url())


def test_a_decompression_bomb_is_stopped_while_it_unpacks(serve: Serve, build_client: Build, reply: Reply, bomb: bytes) -> None:
    server = serve(reply(bomb, content_encoding="gzip"))
    client = build_client(max_body_bytes=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(PermanentError, match=r"more than 1000000 bytes after decoding"):
            client.get(server.url())
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8_000_000


def test_a_bomb_in_a_bomb_is_stopped_too(serve: Serve, build_client: Build, reply: Reply, bomb: bytes) -> None:
    server = serve(reply(gzip.compress(bomb), content_encoding="gzip, gzip"))
    with pytest.raises(PermanentError, match=r"more than 1000000 bytes after decoding"):
        build_client(max_body_bytes=1_000_000).get(server.url())


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_content_encodings_are_decoded(
    serve: Serve, client: RequestsClient, reply: Reply, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    text = b"many records " * 50_000
    response = client.get(serve(reply(compress(text), content_encoding=encoding)).url())
    assert (response.body, response.exchange.body_bytes) == (text, len(text))


def test_a_user_agent_without_contact_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"user_agent 'robot' names no contact; add an e-mail or web address"):
        HttpSettings(user_agent="robot")


@pytest.mark.parametrize("value", ["a\r\nb", "snow \N{SNOWMAN}"])
def test_a_header_value_that_cannot_be_sent_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^header 'X-Key': its value has line breaks or characters outside latin-1; correct its value$"
    ):
        HttpSettings(user_agent="robot (+mailto:tests@example.org)", headers={"X-Key": value})
