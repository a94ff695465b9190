"""``DateFilter``: how one repository is asked for a window, and what it makes of it.

Repositories that promise seconds and take days only are asked by days, once they have refused a time; records whose datestamps lie
outside of the window are kept, and told of. http://www.openarchives.org/OAI/openarchivesprotocol.html#Dates
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from harvest_assets.harvest.oai_pmh.arguments import Arguments, Granularity, OaiPmhOptions, date_arguments
from harvest_assets.model.window import DAY, Window

FELL_BACK = "the repository promises seconds and refuses times (badArgument): it is asked by days; see the option granularity"

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NEVER = ":"  # follows every digit
_MOMENT = timedelta(microseconds=1)


class DateFilter:
    """The granularity that a repository takes; shared by all lists of a harvest, in several threads.

    ``ask`` finds out what the repository promises, and is called when that is needed and neither the source nor ``learn`` said it.
    """

    def __init__(self, options: OaiPmhOptions, ask: Callable[[], Granularity]) -> None:
        self._is_used = options.date_filter
        self._is_given = options.granularity is not None
        self._granularity: Granularity | None = options.granularity
        self._ask = ask

    def learn(self, granularity: Granularity) -> None:
        """Take what the repository promises, unless the source knows better."""
        if not self._is_given:
            self._granularity = granularity

    def smallest_window(self) -> timedelta:
        """The shortest span that can be asked for; a day while nothing is known."""
        return timedelta(seconds=1) if self._granularity == "seconds" else DAY

    def arguments(self, window: Window) -> Arguments:
        """``from`` and ``until`` for a window; nothing where it is open on both sides or dates mean nothing."""
        if self._sends_nothing(window):
            return {}
        if self._granularity is None:
            self.learn(self._ask())
        return date_arguments(window, self._granularity or "day")

    def in_days(self, window: Window, sent: Arguments) -> Arguments | None:
        """The same by days, after the repository refused what was sent; ``None`` when that was no time, or the source insists on it."""
        is_time = any("T" in sent.get(name, "") for name in ("from", "until"))
        return date_arguments(window, "day") if is_time and not self._is_given else None

    def fall_back(self) -> None:
        """Ask by days from now on."""
        self._granularity = "day"

    def describe_strays(self, window: Window, datestamps: Sequence[str]) -> tuple[str, ...]:
        """A note when datestamps lie a day or more outside of the window that was asked for; less is rounding, or inclusive bounds."""
        if self._sends_nothing(window):
            return ()
        first = _day(window.start - DAY) if window.start else ""
        after = _day(window.end + 2 * DAY - _MOMENT) if window.end else _NEVER
        strays = [stamp for stamp in datestamps if not first <= stamp < after and _DATE.match(stamp)]
        if not strays:
            return ()
        words = f"{len(strays)} of {len(datestamps)} records of a page have datestamps a day or more outside of the window asked for"
        return (f"{words}, such as {strays[0]!r}; they were kept",)

    def _sends_nothing(self, window: Window) -> bool:
        return not self._is_used or (window.start is None and window.end is None)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
