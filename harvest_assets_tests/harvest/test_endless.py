"""The guard against lists that do not end, on pages made by hand."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from harvest_assets.harvest.endless import EMPTY_PAGES_TOLERATED, EMPTY_PAGES_TOLERATED_BEFORE_THE_TOTAL, EndGuard
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.record import RAW_RECORDS, Page

EXCHANGE = Exchange("GET", "http://x", "http://x", 200, 0, datetime(2026, 1, 1, tzinfo=UTC), 0.0, 1)


def page(number: int, identifiers: list[str], *, announced: int | None = None) -> Page:
    rows = [
        {"identifier": each, "datestamp": "", "deleted": False, "set_specs": [], "body": b"", "envelope": b"", "page": number}
        for each in identifiers
    ]
    return Page(number, pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS), (), f"next-{number}", announced, EXCHANGE)


def check_empty_pages(announced: int | None) -> int:
    guard = EndGuard(max_pages=1_000_000)
    number = 1
    while guard.check(page(number, [], announced=announced)) is None:
        number += 1
    return number


def test_empty_pages_are_tolerated_while_the_total_is_still_to_come() -> None:
    assert check_empty_pages(None) == EMPTY_PAGES_TOLERATED + 1
    assert check_empty_pages(400) == EMPTY_PAGES_TOLERATED_BEFORE_THE_TOTAL + 1


def test_a_page_with_records_already_seen_shows_that_the_list_repeats() -> None:
    guard = EndGuard(max_pages=10)
    assert guard.check(page(1, ["a", "b"])) is None
    assert guard.check(page(2, ["c"])) is None
    assert guard.check(page(3, ["a", "b"])) == "the page repeats the records of an earlier page: the list does not end"


@pytest.mark.parametrize(("shows", "words"), [(True, "resumption token 'next-1'"), (False, "position of the next page")])
def test_a_position_that_comes_again_is_shown_only_when_it_may_be(shows: bool, words: str) -> None:  # noqa: FBT001 - a parameter of the test
    guard = EndGuard(max_pages=10, shows_positions=shows)
    guard.note("next-1")
    assert guard.check(page(1, ["a"])) == f"the {words} repeats: the list does not end"


def test_more_records_than_announced_by_more_than_a_page_is_no_list() -> None:
    guard = EndGuard(max_pages=10)
    assert guard.check(page(1, ["a", "b"], announced=2)) is None
    assert guard.check(page(2, ["c", "d"], announced=2)) is None
    assert guard.check(page(3, ["e"], announced=2)) == "the list does not end: 5 records received, 2 announced"
