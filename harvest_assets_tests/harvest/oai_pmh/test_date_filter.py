"""Granularity that is wrong, and datestamps that lie outside of the window."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harvest_assets.harvest.oai_pmh import OaiPmh
from harvest_assets.harvest.oai_pmh.errors import BadArgumentError
from harvest_assets.model.window import Window

Server = Any  # the fixtures of conftest, which tests cannot import from
Xml = Any
Repository = Callable[..., OaiPmh]
MAY = Window(datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 3, tzinfo=UTC))
NOTE = "the repository promises seconds and refuses times (badArgument): it is asked by days; see the option granularity"


def refuse_times(xml: Xml, promised: str = "YYYY-MM-DDThh:mm:ssZ") -> Callable[[dict[str, str]], bytes]:
    def answer(query: dict[str, str]) -> bytes:
        if query["verb"] == "Identify":
            return xml.identify(promised)
        return xml.error("badArgument", "from") if "T" in query.get("from", "") + query.get("until", "") else xml.page(xml.record("a"))

    return answer


def test_a_repository_that_refuses_times_is_asked_by_days_from_then_on(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(refuse_times(xml))
    protocol.identify()
    assert protocol.smallest_window() == timedelta(seconds=1)
    (page,) = protocol.pages(MAY)
    assert page.notes == (NOTE,)
    assert protocol.smallest_window() == timedelta(days=1)
    (page,) = protocol.pages(MAY)
    assert (page.notes, page.records.num_rows) == ((), 1)
    sent = [query.get("from") for query in server.queries]
    assert sent == [None, "2024-05-01T00:00:00Z", "2024-05-01", "2024-05-01"]


def test_a_bad_argument_that_is_no_time_is_an_error(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(lambda query: xml.identify() if query["verb"] == "Identify" else xml.error("badArgument", "set"))
    with pytest.raises(BadArgumentError, match="library: page 1: the repository answered badArgument: 'set'"):
        list(protocol.pages(Window()))
    assert len(server.queries) == 1
    with pytest.raises(BadArgumentError, match="badArgument: 'set'"):
        list(protocol.pages(MAY))
    assert protocol.smallest_window() == timedelta(seconds=1)


def test_the_source_may_know_the_granularity_better(server: Server, open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(refuse_times(xml), granularity="day")
    assert protocol.smallest_window() == timedelta(days=1)
    assert [page.notes for page in protocol.pages(MAY)] == [()]
    assert [query["verb"] for query in server.queries] == ["ListRecords"]
    protocol = open_repository(refuse_times(xml), granularity="seconds")
    protocol.identify()
    with pytest.raises(BadArgumentError, match="badArgument: 'from'"):
        list(protocol.pages(MAY))


def test_a_repository_that_promises_days_may_send_times(open_repository: Repository, xml: Xml) -> None:
    protocol = open_repository(refuse_times(xml, "YYYY-MM-DD"))
    (page,) = protocol.pages(MAY)
    assert (page.records.column("datestamp").to_pylist(), page.notes) == ([xml.DATE], ())
    assert protocol.smallest_window() == timedelta(days=1)


@pytest.mark.parametrize(
    ("stamp", "is_told"),
    [
        ("2024-04-30T00:00:00Z", False),
        ("2024-04-30", False),
        ("2024-04-29T23:59:59Z", True),
        ("2024-04-29", True),
        ("2024-05-03T23:59:59Z", False),
        ("2024-05-03", False),
        ("2024-05-04T00:00:01Z", True),
        ("2024-05-05", True),
        ("1970-01-01T00:00:00Z", True),
        ("", False),
        ("yesterday", False),
    ],
)
def test_datestamps_a_day_outside_are_kept_and_told_of(open_repository: Repository, xml: Xml, stamp: str, is_told: bool) -> None:  # noqa: FBT001 - a parameter of the table above
    text = xml.record("a") + xml.record("b").replace(xml.DATE, stamp)
    protocol = open_repository(lambda query: xml.identify() if query["verb"] == "Identify" else xml.page(text))
    (page,) = protocol.pages(MAY)
    assert page.records.num_rows == 2
    note = f"1 of 2 records of a page have datestamps a day or more outside of the window asked for, such as {stamp!r}; they were kept"
    assert page.notes == ((note,) if is_told else ())


def test_open_sides_and_unfiltered_lists_have_no_outside(open_repository: Repository, xml: Xml) -> None:
    text = "".join(xml.record(day).replace(xml.DATE, day) for day in ("1990-01-01", "2090-01-01"))
    answer = lambda query: xml.identify() if query["verb"] == "Identify" else xml.page(text)  # noqa: E731

    def noted(window: Window, **options: object) -> list[str]:
        return [note.partition("such as ")[2][:12] for page in open_repository(answer, **options).pages(window) for note in page.notes]

    assert noted(Window()) == []
    assert noted(MAY, date_filter=False) == []
    assert noted(Window(MAY.start, None)) == ["'1990-01-01'"]
    assert noted(Window(None, MAY.end)) == ["'2090-01-01'"]
