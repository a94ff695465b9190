"""What stands against a harvest: exactly so many failures, pauses, resets, hours, in any order of the facts."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.assemble.obstacles import (
    Attempt,
    Breaker,
    Outage,
    Standing,
    describe_breaker,
    find_failures,
    find_obstacles,
    next_closing,
    next_opening,
)

Status = Literal["started", "succeeded", "failed", "cancelled", "paused", "down"]
SAME, OTHER = ("source 1", "protocol 1"), ("source 2", "protocol 1")
START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
BREAKER = Breaker(5, timedelta(days=7), SAME)


def history(*statuses: Status, versions: tuple[str, str] | None = SAME, first: datetime = START) -> list[Attempt]:
    """Attempts an hour apart, each half an hour long."""
    return [Attempt(first + number * HOUR, first + (number + 0.5) * HOUR, each, versions) for number, each in enumerate(statuses)]


def words(standing: Standing, attempts: list[Attempt], now: datetime) -> list[str]:
    return [each.because for each in find_obstacles(standing, attempts, now)]


def test_five_failures_of_five_stop_a_source_and_four_do_not() -> None:
    standing, now = Standing("lib", breaker=BREAKER), START + timedelta(days=1)
    assert words(standing, history(*["failed"] * 4), now) == []
    assert words(standing, history(*["failed"] * 5), now) == [
        "is left alone since the last 5 harvests with the same versions failed (until 2026-11-08 04:30 UTC, or `harvest reset lib`)"
    ]
    assert words(standing, history("failed", "succeeded", *["failed"] * 4), now) == []
    assert len(words(standing, history("succeeded", *["failed"] * 5), now)) == 1


def test_one_failure_may_be_enough() -> None:
    (found,) = words(Standing(breaker=Breaker(1, HOUR, SAME)), history("failed"), START + HOUR)
    assert found.startswith("is left alone since the last harvest with the same versions failed (until 2026-11-01 01:30 UTC")


@pytest.mark.parametrize("status", ["cancelled", "paused", "down", "started"])
def test_what_is_no_failure_neither_counts_nor_forgives(status: Status) -> None:
    standing, now = Standing(breaker=BREAKER), START + timedelta(days=1)
    assert words(standing, history(*["failed"] * 4, status, status), now) == []
    assert len(words(standing, history(*["failed"] * 2, status, *["failed"] * 3), now)) == 1


@pytest.mark.parametrize("versions", [OTHER, None])
def test_failures_with_other_or_unknown_versions_do_not_count(versions: tuple[str, str] | None) -> None:
    standing = Standing(breaker=BREAKER)
    before = history(*["failed"] * 5, versions=versions)
    since = history(*["failed"] * 4, first=START + timedelta(days=1))
    assert words(standing, [*before, *since], START + timedelta(days=2)) == []


def test_a_reset_forgets_the_failures_before_it() -> None:
    failures, now = history(*["failed"] * 9), START + timedelta(days=1)
    assert words(Standing(breaker=BREAKER, reset_at=START + 4 * HOUR), failures, now) == []
    assert len(words(Standing(breaker=BREAKER, reset_at=START + 3.5 * HOUR), failures, now)) == 1


def test_after_the_pause_one_try_is_allowed_and_its_failure_begins_the_pause_again() -> None:
    standing, failures = Standing(breaker=BREAKER), history(*["failed"] * 5)
    over = START + 4.5 * HOUR + BREAKER.pause
    assert len(words(standing, failures, over - timedelta(microseconds=1))) == 1
    assert words(standing, failures, over) == []
    again = [*failures, *history("failed", first=over)]
    assert len(words(standing, again, over + HOUR)) == 1
    assert words(standing, again, over + HOUR / 2 + BREAKER.pause) == []
    assert words(standing, [*failures, *history("succeeded", first=over)], over + HOUR) == []


def test_a_failure_without_an_end_counts_from_its_start() -> None:
    killed = [Attempt(START, None, "failed", SAME)]
    (found,) = find_obstacles(Standing(breaker=Breaker(1, HOUR, SAME)), killed, START)
    assert found.until == START + HOUR


def test_the_state_of_the_breaker_is_in_words() -> None:
    standing, now = Standing(breaker=BREAKER), START + timedelta(days=1)
    assert describe_breaker(Standing(), history("failed"), now) == "closed"
    assert describe_breaker(standing, [], now) == "closed"
    assert describe_breaker(standing, history("failed", "failed"), now) == "closed: 2 of 5 failed"
    assert describe_breaker(standing, history(*["failed"] * 6), now) == "open until 2026-11-08 05:30 UTC: 6 failed"
    later = START + timedelta(days=30)
    assert describe_breaker(standing, history(*["failed"] * 6), later) == "half-open, one try is allowed: 6 failed"


def test_everything_that_stands_against_a_harvest_is_told_the_most_lasting_first() -> None:
    standing = Standing(
        is_enabled=False,
        disabled_reason="being rebuilt",
        is_frozen=True,
        hours=((time(20), time(6)),),
        breaker=Breaker(1, HOUR * 48, SAME),
        outage=Outage(START, START + HOUR, "no answer"),
    )
    found = list(find_obstacles(standing, history("failed"), START + 7 * HOUR))
    assert [each.kind for each in found] == ["disabled", "frozen", "failing", "down", "hours"]
    assert found[0].because == "is disabled: being rebuilt"
    assert [each.until is None for each in found] == [True, True, False, True, False]
    assert words(Standing(is_enabled=False), [], START) == ["is disabled"]
    assert words(Standing(), history(*["failed"] * 20), START) == []


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
statuses = st.sampled_from(["succeeded", "failed", "failed", "failed", "cancelled", "paused", "down", "started"])
attempts = st.builds(
    lambda start, status, versions: Attempt(start, start, status, versions), moments, statuses, st.sampled_from([SAME, OTHER])
)


@given(st.lists(attempts, max_size=15), st.integers(1, 5), st.none() | moments, st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_the_breaker_opens_exactly_when_the_last_so_many_failed(
    tried: list[Attempt], failures: int, reset_at: datetime | None, shuffle: Random
) -> None:
    standing = Standing(breaker=Breaker(failures, timedelta(days=1000), SAME), reset_at=reset_at)
    counted = sorted(
        (
            each
            for each in tried
            if each.status in {"failed", "succeeded"} and each.versions == SAME and (not reset_at or each.started_at > reset_at)
        ),
        key=lambda each: (each.started_at, each.status),
    )
    is_open = len(counted) >= failures and all(each.status == "failed" for each in counted[-failures:])
    shuffled = shuffle.sample(tried, len(tried))
    assert bool(words(standing, shuffled, datetime(2026, 12, 2, tzinfo=UTC))) is is_open
    assert (len(find_failures(standing, shuffled)) >= failures) is is_open


clocks = st.builds(time, st.integers(0, 23), st.integers(0, 59))
spans = st.lists(st.tuples(clocks, clocks).filter(lambda span: span[0] != span[1]), min_size=1, max_size=4)
minutes = moments.map(lambda moment: moment.replace(second=0, microsecond=0))


def is_open(hours: list[tuple[time, time]], moment: datetime) -> bool:
    """By minutes of the day, one by one."""
    numbers = [(start.hour * 60 + start.minute, end.hour * 60 + end.minute) for start, end in hours]
    now = moment.hour * 60 + moment.minute
    return any(now in range(start, end) if start < end else now not in range(end, start) for start, end in numbers)


@given(spans, minutes)
@settings(max_examples=150, deadline=None)
def test_hours_open_at_the_first_minute_that_is_inside_and_close_at_the_first_that_is_not(
    hours: list[tuple[time, time]], moment: datetime
) -> None:
    day = [moment + timedelta(minutes=number) for number in range(24 * 60)]
    assert next_opening(hours, moment) == next(each for each in day if is_open(hours, each))
    assert next_closing(hours, moment) == next((each for each in day if not is_open(hours, each)), None)


def test_without_hours_it_is_always_open() -> None:
    assert (next_opening([], START), next_closing([], START)) == (START, None)
    assert next_closing([(time(0), time(12)), (time(12), time(0))], START) is None
