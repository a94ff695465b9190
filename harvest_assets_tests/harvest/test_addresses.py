"""Addresses: what each special-purpose range is called, and what an entry of ``network.allow`` lets through."""

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.errors import ConfigurationError, PermanentError
from harvest_assets.harvest.addresses import AddressGuard, classify_address, unwrap_address


@pytest.mark.parametrize(
    ("kind", "addresses"),
    [
        ("loopback", "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 2002:7f00:1:: 64:ff9b::127.0.0.1"),
        ("private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.255.255 fc00::1 fdff::1 ::ffff:10.1.2.3 64:ff9b::c0a8:101"),
        ("link-local", "169.254.0.1 169.254.255.255 fe80::1 fe80::1%lo febf::1 2002:a9fe:1::"),
        ("multicast", "224.0.0.1 239.255.255.255 ff02::1"),
        ("unspecified", "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0"),
        ("carrier-grade NAT", "100.64.0.0 100.127.255.255 ::ffff:100.64.0.1"),
        ("reserved", "192.0.0.1 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.255"),
        ("reserved", "::127.0.0.1 ::2 100::1 64:ff9b:1::7f00:1 2001::1 2001:db8::1 3fff::1 5f00::1 fec0::1 4000::1"),
        ("cloud metadata", "169.254.169.254 169.254.170.2 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254 ::ffff:169.254.169.254"),
        (None, "8.8.8.8 93.184.216.34 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 169.253.0.1 2606:4700::1 2a00::1"),
        (None, "64:ff9b::808:808 2002:808:808:: ::ffff:8.8.8.8"),
    ],
)
def test_addresses_are_classified(kind: str | None, addresses: str) -> None:
    assert {text: classify_address(ip_address(text)) for text in addresses.split()} == dict.fromkeys(addresses.split(), kind)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_the_same_in_every_ipv6_dress(address: object) -> None:
    number = int(ip_address(str(address)))
    for dressed in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert unwrap_address(ip_address(dressed.to_bytes(16))) == address
        assert classify_address(ip_address(dressed.to_bytes(16))) == classify_address(ip_address(number))


@given(st.ip_addresses())
def test_what_the_standard_library_calls_not_global_is_never_public(address: object) -> None:
    target = ip_address(str(address))
    if target.is_private or target.is_multicast or target.is_link_local or target.is_loopback or target.is_unspecified:
        assert classify_address(target) is not None


@pytest.mark.parametrize(
    ("allowed", "passes", "refused"),
    [
        ((), "8.8.8.8 2606:4700::1", "127.0.0.1 ::1 10.0.0.1 fd00::1 169.254.1.1 0.0.0.0 224.0.0.1 100.64.0.1"),
        (("loopback",), "127.0.0.1 127.9.9.9 ::1 ::ffff:127.0.0.1", "10.0.0.1 0.0.0.0 :: 169.254.1.1"),
        (("private",), "10.0.0.1 172.16.0.1 192.168.0.1 fd00::1", "127.0.0.1 ::1 169.254.169.254 fd00:ec2::254 fe80::1 100.64.0.1"),
        (("10.1.0.0/16",), "10.1.0.1 10.1.255.255 ::ffff:10.1.0.1", "10.2.0.1 10.0.255.255 192.168.0.1"),
        (("100.64.0.0/10",), "100.64.0.1", "100.100.100.200"),
        (("169.254.0.0/16",), "169.254.1.1", "169.254.169.254"),
        (("169.254.169.254/32",), "169.254.169.254 ::ffff:169.254.169.254", "169.254.1.1"),
        (("0.0.0.0/0", "::/0"), "127.0.0.1 10.0.0.1 ::1", "169.254.169.254 fd00:ec2::254"),
        (("192.168.7.7",), "192.168.7.7", "192.168.7.8"),
    ],
)
def test_what_is_allowed_passes_and_nothing_else(allowed: tuple[str, ...], passes: str, refused: str) -> None:
    guard = AddressGuard(allowed)
    for address in passes.split():
        guard.check("a.example", address)
    for address in refused.split():
        with pytest.raises(PermanentError, match=r"^host 'a\.example': its address '.*' is .* and may not be reached; .*'network\.allow'"):
            guard.check("a.example", address)


@pytest.mark.parametrize(
    ("address", "entry"),
    [("127.0.0.1", "loopback"), ("10.0.0.1", "private"), ("100.64.0.1", "100.64.0.1/32"), ("fe80::1", "fe80::1/128")],
)
def test_the_message_names_an_entry_that_would_let_it_through(address: str, entry: str) -> None:
    with pytest.raises(PermanentError, match=rf"add '{entry}' to 'network\.allow' in its YAML file$"):
        AddressGuard().check("a.example", address)
    AddressGuard((entry,)).check("a.example", address)


@pytest.mark.parametrize("entry", ["localhost", "10.0.0.1/8", "", "LOOPBACK", "10.0.0.0/33"])
def test_an_entry_that_is_no_network_is_refused(entry: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^network\.allow: '{entry}' is not one of 'loopback', 'private' or a network such as"):
        AddressGuard((entry,))


def test_a_name_gives_its_checked_addresses_ready_to_connect_to() -> None:
    endpoints = AddressGuard(("loopback",)).resolve("127.0.0.1", 80)
    assert endpoints == [(socket.AF_INET, ("127.0.0.1", 80))]
