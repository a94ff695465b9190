"""What a source's file says, and what follows from it."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from harvest_assets.config.plugins import find_document_task
from harvest_assets.config.secrets import Reference
from harvest_assets.config.sources import Source, build_source
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.interfaces import HttpClient, Response

SECRET = "hidden-value"  # noqa: S105 - what must never be seen


def build(**keys: Any) -> Source:
    content = {"title": "A shelf", "protocol": "shelf", "url": "http://127.0.0.1/", "options": {"row": "a"}, "extract": "plain"}
    return build_source("a-shelf", {key: value for key, value in {**content, **keys}.items() if value is not ...})


class NoClient(HttpClient):
    """A client that is handed on and never used."""

    def get(self, url: str, **_: object) -> Response:
        raise AssertionError(url)

    def post(self, url: str, **_: object) -> Response:
        raise AssertionError(url)

    def head(self, url: str) -> Response:
        raise AssertionError(url)

    def fetch_start(self, url: str, *, size: int) -> Response:
        raise AssertionError(url, size)


def test_a_few_lines_are_a_source_and_the_rest_has_defaults() -> None:
    source = build()
    assert (source.slug, source.file, source.entity, source.frequency, source.retry_frequency) == (
        *("a-shelf", "sources/a-shelf.yaml", "product", "daily", "weekly"),
    )
    assert (source.enabled, source.frozen, source.mode, source.full_every_days, source.start) == (True, False, "auto", None, None)
    assert source.overlap == timedelta(hours=1)
    assert (source.freshness.warn, source.freshness.fail) == (timedelta(hours=26), timedelta(days=3))
    policy = source.integrity.policy()
    assert (policy.minimum_history, policy.maximum_loss, policy.maximum_turnover, policy.confirmations) == (50, 0.05, 0.25, 3)
    assert source.network.allow == ()


def test_everything_can_be_said() -> None:
    source = build(
        description="d",
        homepage="https://example.org/",
        licence="CC0-1.0",
        terms="https://example.org/terms",
        owner={"name": "Stacks", "email": "stacks@example.org"},
        extract={"format": "cards", "options": {"title": "/t"}},
        entity="product",
        tasks=["reading"],
        frequency="30 2 * * 1-5",
        retry_frequency="never",
        enabled=False,
        disabled_reason="moved",
        frozen=True,
        mode="full",
        full_every_days=30,
        overlap="30m",
        start=date(2020, 1, 31),
        network={"allow": ["loopback", "10.20.0.0/16"]},
        http={"requests_per_second": 1, "max_attempts": 2},
        headers={"Accept-Language": "en"},
        integrity={"minimum_history": 10, "maximum_loss": 0.5},
        freshness={"warn": "2d", "fail": "3d"},
    )
    assert source.start == date(2020, 1, 31)
    assert source.network.allow == ("loopback", "10.20.0.0/16")
    assert (source.http.requests_per_second, source.http.max_attempts, source.http.connect_timeout_seconds) == (1.0, 2, 10.0)
    assert (source.extractor_name, source.task_names) == ("cards", ("overrides", "reading"))
    assert source.owner is not None
    assert source.owner.email == "stacks@example.org"


def test_a_day_in_quotes_is_a_day() -> None:
    assert build(start="2020-01-31").start == date(2020, 1, 31)


def test_a_source_that_is_loaded_does_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        build().title = "other"  # type: ignore[misc]


def test_all_document_tasks_apply_unless_the_file_names_some() -> None:
    assert {"reading", "url_checks"} <= set(build().task_names)
    assert build(tasks=[]).task_names == ("overrides",)


def test_a_document_task_comes_behind_those_that_it_reads() -> None:
    names = build(tasks=["texts", "url_checks"]).task_names
    assert names == ("overrides", "url_checks", "texts")


def test_document_tasks_have_options_that_are_checked_by_name() -> None:
    source = build(task_options={"url_checks": {"per_host": 1}})
    assert source.task_settings("url_checks").model_dump()["per_host"] == 1
    assert source.task_settings("texts") == find_document_task("texts").options()
    with pytest.raises(ConfigurationError, match=r"per_hots' is not a key; did you mean 'task_options\.url_checks\.per_host'\?"):
        build(task_options={"url_checks": {"per_hots": 1}})


def test_the_extractor_follows_from_the_metadata_prefix_when_there_is_one_of_that_name() -> None:
    assert build(protocol="prefixed", options=..., extract=...).extractor_name == "plain"
    assert build(protocol="oai-pmh", options=..., extract=...).extractor_name == "oai_dc"
    assert build(protocol="oai-pmh", options={"metadata_prefix": "marc21"}, extract="plain").extractor_name == "plain"
    assert build(protocol="oai-pmh", options={"metadata_prefix": ["oai_dc", "marc21"]}, extract=...).extractor_name == "oai_dc"


def test_an_extractor_is_built_with_its_options() -> None:
    extractor = build(extract={"format": "cards", "options": {"title": "/t"}}, entity="person").build_extractor()
    assert (type(extractor).__name__, extractor.source, extractor.entity) == ("Cards", "a-shelf", "person")
    assert extractor.settings.model_dump() == {"title": "/t", "number": None}
    assert type(build().build_extractor()).__name__ == "Plain"


def test_a_protocol_is_built_with_resolved_options() -> None:
    client = NoClient()
    protocol = build(options={"row": "${ENV:ROW}"}).build_protocol(client, {"ROW": "b"})
    assert (type(protocol).__name__, protocol.target.source, protocol.target.url) == ("Shelf", "a-shelf", "http://127.0.0.1/")
    assert protocol.target.options.model_dump()["shelf"] == "b"
    assert protocol.client is client


def test_the_client_s_settings_are_those_of_the_source() -> None:
    source = build(
        headers={"Authorization": "Bearer ${ENV:TOKEN}"},
        options={"row": "${ENV:ROW}"},
        http={"requests_per_second": 2},
        network={"allow": ["loopback"]},
    )
    settings = source.http_settings({"TOKEN": SECRET, "ROW": "b"}, "harvest_assets/1 (+https://example.org)")
    assert settings.headers == {"Authorization": f"Bearer {SECRET}"}
    assert set(settings.secret_values) == {SECRET, "b"}
    assert (settings.origin, settings.allowed_networks, settings.requests_per_second) == ("http://127.0.0.1/", ("loopback",), 2.0)
    assert SECRET not in repr(settings)


def test_what_a_file_leaves_out_is_what_the_client_does_by_itself() -> None:
    settings = build().http_settings({}, "harvest_assets/1 (+https://example.org)")
    assert settings == HttpSettings(user_agent=settings.user_agent, source="a-shelf", origin="http://127.0.0.1/")


# -- secrets -----------------------------------------------------------------------------------------------------------------------


def with_secrets() -> Source:
    options = {"row": "r", "parameters": {"q": "${ENV:A}-${ENV:B}"}, "api_key": "${ENV:A}"}
    return build(headers={"X-API-Key": "${ENV:A}", "Accept": "text/plain"}, options=options)


def test_references_are_known_by_their_place() -> None:
    assert with_secrets().references() == (
        Reference("headers.X-API-Key", "A"),
        Reference("options.parameters.q", "A"),
        Reference("options.parameters.q", "B"),
        Reference("options.api_key", "A"),
    )


def test_references_resolve_at_the_moment_of_use() -> None:
    source = with_secrets()
    environ = {"A": SECRET, "B": "b"}
    assert source.resolved_headers(environ) == {"X-API-Key": SECRET, "Accept": "text/plain"}
    assert source.resolved_options(environ).model_dump()["parameters"] == {"q": f"{SECRET}-b"}
    assert source.secret_values(environ) == {SECRET, "b"}
    assert source.missing_variables(environ) == ()


def test_references_in_lists_are_known_and_resolve() -> None:
    source = build(options={"row": "a", "labels": ["x", "${ENV:A}"]})
    assert source.references() == (Reference("options.labels.1", "A"),)
    assert source.resolved_options({"A": "y"}).model_dump()["labels"] == ["x", "y"]


def test_what_is_no_text_resolves_to_itself() -> None:
    assert build(options={"row": "a", "size": 3}).resolved_options({}).model_dump()["size"] == 3


def test_a_value_never_gets_into_the_source() -> None:
    source = with_secrets()
    source.resolved_headers({"A": SECRET, "B": "b"})
    source.resolved_options({"A": SECRET, "B": "b"})
    assert SECRET not in repr(source)
    assert SECRET not in json.dumps(source.model_dump(mode="json"))


def test_a_value_that_looks_like_a_reference_is_not_resolved_again() -> None:
    assert with_secrets().resolved_headers({"A": "${ENV:B}", "B": "b"})["X-API-Key"] == "${ENV:B}"


def test_a_variable_that_is_not_set_or_empty_is_missing() -> None:
    assert [reference.variable for reference in with_secrets().missing_variables({"A": ""})] == ["A", "A", "B", "A"]
    message = (
        "^sources/a-shelf.yaml: headers.X-API-Key refers to the environment variable 'A', which is not set; set it, or correct its name$"
    )
    with pytest.raises(ConfigurationError, match=message):
        with_secrets().resolved_headers({"A": ""})
    with pytest.raises(
        ConfigurationError, match=r"^sources/a-shelf.yaml: options.parameters.q refers to the environment variable 'B', which"
    ):
        with_secrets().resolved_options({"A": "a"})


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}\r\nX-Other: 1", f"\x00{SECRET}"])
def test_a_value_with_a_line_break_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"'A', which holds a line break or another control character; set it without$") as caught:
        with_secrets().resolved_headers({"A": value})
    assert SECRET not in str(caught.value)


def test_a_value_that_the_protocol_refuses_is_not_shown() -> None:
    message = "^sources/a-shelf.yaml: options are not valid with what the environment holds, at api_key; correct the environment variables$"
    with pytest.raises(ConfigurationError, match=message) as caught:
        with_secrets().resolved_options({"A": SECRET * 4, "B": "b"})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# -- fingerprint -------------------------------------------------------------------------------------------------------------------


def test_the_fingerprint_changes_with_what_decides_which_records_are_sent() -> None:
    variants: list[dict[str, Any]] = [
        {},
        {"url": "http://127.0.0.1/other"},
        {"options": {"row": "b"}},
        {"options": {"row": "a", "paging": {"style": "numbered"}}},
        {"protocol": "prefixed", "options": ...},
        {"headers": {"Accept-Language": "en"}},
    ]
    assert len({build(**variant).fingerprint() for variant in variants}) == len(variants)


@pytest.mark.parametrize(
    "variant",
    [
        {"title": "Another title"},
        {"options": {"row": "a", "size": 10}},
        {"http": {"requests_per_second": 1}},
        {"extract": {"format": "cards", "options": {"title": "/t"}}},
        {"frequency": "weekly"},
    ],
)
def test_the_fingerprint_does_not_change_with_anything_else(variant: dict[str, Any]) -> None:
    assert build(**variant).fingerprint() == build().fingerprint()


def test_the_fingerprint_is_the_same_on_every_machine() -> None:
    assert build().fingerprint() == "a8e0cae11dc21ffc930cba89f5d78801b2b56c936fa9d411428681a90a848b26"
