"""Addresses have one spelling, and a host."""

import pytest

from harvest_assets.extract.web_addresses import normalise_address, read_domain


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (None, None),
        ("", None),
        (" \n ", None),
        (" https://example.org/a b%20c.pdf\n", "https://example.org/a+b+c.pdf"),
        ("https://example.org/a+b?x=%2F", "https://example.org/a+b?x=%2F"),
    ],
)
def test_an_address_is_stripped_and_its_spaces_become_plus_signs(text: str | None, address: str | None) -> None:
    assert normalise_address(text) == address
    assert normalise_address(address) == address


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://WWW.Example.org:8080/a", "www.example.org"),
        ("http://user:word@example.org?x", "example.org"),
        ("https://example.org#a", "example.org"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1"),
        ("https://a/b@c.org", "a"),
        ("https:///a", None),
        ("ftp://example.org/a", None),
        ("example.org", None),
    ],
)
def test_a_domain_is_the_host_alone(address: str, domain: str | None) -> None:
    assert read_domain(address) == domain
