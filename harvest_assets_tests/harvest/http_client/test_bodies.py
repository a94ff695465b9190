"""Bodies that are sent: repeated whole or not at all. Bodies that come compressed without a word: text is read, files stay files."""

import gzip
import json
import logging
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.interfaces import HttpStatusError
from harvest_assets.model.exchange import Exchange

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]

QUERY = json.dumps({"query": "ocean", "token": "b0dy-s3cret"}).encode()
TEXT = b"<records>" + b"<record/>" * 20_000 + b"</records>"


# -- what is sent ------------------------------------------------------------------------------------------------------------------


def test_a_body_is_posted_with_its_type(serve: Serve, client: RequestsClient, reply: Reply, exchanges: list[Exchange]) -> None:
    server = serve(reply(b"found"))
    response = client.post(server.url("/search"), body=QUERY, content_type="application/json", headers={"Accept": "application/json"})
    (request,) = server.requests
    assert (response.body, request.method, request.body) == (b"found", "POST", QUERY)
    assert (request.headers["content-type"], request.headers["accept"]) == ("application/json", "application/json")
    assert (exchanges[0].method, exchanges[0].status) == ("POST", 200)


def test_an_empty_body_is_a_body(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"", 302, location="/there"))
    with pytest.raises(PermanentError, match="status 302 sends on"):
        client.post(server.url(), body=b"", content_type="text/plain")
    assert server.requests[0].headers["content-length"] == "0"


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_request_repeats_the_body(serve: Serve, client: RequestsClient, reply: Reply, status: int) -> None:
    server = serve(reply(b"", status, location="/there"), reply(b"", 503), reply(b"", status, location="/there"), reply(b"found"))
    assert client.post(server.url("/a"), body=QUERY, content_type="application/json").body == b"found"
    assert [(request.method, request.target, request.body) for request in server.requests] == [
        ("POST", path, QUERY) for path in ("/a", "/there", "/a", "/there")
    ]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_lose_the_body_is_refused(serve: Serve, client: RequestsClient, reply: Reply, status: int) -> None:
    server = serve(reply(b"", status, location="/there?key=abc"))
    message = (
        rf"^POST 'http://127\.0\.0\.1:\d+/a': status {status} sends on to 'http://127\.0\.0\.1:\d+/there\?key=\*\*\*' by GET, which would "
        r"lose the body; only 307 and 308 repeat it, so correct the address$"
    )
    with pytest.raises(PermanentError, match=message):
        client.post(server.url("/a"), body=QUERY, content_type="application/json")
    assert [request.target for request in server.requests] == ["/a"]


def test_a_secret_in_a_body_does_not_go_to_another_origin(serve: Serve, build_client: Build, reply: Reply) -> None:
    other = serve(reply(b"found"))
    server = serve(reply(b"", 307, location=other.url("/there")))
    with pytest.raises(PermanentError, match=r"sends on to 'http://127.*/there', another origin, and the body holds a secret; correct the"):
        build_client(secret_values=("b0dy-s3cret",)).post(server.url("/a"), body=QUERY, content_type="application/json")
    assert other.requests == []
    assert build_client().post(server.url("/a"), body=b"ocean", content_type="text/plain").body == b"found"


