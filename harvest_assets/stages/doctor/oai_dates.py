"""Does the date filter of a repository work, in seconds, in days, with both bounds inclusive? Found by asking around one known datestamp.

http://www.openarchives.org/OAI/openarchivesprotocol.html#SelectiveHarvestingandDatestamps
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from harvest_assets.stages.doctor.findings import Findings, tidy
from harvest_assets.stages.doctor.oai_questions import Questions, Told
from harvest_assets.stages.doctor.profile import read_day

Granularity = Literal["seconds", "day"]
Outcome = Literal["works", "ignored", "lost", "empty", "refused", "not asked"]

_MIDNIGHT = "T00:00:00Z"
_DAY_LETTERS = 10
_SECOND_LETTERS = 20


@dataclass(frozen=True, slots=True)
class Dates:
    """``granularity`` is the finest that works; None when no filter works."""

    granularity: Granularity | None
    is_known: bool = True


def examine_dates(
    questions: Questions, selection: Mapping[str, str], datestamps: Sequence[str], declared: Granularity, findings: Findings
) -> Dates:
    """Up to five requests around a datestamp in the middle of the sample; ``selection`` is the metadata prefix, and the set if any."""
    known = sorted(stamp for stamp in datestamps if _is_datestamp(stamp))
    if not known:
        findings.add("date filter", "not found out: no record has a datestamp to ask around", "unknown")
        return Dates(declared, is_known=False)
    probe = _Probe(questions, selection, known)
    first = probe.try_from(declared)
    findings.add(f"from in {_unit(declared)}", *_words(first, probe.refusal))
    if first == "not asked":
        return Dates(declared, is_known=False)
    works = first == "works"
    is_exact = works and _examine_bounds(probe, declared, findings)
    if declared == "seconds":
        by_day = _examine_days(probe, findings)
        if not is_exact and by_day == "works" and first != "lost":
            return Dates("day")
    return Dates(declared if works else None)


def _examine_bounds(probe: "_Probe", granularity: Granularity, findings: Findings) -> bool:
    """Whether both bounds are inclusive; true as well when that could not be found out, for the protocol wants it."""
    told = probe.ask_between(granularity)
    if told.refusal is not None:
        findings.add("bounds", f"from and until together: {told.refusal}", "unknown" if not told.asked else "warning")
    elif any(probe.is_at(stamp, granularity) for stamp in told.datestamps):
        findings.add("bounds", "inclusive, as the protocol wants")
    elif told.unread:
        findings.add("bounds", "not found out: the record in question cannot be read", "unknown")
    else:
        findings.add("bounds", "a record is not found between its own datestamp and itself: windows would lose records", "warning")
        return False
    return True


def _examine_days(probe: "_Probe", findings: Findings) -> Outcome:
    told = probe.ask_between("day")
    if told.refusal is not None:
        outcome: Outcome = "refused" if told.asked else "not asked"
        findings.add("from and until in days", *_words(outcome, told.refusal))
        return outcome
    if told.identifiers:
        is_wide = any(not probe.is_at(stamp, "day") for stamp in told.datestamps)
        findings.add("from and until in days", *_words("ignored" if is_wide else "works", None))
        return "ignored" if is_wide else "works"
    findings.add("from and until in days", "until leaves out the day that it names, which the protocol forbids", "note")
    return "empty"


class _Probe:
    """Requests around one datestamp that a record has, later than the earliest one where there are several."""

    def __init__(self, questions: Questions, selection: Mapping[str, str], known: Sequence[str]) -> None:
        self._questions = questions
        self._selection = selection
        self._earliest = known[0]
        later = [stamp for stamp in known if stamp > known[0]]
        self._known = later[len(later) // 2] if later else known[0]
        self.refusal: str | None = None

    def try_from(self, granularity: Granularity) -> Outcome:
        """Ask for everything since the datestamp, or up to a day before all of them where that tells more."""
        told = self._ask(from_=_write(self._known, granularity))
        if told.refusal is not None:
            return "refused" if told.asked else "not asked"
        if any(stamp[:_DAY_LETTERS] < self._known[:_DAY_LETTERS] or self._is_before(stamp, granularity) for stamp in told.datestamps):
            return "ignored"
        if not told.identifiers:
            return "empty"
        if told.token is not None and self._is_lost_on_the_way(told.token, granularity):
            return "lost"
        return self._try_before(granularity) if self._known == self._earliest else "works"

    def ask_between(self, granularity: Granularity) -> Told:
        """What lies between the datestamp and itself."""
        moment = _write(self._known, granularity)
        return self._ask(from_=moment, until=moment)

    def is_at(self, stamp: str, granularity: Granularity) -> bool:
        """Whether a record has the datestamp, as far as this granularity tells."""
        return _write(stamp, granularity) == _write(self._known, granularity) if _is_datestamp(stamp) else False

    def _try_before(self, granularity: Granularity) -> Outcome:
        day = read_day(self._earliest)
        before = (day or date.max) - timedelta(days=2)
        told = self._ask(until=_write(before.isoformat(), granularity))
        if told.refusal is not None:
            return "works"  # many repositories refuse dates before their first record
        return "ignored" if told.identifiers else "works"

    def _is_lost_on_the_way(self, token: str, granularity: Granularity) -> bool:
        """Whether the page after the first one brings what lies before the window."""
        return any(self._is_before(stamp, granularity) for stamp in self._questions.follow(token).datestamps)

    def _is_before(self, stamp: str, granularity: Granularity) -> bool:
        return _is_datestamp(stamp) and _write(stamp, granularity) < _write(self._known, granularity)

    def _ask(self, **dates: str) -> Told:
        told = self._questions.list_records(**self._selection, **dates)
        self.refusal = told.refusal
        return told


def _words(outcome: Outcome, refusal: str | None) -> tuple[str, Literal["good", "warning", "unknown"]]:
    if outcome == "works":
        return "works", "good"
    if outcome == "not asked":
        return f"not found out: {refusal}", "unknown"
    words = {
        "ignored": "is ignored: records from outside come too",
        "lost": "holds for the first page only: the token leads to records from outside",
        "empty": "finds nothing, not even the record that was asked for",
        "refused": f"is refused: {tidy(refusal, 160)}",
    }
    return words[outcome], "warning"


def _unit(granularity: Granularity) -> str:
    return "seconds" if granularity == "seconds" else "days"


def _is_datestamp(stamp: str) -> bool:
    return read_day(stamp) is not None and stamp[:1].isdecimal() and "-" in stamp[:_DAY_LETTERS]


def _write(stamp: str, granularity: Granularity) -> str:
    """A datestamp as an argument of this granularity; one without a time is its midnight."""
    if granularity == "day":
        return stamp[:_DAY_LETTERS]
    return f"{stamp[: _SECOND_LETTERS - 1]}Z" if len(stamp) >= _SECOND_LETTERS - 1 else stamp[:_DAY_LETTERS] + _MIDNIGHT
