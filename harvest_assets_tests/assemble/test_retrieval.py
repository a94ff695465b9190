"""When a source is due: names, cron, failures, and the boundaries of days."""

from datetime import UTC, datetime, time, timedelta, timezone
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.assemble.obstacles import Attempt, Breaker, Outage, Standing
from harvest_assets.assemble.retrieval import DAYS, Frequency, Schedule, due, parse_frequency
from harvest_assets.errors import ConfigurationError

SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


Status = Literal["started", "succeeded", "failed", "cancelled", "paused", "down"]
SAME = ("source 1", "protocol 1")


def attempt(started: str, status: Status = "succeeded", *, minutes: int = 5, is_past: bool = False) -> Attempt:
    started_at = at(started)
    ended_at = None if status == "started" else started_at + timedelta(minutes=minutes)
    return Attempt(started_at, ended_at, status, SAME, is_past)


def schedule(frequency: str = "daily", *, frozen: bool = False, enabled: bool = True, retry_frequency: str = "weekly") -> Schedule:
    return Schedule(frequency, retry_frequency, Standing(is_enabled=enabled, is_frozen=frozen))


def standing(frequency: str = "daily", **facts: Any) -> Schedule:
    return Schedule(frequency, standing=Standing(**facts))


@pytest.mark.parametrize(("name", "days"), [*DAYS.items(), ("never", None)])
def test_every_name_is_a_number_of_days(name: str, days: int | None) -> None:
    assert parse_frequency(name) == Frequency(name, days=days)


@pytest.mark.parametrize("text", ["0 3 * * *", "*/15 6-18 * * mon-fri", "0 0 29 2 *", "0 0 1 JAN,JUL *", "30 2 * * 1-5"])
def test_five_fields_are_a_cron_expression(text: str) -> None:
    assert parse_frequency(f" {text.replace(' ', '  ')} ").cron == text


