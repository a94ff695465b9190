"""What holds for every window and for every way to cut a list into pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.oai_pmh import OaiPmh
from harvest_assets.harvest.oai_pmh.arguments import Granularity, date_arguments
from harvest_assets.model.window import Window

Xml = Any  # the fixtures of conftest, which tests cannot import from
Repository = Callable[..., OaiPmh]

MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - given UTC here
FORMATS = {"day": ("%Y-%m-%d", timedelta(days=1)), "seconds": ("%Y-%m-%dT%H:%M:%SZ", timedelta(seconds=1))}
ORDINARY = settings(max_examples=80, deadline=None)


def read_back(text: str, granularity: Granularity) -> datetime:
    return datetime.strptime(text, FORMATS[granularity][0]).replace(tzinfo=UTC)


@ORDINARY
@given(MOMENTS, st.timedeltas(timedelta(microseconds=1), timedelta(days=4000)), st.sampled_from(["day", "seconds"]), MOMENTS)
def test_inclusive_dates_cover_the_window_and_at_most_one_unit_more_on_each_side(
    start: datetime, length: timedelta, granularity: Granularity, moment: datetime
) -> None:
    end, unit = start + length, FORMATS[granularity][1]
    sent = date_arguments(Window(start, end), granularity)
    first, after = read_back(sent["from"], granularity), read_back(sent["until"], granularity) + unit
    assert start - unit < first <= start
    assert end <= after < end + unit
    if start <= moment < end:
        assert first <= moment < after


@ORDINARY
@given(MOMENTS, st.sampled_from(["day", "seconds"]))
def test_windows_that_meet_at_a_boundary_of_the_granularity_ask_for_nothing_twice(moment: datetime, granularity: Granularity) -> None:
    boundary = read_back(moment.strftime(FORMATS[granularity][0]), granularity)
    before, after = date_arguments(Window(None, boundary), granularity), date_arguments(Window(boundary, None), granularity)
    assert read_back(before["until"], granularity) + FORMATS[granularity][1] == read_back(after["from"], granularity)
    assert set(before) == {"until"}
    assert set(after) == {"from"}


def test_a_window_without_an_instant_is_refused() -> None:
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    with pytest.raises(PermanentError, match=r"window from 2024-05-01T00:00:00\+00:00 to 2024-05-01T00:00:00\+00:00 holds no instant"):
        date_arguments(Window(moment, moment), "day")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 7), min_size=1, max_size=8))
def test_any_split_of_a_list_into_pages_gives_the_same_records(open_repository: Repository, xml: Xml, cuts: list[int]) -> None:
    records = [xml.record(f"r{number}", f"<metadata>{number}&amp;é</metadata>") for number in range(sum(cuts))]
    starts = [sum(cuts[:place]) for place in range(len(cuts) + 1)]

    def answer(query: dict[str, str]) -> bytes:
        place = int(query.get("resumptionToken", "0"))
        token = str(place + 1) if place + 1 < len(cuts) else None
        return xml.page("".join(records[starts[place] : starts[place + 1]]), token)

    pages = list(open_repository(answer).pages(Window()))
    rows = [row for page in pages for row in page.records.to_pylist()]
    assert [row["body"].decode() for row in rows] == records
    assert [row["identifier"] for row in rows] == [f"r{number}" for number in range(len(records))]
    assert len({row["envelope"] for row in rows}) == 1
    assert [page.number for page in pages] == list(range(1, len(cuts) + 1))
