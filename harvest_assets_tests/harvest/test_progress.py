"""``ListProgress``: an interruption changes nothing in what a harvest can prove."""

from datetime import UTC, datetime, timedelta

import orjson
import pyarrow as pa

from harvest_assets.harvest.progress import Entry, ListProgress
from harvest_assets.model.exchange import Exchange
from harvest_assets.model.record import RAW_RECORDS, Page, SetAside

STARTED_AT = datetime(2026, 3, 1, tzinfo=UTC)


def page(number: int, identifiers: list[str], *, total: int | None = None, aside: tuple[SetAside, ...] = (), last: bool = False) -> Page:
    rows = [
        {"identifier": each, "datestamp": "", "deleted": False, "set_specs": [], "body": b"", "envelope": b"", "page": number}
        for each in identifiers
    ]
    exchange = Exchange("GET", f"http://h.example/{number}", f"http://h.example/{number}", 200, 10, STARTED_AT, 0.5, 1)
    batch = pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS)
    return Page(number, batch, aside, None if last else f"token-{number + 1}", total, exchange)


def unreadable(identifier: str | None) -> SetAside:
    return SetAside(identifier, 1, "harvest", "RecordError", "no header", b"<\xff>")


PAGES = (
    page(1, ["a", "b"], total=6, aside=(unreadable("c"),)),
    page(2, ["d", "e"]),
    page(3, ["f"], total=6, last=True),
)


def test_a_list_is_complete_when_its_end_was_seen_and_its_total_is_reached() -> None:
    progress = ListProgress(STARTED_AT)
    for each in PAGES:
        progress.receive(each)
    proof = progress.prove(5)
    assert proof.is_complete
    assert (proof.pages, proof.records, proof.distinct, proof.announced_total) == (3, 5, 5, 6)


def test_a_list_that_was_left_says_where() -> None:
    progress = ListProgress(STARTED_AT)
    progress.receive(PAGES[0])
    proof = progress.prove(2)
    assert proof.reasons() == ("the list did not end: the last position was 'token-2'", "2 distinct records of 6 announced were received")


def test_a_resumed_list_proves_what_an_undisturbed_one_does() -> None:
    undisturbed, interrupted = ListProgress(STARTED_AT), ListProgress(STARTED_AT)
    entries: list[Entry] = []
    for each in PAGES:
        undisturbed.receive(each)
        entries.append(orjson.loads(orjson.dumps(interrupted.receive(each))))
        interrupted = ListProgress(STARTED_AT + timedelta(hours=1))
        interrupted.replay(entries)
    assert interrupted.prove(5) == undisturbed.prove(5)
    assert interrupted.started_at == STARTED_AT
    assert interrupted.set_aside == undisturbed.set_aside
    assert [(number, exchange) for number, exchange in interrupted.exchanges] == undisturbed.exchanges


def test_records_without_an_identifier_leave_the_list_unproven() -> None:
    progress = ListProgress(STARTED_AT)
    progress.receive(page(1, ["a"], aside=(unreadable(None), unreadable("b")), last=True))
    proof = progress.prove(1)
    assert proof.reasons() == ("1 records without a readable identifier were set aside",)
