"""Gaps: failed ranges that nothing has covered since."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.stages.gaps import find_gaps, last_written
from harvest_assets.stages.harvest_ledger import HarvestRow, Status

FIRST = date(2026, 1, 1)


def on(number: int) -> str:
    return str(FIRST + timedelta(days=number))


def row(start: int, end: int, status: Status, *, tried: int = 0, version: str = "a", **facts: object) -> HarvestRow:
    """A range of days and the window that was asked for with it; ``tried`` is the order of attempts."""
    begun = f"2026-06-01T00:00:{tried:02d}+00:00"
    window = {"window_start": f"{on(start)}T00:00:00+00:00", "window_end": f"{on(end)}T00:00:00+00:00"}
    made = HarvestRow(
        "lib", version, "1", on(start), on(end), status=status, created_at=begun, started_at=begun, is_complete=True, **window
    )
    return replace(made, **facts)


def ranges(rows: list[HarvestRow]) -> list[tuple[str | None, str | None]]:
    return [(each.start, each.end) for each in find_gaps(rows)]


def test_a_failed_range_is_a_gap_until_others_cover_it_together() -> None:
    failed = row(2, 6, "failed", tried=9)
    assert ranges([failed]) == [(on(2), on(6))]
    assert ranges([failed, row(0, 4, "succeeded"), row(5, 9, "succeeded")]) == [(on(2), on(6))]
    assert ranges([failed, row(0, 4, "succeeded"), row(4, 9, "succeeded")]) == []


def test_only_complete_successes_cover() -> None:
    failed = row(2, 6, "failed")
    assert len(find_gaps([failed, row(0, 9, "succeeded", tried=1, is_complete=False)])) == 1
    for status in ("created", "started", "rescheduled", "skipped", "split", "cancelled"):
        assert len(find_gaps([failed, row(0, 9, status, tried=1)])) == 1


def test_what_another_version_received_counts_when_it_came_later() -> None:
    failed = row(2, 6, "failed", tried=5)
    assert find_gaps([failed, row(0, 9, "succeeded", tried=6, version="b")]) == []
    assert len(find_gaps([failed, row(0, 9, "succeeded", tried=4, version="b")])) == 1
    assert find_gaps([failed, row(0, 9, "succeeded", tried=4)]) == []


def test_open_windows_reach_from_the_beginning_to_the_start_of_their_harvest() -> None:
    full = row(9, 10, "succeeded", tried=1, window_start=None, window_end=None)
    before, after = row(2, 6, "failed"), row(200, 201, "failed")
    assert ranges([before, after, full]) == [(on(200), on(201))]
    assert ranges([replace(before, start=None), full]) == []
    assert ranges([replace(before, end=None)]) == [(on(2), None)]


def test_parts_of_a_gap_are_not_listed_beside_it_and_cover_nothing() -> None:
    whole = row(0, 10, "failed")
    parts = [row(0, 5, "succeeded", part_of=f"{on(0)}/{on(10)}"), row(5, 10, "failed", part_of=f"{on(0)}/{on(10)}")]
    assert ranges([whole, *parts]) == [(on(0), on(10))]
    assert ranges([replace(whole, status="split"), *parts]) == [(on(5), on(10))]
    assert ranges([replace(whole, status="succeeded"), *parts]) == []


def test_a_row_was_written_last_at_the_latest_of_its_times() -> None:
    made = row(0, 1, "succeeded", tried=1)
    assert last_written(made) == made.started_at
    assert last_written(replace(made, turned_away_at="2026-07-01T00:00:00+00:00")) == "2026-07-01T00:00:00+00:00"


days = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
rows = st.lists(st.tuples(days, st.sampled_from(["succeeded", "failed"])), max_size=8, unique_by=lambda each: each[0])


@given(rows)
@settings(max_examples=150, deadline=None)
def test_a_gap_is_a_failed_range_with_a_day_that_nobody_received(given_rows: list[tuple[tuple[int, int], Status]]) -> None:
    received = {day for (start, end), status in given_rows if status == "succeeded" for day in range(start, end)}
    expected = sorted(each for each, status in given_rows if status == "failed" and not received.issuperset(range(*each)))
    found = find_gaps(row(*each, status) for each, status in given_rows)
    zero = datetime.combine(FIRST, datetime.min.time(), UTC)
    numbers = [
        tuple((datetime.fromisoformat(str(text)).replace(tzinfo=UTC) - zero).days for text in (each.start, each.end)) for each in found
    ]
    assert numbers == expected
