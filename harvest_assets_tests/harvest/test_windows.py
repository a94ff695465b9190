"""Windows: what is asked for, what it proves, and where the next one begins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.windows import Cursor, Habits, day_of, next_start, plan_window, proves_absence, wants_full
from harvest_assets.model.window import DAY, Window, midnight, next_midnight

TODAY = date(2026, 3, 10)
FILTERS = Habits(filters_by_date=True)
DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 9))


def test_without_history_everything_is_asked_for() -> None:
    assert plan_window([TODAY], TODAY, FILTERS, None) == Window()
    assert plan_window([TODAY], TODAY, Habits(filters_by_date=True, earliest=date(2020, 1, 1)), None) == Window(midnight(date(2020, 1, 1)))


@given(first=DAYS, length=st.integers(1, 5), cursor_hours=st.integers(-2000, 2000))
def test_a_window_covers_every_day_that_was_asked_for_and_begins_at_the_cursor_at_the_latest(
    first: date, length: int, cursor_hours: int
) -> None:
    days = [first + DAY * number for number in range(length) if first + DAY * number <= TODAY]
    start = midnight(first) + timedelta(hours=cursor_hours)
    window = plan_window(days, TODAY, FILTERS, Cursor(start, first))
    assert window.start is not None
    assert window.start <= midnight(first)
    assert window.start <= start
    assert window.end == (None if days[-1] == TODAY else next_midnight(days[-1]))


def test_a_full_harvest_is_only_for_today() -> None:
    cursor = Cursor(midnight(TODAY), None)
    assert plan_window([TODAY], TODAY, FILTERS, cursor, force_full=True) == Window()
    yesterday = TODAY - DAY
    window = plan_window([yesterday], TODAY, FILTERS, cursor, force_full=True)
    assert window == Window(midnight(yesterday), midnight(TODAY))


def test_days_that_cannot_be_asked_for_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="2026-03-11 is still to come; harvest 2026-03-10 or earlier"):
        plan_window([TODAY + DAY], TODAY, FILTERS, None)
    unfiltered = Habits(filters_by_date=False)
    assert plan_window([TODAY], TODAY, unfiltered, Cursor(midnight(TODAY), None)) == Window()
    for days in ([TODAY - DAY], [TODAY - DAY, TODAY]):
        with pytest.raises(
            ConfigurationError, match=r"2026-03-09 is past and the source cannot be asked for a span of dates .*; harvest 2026-03-10"
        ):
            plan_window(days, TODAY, unfiltered, None)


@pytest.mark.parametrize(
    ("habits", "age_days", "expected"),
    [
        (Habits(filters_by_date=True, mode="full"), 0, True),
        (Habits(filters_by_date=True, deleted_record="persistent"), 1000, False),
        (Habits(filters_by_date=True, deleted_record="no"), 29, False),
        (Habits(filters_by_date=True, deleted_record="no"), 30, True),
        (Habits(filters_by_date=True, deleted_record="transient"), 30, True),
        (Habits(filters_by_date=True, mode="incremental", deleted_record="no"), 1000, False),
        (Habits(filters_by_date=True, mode="incremental", full_every_days=7), 7, True),
    ],
)
def test_everything_is_asked_for_again_when_absence_alone_shows_what_is_gone(habits: Habits, age_days: int, *, expected: bool) -> None:
    assert wants_full(habits, Cursor(midnight(TODAY), TODAY - DAY * age_days), TODAY) is expected


def test_only_an_open_window_from_the_beginning_proves_absence() -> None:
    earliest = date(2020, 1, 1)
    assert proves_absence(Window(), None)
    assert proves_absence(Window(midnight(earliest)), earliest)
    assert not proves_absence(Window(midnight(earliest) + DAY), earliest)
    assert not proves_absence(Window(midnight(earliest)), None)
    assert not proves_absence(Window(None, midnight(TODAY)), None)


def test_the_next_window_begins_before_the_start_of_this_harvest_and_before_the_end_of_its_window() -> None:
    started_at, hour = datetime(2026, 3, 10, 5, tzinfo=UTC), timedelta(hours=1)
    assert next_start(started_at, Window(), hour) == datetime(2026, 3, 10, 4, tzinfo=UTC)
    assert next_start(started_at, Window(None, midnight(date(2026, 3, 2))), hour) == datetime(2026, 3, 1, 23, tzinfo=UTC)


@given(first=DAYS, length=st.integers(1, 6), moment=st.datetimes(datetime(2025, 12, 1), datetime(2026, 4, 1)))  # noqa: DTZ001 - made aware below
def test_a_record_belongs_to_the_day_of_its_datestamp_or_the_nearest_one(first: date, length: int, moment: datetime) -> None:
    days = [first + DAY * number for number in range(length)]
    found = day_of(moment.replace(tzinfo=UTC).isoformat(), days)
    assert found == min(days, key=lambda day: abs(day - moment.date()))


@pytest.mark.parametrize(
    ("datestamp", "expected"),
    [
        ("", 3),
        ("last week", 3),
        ("2026-03-02", 2),
        ("2026-03-02T23:30:00-02:00", 3),
        ("2026-03-02T23:30:00Z", 2),
        ("2026-03-02T10:00:00", 2),
    ],
)
def test_days_are_those_of_utc_and_what_is_no_time_belongs_to_the_last(datestamp: str, expected: int) -> None:
    assert day_of(datestamp, [date(2026, 3, day) for day in (1, 2, 3)]) == date(2026, 3, expected)