def test_a_body_is_never_logged(serve: Serve, build_client: Build, reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = build_client(max_attempts=2)
    for error, answer in (
        (HttpStatusError, reply(QUERY, 400)),
        (TransientError, reply(QUERY, 503)),
        (PermanentError, reply(b"", 301, location="/")),
    ):
        with pytest.raises(error, match="status") as caught:
            client.post(serve(answer).url(), body=QUERY, content_type="application/json")
        assert "ocean" not in caplog.text + str(caught.value)


# -- what comes --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [TEXT, b"\xef\xbb\xbf \r\n<x/>", b'{"a": 1}', b"\n[1]", "<x/>".encode("utf-16")])
def test_text_that_was_compressed_without_a_word_is_read(
    serve: Serve, client: RequestsClient, reply: Reply, exchanges: list[Exchange], text: bytes
) -> None:
    response = client.get(serve(reply(gzip.compress(text), content_type="text/xml")).url("/oai?verb=ListRecords"))
    assert (response.body, response.exchange.body_bytes) == (text, len(text))
    assert exchanges == [response.exchange]


def test_an_error_page_that_was_compressed_without_a_word_is_read(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    for body, expected in ((gzip.compress(b"<error/>"), b"<error/>"), (gzip.compress(TEXT)[:50], gzip.compress(TEXT)[:50])):
        with pytest.raises(HttpStatusError, match="status 422") as caught:
            client.get(serve(reply(body, 422)).url())
        assert caught.value.response.body[10:] == expected[10:]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/dump.json.gz", {}),
        ("/dump.TGZ?x=1", {}),
        ("/dump.zip", {}),
        ("/dump", {"content_type": "application/gzip"}),
        ("/dump", {"content_type": "application/x-gzip; q=1"}),
        ("/dump", {"content_type": "application/x-tar"}),
        ("/dump", {"content_disposition": 'attachment; filename="dump.json.gz"'}),
    ],
)
def test_a_file_that_is_meant_to_be_compressed_stays_so(
    serve: Serve, client: RequestsClient, reply: Reply, path: str, headers: dict[str, str]
) -> None:
    packed = gzip.compress(b'{"a": 1}')
    assert client.get(serve(reply(packed, **headers)).url(path)).body == packed


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\x00\x01\x02", b"", b"\x1f\x8b\x08"])
def test_what_is_no_markup_and_no_json_inside_stays_as_it_came(serve: Serve, client: RequestsClient, reply: Reply, content: bytes) -> None:
    packed = gzip.compress(content)
    assert client.get(serve(reply(packed)).url()).body == packed


@pytest.mark.parametrize("body", [b"\x1f\x8b", b"\x1f\x8bnot gzip at all", b"\x1f\x8b\x08\x00<x/>", zlib.compress(TEXT)])
def test_what_only_looks_like_gzip_stays_as_it_came(serve: Serve, client: RequestsClient, reply: Reply, body: bytes) -> None:
    assert client.get(serve(reply(body)).url()).body == body


def test_a_body_that_is_compressed_twice_and_says_so_once_is_left_to_its_reader(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    body = gzip.compress(b"<x/>")
    assert client.get(serve(reply(gzip.compress(body), content_encoding="gzip")).url()).body == body


def test_the_start_of_a_file_is_as_it_came(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    packed = gzip.compress(TEXT)
    assert client.fetch_start(serve(reply(packed)).url(), size=20).body == packed[:20]


def test_members_of_a_file_are_read_one_after_the_other(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    body = gzip.compress(b"<x>") + gzip.compress(b"") + gzip.compress(b"a" * 100_000) + gzip.compress(b"</x>") + b"\0\0 and more"
    assert client.get(serve(reply(body)).url()).body == b"<x>" + b"a" * 100_000 + b"</x>"


@pytest.mark.parametrize("cut", [200, 330])
def test_a_compressed_body_that_ends_early_is_asked_for_again(serve: Serve, client: RequestsClient, reply: Reply, cut: int) -> None:
    packed = gzip.compress(TEXT)
    assert len(packed) > 330
    server = serve(reply(packed[:cut]), reply(packed))
    response = client.get(server.url())
    assert (response.body, response.exchange.attempts) == (TEXT, 2)


def test_a_compressed_body_that_stays_broken_is_an_error(serve: Serve, build_client: Build, reply: Reply) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-5] ^= 0xFF
    with pytest.raises(TransientError, match=r"DecodeError: a body that was compressed without Content-Encoding does not unpack: "):
        build_client(max_attempts=1).get(serve(reply(bytes(packed))).url())


def test_the_cap_holds_for_what_is_unpacked(serve: Serve, build_client: Build, reply: Reply) -> None:
    packed = gzip.compress(TEXT)
    assert build_client(max_body_bytes=len(TEXT)).get(serve(reply(packed)).url()).body == TEXT
    with pytest.raises(PermanentError, match=rf"the body has more than {len(TEXT) - 1} bytes after decoding; ask for smaller pages"):
        build_client(max_body_bytes=len(TEXT) - 1).get(serve(reply(packed)).url())


def test_a_bomb_without_a_word_is_stopped_while_it_unpacks(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(gzip.compress(b"<" + bytes(32 * 1024 * 1024), 9)))
    client = build_client(max_body_bytes=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(PermanentError, match=r"more than 1000000 bytes after decoding"):
            client.get(server.url())
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8_000_000


def test_a_body_of_many_empty_members_ends(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    body = gzip.compress(b"<x/>") + gzip.compress(b"") * 50_000
    assert client.get(serve(reply(body)).url()).body == b"<x/>"
