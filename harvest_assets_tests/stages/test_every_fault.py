"""Every fault of the switchboard, through a whole harvest: what is kept, what is set aside, what is refused, and what a person reads."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from harvest_assets.errors import HarvestError, TransientError
from harvest_assets.testing.faults import Faults, Refusal, Spot

COUNT = 12


@dataclass(frozen=True)
class Outcome:
    """What one harvest has to come to; ``words`` stand in its reasons, notes, repairs, set-aside rows or error."""

    words: str = ""
    kept: int = COUNT
    set_aside: int = 0
    is_complete: bool = True
    error: type[HarvestError] | None = None
    keys: str = ""


REFUSED = Outcome("status 503", error=TransientError)
OUTCOMES: dict[str, tuple[Faults, Outcome]] = {
    "refusals": (Faults(refusals=(Refusal(503, 2),)), REFUSED),
    "cut": (Faults(cut=Spot(page=2)), Outcome("its window was asked for in parts")),
    "dropped": (Faults(dropped=Spot(page=2)), Outcome("try again later", error=TransientError)),
    "empty": (Faults(empty=Spot(page=2)), Outcome("the answer is empty", error=TransientError)),
    "expired_token": (Faults(expired_token=Spot(page=2, times=1)), Outcome("the list was started again")),
    "repeated_token": (Faults(repeated_token=Spot(page=2)), Outcome("repeats: the list does not end", kept=8, is_complete=False)),
    "trailing_bytes": (Faults(trailing_bytes=Spot(page=2)), Outcome("bytes outside the root element were cut off")),
    "illegal_characters": (Faults(illegal_characters=Spot(page=2)), Outcome("illegal characters were dropped")),
    "unreadable_record": (
        Faults(unreadable_record=Spot(page=2)),
        Outcome("1 records without a readable identifier were set aside", kept=COUNT - 1, set_aside=1, is_complete=False),
    ),
    "wrong_content_type": (Faults(wrong_content_type=Spot()), Outcome()),
    "wrong_encoding": (Faults(wrong_encoding=Spot(page=2)), Outcome("Windows-1252")),
    "undeclared_gzip": (Faults(undeclared_gzip=Spot()), Outcome()),
    "empty_page": (Faults(empty_page=Spot(page=2, times=1)), Outcome()),
    "poison": (
        Faults(poison=("oai:lib.example:0000006",)),
        Outcome("could not be read", kept=COUNT - 1, is_complete=False),
    ),
    "poison_status": (
        Faults(poison=("oai:lib.example:0000006",), poison_status=503),
        REFUSED,
    ),
    "broken_metadata": (Faults(broken_metadata=("oai:lib.example:0000006",)), Outcome("http_500", kept=COUNT - 1, set_aside=1)),
    "ignores_window": (Faults(ignores_window=True), Outcome("outside", keys="start: TODAY\n")),
    "refuses_granularity": (Faults(refuses_granularity=True), Outcome("days", keys="start: 2020-01-01\n")),
    "endless": (Faults(endless="last_page"), Outcome("the list does not end", is_complete=False)),
    "half_list": (Faults(half_list="salt"), Outcome(kept=-1)),
    "lying_total": (Faults(lying_total=3), Outcome("12 distinct records of 15 announced were received", is_complete=False)),
    "hidden_total": (Faults(hidden_total=True), Outcome()),
    "redated_at": (Faults(redated_at=datetime(2026, 1, 1, tzinfo=UTC)), Outcome()),
    "empty_status": (Faults(empty_status=404), Outcome(kept=0, keys="start: TODAY\n")),
    "latency_seconds": (Faults(latency_seconds=0.05), Outcome()),
    "byte_seconds": (
        Faults(byte_seconds=0.01),
        Outcome("no complete answer within 1 s", error=TransientError, keys="http: {max_attempts: 1, response_timeout_seconds: 1}\n"),
    ),
}
JSON_ONLY = {"concatenated"}  # in `test_a_page_of_two_documents_is_whole`


def test_every_fault_has_its_outcome():
    assert set(OUTCOMES) | JSON_ONLY == {field.name for field in fields(Faults)}


def read_words(world, raw) -> str:
    """All that a person finds beside the records."""
    folder, facts = raw.manifest.reference.folder, raw.manifest.facts
    tables = [pq.read_table(world.store.files.localise(f"{folder}/{name}.parquet")).to_pylist() for name in ("set_aside", "repairs")]
    return "\n".join([*facts["incomplete_because"], *facts["notes"], str(facts["restarted"]), str(tables)])


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_harvest_comes_to_the_outcome_of_its_fault(world, universe, on, name):
    faults, outcome = OUTCOMES[name]
    repository = world.add_source(count=COUNT, keys=outcome.keys.replace("TODAY", str(on(0))))
    universe.faults("lib", faults)
    if outcome.error is not None:
        with pytest.raises(outcome.error, match=outcome.words):
            world.receive(0)
        universe.faults("lib")
        assert world.receive(0).table().num_rows == COUNT
        return
    raw = world.receive(0)
    kept = {row["identifier"] for row in raw.table().to_pylist()}
    assert kept <= set(repository.identifiers())
    assert len(kept) == outcome.kept or (outcome.kept < 0 and 0 < len(kept) < COUNT)
    proof = raw.manifest.facts["completeness"]
    assert (proof["set_aside"], raw.manifest.facts["is_complete"]) == (outcome.set_aside, outcome.is_complete)
    assert outcome.words in read_words(world, raw)


def test_a_page_of_two_documents_is_whole(world, universe):
    world.add_source(count=COUNT)
    options = "{records: /items, identifier: /id, total: /total, paging: {style: next, pointer: /links/next}}"
    extract = "{format: mapping, options: {title: /title, fields: {language: /language}}}"
    world.configure(keys=f"protocol: json\nurl: {universe.json_url('lib', 'next')}\noptions: {options}\nextract: {extract}\n")
    universe.faults("lib", Faults(concatenated=Spot(page=2)))
    raw = world.receive(0)
    assert (raw.table().num_rows, raw.manifest.facts["is_complete"]) == (COUNT, True)
    assert "'repairs': '" in read_words(world, raw)
