"""What a source may say in its YAML, and what it is told when it is wrong."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harvest_assets.harvest.json_api.dates import DateFilter
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.pointers import put, resolve, resolve_every
from harvest_assets.model.window import Window

DOCUMENT = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8, "~1": 9}
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - UTC here


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [("", DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/1", "baz"), ("/", 0), ("/a~1b", 1), ("/m~0n", 8), ("/~01", 9)],
)
def test_pointers_follow_their_specification(pointer: str, expected: object) -> None:
    assert resolve(DOCUMENT, pointer) == expected


@pytest.mark.parametrize("pointer", ["/foo/2", "/foo/-1", "/foo/bar", "/foo/0/x", "/missing/x"])
def test_pointers_that_lead_nowhere_give_none(pointer: str) -> None:
    assert resolve(DOCUMENT, pointer) is None


def test_a_pointer_without_a_slash_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"'links.next' is no JSON pointer: it must be empty or begin with '/', as in '/links/next'"):
        JsonApiOptions.model_validate({"identifier": "links.next"})


def test_the_identifier_is_required_and_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"identifier\n.*Field required"):
        JsonApiOptions.model_validate({})
    with pytest.raises(ValidationError, match=r"colour\n.*Extra inputs are not permitted"):
        JsonApiOptions.model_validate({"identifier": "/id", "colour": "red"})
    with pytest.raises(ValidationError, match=r"'next', 'link', 'page', 'offset', 'cursor', 'none'"):
        JsonApiOptions.model_validate({"identifier": "/id", "paging": {"style": "pages"}})


@pytest.mark.parametrize("pattern", ["%Y-%m-%d %Q", "%d %d", "%H:%M", "%Y", "none"])
def test_a_date_format_that_cannot_be_read_back_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"is no date format that can be read back to the day, such as '%Y-%m-%dT%H:%M:%SZ'"):
        DateFilter(since="since", format=pattern)


@given(
    MOMENTS,
    MOMENTS,
    st.sampled_from([("%Y-%m-%d", 86400), ("%Y-%m-%dT%H:%M:%SZ", 1), ("%d.%m.%Y %H:%M", 60), ("%Y-%m-%dT%H:%M:%S.%f", 1e-6)]),
)
def test_sent_dates_cover_the_window_and_at_most_one_unit_more(start: datetime, end: datetime, unit: tuple[str, float]) -> None:
    pattern, seconds = unit
    sent = DateFilter(since="since", before="before", format=pattern).parameters(Window(start, end))
    since, before = (datetime.strptime(sent[name], pattern).replace(tzinfo=UTC) for name in ("since", "before"))
    assert since <= start < since + timedelta(seconds=seconds)
    assert before - timedelta(seconds=seconds) < end <= before


def test_sides_that_are_open_or_have_no_parameter_are_not_sent() -> None:
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    assert DateFilter(since="s", before="b").parameters(Window()) == {}
    assert DateFilter(since="s").parameters(Window(moment, moment)) == {"s": "2024-05-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/groups/*/items", [[1], [2, 3]]),
        ("/groups/*/items/*", [1, 2, 3]),
        ("/groups", [[{"items": [1]}, {}, {"items": [2, 3]}]]),
        ("/none/*/items", []),
        ("/groups/*/name", []),
    ],
)
def test_a_star_stands_for_every_item(pointer: str, expected: object) -> None:
    assert resolve_every({"groups": [{"items": [1]}, {}, {"items": [2, 3]}], "none": []}, pointer) == expected


def test_values_are_put_into_a_copy() -> None:
    body = {"query": {"terms": ["a", {"since": None}]}}
    assert put(put(body, "/query/terms/1/since", 5), "/page/offset", 0) == {
        "query": {"terms": ["a", {"since": 5}]},
        "page": {"offset": 0},
    }
    assert body == {"query": {"terms": ["a", {"since": None}]}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"body": {"a": 1}}, "a body is only sent with `method: POST`"),
        ({"paging": {"style": "offset", "in": "body", "parameter": "/from"}}, "a body is only sent with `method: POST`"),
        (
            {"method": "POST", "body": {"q": "x"}, "date_filter": {"in": "body", "since": "/q/since"}},
            "nothing can be put at '/q/since' of the body: there is a str without a place 'since'",
        ),
        (
            {"method": "POST", "paging": {"style": "page", "in": "body"}},
            "parameter 'page' is no JSON pointer; with `in: body` it must be one, as in '/page/offset'",
        ),
        ({"method": "POST", "paging": {"style": "offset", "in": "body", "parameter": "/from", "size": 5}}, "size_parameter 'limit' is no"),
        ({"method": "POST", "date_filter": {"in": "body", "since": "/a", "before": "b"}}, "before 'b' is no JSON pointer"),
        ({"accept": "text/html\r\nX: y"}, "String should match pattern"),
        ({"details": {"url": "https://example.org/items"}}, "must hold one {id} or one {ids}, as in 'https://example.org/items/{id}'"),
        ({"details": {"url": "/{id}/{id}"}}, "must hold one {id} or one {ids}"),
        ({"details": {"url": "file:///{id}"}}, "'file:///{id}' is no address of http or https, nor relative to the source's own"),
        ({"details": {"url": "https://{id}.example.org/"}}, "lets the list choose the host; put the identifier into the path or the query"),
        ({"details": {"url": "/items/{id}", "batch": 5}}, "batch 5 needs {ids} in '/items/{id}', which takes one identifier"),
        ({"identifier": "", "details": {"url": "/items?ids={ids}"}}, "details.identifier is required: the list holds nothing but identif"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        JsonApiOptions.model_validate({"identifier": "/id", **options})


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"before": "b"}, timedelta(seconds=1)),
        ({"before": "b", "format": "%d.%m.%Y %H:%M"}, timedelta(minutes=1)),
        ({"before": "b", "format": "%Y-%m-%dT%HZ"}, timedelta(hours=1)),
        ({"before": "b", "format": "%Y-%m-%d"}, timedelta(days=1)),
        ({}, timedelta(days=36_500)),
    ],
)
def test_windows_are_cut_no_shorter_than_the_format_can_say(options: dict[str, str], expected: timedelta) -> None:
    assert DateFilter(since="s", **options).smallest_window == expected
