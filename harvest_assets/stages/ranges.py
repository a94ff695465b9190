"""Which days of a request are really asked for: not those that a harvest with the same versions has covered already.

``superfluous`` asks again for a range that succeeded, ``optimize`` leaves out single days that other ranges cover. Today is never covered:
its list goes on until midnight.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from harvest_assets.config.sources import Source
from harvest_assets.model.parameters import RunParameters
from harvest_assets.model.window import DAY, midnight, next_midnight
from harvest_assets.stages.harvest_ledger import HarvestLedger, HarvestRow
from harvest_assets.stages.listening import OnPage, find_listener
from harvest_assets.store.store import Store

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: consecutive days of one source, for a batch. ``on_page`` is told pages, records and the announced total."""

    source: Source
    days: Sequence[date]
    batch: str = ""
    parameters: RunParameters = field(default_factory=RunParameters)
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    on_page: OnPage = field(default_factory=find_listener)

    @property
    def start(self) -> str:
        """The first day of the half-open range."""
        return str(self.days[0])

    @property
    def end(self) -> str:
        """The day after the last."""
        return str(self.days[-1] + DAY)

    def of(self, days: Sequence[date]) -> "Request":
        """The same for other days."""
        return replace(self, days=days)


def uncovered_days(store: Store, request: Request) -> list[date]:
    """The days of a request that are to be asked for, in order."""
    source, parameters = request.source, request.parameters
    if parameters.superfluous or parameters.full:
        return list(request.days)
    rows = [row for row in HarvestLedger(store).rows(source.slug) if _counts(row, source)]
    if not parameters.optimize:
        is_done = any((row.start, row.end) == (request.start, request.end) and row.window_end is not None for row in rows)
        rows = rows if is_done else []
    spans = merge_spans([_received(row) for row in rows])
    has_rows = set(store.manifests.days("raw_records", source.slug))
    return [day for day in request.days if day >= request.today or str(day) not in has_rows or not _is_inside(day, spans)]


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Spans ``[start, end)`` that touch or overlap become one; in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def consecutive(days: Sequence[date]) -> Iterator[list[date]]:
    """Runs of days without a gap."""
    run: list[date] = []
    for day in days:
        if run and day - run[-1] != DAY:
            yield run
            run = []
        run.append(day)
    if run:
        yield run


def _counts(row: HarvestRow, source: Source) -> bool:
    """Whether a row proves that its whole range was received, with what the source is now."""
    is_same = (row.source_version, row.protocol_version) == (source.version, source.protocol_version)
    return is_same and row.part_of is None and row.status == "succeeded" and row.is_complete is True


def _received(row: HarvestRow) -> Span:
    """What a row has received: an open window reaches to the start of its harvest."""
    start = datetime.fromisoformat(row.window_start) if row.window_start else datetime.min.replace(tzinfo=UTC)
    return start, datetime.fromisoformat(row.window_end or row.started_at or row.created_at)


def _is_inside(day: date, spans: Sequence[Span]) -> bool:
    return any(start <= midnight(day) and next_midnight(day) <= end for start, end in spans)
