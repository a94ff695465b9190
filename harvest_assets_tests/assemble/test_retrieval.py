"""When a source is due: names, cron, failures, and the boundaries of days."""

from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.assemble.retrieval import DAYS, Attempt, Frequency, Schedule, due, parse_frequency
from harvest_assets.errors import ConfigurationError

SECOND = timedelta(seconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def attempt(started: str, status: Literal["started", "succeeded", "failed"] = "succeeded", *, minutes: int = 5) -> Attempt:
    started_at = at(started)
    return Attempt(started_at, None if status == "started" else started_at + timedelta(minutes=minutes), status)


def schedule(frequency: str = "daily", *, frozen: bool = False, enabled: bool = True, retry_frequency: str = "weekly") -> Schedule:
    return Schedule(frequency, frozen=frozen, enabled=enabled, retry_frequency=retry_frequency)


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


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
histories = st.lists(
    st.builds(lambda start, status: Attempt(start, start + SECOND, status), moments, st.sampled_from(["succeeded", "failed"])), max_size=8
)


@given(
    frequency=st.sampled_from([*DAYS, "0 3 * * *", "15 */6 * * 1"]),
    attempts=histories,
    now=moments,
    shuffle=st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None)
def test_a_source_becomes_due_exactly_at_the_time_that_was_named(
    frequency: str, attempts: list[Attempt], now: datetime, shuffle: Random
) -> None:
    answer = due(schedule(frequency), attempts, now)
    assert answer == due(schedule(frequency), shuffle.sample(attempts, len(attempts)), now)
    assert (answer.next_at is None) is (not attempts)
    if answer.next_at is not None:
        assert answer.is_due is (now >= answer.next_at)
        assert due(schedule(frequency), attempts, answer.next_at).is_due
        assert not due(schedule(frequency), attempts, answer.next_at - SECOND).is_due
