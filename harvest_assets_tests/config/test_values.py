"""Durations, addresses, networks and names: the values that people write."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.config.addresses import check_network, check_web_address
from harvest_assets.config.durations import format_duration, parse_duration
from harvest_assets.config.names import nearest, not_one_of


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30m", 30), ("2h", 120), ("1d", 1440), ("26h", 26 * 60), ("0h", 0), ("90m", 90)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, minutes: int) -> None:
    assert parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("value", ["", "1", 5, "1w", "1.5h", "-1h", "1h ", "1 h", "h", "1h30m", "٣h", "999999d", None, "1h\n"])
def test_anything_else_is_no_duration(value: object) -> None:
    with pytest.raises(
        ValueError, match=f"^{re.escape(repr(value))} is not a duration; write a number and its unit, such as 30m, 2h or 1d$"
    ):
        parse_duration(value)


@given(st.integers(min_value=0, max_value=99_999))
def test_a_duration_that_is_written_out_reads_as_itself(minutes: int) -> None:
    span = timedelta(minutes=minutes)
    assert parse_duration(format_duration(span)) == span == parse_duration(span)


def test_a_duration_is_written_in_its_largest_whole_unit() -> None:
    assert [format_duration(timedelta(minutes=minutes)) for minutes in (0, 59, 60, 90, 1440, 1560)] == [
        "0m",
        "59m",
        "1h",
        "90m",
        "1d",
        "26h",
    ]


@pytest.mark.parametrize("text", ["http://127.0.0.1:8771/oai", "https://example.org", "HTTPS://Example.org/a?b=c%20d", "http://[::1]:80/"])
def test_an_address_is_kept_as_it_is_written(text: str) -> None:
    assert check_web_address(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "example.org", "ftp://example.org", "file:///etc/passwd", "http://", "http:///a", "http://a:99999/", "http://a:0/", "http://a:x/"],
)
def test_what_has_no_scheme_host_or_port_to_use_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(repr(text))} is not an address; write http:// or https:// and a host$"):
        check_web_address(text)


def test_an_address_with_brackets_that_do_not_close_is_no_address() -> None:
    with pytest.raises(ValueError, match=r"is not an address; write http:// or https:// and a host$"):
        check_web_address("http://[::1/")


@pytest.mark.parametrize("text", ["http://reader:hunter2@example.org/", "http://hunter2@example.org/", "http://a@hunter2@example.org/"])
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="has a user name or password in it; send them as a header") as caught:
        check_web_address(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["http://a/ b", "http://a/\n", "http://a/${ENV:X}", "http://a\\b/", "http://a/<x>"])
def test_characters_that_no_address_has_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has characters that no address has; percent-encode them"):
        check_web_address(text)


def test_a_fragment_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has a fragment, which no server sees; leave out '#' and what follows$"):
        check_web_address("http://a/#b")


@pytest.mark.parametrize("text", ["loopback", "private", "10.20.0.0/16", "169.254.169.254/32", "fd00::/8", "192.0.2.1"])
def test_a_network_is_a_word_or_in_cidr_notation(text: str) -> None:
    assert check_network(text) == text


@pytest.mark.parametrize("text", ["lopback", "10.0.0.1/8", "everything", ""])
def test_anything_else_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' is not one of a network such as 10.20.0.0/16, loopback, private"):
        check_network(text)


def test_the_nearest_name_is_suggested_whatever_its_case() -> None:
    assert nearest("OAIPMH", ["json", "oai-pmh"]) == "oai-pmh"
    assert nearest("zzz", ["json", "oai-pmh"]) is None


def test_a_name_that_is_not_known_is_answered_with_those_that_are() -> None:
    assert not_one_of("oaipmh", ["oai-pmh", "json"]) == "'oaipmh' is not one of json, oai-pmh. Did you mean 'oai-pmh'?"
    assert not_one_of("x", ["oai-pmh", "json"]) == "'x' is not one of json, oai-pmh"
    assert not_one_of("x", []) == "'x' is not one of (none is known)"
