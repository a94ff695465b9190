"""Every way in which a source's file can be wrong, and the line that a person reads."""

import re
from typing import Any

import pytest
from pydantic import Json, ValidationError

from harvest_assets.config.problems import InvalidFileError, describe_errors
from harvest_assets.config.sources import build_source
from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import Options

GOOD: dict[str, Any] = {"title": "A", "protocol": "shelf", "url": "http://127.0.0.1/", "options": {"row": "a"}, "extract": "plain"}


def messages(content: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidFileError) as caught:
        build_source("zenodo", content)
    assert isinstance(caught.value, ConfigurationError)
    lines = str(caught.value).split("\n")
    assert lines == [str(problem) for problem in caught.value.problems]
    assert all(line.startswith("sources/zenodo.yaml: ") for line in lines)
    return [problem.message for problem in caught.value.problems]


def messages_for(**keys: Any) -> list[str]:
    return messages({key: value for key, value in {**GOOD, **keys}.items() if value is not ...})


def test_an_unknown_key_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidFileError, match=r"^sources/zenodo\.yaml: 'frequncy' is not a key; did you mean 'frequency'\?$"):
        build_source("zenodo", {**GOOD, "frequncy": "daily"})


def test_a_misspelt_required_key_is_both_unknown_and_missing() -> None:
    assert messages_for(protocol=..., protcol="shelf") == [
        "'protocol' is required: how records are asked for: the name of a protocol",
        "'protcol' is not a key; did you mean 'protocol'?",
    ]


def test_an_unknown_key_that_is_near_none_is_answered_with_all() -> None:
    [message] = messages_for(slug="x")
    assert message.startswith("'slug' is not a key; allowed are title, description, homepage, ")


