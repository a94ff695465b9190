"""What rows of the harvest ledger add up to. A gap is a range whose harvest failed and that no other has covered since. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from harvest_assets.stages.harvest_ledger import HarvestRow
from harvest_assets.stages.ranges import Span, merge_spans

BEGINNING = datetime.min.replace(tzinfo=UTC)


def find_gaps(rows: Iterable[HarvestRow]) -> list[HarvestRow]:
    """The failed rows of one source that are still open, in order of start.

    A range is covered by the windows ``[window_start, window_end)`` of complete harvests together: those with the same versions, and
    those that were started later, whatever the source is then. A part of a split range covers nothing by itself: its records wait for the
    others. The parts of a range that is a gap itself are not listed beside it.
    """
    known = list(rows)
    covering = [row for row in known if row.status == "succeeded" and row.is_complete is not False and row.part_of is None]
    gaps = [row for row in known if row.status == "failed" and not _is_covered(row, covering)]
    whole = {f"{row.start}/{row.end}" for row in gaps}
    return sorted((row for row in gaps if row.part_of not in whole), key=_range_of)


def last_written(row: HarvestRow) -> str:
    """When something last became of a row, for sorting."""
    times = (row.created_at, row.started_at, row.beat_at, row.ended_at, row.turned_away_at)
    return max(each for each in times if each is not None)


def _is_covered(failed: HarvestRow, covering: Sequence[HarvestRow]) -> bool:
    start, end = _range_of(failed)
    spans = merge_spans(_window_of(row) for row in covering if _counts_for(row, failed))
    return any(first <= start and end <= last for first, last in spans)


def _counts_for(row: HarvestRow, failed: HarvestRow) -> bool:
    is_same = (row.source_version, row.protocol_version) == (failed.source_version, failed.protocol_version)
    return is_same or (row.started_at or "") > (failed.started_at or "")


def _range_of(row: HarvestRow) -> Span:
    """The range as it was asked for; an open end is the time at which it was asked."""
    return (_instant(row.start) if row.start else BEGINNING), _instant(row.end or row.started_at or row.created_at)


def _window_of(row: HarvestRow) -> Span:
    """What was received; an open end reaches to the start of that harvest."""
    return (_instant(row.window_start) if row.window_start else BEGINNING), _instant(row.window_end or row.started_at or row.created_at)


def _instant(text: str) -> datetime:
    """A day is its first instant."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
