"""Cut windows: whatever the range, its parts and their tail cover it once, and attempts cut it in the same places."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.harvest.parts import MOST_PARTS, Span, cut_window, halve
from harvest_assets.model.window import Window

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 20), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive, values are not


def span(interval: timedelta = 30 * DAY, smallest: timedelta = DAY, earliest: datetime | None = None, now: datetime = NOW) -> Span:
    return Span(interval, smallest, earliest, now, HOUR)


@given(start=TIMES, end=TIMES, interval=st.integers(1, 3_000), smallest=st.sampled_from([SECOND, DAY]))
def test_the_parts_of_a_closed_window_follow_one_another_without_gap_or_overlap(start, end, interval, smallest):
    window = Window(min(start, end), max(start, end) + SECOND)
    parts, tail = cut_window(window, span(interval * HOUR, smallest))
    assert tail is None
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert all(part.start < part.end for part in parts)
    assert len(parts) <= MOST_PARTS + 2
    assert len(parts) > 1 or window.end - window.start <= max(interval * HOUR, DAY) + DAY


@given(earliest=TIMES, interval=st.integers(1, 400))
def test_an_open_window_ends_in_a_tail_that_begins_before_the_harvest(earliest, interval):
    parts, tail = cut_window(Window(), span(interval * DAY, earliest=earliest))
    if tail is None:
        assert parts == [Window()]
        return
    assert parts[0].start is None
    assert parts[-1].end == tail.start
    assert tail.end is None
    assert tail.start <= NOW - HOUR


def test_the_same_range_is_cut_in_the_same_places_a_day_later():
    earliest = datetime(2020, 3, 5, 7, tzinfo=UTC)
    today, _ = cut_window(Window(), span(earliest=earliest))
    tomorrow, _ = cut_window(Window(), span(earliest=earliest, now=NOW + DAY))
    assert list(today[:-1]) == list(tomorrow[: len(today) - 1])


def test_boundaries_fall_on_midnight_where_the_server_knows_days_only():
    parts, tail = cut_window(Window(), span(interval=36 * HOUR, earliest=NOW - 20 * DAY))
    assert tail is not None
    assert all(part.end.hour == part.end.minute == 0 for part in parts if part.end)


def test_a_window_without_a_known_beginning_or_within_the_interval_stays_whole():
    assert cut_window(Window(), span()) == ([Window()], None)
    recent = Window(NOW - 3 * DAY)
    assert cut_window(recent, span()) == ([recent], None)


@given(start=TIMES, seconds=st.integers(2, 10_000_000))
def test_halves_meet_where_the_server_can_tell_times_apart(start, seconds):
    window = Window(start.replace(microsecond=0), start.replace(microsecond=0) + timedelta(seconds=seconds))
    found = halve(window, span(smallest=SECOND))
    assert found is not None
    one, other = found
    assert (one.start, one.end, other.end) == (window.start, other.start, window.end)
    assert window.start < one.end < window.end


def test_the_shortest_window_has_no_halves():
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    assert halve(Window(midnight, midnight + DAY), span()) is None
    assert halve(Window(midnight, midnight + SECOND), span(smallest=SECOND)) is None
    assert halve(Window(None, midnight), span()) is None
