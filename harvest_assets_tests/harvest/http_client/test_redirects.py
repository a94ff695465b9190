"""Redirects: followed by hand, recorded, and never to where the first request could not have gone."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.model.exchange import Exchange, Hop

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of ``localhost``, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(pem + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_recorded(
    serve: Serve, client: RequestsClient, reply: Reply, exchanges: list[Exchange], status: int
) -> None:
    server = serve(reply(b"moved", status, location="/there?token=abc"), reply(b"here"))
    response = client.get(server.url("/"))
    assert (response.body, response.url) == (b"here", server.url("/there?token=abc"))
    assert exchanges == [response.exchange]
    assert response.exchange.hops == (Hop(status, server.url("/there?token=***")),)
    assert (response.exchange.url, response.exchange.final_url) == (server.url("/"), server.url("/there?token=***"))


def test_the_connection_is_kept_for_the_next_hop(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"<a>moved</a>", 302, location="/there"), reply(b"here"))
    client.get(server.url())
    assert [request.connection for request in server.requests] == [1, 1]


def test_head_follows_redirects_with_hops(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"", 301, location="/a"), reply(b"", 302, location="b"), reply(b"", 404))
    response = client.head(server.url())
    assert (response.status, [hop.status for hop in response.exchange.hops]) == (404, [301, 302])
    assert [(request.method, request.target) for request in server.requests] == [("HEAD", "/"), ("HEAD", "/a"), ("HEAD", "/b")]


def test_a_redirect_body_is_never_unpacked(serve: Serve, client: RequestsClient, reply: Reply, bomb: bytes) -> None:
    server = serve(reply(bomb, 302, location="/there", content_encoding="gzip"), reply(b"here"))
    assert client.get(server.url()).body == b"here"


def test_secret_headers_stay_with_their_origin(serve: Serve, build_client: Build, reply: Reply) -> None:
    other = serve(reply(b"here"))
    server = serve(reply(b"", 302, location="/own"), reply(b"", 302, location=other.url()))
    headers = {"Authorization": "Bearer s3cret", "X-Api-Key": "k3y", "X-Plain": "has s3cret inside", "Accept": "text/xml"}
    build_client(headers=headers, secret_values=("s3cret", "k3y")).get(server.url(), headers={"Cookie": "own=1"})
    names = ("authorization", "x-api-key", "x-plain", "cookie", "accept")
    assert [[request.headers.get(name) for name in names] for request in server.requests] == [
        ["Bearer s3cret", "k3y", "has s3cret inside", "own=1", "text/xml"]
    ] * 2
    assert [other.requests[0].headers.get(name) for name in names] == [None, None, None, None, "text/xml"]
    assert other.requests[0].headers["user-agent"] == "harvest-tests (+mailto:tests@example.org)"


def test_secret_headers_do_not_come_back_by_way_of_another_origin(serve: Serve, build_client: Build, reply: Reply) -> None:
    other = serve(lambda _: [reply(b"", 302, location=server.url("/chosen-by-other"))])
    server = serve(reply(b"", 302, location=other.url()), reply(b"here"))
    build_client(headers={"Authorization": "Bearer s3cret"}).get(server.url())
    assert [request.headers.get("authorization") for request in server.requests] == ["Bearer s3cret", None]


def test_secret_headers_go_to_no_other_origin_than_the_configured_one(serve: Serve, build_client: Build, reply: Reply) -> None:
    own, other = serve(reply(b"")), serve(reply(b""))
    client = build_client(headers={"Authorization": "Bearer s3cret"}, origin=own.url("/oai"))
    client.get(own.url("/x"))
    client.get(other.url("/x"))
    assert own.requests[0].headers["authorization"] == "Bearer s3cret"
    assert "authorization" not in other.requests[0].headers


def test_a_loop_is_permanent(serve: Serve, client: RequestsClient, reply: Reply, exchanges: list[Exchange]) -> None:
    server = serve(reply(b"", 302, location="/b"), reply(b"", 302, location="/"))
    with pytest.raises(PermanentError, match=r"GET 'http://127\.0\.0\.1:\d+/': redirects in a loop to 'http://127\.0\.0\.1:\d+/'; check"):
        client.get(server.url("/"))
    assert (exchanges[0].status, len(exchanges[0].hops), len(server.requests)) == (0, 2, 2)


def test_a_cookie_that_is_set_on_the_way_is_no_loop(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"", 302, location="/", set_cookie="seen=1"), reply(b"here"))
    assert client.get(server.url("/")).body == b"here"
    assert server.requests[1].headers["cookie"] == "seen=1"


def test_redirects_end_at_their_limit(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(lambda request: [reply(b"", 302, location=f"{request.target}x")])
    with pytest.raises(PermanentError, match=r"more than 3 redirects, the last to 'http://127\.0\.0\.1:\d+/xxxx'; check the address"):
        build_client(max_redirects=3).get(server.url("/"))
    assert len(server.requests) == 4


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "file:///etc/hostname", "javascript:alert(1)"])
def test_a_redirect_out_of_http_is_permanent(serve: Serve, client: RequestsClient, reply: Reply, location: str) -> None:
    with pytest.raises(PermanentError, match=r"scheme '(ftp|file|javascript)' is not one of 'http', 'https'; correct the address"):
        client.get(serve(reply(b"", 302, location=location)).url())


def test_a_redirect_to_an_unreadable_address_is_permanent(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    with pytest.raises(PermanentError, match=r"'http://\[oops/': it cannot be read as an address"):
        client.get(serve(reply(b"", 302, location="http://[oops/")).url())


def test_a_redirect_to_the_metadata_service_is_refused(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b"", 302, location="http://169.254.169.254/latest/meta-data/"))
    with pytest.raises(PermanentError, match=r"host '169\.254\.169\.254': its address '169\.254\.169\.254' is cloud metadata") as caught:
        build_client(allowed_networks=("loopback", "private", "169.254.0.0/16")).get(server.url())
    assert "'169.254.169.254/32' to 'network.allow'" in str(caught.value)


def test_a_redirect_into_the_private_network_is_refused(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    with pytest.raises(PermanentError, match=r"its address '10\.0\.0\.1' is private .* add 'private' to 'network\.allow'"):
        client.get(serve(reply(b"", 302, location="http://10.0.0.1/")).url())


def test_a_redirect_status_without_location_is_the_answer(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    response = client.get(serve(reply(b"choose", 302)).url())
    assert (response.status, response.body, response.exchange.hops) == (302, b"choose", ())


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_location_that_was_not_encoded_is_understood(serve: Serve, client: RequestsClient, reply: Reply, encoding: str) -> None:
    location = "/z\N{LATIN SMALL LETTER U WITH DIAERESIS}g".encode(encoding).decode("latin-1")
    server = serve(reply(b"", 302, location=location), reply(b"here"))
    client.get(server.url())
    assert server.requests[1].target == "/z%C3%BCg"


def test_https_checks_the_name_while_the_connection_is_pinned(
    serve: Serve, build_client: Build, reply: Reply, tls: ssl.SSLContext, certificate: Path
) -> None:
    server = serve(reply(b"safe"), context=tls)
    client = build_client(ca_bundle=str(certificate))
    assert client.get(server.url(host="localhost")).body == b"safe"
    with pytest.raises(PermanentError, match=r"certificate not trusted \(IP address mismatch, .*127\.0\.0\.1.*\); ask the publisher"):
        client.get(server.url())


def test_a_certificate_that_is_not_trusted_is_permanent(serve: Serve, build_client: Build, reply: Reply, tls: ssl.SSLContext) -> None:
    server = serve(reply(b"safe"), context=tls)
    message = r"certificate not trusted \(self.signed certificate\); .* name its authority in 'ca_bundle'"
    with pytest.raises(PermanentError, match=message) as caught:
        build_client().get(server.url(host="localhost"))
    assert caught.value.failure == "tls"
    assert server.requests == []


def test_a_body_that_drips_over_https_ends_in_time(serve: Serve, build_client: Build, tls: ssl.SSLContext, certificate: Path) -> None:
    server = serve([b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", *[b"x", 0.1] * 200], context=tls)
    client = build_client(ca_bundle=str(certificate), response_timeout_seconds=0.5)
    assert client.fetch_start(server.url(host="localhost"), size=2).body == b"xx"


def test_a_redirect_from_https_down_to_http_is_refused(
    serve: Serve, build_client: Build, reply: Reply, tls: ssl.SSLContext, certificate: Path
) -> None:
    plain = serve(reply(b"here"))
    server = serve(reply(b"", 302, location=plain.url("/?api_key=abc")), context=tls)
    message = r"redirects from https to 'http://127\.0\.0\.1:\d+/\?api_key=\*\*\*', which anyone can"
    with pytest.raises(PermanentError, match=message) as caught:
        build_client(ca_bundle=str(certificate)).get(server.url(host="localhost"))
    assert caught.value.failure == "insecure_redirect"
    assert plain.requests == []


def test_a_redirect_from_http_up_to_https_is_followed(
    serve: Serve, build_client: Build, reply: Reply, tls: ssl.SSLContext, certificate: Path
) -> None:
    server = serve(reply(b"safe"), context=tls)
    plain = serve(reply(b"", 301, location=server.url(host="localhost")))
    assert build_client(ca_bundle=str(certificate)).get(plain.url(host="localhost")).body == b"safe"
