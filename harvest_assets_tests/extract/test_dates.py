"""Days as people write them, day before month."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.extract.dates import build_day, read_day, read_year


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021-05-03", "2021-05-03"),
        ("2021-05-03T23:30:00-05:00", "2021-05-03"),
        ("2021-05-03T10:00:00.123Z", "2021-05-03"),
        ("2023-11-05T12:00:00.000+0100", "2023-11-05"),
        ("2019-09-01 00:00:00", "2019-09-01"),
        ("20210503", "2021-05-03"),
        ("2021/5/3", "2021-05-03"),
        ("2021-05", "2021-05-01"),
        ("2021", "2021-01-01"),
        (" [2019?] ", "2019-01-01"),
        ("[2019-04]", "2019-04-01"),
        ("03-04-2021", "2021-04-03"),
        ("3/4/2021", "2021-04-03"),
        ("3.4.2021 12:00", "2021-04-03"),
        ("05/2021", "2021-05-01"),
        ("3 april 2021", "2021-04-03"),
        ("3 mrt. 2021", "2021-03-03"),
        ("3-mei-2021", "2021-05-03"),
        ("April 2021", "2021-04-01"),
        ("May 3, 2021", "2021-05-03"),
        ("29-02-2020", "2020-02-29"),
    ],
)
def test_a_day_is_read_from_what_people_write(text: str, day: str) -> None:
    assert read_day(text) == day
    assert read_year(text) == int(day[:4])


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "n.d.", "3/14/2021", "31-02-2020", "2021-13-01", "29-02-2021", "0000", "03-04-21", "2019-2020", "5 foo 2021"),
        *("2021-05/03", "٢٠٢١", "2021-05-03 and more", "1" * 1_000),
    ],
)
def test_what_is_no_day_is_none_and_never_month_first(text: str | None) -> None:
    assert read_day(text) is None
    assert read_year(text) is None


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from("-/."))
def test_every_day_is_read_back_from_both_orders(day: date, separator: str) -> None:
    assert read_day(day.isoformat()) == day.isoformat()
    assert read_day(separator.join((str(day.day), str(day.month), str(day.year)))) == day.isoformat()


@given(st.text(alphabet="0123456789-/. []?TZ:jan,", max_size=70))
def test_no_text_is_too_odd(text: str) -> None:
    day = read_day(text)
    assert day is None or date.fromisoformat(day).year == read_year(text)


@pytest.mark.parametrize(
    ("numbers", "day"),
    [
        ((2020,), "2020-01-01"),
        ((2020, 5), "2020-05-01"),
        ((2020, 5, 6), "2020-05-06"),
        ((None, 5, 6), None),
        ((2020, 13), None),
        ((2021, 2, 29), None),
        ((10**30,), None),
    ],
)
def test_a_day_is_built_from_the_numbers_that_are_known(numbers: tuple[int | None, ...], day: str | None) -> None:
    assert build_day(*numbers) == day
