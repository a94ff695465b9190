"""The section ``auth``: what it may say, what it refuses without showing it, and what becomes of it."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from harvest_assets.config.json_schema import json_schema
from harvest_assets.config.problems import InvalidFileError
from harvest_assets.config.secrets import Reference
from harvest_assets.config.sources import Source, build_source
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.authentication import ClientCredentials, Credentials
from harvest_assets.harvest.http_settings import HttpSettings

AGENT = "harvest_assets/1 (+https://example.org)"
GOOD: dict[str, Any] = {"title": "A", "protocol": "shelf", "url": "http://127.0.0.1/", "options": {"row": "a"}, "extract": "plain"}
BASIC = {"type": "basic", "username": "reader", "password": "${ENV:PASSWORD}"}
OAUTH2 = {"type": "oauth2", "token_url": "https://id.example/token", "client_id": "us", "client_secret": "${ENV:SECRET}"}
NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
MALFORMED = "has a '${' that begins no reference; write '${ENV:NAME}', NAME of letters, digits and '_'"
IN_FILE = "has its secret in the file; write '${ENV:NAME}' and set the environment variable NAME"


def build(auth: dict[str, Any] | None, **keys: Any) -> Source:
    return build_source("a-shelf", {**GOOD, **keys, **({"auth": auth} if auth is not None else {})})


def settings_of(auth: dict[str, Any], **environ: str) -> HttpSettings:
    return build(auth).http_settings(environ, AGENT)


def messages_for(auth: object, **keys: Any) -> list[str]:
    with pytest.raises(InvalidFileError, match=r"sources/zenodo\.yaml: ") as caught:
        build_source("zenodo", {**GOOD, "auth": auth, **keys})
    return [problem.message for problem in caught.value.problems]


def test_without_auth_nothing_is_added() -> None:
    assert build(None).http_settings({}, AGENT).credentials == Credentials()


def test_basic_is_a_header_of_user_name_and_password() -> None:
    settings = settings_of(BASIC, PASSWORD="open:s\N{LATIN SMALL LETTER E WITH ACUTE}same")  # noqa: S106 - made up
    assert settings.credentials.headers == {"Authorization": "Basic cmVhZGVyOm9wZW46c8Opc2FtZQ=="}
    assert set(settings.secret_values) == {"open:s\N{LATIN SMALL LETTER E WITH ACUTE}same", "cmVhZGVyOm9wZW46c8Opc2FtZQ=="}


def test_bearer_header_and_query_are_what_they_say() -> None:
    assert settings_of({"type": "bearer", "token": "${ENV:T}"}, T="t0ken").credentials.headers == {"Authorization": "Bearer t0ken"}
    assert settings_of({"type": "header", "name": "X-Api", "value": "${ENV:T}"}, T="k3y").credentials.headers == {"X-Api": "k3y"}
    query = settings_of({"type": "query", "name": "access", "value": "${ENV:T}"}, T="k3y")
    assert (query.credentials.parameters, query.secret_values) == ({"access": "k3y"}, ("k3y",))


def test_oauth2_is_a_client_that_asks_for_tokens() -> None:
    settings = settings_of({**OAUTH2, "scope": "read", "client_authentication": "body"}, SECRET="s3cret")  # noqa: S106 - made up
    assert settings.credentials.client == ClientCredentials("https://id.example/token", "us", "s3cret", "read", None, "body")
    assert set(settings.secret_values) == {"s3cret", "dXM6czNjcmV0"}


@pytest.mark.parametrize("auth", [BASIC, OAUTH2])
def test_no_secret_is_shown_by_what_holds_it(auth: dict[str, Any]) -> None:
    environ = {"PASSWORD": "s3cret", "SECRET": "s3cret"}
    source = build(auth)
    settings = source.http_settings(environ, AGENT)
    assert "s3cret" not in repr((source, source.model_dump(), settings, settings.credentials, settings.credentials.client))


def test_references_of_auth_come_after_those_of_headers() -> None:
    source = build(BASIC, headers={"X-Key": "${ENV:A}"}, options={"row": "${ENV:B}"})
    assert source.references() == (Reference("headers.X-Key", "A"), Reference("auth.password", "PASSWORD"), Reference("options.row", "B"))


def test_a_variable_that_is_not_set_is_named() -> None:
    message = r"^sources/a-shelf\.yaml: auth\.password refers to the environment variable 'PASSWORD', which is not set; set it, or"
    with pytest.raises(ConfigurationError, match=message):
        settings_of(BASIC)


def test_a_user_name_with_a_colon_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^sources/a-shelf\.yaml: auth\.username has a ':', which no user name for basic"):
        settings_of({**BASIC, "username": "${ENV:USER}"}, USER="a:b", PASSWORD="x")  # noqa: S106 - made up


@pytest.mark.parametrize(
    ("auth", "messages"),
    [
        ({**BASIC, "password": "hunter2"}, [f"auth.password {IN_FILE}"]),
        ({**BASIC, "password": "pre${ENV:A}"}, [f"auth.password {IN_FILE}"]),
        ({**BASIC, "password": 7007}, [f"auth.password {IN_FILE}"]),
        ({**BASIC, "password": None}, [f"auth.password {IN_FILE}"]),
        ({"type": "bearer", "token": "hunter2"}, [f"auth.token {IN_FILE}"]),
        ({"type": "header", "name": "X-Key", "value": "hunter2"}, [f"auth.value {IN_FILE}"]),
        ({"type": "query", "name": "key", "value": 7007}, [f"auth.value {IN_FILE}"]),
        ({**OAUTH2, "client_secret": "hunter2"}, [f"auth.client_secret {IN_FILE}"]),
        ({**OAUTH2, "token_url": "id.example"}, ["auth.token_url 'id.example' is not an address; write http:// or https:// and a host"]),
        ({**OAUTH2, "scope": "${SCOPE}"}, [f"auth 'scope' {MALFORMED}"]),
        ({**OAUTH2, "client_authentication": "jwt"}, ["auth.client_authentication 'jwt' is not one of basic, body"]),
        ({"type": "basik"}, ["auth 'basik' is not one of basic, bearer, header, oauth2, query. Did you mean 'basic'?"]),
        ({"username": "a"}, ["'auth.type' is required: it says which keys are allowed beside it"]),
        ({"type": "bearer"}, ["'auth.token' is required: token, as ${ENV:NAME}; sent as 'Authorization: Bearer …'"]),
        ({**BASIC, "user": "a"}, ["'auth.user' is not a key; did you mean 'auth.username'?"]),
        ({"type": "header", "name": "X Key", "value": "${ENV:A}"}, [f"auth.name 'X Key' should match pattern '{NAME}'"]),
        ("hunter2", ["auth should be a mapping with a type, one of basic, bearer, header, query, oauth2"]),
    ],
)
def test_what_is_wrong_is_one_line_that_shows_no_secret(auth: object, messages: list[str]) -> None:
    assert messages_for(auth) == messages


def test_one_header_is_not_sent_in_two_ways() -> None:
    headers = {"authorization": "Bearer ${ENV:A}"}
    assert messages_for(BASIC, headers=headers) == ["auth sends the header 'Authorization', which 'headers' has too; keep one of them"]
    assert build({"type": "query", "name": "key", "value": "${ENV:A}"}, headers=headers).auth is not None


def test_who_asks_counts_in_the_fingerprint_by_the_names_of_references() -> None:
    variants = [None, BASIC, {**BASIC, "username": "other"}, {**BASIC, "password": "${ENV:OTHER}"}, OAUTH2]
    assert len({build(variant).fingerprint() for variant in variants}) == len(variants)
    assert build(None).fingerprint() == "a8e0cae11dc21ffc930cba89f5d78801b2b56c936fa9d411428681a90a848b26"


def test_the_schema_accepts_references_and_refuses_literal_secrets() -> None:
    validator = Draft202012Validator(json_schema("source"))
    assert all(validator.is_valid({**GOOD, "auth": auth}) for auth in (BASIC, OAUTH2, {"type": "bearer", "token": "${ENV:T}"}))
    assert not validator.is_valid({**GOOD, "auth": {**BASIC, "password": "hunter2"}})
    assert not validator.is_valid({**GOOD, "auth": {"type": "bearer"}})


def test_the_rate_limit_and_robots_of_a_file_reach_the_client() -> None:
    source = build(None, rate_limit={"requests": 10, "period_seconds": 60.0}, http={"robots": True})
    settings = source.http_settings({}, AGENT)
    assert settings.rate_limit is not None
    assert (settings.rate_limit.requests, settings.rate_limit.period_seconds, settings.robots) == (10, 60.0, True)
    assert settings.source == "a-shelf"
