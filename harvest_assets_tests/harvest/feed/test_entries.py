"""Dates of feeds: as RFC 822 and ISO 8601 write them, and as nobody should."""

import pytest

from harvest_assets.harvest.feed.entries import read_time


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("Wed, 02 Oct 2002 15:00:00 +0200", "2002-10-02T13:00:00Z"),
        ("02 Oct 02 13:00 GMT", "2002-10-02T13:00:00Z"),
        (" Wed, 02 Oct 2002 13:00:00 -0000 ", "2002-10-02T13:00:00Z"),
        ("2003-12-13T18:30:02.25+01:00", "2003-12-13T17:30:02Z"),
        ("2003-12-13T18:30:02Z", "2003-12-13T18:30:02Z"),
        ("2003-12-13T18:30:02", "2003-12-13T18:30:02Z"),
        ("2003-12-13", "2003-12-13T00:00:00Z"),
        ("2003-12", "2003-12"),
        ("yesterday ", "yesterday"),
        ("Wed, 02 Oct 99999 13:00:00 GMT", "Wed, 02 Oct 99999 13:00:00 GMT"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("1" * 5_000, "1" * 5_000),
        ("", ""),
    ],
    ids=range(13),
)
def test_a_date_is_written_in_utc_or_left_as_sent(sent, expected):
    assert read_time(sent) == expected