def test_an_unknown_protocol_is_answered_with_those_there_are() -> None:
    [message] = messages_for(protocol="oaipmh", options={"anything": 1})
    assert re.fullmatch(r"protocol 'oaipmh' is not one of .*\boai-pmh\b.*\. Did you mean 'oai-pmh'\?", message)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"title": 2024}, "title 2024 should be text"),
        ({"title": " "}, "title ' ' should have at least 1 character"),
        ({"title": None}, "title has no value; leave the key out, or write one"),
        ({"title": ...}, "'title' is required: name of the source as people know it"),
        ({"url": "ftp://a"}, "url 'ftp://a' is not an address; write http:// or https:// and a host"),
        ({"homepage": "a"}, "homepage 'a' is not an address; write http:// or https:// and a host"),
        ({"owner": "me"}, "owner 'me' should be a mapping"),
        ({"owner": {"email": "a@b"}}, "'owner.name' is required: organisation or team that answers for the source"),
        ({"owner": {"name": "a", "email": "b"}}, r"owner.email 'b' should match pattern '^[^\s@]+@[^\s@]+$'"),
        ({"owner": {"name": "a", "mail": "b"}}, "'owner.mail' is not a key; did you mean 'owner.email'?"),
        ({"entity": "Product"}, "entity 'Product' should match pattern '^[a-z][a-z0-9_]{0,62}$'"),
        ({"tasks": "reading"}, "tasks 'reading' should be a list"),
        ({"tasks": ["reading", "reading"]}, "tasks 'reading' is written twice; keep one of them"),
        ({"enabled": "yes"}, "enabled 'yes' should be true or false"),
        ({"frozen": 1}, "frozen 1 should be true or false"),
        ({"mode": "ful"}, "mode 'ful' is not one of auto, full, incremental. Did you mean 'full'?"),
        ({"full_every_days": 0}, "full_every_days 0 should be greater than or equal to 1"),
        ({"full_every_days": "30"}, "full_every_days '30' should be a whole number"),
        ({"overlap": 3600}, "overlap 3600 is not a duration; write a number and its unit, such as 30m, 2h or 1d"),
        ({"start": 2020}, "start '2020' is not a day; write it as 2024-01-31"),
        ({"start": "2020-1-1"}, "start '2020-1-1' is not a day; write it as 2024-01-31"),
        ({"start": "2020-02-31"}, "start day is out of range for month"),
        ({"network": ["loopback"]}, "network ['loopback'] should be a mapping"),
        ({"network": {"alow": []}}, "'network.alow' is not a key; did you mean 'network.allow'?"),
        (
            {"network": {"allow": ["private", "lopback"]}},
            "network.allow.1 'lopback' is not one of a network such as 10.20.0.0/16, loopback, private. Did you mean 'loopback'?",
        ),
        ({"http": {"requests_per_second": 0}}, "http.requests_per_second 0 should be greater than 0"),
        ({"http": {"requests_per_second": float("inf")}}, "http.requests_per_second inf should be a finite number"),
        ({"http": {"max_attempts": "five"}}, "http.max_attempts 'five' should be a whole number"),
        ({"http": {"max_attempts": True}}, "http.max_attempts True should be a whole number"),
        ({"http": None}, "http has no value; leave the key out, or write one"),
        ({"integrity": {"maximum_loss": 5}}, "integrity.maximum_loss 5 should be less than or equal to 1"),
        ({"integrity": {"confirmations": 0}}, "integrity.confirmations 0 should be greater than or equal to 1"),
        ({"freshness": {"warn": "3d"}}, "freshness warn '3d' is not between 0m and fail '3d'; warn first"),
        ({"freshness": {"warn": "0h"}}, "freshness warn '0m' is not between 0m and fail '3d'; warn first"),
        ({"retry_frequency": "0 3 * * *"}, "retry_frequency '0 3 * * *' is a cron expression; after a failure only these count: daily,"),
        ({"frequency": 5}, "frequency 5 should be text"),
        ({"extract": ...}, "'extract' is required: protocol 'shelf' does not say how a record is read; write one of "),
        ({"options": None, "extract": ...}, "options has no value; leave the key out, or write one"),
        ({"options": ["a"], "extract": ...}, "options ['a'] should be a mapping"),
        ({"extract": None}, "'extract' is required: protocol 'shelf' does not say how a record is read; write one of "),
        ({"extract": ["plain"]}, "extract ['plain'] is not one of "),
        ({"extract": {"options": {}}}, "'extract.format' is required: name of the extractor"),
        ({"extract": {"format": "plain", "option": {}}}, "'extract.option' is not a key; did you mean 'extract.options'?"),
        ({"extract": "cards"}, "'extract.options.title' is required: add it"),
        ({"extract": {"format": "cards", "options": {"titel": "/t"}}}, "'extract.options.title' is required: add it"),
        ({"extract": {"format": "plain", "options": {"x": 1}}}, "'extract.options.x' is not a key; allowed are no keys"),
        ({"extract": {"format": "plain", "options": []}}, "extract.options [] should be a mapping"),
        ({"options": ["a"]}, "options ['a'] should be a mapping"),
        ({"options": ...}, "'options.row' is required: which row of the shelf"),
        ({"options": {"row": "a", "sise": 1}}, "'options.sise' is not a key; did you mean 'options.size'?"),
        ({"options": {"row": "a", "size": 0}}, "options.size 0 should be greater than or equal to 1"),
        ({"options": {"row": "top"}}, "options.row 'top' is out of reach; write another row"),
        ({"options": {"row": "bottom"}}, "options: row 'bottom' is under water"),
        (
            {"options": {"row": "a", "paging": {"style": "cursr", "parameter": "p"}}},
            "options.paging 'cursr' is not one of cursor, numbered. Did you mean 'cursor'?",
        ),
        ({"options": {"row": "a", "paging": {"style": "cursor"}}}, "'options.paging.parameter' is required: add it"),
        (
            {"options": {"row": "a", "paging": {"parameter": "p"}}},
            "'options.paging.style' is required: it says which keys are allowed beside it",
        ),
        (
            {"options": {"row": "a", "paging": {"style": "numbered", "frist": 1}}},
            "'options.paging.frist' is not a key; did you mean 'options.paging.first'?",
        ),
        (
            {"protocol": "prefixed", "options": {"metadata_prefix": "plan"}, "extract": ...},
            "'extract' is required: metadata_prefix 'plan' is",
        ),
    ],
)
def test_a_wrong_key_is_one_line_with_its_path_what_it_is_and_what_is_allowed(keys: dict[str, Any], message: str) -> None:
    found = messages_for(**keys)
    assert found[0].startswith(message)
    assert found[0] == message or message.endswith((" ", ",", " is"))


def test_a_key_of_one_member_of_a_union_is_not_offered_for_another() -> None:
    [message] = messages_for(options={"row": "a", "paging": {"style": "cursor", "parameter": "p", "zzz": 1}})
    assert message == "'options.paging.zzz' is not a key; allowed are style, parameter"


def test_a_value_that_fits_no_member_of_a_union_is_told_what_it_came_nearest_to() -> None:
    options = {"fields": {"a": {"pinter": "/x"}, "b": "x"}}
    assert messages_for(extract={"format": "mapping", "options": options}) == [
        "'extract.options.fields.a.pointer' is required: add it",
        "'extract.options.fields.a.pinter' is not a key; did you mean 'extract.options.fields.a.pointer'?",
        "extract.options.fields.b 'x' is no JSON pointer: it must be empty or begin with '/', as in '/metadata/title'",
    ]


