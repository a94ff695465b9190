"""The guard on real connections: every spelling of an address that must not be reached, and names that lead there."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from harvest_assets.errors import ConfigurationError, PermanentError, TransientError
from harvest_assets.harvest.http import RequestsClient

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]


class FixedNames:
    """Answers as DNS would, and counts how often it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, *, type: socket.SocketKind) -> list[Any]:  # noqa: A002 - as in socket
        self.asked.append(host)
        return [entry for address in self.addresses for entry in socket.getaddrinfo(address, port, type=type)]


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
    ],
)
def test_loopback_is_refused_however_it_is_written(serve: Serve, build_client: Build, reply: Reply, host: str) -> None:
    server = serve(reply(b"internal"))
    with pytest.raises(
        PermanentError, match=r"^host '.*': its address '.*' is loopback .* add 'loopback' to 'network\.allow' in its YAML file$"
    ):
        build_client(allowed_networks=()).get(server.url(host=host))
    assert server.requests == []


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "[::]"])  # noqa: S104 - asked, not bound
def test_the_unspecified_address_is_refused(serve: Serve, build_client: Build, reply: Reply, host: str) -> None:
    server = serve(reply(b"internal"))
    with pytest.raises(PermanentError, match="is unspecified and may not be reached"):
        build_client().get(server.url(host=host))
    assert server.requests == []


def test_head_and_fetch_start_are_guarded_too(serve: Serve, build_client: Build, reply: Reply) -> None:
    server, client = serve(reply(b"internal")), build_client(allowed_networks=())
    with pytest.raises(PermanentError, match="is loopback"):
        client.head(server.url())
    with pytest.raises(PermanentError, match="is loopback"):
        client.fetch_start(server.url(), size=10)
    assert server.requests == []


def test_a_name_is_refused_when_one_of_its_addresses_is(build_client: Build) -> None:
    client = build_client(allowed_networks=(), resolver=FixedNames("93.184.216.34", "192.168.1.1"))
    with pytest.raises(PermanentError, match=r"host 'rebinding\.example': its address '192\.168\.1\.1' is private"):
        client.get("http://rebinding.example/")


def test_a_name_is_looked_up_once_and_the_connection_goes_to_that_address(serve: Serve, build_client: Build, reply: Reply) -> None:
    server, names = serve(reply(b"here")), FixedNames("127.0.0.1")
    client = build_client(resolver=names)
    assert client.get(server.url(host="library.example")).body == b"here"
    assert client.get(server.url(host="library.example")).body == b"here"
    assert names.asked == ["library.example"]
    assert server.requests[0].headers["host"] == f"library.example:{server.port}"


def test_the_next_address_is_tried_when_the_first_does_not_answer(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b"here"))
    assert build_client(resolver=FixedNames("127.0.0.77", "127.0.0.1")).get(server.url(host="library.example")).body == b"here"


def test_ipv6_loopback_is_reached_when_allowed(serve: Serve, client: RequestsClient, reply: Reply) -> None:
    server = serve(reply(b"six"), host="::1")
    assert client.get(server.url(host="[::1]")).body == b"six"


def test_a_network_is_allowed_exactly(serve: Serve, build_client: Build, reply: Reply) -> None:
    server = serve(reply(b"here"))
    client = build_client(allowed_networks=("127.0.0.0/30",))
    assert client.get(server.url()).body == b"here"
    with pytest.raises(PermanentError, match=r"its address '127\.0\.0\.4' is loopback"):
        client.get(server.url(host="127.0.0.4"))


def test_an_entry_that_is_no_network_is_refused(build_client: Build) -> None:
    with pytest.raises(ConfigurationError, match=r"network\.allow: 'localnet' is not one of 'loopback', 'private' or a network such as"):
        build_client(allowed_networks=("localnet",))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/hostname", "gopher://127.0.0.1/", "//127.0.0.1/", "127.0.0.1/x", ""])
def test_other_schemes_are_refused(client: RequestsClient, url: str) -> None:
    with pytest.raises(PermanentError, match=r"scheme '\w*' is not one of 'http', 'https'"):
        client.get(url)


@pytest.mark.parametrize("url", ["http://", "http:///path", "http://127.0.0.1:0/"])
def test_an_address_without_host_or_port_is_refused(client: RequestsClient, url: str) -> None:
    with pytest.raises(PermanentError, match="it names no host and port that can be asked"):
        client.get(url)


def test_a_user_and_password_in_the_address_are_refused_unseen(client: RequestsClient) -> None:
    with pytest.raises(PermanentError, match=r"^'http://\*\*\*@127\.0\.0\.1/': it carries a user and password, .* as a header") as caught:
        client.get("http://someone:hunter2@127.0.0.1/")
    assert "hunter2" not in str(caught.value)


def test_a_name_that_cannot_exist_is_permanent(client: RequestsClient) -> None:
    with pytest.raises(PermanentError, match=r"host 'a{64}\.example' is not a name that can be looked up; correct the address"):
        client.get(f"http://{'a' * 64}.example/")


def test_a_name_without_addresses_is_transient(build_client: Build) -> None:
    with pytest.raises(TransientError, match="the name has no address"):
        build_client(resolver=FixedNames(), max_attempts=1).get("http://library.example/")
