"""Pace in a source's file: what is refused, and with which words."""

import pytest

from harvest_assets.config.problems import InvalidFileError
from harvest_assets.config.sources import build_source

LIBRARY = {"title": "Library", "protocol": "oai-pmh", "url": "https://library.example/oai"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"limits": {"duration": "0m"}}, "0 is no span of time; write at least 1m"),
        ({"breaker": {"pause": "0d"}}, "0 is no span of time; write at least 1m"),
        ({"breaker": {"failures": 0}}, "failures"),
        ({"availability": {"every": "0h"}}, "0 is no span of time; write at least 1m"),
        ({"ranges": {"interval": "30m"}}, "interval is shorter than 1h; write 1h or more"),
        ({"ranges": {"parallel": 0}}, "parallel"),
        ({"hours": ["late-early"]}, "is no span of the day; write"),
        ({"hours": ["20:00-20:00"]}, "write two different times as '20:00-06:00', in UTC"),
        ({"hours": ["20:00+02:00-06:00"]}, "is no span of the day"),
        ({"hours": ["20:00-06:00", "20:00-06:00"]}, "is written twice"),
        ({"rate_limit": {"requests": 0}}, "requests"),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(keys, words):
    with pytest.raises(InvalidFileError) as refused:
        build_source("library", {**LIBRARY, **keys})
    assert words in str(refused.value)


def test_a_source_may_be_looked_at_never_and_asked_at_night():
    source = build_source("library", {**LIBRARY, "availability": {"every": None}, "hours": ["20:00-06:00"]})
    assert (source.availability.every, source.hours) == (None, ("20:00-06:00",))