def test_an_extractor_that_a_metadata_prefix_leads_to_has_to_do_without_options() -> None:
    options = {"metadata_prefix": "cards"}
    assert messages_for(protocol="prefixed", options=options, extract=...) == ["'extract.options.title' is required: add it"]


def test_an_unknown_extractor_and_task_are_answered_with_the_nearest() -> None:
    [extract, task] = messages_for(extract="card", tasks=["reeding"])
    assert re.fullmatch(r"extract 'card' is not one of .*\. Did you mean 'cards'\?", extract)
    assert re.fullmatch(r"tasks\.0 'reeding' is not one of .*\. Did you mean 'reading'\?", task)


def test_an_unknown_frequency_is_answered_with_the_nearest() -> None:
    [message] = messages_for(frequency="dayly")
    assert message.startswith("frequency 'dayly' is not one of daily, weekly, ")
    assert message.endswith(". Did you mean 'daily'?")


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = messages_for(title=1, mode="x", options={"size": "big"}, extract={"format": "cards", "options": {}}, http={"max_attempts": 0})
    assert [message.split(" ")[0] for message in found] == [
        *("title", "mode", "http.max_attempts", "'options.row'", "options.size", "'extract.options.title'"),
    ]


def test_a_refusal_in_other_words_is_kept_in_them() -> None:
    class Sky(Options):
        stars: Json[list[int]]

    with pytest.raises(ValidationError) as caught:
        Sky.model_validate({"stars": "x"})
    [line] = describe_errors(caught.value, Sky, {"stars": "x"}, "options")
    assert line.startswith("options.stars 'x' is not allowed: Invalid JSON: ")


def test_a_long_value_is_cut() -> None:
    [message] = messages_for(mode={"a": "x" * 5000})
    assert len(message) < 200


# -- secrets -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Authorization", "X-API-Key", "Cookie", "x-auth-token", "Client-Secret", "X-Subscription-Key"])
def test_a_secret_in_the_file_is_refused_and_not_shown(name: str) -> None:
    assert messages_for(headers={name: "Bearer hunter2"}) == [
        f"headers {name!r} has its secret in the file; write '${{ENV:NAME}}' and set the environment variable NAME"
    ]


def test_every_wrong_header_is_named_and_no_value_shown() -> None:
    found = messages_for(headers={"A b": "hunter2", "X-Line": "hunter2\nhunter2", "Cookie": "hunter2", "X-Ok": "${TOKEN}", "X-Um": "ü"})
    assert found == [
        "headers 'A b' is not a header name; use letters, digits and hyphens",
        "headers 'X-Line' has a line break or a character beyond ASCII in its value; headers are one line of ASCII",
        "headers 'Cookie' has its secret in the file; write '${ENV:NAME}' and set the environment variable NAME",
        "headers 'X-Um' has a line break or a character beyond ASCII in its value; headers are one line of ASCII",
        "headers 'X-Ok' has a '${' that begins no reference; write '${ENV:NAME}', NAME of letters, digits and '_'",
    ]


def test_a_header_that_is_no_text_is_refused_without_its_value() -> None:
    assert messages_for(headers={"X-Version": 7007}) == [
        "headers.X-Version has a value that is not allowed; it may be secret and is not shown"
    ]


def test_an_option_that_may_be_secret_is_refused_without_its_value() -> None:
    assert messages_for(options={"row": "a", "api_key": "${ENV:KEY}" * 10}) == [
        "options.api_key has a value that is not allowed; it may be secret and is not shown"
    ]


def test_a_secret_in_the_options_is_refused_wherever_it_stands_and_not_shown() -> None:
    parameters = {"q": "ocean", "pageToken": "7", "keyword": "sea", "access_token": "${ENV:A}", "pwd": "", "api_key": "hunter2"}
    found = messages_for(options={"row": "a", "api_key": "hunter2", "parameters": parameters, "labels": [{"Password": "hunter2"}]})
    in_file = "has its secret in the file; write '${ENV:NAME}' and set the environment variable NAME"
    assert [message for message in found if in_file in message] == [
        f"options 'api_key' {in_file}",
        f"options 'parameters.api_key' {in_file}",
        f"options 'labels.0.Password' {in_file}",
    ]


def test_a_reference_that_is_none_is_refused_wherever_it_stands() -> None:
    found = messages_for(options={"row": "${env:A}", "parameters": {"q": "${ENV:}"}})
    assert found == [
        "options 'row' has a '${' that begins no reference; write '${ENV:NAME}', NAME of letters, digits and '_'",
        "options 'parameters.q' has a '${' that begins no reference; write '${ENV:NAME}', NAME of letters, digits and '_'",
    ]
