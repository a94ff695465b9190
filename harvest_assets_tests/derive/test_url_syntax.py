"""Addresses, told apart without asking anybody."""

import pytest

from harvest_assets.derive.url_syntax import find_problem, read_scheme


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org:8443/a?b=c#d",
        "HTTPS://EXAMPLE.org./",
        "https://münchen.example/straße",
        "http://a_b.example.org/",
        "http://localhost/",
        "http://127.0.0.1/",
        "http://[2001:db8::1]:80/",
        "https://example.org/%20?q=[1]",
    ],
)
def test_what_can_be_asked_has_no_problem(url: str) -> None:
    assert find_problem(url) is None


@pytest.mark.parametrize(
    ("url", "name", "words"),
    [
        ("http://example.org/" + "a" * 7982, "too_long", "8001 characters, more than 8000"),
        ("http://example.org/\x00", "control_characters", r"'\x00' at position 19"),
        ("http://exam\nple.org/", "control_characters", r"'\n' at position 11"),
        ("http://example.org/\ud800", "control_characters", r"'\ud800'"),
        ("http://example.org/a b", "spaces", "write %20"),
        (" http://example.org/", "spaces", "white space"),
        ("http://example.org/a\u00a0b", "spaces", "white space"),
        ("example.org/a", "no_scheme", "does not begin with a scheme"),
        ("example.org:80/a", "no_scheme", "write https://"),
        ("http://example.org:port/", "bad_host", "cannot be taken apart"),
        ("http://example.org:0/", "bad_host", "names no host that can be asked: 'example.org'"),
        ("http://-a.example.org/", "bad_host", "'-a.example.org'"),
        ("http://a..example.org/", "bad_host", "'a..example.org'"),
        ("http://a|b.example.org/", "bad_host", "'a|b.example.org'"),
        (f"http://{'a' * 64}.example.org/", "bad_host", "names no host"),
        (f"http://{'a.' * 130}org/", "bad_host", "names no host"),
        ("http://1.2.3/", "bad_host", "'1.2.3'"),
        ("http://1.2.3.256/", "bad_host", "'1.2.3.256'"),
        ("http://0x7f.1/", "bad_host", "'0x7f.1'"),
        ("http://2130706433/", "bad_host", "'2130706433'"),
        ("http://[::1/", "bad_host", "cannot be taken apart"),
        ("http://user@example.org/", "credentials", "user or password"),
        ("http://:hidden@example.org/", "credentials", "publish an address without"),
    ],
)
def test_a_problem_has_a_name_and_a_reason(url: str, name: str, words: str) -> None:
    problem = find_problem(url)
    assert problem is not None
    assert problem.name == name
    assert words in problem.reason
    assert "hidden" not in problem.reason


@pytest.mark.parametrize(
    ("url", "scheme"),
    [("FTP://a", "ftp"), ("urn:nbn:nl", "urn"), ("git+ssh://a", "git+ssh"), ("a.b:c", None), ("//a", None), ("", None), ("1a:b", None)],
)
def test_a_scheme_is_a_word_before_a_colon_and_no_host(url: str, scheme: str | None) -> None:
    assert read_scheme(url) == scheme
