"""Which addresses a harvest may reach: the public internet, and what a source allows beyond it.

A source, or whoever can make it redirect, must not lead us to machines that only we can reach. Names are resolved here, every
address is classified here, and the connection goes to what was checked. The special-purpose registries:
https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple, Protocol

from harvest_assets.errors import ConfigurationError, PermanentError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
SocketAddress = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]

# What cloud machines ask for their own credentials; the last but one is in public space, the last one in a private range.
METADATA_ADDRESSES = frozenset(
    ip_address(text) for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16", "fd00:ec2::254")
)

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_KINDS: tuple[tuple[str, tuple[Network, ...]], ...] = tuple(
    (kind, tuple(ip_network(text) for text in texts))
    for kind, texts in (
        ("loopback", _LOOPBACK),
        ("private", _PRIVATE),
        ("link-local", ("169.254.0.0/16", "fe80::/10")),
        ("multicast", ("224.0.0.0/4", "ff00::/8")),
        ("unspecified", ("0.0.0.0/8", "::/128")),
        ("carrier-grade NAT", ("100.64.0.0/10",)),
        ("reserved", ("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24")),
        ("reserved", ("240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20")),
    )
)
_GLOBAL_IPV6 = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
_WORDS = {"loopback": _LOOPBACK, "private": _PRIVATE}


class Endpoint(NamedTuple):
    """A checked address, in the form in which a socket connects to it."""

    family: int
    address: SocketAddress


class Resolver(Protocol):
    """What looks a name up; ``socket.getaddrinfo`` unless a test says otherwise."""

    def __call__(
        self,
        host: str,
        port: int,
        *,
        type: socket.SocketKind,  # noqa: A002 - the name that socket.getaddrinfo gives it
    ) -> Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, SocketAddress]]:
        """Return the five-tuples of ``socket.getaddrinfo``, or raise its errors."""
        ...


def unwrap_address(address: Address) -> Address:
    """Give the IPv4 address that an IPv4-mapped, 6to4 or NAT64 address leads to; any other address as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def classify_address(address: Address) -> str | None:
    """Name the special purpose of an address that is not to be reached by default; None for a public one."""
    target = unwrap_address(address)
    if target in METADATA_ADDRESSES:
        return "cloud metadata"
    for kind, networks in _KINDS:
        if any(target in network for network in networks):
            return kind
    return "reserved" if isinstance(target, IPv6Address) and target not in _GLOBAL_IPV6 else None


class AddressGuard:
    """Resolves names and lets through what may be reached.

    ``allowed_networks`` holds ``loopback`` (127/8 and ::1), ``private`` (RFC 1918 and unique local IPv6) and networks in CIDR form.
    A metadata address is let through only where it is named by itself, as in ``169.254.169.254/32``.
    """

    def __init__(self, allowed_networks: Sequence[str] = (), *, resolver: Resolver = socket.getaddrinfo) -> None:
        self._allowed = tuple(network for entry in allowed_networks for network in read_networks(entry))
        self._resolver = resolver

    def resolve(self, host: str, port: int) -> list[Endpoint]:
        """Look a name up once: n addresses, all of them checked, in the resolver's order; one bad address refuses them all.

        Raises:
            PermanentError: The name cannot exist, or one of its addresses may not be reached.
            socket.gaierror: The name was not found, or the resolver does not answer.
        """
        try:
            found = self._resolver(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except UnicodeError:
            raise PermanentError(f"host {host!r} is not a name that can be looked up; correct the address", failure="dns") from None
        endpoints = [Endpoint(family, address) for family, _, _, _, address in found]
        for endpoint in endpoints:
            self.check(host, str(endpoint.address[0]))
        return endpoints

    def check(self, host: str, address: str) -> None:
        """Refuse an address that is not public and not allowed.

        Raises:
            PermanentError: It names the host, the address, its kind and the entry of ``network.allow`` that would let it through.
        """
        target = ip_address(address)
        kind = classify_address(target)
        if kind is None or self._is_allowed(unwrap_address(target)):
            return
        entry = kind if kind in _WORDS else str(ip_network(unwrap_address(target)))
        raise PermanentError(
            f"host {host!r}: its address {address!r} is {kind} and may not be reached; "
            f"if the source is meant to be there, add {entry!r} to 'network.allow' in its YAML file",
            failure="private_address",
        )

    def _is_allowed(self, target: Address) -> bool:
        single_only = target in METADATA_ADDRESSES
        return any(target in network and (network.num_addresses == 1 or not single_only) for network in self._allowed)


def read_networks(entry: str) -> list[Network]:
    """Networks of one entry of ``network.allow``: two for a word, one for a CIDR."""
    try:
        return [ip_network(text) for text in _WORDS.get(entry, (entry,))]
    except ValueError:
        raise ConfigurationError(
            f"network.allow: {entry!r} is not one of 'loopback', 'private' or a network such as '10.1.0.0/16'; correct the entry"
        ) from None
