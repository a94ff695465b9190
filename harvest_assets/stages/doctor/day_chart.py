"""A bar chart of records by day, month or year, as inline SVG that follows the colours of its page."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

_MOST_BARS = 124
_WIDTH, _HEIGHT, _BASE = 960, 180, 150
_MOST_DAYS = 124
_MOST_DAYS_BY_MONTH = 3_700


def draw_days(days: Sequence[tuple[date, int]]) -> str:
    """Counts as bars: by day up to four months, by month up to ten years, otherwise by year; empty spans stay empty."""
    if not days:
        return "<p>No record has a datestamp that is a day.</p>"
    unit, bars = _group(days)
    highest = max(number for _, number in bars)
    step = _WIDTH / len(bars)
    drawn = "".join(_draw_bar(place * step, step, label, number, highest) for place, (label, number) in enumerate(bars))
    first, last = escape(bars[0][0]), escape(bars[-1][0])
    title = f"Records by {unit}, {first} to {last}, at most {highest:,}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{title}" class="chart">'
        f'<line x1="0" y1="{_BASE}" x2="{_WIDTH}" y2="{_BASE}" class="axis"/>{drawn}'
        f'<text x="0" y="{_HEIGHT - 8}">{first}</text><text x="{_WIDTH}" y="{_HEIGHT - 8}" text-anchor="end">{last}</text></svg>'
        f"<p class='quiet'>{title}.</p>"
    )


def _draw_bar(left: float, step: float, label: str, number: int, highest: int) -> str:
    if not number:
        return ""
    height = max(1.0, number / highest * (_BASE - 8))
    place = f'x="{left + step * 0.1:.2f}" y="{_BASE - height:.2f}" width="{max(0.5, step * 0.8):.2f}" height="{height:.2f}"'
    return f'<rect {place} class="bar"><title>{escape(label)}: {number:,}</title></rect>'


def _group(days: Sequence[tuple[date, int]]) -> tuple[str, list[tuple[str, int]]]:
    """The unit, and a label and count for each of its spans from the first to the last."""
    first, last = days[0][0], days[-1][0]
    span = (last - first).days + 1
    if span <= _MOST_DAYS:
        counts = dict(days)
        every = (first + timedelta(days=number) for number in range(span))
        return "day", [(day.isoformat(), counts.get(day, 0)) for day in every]
    by_month = span <= _MOST_DAYS_BY_MONTH
    grouped = Counter[str]()
    for day, number in days:
        grouped[day.strftime("%Y-%m") if by_month else f"{day.year:04d}"] += number
    labels = _months(first, last) if by_month else [f"{year:04d}" for year in range(first.year, last.year + 1)]
    return ("month" if by_month else "year"), [(label, grouped[label]) for label in _thin(labels, grouped)]


def _months(first: date, last: date) -> list[str]:
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]


def _thin(labels: list[str], grouped: Counter[str]) -> list[str]:
    """All labels, or only those with records where datestamps claim a thousand years."""
    if len(labels) <= _MOST_BARS:
        return labels
    return [label for label in labels if grouped[label]][-_MOST_BARS:]
