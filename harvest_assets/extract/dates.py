"""Days as people write them → ISO 8601. Day before month, as in every source that we read; never month first.

A date that names no day or month stands for its first. A time of day and its zone are left off: the day is the one written.
"""

import re
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari",
            "feb february februari",
            "mar march mrt maart",
            "apr april",
            "may mei",
            "jun june juni",
            "jul july juli",
            "aug august augustus",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = r"(?:[T\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
_YEAR, _MONTH, _DAY, _NAME = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})", r"(?P<name>[a-z]{3,9})"
_FORMS = tuple(
    re.compile(form + _TIME, re.IGNORECASE | re.ASCII)
    for form in (
        rf"{_YEAR}(?:(?P<separator>[-/.]){_MONTH}(?:(?P=separator){_DAY})?)?",
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
        rf"{_DAY}(?P<separator>[-/.]){_MONTH}(?P=separator){_YEAR}",
        rf"(?:{_DAY}\.?[\s-]+)?{_NAME}\.?,?[\s-]+{_YEAR}",
        rf"{_NAME}\.?\s+{_DAY},\s*{_YEAR}",
        rf"{_MONTH}[-/]{_YEAR}",
    )
)
_LONGEST = 60
_DOUBT = str.maketrans("", "", "[]?")


def read_day(text: str | None) -> str | None:
    """``YYYY-MM-DD``: ``[2019?]`` is 2019-01-01 and ``3/4/2021`` is 2021-04-03; None when it is no date or no such day exists."""
    day = _read(text)
    return None if day is None else day.isoformat()


def read_year(text: str | None) -> int | None:
    """The year of what ``read_day`` reads."""
    day = _read(text)
    return None if day is None else day.year


def build_day(year: int | None, month: int | None = None, day: int | None = None) -> str | None:
    """``YYYY-MM-DD`` of numbers, the first where month or day is missing; None when there is no such day."""
    try:
        return None if year is None else date(year, 1 if month is None else month, 1 if day is None else day).isoformat()
    except (ValueError, OverflowError):
        return None


def _read(text: str | None) -> date | None:
    plain = (text or "").translate(_DOUBT).strip()
    if not plain or len(plain) > _LONGEST:
        return None
    found = next((match for form in _FORMS if (match := form.fullmatch(plain))), None)
    return None if found is None else _build(found.groupdict())


def _build(parts: dict[str, str | None]) -> date | None:
    name = parts.get("name")
    month = _MONTHS.get(name.lower()) if name else int(parts.get("month") or 1)
    if month is None:
        return None
    try:
        return date(int(parts["year"] or 0), month, int(parts.get("day") or 1))
    except ValueError:
        return None
