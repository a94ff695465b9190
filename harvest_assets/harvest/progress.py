"""``ListProgress``: what a harvest knows of its list so far, in a form that survives an interruption.

Counts, records set aside and exchanges travel in the checkpoint, so that a resumed harvest proves the whole list and not only its rest.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from harvest_assets.model.completeness import Completeness
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.record import Page, SetAside


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
    set_aside: list[SetAside] = field(default_factory=list[SetAside])
    exchanges: list[tuple[int, Exchange]] = field(default_factory=list[tuple[int, Exchange]])

    def receive(self, page: Page) -> None:
        """Count a page."""
        self.pages = page.number
        self.records += page.records.num_rows
        self.announced_total = page.announced_total if page.announced_total is not None else self.announced_total
        self.position = page.next_position
        self.last_page_reached = page.next_position is None
        self.set_aside += page.set_aside
        self.exchanges.append((page.number, page.exchange))

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
            unidentified=sum(each.identifier is None for each in self.set_aside),
            stopped=self.stopped,
        )

    def as_state(self) -> dict[str, Any]:
        """JSON-ready form for a checkpoint."""
        return {
            "started_at": self.started_at.isoformat(),
            "pages": self.pages,
            "records": self.records,
            "announced_total": self.announced_total,
            "set_aside": [{**asdict(each), "body": base64.b64encode(each.body).decode()} for each in self.set_aside],
            "exchanges": [(page, {**asdict(each), "hops": [], "started_at": each.started_at.isoformat()}) for page, each in self.exchanges],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "ListProgress":
        """What ``as_state`` wrote."""
        return cls(
            started_at=datetime.fromisoformat(state["started_at"]),
            pages=state["pages"],
            records=state["records"],
            announced_total=state["announced_total"],
            set_aside=[_read_set_aside(each) for each in state["set_aside"]],
            exchanges=[(page, _read_exchange(each)) for page, each in state["exchanges"]],
        )


def _read_set_aside(fields: Mapping[str, Any]) -> SetAside:
    read: dict[str, Any] = dict(fields)
    read["body"] = base64.b64decode(read["body"])
    return SetAside(**read)


def _read_exchange(fields: Mapping[str, Any]) -> Exchange:
    read: dict[str, Any] = dict(fields)
    read.update(hops=(), started_at=datetime.fromisoformat(read["started_at"]))
    return Exchange(**read)
