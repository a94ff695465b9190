"""Secrets leave addresses and text, in every spelling, and nothing else does."""

import logging
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.harvest.redaction import RedactingFilter, Redactor, is_secret_key


@pytest.mark.parametrize(
    "key",
    [
        *("key", "api_key", "apikey", "api-key", "X-Api-Key", "token", "access_token", "refresh_token", "password", "passwd", "secret"),
        *("client_secret", "signature", "sig", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "AWSAccessKeyId"),
        *("sessionid", "PHPSESSID", "sid", "Authorization", "subscription-key", "user[password]"),
    ],
)
def test_values_of_secret_keys_are_hidden(key: str) -> None:
    for url in (f"https://a.example/oai?x=1&{key}=v4lue&y=2", f"https://a.example/oai?{key}=v4lue", f"https://a.example/#{key}=v4lue"):
        assert Redactor().clean(url) == url.replace("v4lue", "***")


def test_a_session_in_the_path_is_hidden() -> None:
    assert Redactor().clean("https://a.example/oai;jsessionid=AB12") == "https://a.example/oai;jsessionid=***"


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/oai?verb=ListRecords&resumptionToken=abc%21def&from=2026-01-01",
        "https://a.example/api?pageToken=2&page_token=3&continuation-token=4&keyword=x&keys=1&monkey=2&author=a&design=b",
        "https://a.example/path/token=abc/key",
        "https://a.example/@profile?mail=a@example.org",
    ],
)
def test_what_is_needed_to_understand_a_request_stays(url: str) -> None:
    assert Redactor().clean(url) == url


def test_user_and_password_are_hidden() -> None:
    assert Redactor().clean("https://user:pa@ss@a.example/x") == "https://***@a.example/x"


def test_secrets_are_hidden_in_text_with_several_addresses() -> None:
    text = "from http://a.example/?key=one to http://b.example/?token=two#x after 3 s"
    assert Redactor().clean(text) == "from http://a.example/?key=*** to http://b.example/?token=***#x after 3 s"


@given(st.text(min_size=4).filter(lambda text: text.isprintable() and "*" not in text), st.sampled_from(["path", "query", "text"]))
def test_a_configured_secret_is_hidden_in_every_spelling(secret: str, place: str) -> None:
    redactor = Redactor([secret])
    spellings = [secret, quote(secret, safe=""), quote(secret), quote_plus(secret)]
    spellings.append(re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(secret, safe="")))
    for spelling in spellings:
        text = {"path": f"<{spelling}>", "query": f"http://a.example/?q={spelling}", "text": f"it was {spelling} !"}[place]
        assert spelling not in redactor.clean(text)
        assert "***" in redactor.clean(text)


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    assert Redactor(["abc", "abcdef", ""]).clean("x abcdef abc y") == "x *** *** y"


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    redactor = Redactor(["s3cret"])
    assert redactor.clean(redactor.clean(text)) == redactor.clean(text)


def test_a_long_hostile_address_is_cleaned_in_no_time() -> None:
    assert Redactor(["s3cret"]).clean("http://a.example/?" + "a" * 200_000 + "&key=1").endswith("&key=***")


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("Authorization", "Basic abc", True),
        ("Cookie", "a=1", True),
        ("X-Api-Key", "1", True),
        ("x-auth", "1", True),
        ("Accept", "text/xml", False),
        ("X-Partner", "our s3cret name", True),
        ("Accept-Language", "de", False),
    ],
)
def test_secret_headers_are_told_by_name_or_value(name: str, value: str, is_secret: bool) -> None:  # noqa: FBT001 - a table of cases
    assert Redactor(["s3cret"]).is_secret_header(name, value) is is_secret


def test_log_records_of_a_library_are_cleaned() -> None:
    record = logging.LogRecord("urllib3", logging.DEBUG, "x.py", 1, '"%s %s" %d', ("GET", "/?key=abc&x=s3cret", 200), None)
    assert RedactingFilter(Redactor(["s3cret"])).filter(record)
    assert record.getMessage() == '"GET /?key=***&x=***" 200'


def test_a_secret_that_came_later_is_hidden_too_and_of_these_the_last_four() -> None:
    redactor = Redactor(["s3cret"])
    for number in range(6):
        redactor.add(f"t0ken-{number}")
    assert redactor.clean("s3cret t0ken-1 t0ken-2 t0ken-5") == "*** t0ken-1 *** ***"
    assert [redactor.holds_secret(text) for text in ("a t0ken%2D5 b", "s3cret", "other")] == [True, True, False]


@pytest.mark.parametrize(
    "name", ["key", "api_key", "apikey", "access_token", "token", "client_secret", "Password", "pwd", "user[password]"]
)
def test_a_key_of_credentials_is_known_by_its_name(name: str) -> None:
    assert is_secret_key(name)


@pytest.mark.parametrize("name", ["pageToken", "resumption_token", "keyword", "sortKey", "author", "q", ""])
def test_a_key_of_a_question_is_none(name: str) -> None:
    assert not is_secret_key(name)