@pytest.mark.parametrize(
    "text", ["", "Daily", "hourly", "0 25 * * *", "0 3 * *", "0 3 * * * 5", "@daily", "H 3 * * *", "R 3 * * *", "0 0 31 2 *", "0 0 L * *"]
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    allowed = "daily, weekly, biweekly, monthly, half-yearly, annually, never, and no cron expression of five fields"
    with pytest.raises(ConfigurationError, match=rf"^frequency: '.*' is not one of {allowed}"):
        parse_frequency(text)


def test_a_wrong_frequency_is_refused_even_for_a_source_that_is_off() -> None:
    with pytest.raises(ConfigurationError, match="frequency: 'sometimes' is not one of"):
        due(schedule("sometimes", enabled=False), [], at("2026-11-03T00:00"))


def test_a_cron_expression_is_no_frequency_after_failures() -> None:
    with pytest.raises(ConfigurationError, match=r"retry_frequency: '0 3 \* \* \*' is a cron expression; allowed are daily"):
        due(schedule(retry_frequency="0 3 * * *"), [], at("2026-11-03T00:00"))


@pytest.mark.parametrize(
    ("given", "because"),
    [
        (schedule(enabled=False, frozen=True), "is disabled"),
        (schedule(frozen=True), "is frozen"),
        (schedule("never"), "has frequency 'never': it is harvested by hand only"),
    ],
)
@pytest.mark.parametrize("attempts", [[], [attempt("2020-01-01T00:00")], [attempt("2020-01-01T00:00", "failed")]])
def test_a_source_that_is_off_is_never_due(given: Schedule, because: str, attempts: list[Attempt]) -> None:
    answer = due(given, attempts, at("2026-11-03T00:00"))
    assert not answer.is_due
    assert answer.because.startswith(because)
    assert answer.next_at is None


@pytest.mark.parametrize("frequency", ["annually", "0 3 * * *"])
def test_a_source_that_was_never_harvested_is_due_at_once(frequency: str) -> None:
    answer = due(schedule(frequency), [], at("2026-11-03T12:00"))
    assert (answer.is_due, answer.because) == (True, "was never harvested")


def test_a_source_that_is_being_harvested_is_not_due() -> None:
    attempts = [attempt("2026-10-03T01:00", "failed"), attempt("2026-10-02T01:00", "started"), attempt("2026-10-01T01:00", "started")]
    answer = due(schedule(), attempts, at("2026-11-03T00:00"))
    assert not answer.is_due
    assert answer.because == "is being harvested since 2026-10-01 01:00 UTC"


@pytest.mark.parametrize(("name", "days"), DAYS.items())
@pytest.mark.parametrize("time_of_day", ["00:00:00", "11:30:00", "23:59:59"])
def test_an_interval_ends_with_the_midnight_of_its_last_day(name: str, days: int, time_of_day: str) -> None:
    attempts = [attempt(f"2026-11-03T{time_of_day}", minutes=3000)]
    expected = at("2026-11-03") + timedelta(days=days)
    before, on_time = due(schedule(name), attempts, expected - SECOND), due(schedule(name), attempts, expected)
    assert (before.is_due, on_time.is_due) == (False, True)
    assert before.next_at == on_time.next_at == expected
    started = f"2026-11-03 {time_of_day[:5]} UTC"
    assert on_time.because == f"frequency {name!r}; the last harvest started at {started} and succeeded"
    assert before.because == f"{on_time.because}; next at {expected:%Y-%m-%d} 00:00 UTC"


def test_days_are_utc_days_whatever_zone_a_time_is_given_in() -> None:
    zone = timezone(timedelta(hours=13))
    last = Attempt(datetime(2026, 11, 4, 1, tzinfo=zone), datetime(2026, 11, 4, 2, tzinfo=zone), "succeeded")  # 3 November, 12:00 UTC
    assert due(schedule(), [last], datetime(2026, 11, 4, 13, tzinfo=zone)).is_due
    assert not due(schedule(), [last], datetime(2026, 11, 4, 12, 59, tzinfo=zone)).is_due


@pytest.mark.parametrize(
    ("frequency", "retry_frequency", "days"),
    [
        ("annually", "weekly", 7),
        ("monthly", "biweekly", 14),
        ("daily", "weekly", 1),
        ("weekly", "monthly", 7),
        ("annually", "never", 365),
        ("0 0 1 1 *", "weekly", 7),
    ],
)
def test_after_a_failure_the_shorter_interval_counts(frequency: str, retry_frequency: str, days: int) -> None:
    attempts = [attempt("2026-01-05T02:00"), attempt("2026-02-05T23:58", "failed")]
    given = schedule(frequency, retry_frequency=retry_frequency)
    expected = at("2026-02-05") + timedelta(days=days)
    assert not due(given, attempts, expected - SECOND).is_due
    assert due(given, attempts, expected).is_due
    assert due(given, attempts, expected).next_at == expected


def test_a_failure_before_the_last_success_is_forgotten() -> None:
    attempts = [attempt("2026-02-05T02:00", "failed"), attempt("2026-02-05T04:00")]
    assert due(schedule("annually"), attempts, at("2026-02-06")).next_at == at("2027-02-05")


@pytest.mark.parametrize(
    ("failed_at", "next_at"),
    [
        (["00:00"], "2026-11-03T00:20"),
        (["00:00", "00:20"], "2026-11-03T01:25"),
        (["00:00", "00:20", "01:25"], "2026-11-03T05:30"),
        (["00:00", "00:20", "01:25", "05:30"], "2026-11-10T00:00"),
        (["20:00", "21:00", "22:00"], "2026-11-10T00:00"),  # four hours later is another day
    ],
)
def test_a_failure_is_retried_three_times_on_its_day_with_growing_pauses(failed_at: list[str], next_at: str) -> None:
    attempts = [attempt(f"2026-11-03T{clock}", "failed") for clock in failed_at]
    answer = due(schedule("annually"), attempts, at(next_at) - SECOND)
    assert not answer.is_due
    assert answer.next_at == at(next_at)
    assert due(schedule("annually"), list(reversed(attempts)), at(next_at)).is_due


def test_the_words_of_a_retry_count_it() -> None:
    attempts = [attempt("2026-11-03T00:00", "failed"), attempt("2026-11-03T00:20", "failed")]
    assert due(schedule(), attempts, at("2026-11-03T02:00")).because == (
        "retry 2 of 3 on the day of a failure; the last harvest started at 2026-11-03 00:20 UTC and failed"
    )


def test_failures_of_another_day_or_before_a_success_do_not_use_up_the_retries() -> None:
    yesterday = [attempt(f"2026-11-02T0{hour}:00", "failed") for hour in range(4)]
    today = [attempt("2026-11-03T00:00", "failed"), attempt("2026-11-03T01:00"), attempt("2026-11-03T02:00", "failed")]
    assert due(schedule(), [*yesterday, *today], at("2026-11-03T02:30")).next_at == at("2026-11-03T02:20")


def test_a_failure_without_an_end_counts_from_its_start() -> None:
    assert due(schedule(), [Attempt(at("2026-11-03T01:00"), None, "failed")], at("2026-11-03T02:00")).next_at == at("2026-11-03T01:15")


@pytest.mark.parametrize(
    ("started", "now", "is_due"),
    [
        ("2026-11-03T02:59:59.999999", "2026-11-03T02:59:59.999999", False),
        ("2026-11-03T02:59:59.999999", "2026-11-03T03:00:00", True),
        ("2026-11-03T03:00:00", "2026-11-03T03:00:00", False),
        ("2026-11-03T03:00:00.000001", "2026-11-04T02:59:59", False),
        ("2026-11-03T03:00:00.000001", "2026-11-04T03:00:00", True),
        ("2026-11-01T12:00", "2026-11-03T12:00", True),
    ],
)
def test_cron_is_due_when_an_instant_passed_since_the_last_start(started: str, now: str, is_due: bool) -> None:  # noqa: FBT001 - a column of the table
    answer = due(schedule("0 3 * * *"), [attempt(started)], at(now))
    assert answer.is_due is is_due
    assert answer.because.startswith("cron '0 3 * * *' (UTC); the last harvest started at")


def test_cron_retries_a_failure_on_its_day() -> None:
    answer = due(schedule("0 3 * * *"), [attempt("2026-11-03T03:01", "failed")], at("2026-11-03T03:30"))
    assert (answer.is_due, answer.next_at) == (True, at("2026-11-03T03:21"))


@pytest.mark.parametrize(("status", "words"), [("cancelled", "was cancelled"), ("paused", "paused")])
def test_a_harvest_that_was_not_finished_shortens_the_interval_like_a_failure(status: Status, words: str) -> None:
    answer = due(schedule("annually"), [attempt("2026-11-03T01:00", status)], at("2026-11-11"))
    assert (answer.is_due, answer.because.endswith(f"the last harvest started at 2026-11-03 01:00 UTC and {words}")) == (True, True)


def test_a_cancelled_harvest_is_not_started_again_on_its_day_and_a_paused_one_is() -> None:
    cancelled, paused = [attempt("2026-11-03T01:00", "cancelled")], [attempt("2026-11-03T23:50", "paused")]
    assert due(schedule(), cancelled, at("2026-11-03T23:59")).next_at == at("2026-11-04")
    assert due(schedule("weekly"), paused, at("2026-11-04T00:09")).next_at == at("2026-11-04T00:10")
    assert due(schedule("weekly"), paused, at("2026-11-04T00:10")).because.startswith("goes on where it paused; the last harvest started")


def test_a_cancelled_harvest_neither_uses_up_a_retry_nor_forgives_a_failure() -> None:
    attempts = [attempt("2026-11-03T00:00", "failed"), attempt("2026-11-03T00:30", "cancelled"), attempt("2026-11-03T01:00", "failed")]
    assert due(schedule(), attempts, at("2026-11-03T01:30")).next_at == at("2026-11-03T02:05")


def test_an_attempt_that_found_the_source_down_is_no_try() -> None:
    attempts = [attempt("2026-11-02T01:00"), attempt("2026-11-03T01:00", "down")]
    answer = due(schedule(), attempts, at("2026-11-03T01:10"))
    assert (answer.is_due, answer.next_at) == (True, at("2026-11-03"))
    assert due(schedule(), attempts[1:], at("2026-11-03T01:10")).because == "was never harvested"


def test_a_harvest_of_past_days_says_nothing_about_today_once_it_has_ended() -> None:
    assert due(schedule(), [attempt("2026-11-03T01:00", is_past=True)], at("2026-11-03T02:00")).because == "was never harvested"
    assert not due(schedule(), [attempt("2026-11-03T01:00", "started", is_past=True)], at("2026-11-03T02:00")).is_due


def test_outside_its_hours_a_source_that_is_due_waits_for_them() -> None:
    given = standing(hours=((time(20), time(6)), (time(12), time(13))))
    last = [attempt("2026-11-02T21:00")]
    answer = due(given, last, at("2026-11-03T07:00"))
    assert (answer.is_due, answer.next_at) == (False, at("2026-11-03T12:00"))
    assert answer.because == "is outside its hours, 20:00-06:00, 12:00-13:00 UTC (next at 2026-11-03 12:00 UTC)"
    assert due(given, last, at("2026-11-03T05:59:59")).is_due
    assert due(given, [], at("2026-11-03T06:00")).next_at == at("2026-11-03T12:00")


def test_a_source_that_is_not_due_says_when_with_its_hours_in_mind() -> None:
    answer = due(standing(hours=((time(20), time(22)),)), [attempt("2026-11-03T21:00")], at("2026-11-03T23:00"))
    assert (answer.is_due, answer.next_at) == (False, at("2026-11-04T20:00"))
    assert answer.because.startswith("frequency 'daily'; the last harvest started at")
    assert answer.because.endswith("; next at 2026-11-04 20:00 UTC")


def test_a_source_that_failed_too_often_is_due_when_the_pause_is_over_and_not_before() -> None:
    breaker = Breaker(3, timedelta(days=7), SAME)
    failures = [attempt(f"2026-11-0{day}T01:00", "failed") for day in (1, 2, 3)]
    given = standing(source="lib", breaker=breaker)
    answer = due(given, failures, at("2026-11-06"))
    assert (answer.is_due, answer.next_at) == (False, at("2026-11-10T01:05"))
    words = "is left alone since the last 3 harvests with the same versions failed (until 2026-11-10 01:05 UTC, or `harvest reset lib`)"
    assert answer.because == words
    assert due(given, failures, at("2026-11-10T01:05")).is_due
    assert due(given, failures[1:], at("2026-11-06")).is_due
    again = [*failures, attempt("2026-11-10T02:00", "failed")]
    assert due(given, again, at("2026-11-12")).next_at == at("2026-11-17T02:05"), "the one try failed: the pause begins again"


def test_a_reset_makes_a_failing_source_due_at_once() -> None:
    failures = [attempt(f"2026-11-03T0{hour}:00", "failed") for hour in range(5)]
    breaker = Breaker(5, timedelta(days=7), SAME)
    answer = due(standing(breaker=breaker, reset_at=at("2026-11-03T05:00")), failures, at("2026-11-03T05:01"))
    assert (answer.is_due, answer.because, answer.next_at) == (True, "was reset at 2026-11-03 05:00 UTC", None)
    after_success = [attempt("2026-10-01T01:00"), *failures]
    assert due(standing(reset_at=at("2026-11-03T05:00")), after_success, at("2026-11-03T05:01")).next_at == at("2026-10-02")
    later = [*failures, attempt("2026-11-03T05:02", "failed")]
    assert not due(standing(reset_at=at("2026-11-03T05:00")), later, at("2026-11-03T05:10")).is_due


def test_a_source_that_is_down_is_not_due_and_time_does_not_decide_when() -> None:
    outage = Outage(at("2026-11-03T00:10"), at("2026-11-03T02:00"), "status 503")
    answer = due(standing(outage=outage), [], at("2026-11-03T01:00"))
    assert (answer.is_due, answer.next_at) == (False, None)
    assert answer.because == "is down since 2026-11-03 00:10 UTC: status 503 (next look at 2026-11-03 02:00 UTC)"
    assert due(standing(outage=outage), [], at("2026-11-03T02:00")).because.endswith("status 503 (the next look is due)")


def test_a_harvest_that_was_put_off_waits_for_its_time() -> None:
    given = Schedule("daily", retry_at=at("2026-11-03T01:00"))
    answer = due(given, [], at("2026-11-03T00:59"))
    assert (answer.is_due, answer.next_at) == (False, at("2026-11-03T01:00"))
    assert answer.because == "was put off while another run was at it; next at 2026-11-03 01:00 UTC"
    assert due(given, [], at("2026-11-03T01:00")).is_due
    assert due(given, [attempt("2026-11-03T00:30")], at("2026-11-03T01:00")).next_at == at("2026-11-04")


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
endings = st.sampled_from(["succeeded", "failed", "failed", "cancelled", "paused", "down"])
histories = st.lists(st.builds(lambda start, status: Attempt(start, start + SECOND, status, SAME), moments, endings), max_size=8)
clocks = st.times().map(lambda clock: clock.replace(microsecond=0))
spans = st.lists(st.tuples(clocks, clocks).filter(lambda span: span[0] != span[1]), max_size=3).map(tuple)
breakers = st.none() | st.builds(Breaker, st.integers(1, 4), st.timedeltas(timedelta(hours=1), timedelta(days=60)), st.just(SAME))


@given(
    given=st.builds(
        Schedule,
        frequency=st.sampled_from([*DAYS, "0 3 * * *", "15 */6 * * 1"]),
        standing=st.builds(Standing, hours=spans, breaker=breakers, reset_at=st.none() | moments),
        retry_at=st.none() | moments,
    ),
    attempts=histories,
    now=moments,
    shuffle=st.randoms(use_true_random=False),
)
@settings(max_examples=300, deadline=None)
def test_a_source_becomes_due_exactly_at_the_time_that_was_named(
    given: Schedule, attempts: list[Attempt], now: datetime, shuffle: Random
) -> None:
    answer = due(given, attempts, now)
    assert answer == due(given, shuffle.sample(attempts, len(attempts)), now)
    if answer.next_at is not None:
        assert answer.is_due is (now >= answer.next_at)
        assert due(given, attempts, answer.next_at).is_due
        assert not due(given, attempts, answer.next_at - SECOND).is_due
    else:
        assert answer.is_due, "nothing but time stands against these sources"
