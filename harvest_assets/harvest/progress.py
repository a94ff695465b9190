"""``ListProgress``: what a harvest knows of one list so far, in a form that survives an interruption.

What is to be remembered of each page is an *entry*, ready for JSON; a resumed harvest counts the entries that it finds and so proves the
whole list and not only its rest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from harvest_assets.model.completeness import Completeness
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.record import Page, SetAside
from harvest_assets.model.window import Window

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Repair:
    """A page that was mended before it could be read, and where the answer as it came is kept (empty when it is not)."""

    page: int
    repairs: str
    original: str


@dataclass(frozen=True, slots=True)
class KeptAside:
    """A record that was set aside, without its bytes, and where those are kept: memory follows the page, and not the trouble."""

    record: SetAside
    kept_at: str


@dataclass(slots=True)
class ListProgress:
    """Counted page by page; ``position`` is where the list goes on, ``started_at`` when its first page was asked for."""

    started_at: datetime
    pages: int = 0
    records: int = 0
    announced_total: int | None = None
    position: str | None = None
    last_page_reached: bool = False
    stopped: str | None = None
    restarted: str | None = None
    holes: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    set_aside: list[KeptAside] = field(default_factory=list[KeptAside])
    exchanges: list[tuple[int, Exchange]] = field(default_factory=list[tuple[int, Exchange]])
    repairs: list[Repair] = field(default_factory=list[Repair])
    _aside: set[str] = field(default_factory=set[str])

    def receive(self, page: Page, original: str = "", kept_at: Sequence[str] = ()) -> Entry:
        """Count a page; returns its entry.

        ``original`` says where the answer is kept as it came, if it was mended, ``kept_at`` where the bytes of each record set aside are.
        """
        places = kept_at or [""] * len(page.set_aside)
        aside = [KeptAside(replace(each, body=b""), place) for each, place in zip(page.set_aside, places, strict=True)]
        entry: Entry = {
            "number": page.number,
            "started_at": self.started_at.isoformat(),
            "records": page.records.num_rows,
            "announced_total": page.announced_total,
            "position": page.next_position,
            "set_aside": [{**asdict(each.record), "body": "", "kept_at": each.kept_at} for each in aside],
            "exchange": {**asdict(page.exchange), "hops": [], "started_at": page.exchange.started_at.isoformat()},
            "holes": list(page.holes),
            "notes": list(page.notes),
            "repairs": ", ".join(page.repairs),
            "original": original,
        }
        self._count(entry, aside, page.exchange)
        return entry

    def replay(self, entries: Iterable[Entry]) -> None:
        """Count pages that an earlier attempt received."""
        for entry in entries:
            self._count(entry, list(map(_read_set_aside, entry["set_aside"])), _read_exchange(entry["exchange"]))

    def _count(self, entry: Entry, set_aside: Sequence[KeptAside], exchange: Exchange) -> None:
        self.pages += 1
        self.started_at = min(self.started_at, datetime.fromisoformat(entry["started_at"]))
        self.records += entry["records"]
        self.announced_total = entry["announced_total"] if entry["announced_total"] is not None else self.announced_total
        self.position = entry["position"]
        self.last_page_reached = entry["position"] is None
        # read twice, whole and in parts, a page sets the same record aside twice: counted twice it would stand for one that is missing
        self.set_aside += [each for each in set_aside if each.record.identifier not in self._aside]
        self._aside |= {each.record.identifier for each in set_aside if each.record.identifier is not None}
        self.exchanges.append((entry["number"], exchange))
        self.holes += entry["holes"]
        self.notes += [note for note in entry["notes"] if note not in self.notes]
        if entry["repairs"]:
            self.repairs.append(Repair(entry["number"], entry["repairs"], entry["original"]))

    def prove(self, distinct: int) -> Completeness:
        """The proof, or its lack, given how many different identifiers were received."""
        return Completeness(
            pages=self.pages,
            records=self.records,
            distinct=distinct,
            set_aside=len(self.set_aside),
            announced_total=self.announced_total,
            last_position=self.position,
            last_page_reached=self.last_page_reached,
            unidentified=sum(each.record.identifier is None for each in self.set_aside),
            holes=tuple(self.holes),
            stopped=self.stopped,
        )


def merge_lists(lists: Sequence[tuple[Window, ListProgress, int]], distinct: int) -> tuple[ListProgress, Completeness]:
    """Several lists of one range as one, with the proof; each comes with its window and how many different identifiers it brought.

    The whole is complete when every list is: what one of them lacks is a hole, named with its window.
    """
    if len(lists) == 1:
        _, progress, own = lists[0]
        return progress, progress.prove(own)
    merged = ListProgress(min(progress.started_at for _, progress, _ in lists), last_page_reached=True)
    reasons = [progress.stopped for _, progress, _ in lists if progress.stopped]
    stopped = reasons[0] if len(reasons) > 1 and len(set(reasons)) == 1 else None  # one reason for all of them is said once
    merged.stopped = stopped
    for window, progress, own in lists:
        merged.pages += progress.pages
        merged.records += progress.records
        merged.holes += [f"{_name(window)}: {reason}" for reason in progress.prove(own).reasons() if reason != stopped]
        merged.notes += [note for note in progress.notes if note not in merged.notes]
        merged.restarted = merged.restarted or progress.restarted
        merged.set_aside += progress.set_aside
        merged.exchanges += progress.exchanges
        merged.repairs += progress.repairs
    totals = [progress.announced_total for _, progress, _ in lists if progress.announced_total is not None]
    merged.announced_total = sum(totals) if totals else None
    return merged, replace(merged.prove(distinct), is_split=True, unidentified=0)


def _name(window: Window) -> str:
    start = window.start.isoformat() if window.start else "the beginning"
    return f"{start} to {window.end.isoformat() if window.end else 'now'}"


def _read_set_aside(fields: Mapping[str, Any]) -> KeptAside:
    read: dict[str, Any] = {**fields, "body": b""}
    kept_at = str(read.pop("kept_at"))
    return KeptAside(SetAside(**read), kept_at)


def _read_exchange(fields: Mapping[str, Any]) -> Exchange:
    read: dict[str, Any] = dict(fields)
    read.update(hops=(), started_at=datetime.fromisoformat(read["started_at"]))
    return Exchange(**read)
