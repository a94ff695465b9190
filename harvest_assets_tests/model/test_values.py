"""The nouns: what a value knows of itself."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest

from harvest_assets.model.completeness import Completeness
from harvest_assets.model.document import build_srn
from harvest_assets.model.fingerprint import as_hex, fingerprints
from harvest_assets.model.verdict import ACCEPTING, Decision, Evidence, Verdict
from harvest_assets.model.window import Window, midnight, next_midnight

WHOLE = Completeness(pages=2, records=12, distinct=10, set_aside=0, announced_total=10, last_position=None, last_page_reached=True)
EVIDENCE = Evidence(
    has_history=True, is_complete=False, old_live=5, new_live=4, missing=1, missing_confirmed=0, added=0, incomplete_because=("cut",)
)


def test_a_whole_list_is_complete_and_counts_its_duplicates() -> None:
    assert WHOLE.is_complete
    assert WHOLE.duplicates == 2


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"last_page_reached": False, "last_position": "token"}, "the list did not end: the last position was 'token'"),
        ({"stopped": "page 7 repeats page 6", "last_page_reached": False}, "page 7 repeats page 6"),
        ({"holes": ("part b was refused",)}, "part b was refused"),
        ({"set_aside": 1, "unidentified": 1, "announced_total": None}, "1 records without a readable identifier were set aside"),
        ({"announced_total": 11}, "10 distinct records of 11 announced were received"),
    ],
)
def test_anything_missing_is_a_reason(changed: dict[str, object], reason: str) -> None:
    assert replace(WHOLE, **changed).reasons() == (reason,)


@pytest.mark.parametrize("decision", ["accepted", "accepted_with_warning", "held", "fell_back", "first_run", "overridden"])
def test_a_verdict_survives_its_json(decision: Decision) -> None:
    verdict = Verdict(decision, "words", EVIDENCE, "a reason")
    assert Verdict.from_dict(orjson.loads(orjson.dumps(verdict.as_dict()))) == verdict
    assert verdict.is_accepted is (decision in ACCEPTING) is (decision not in {"held", "fell_back"})


def test_a_fingerprint_is_the_beginning_of_a_hash() -> None:
    contents = [b"", b"one", b"two"]
    found = [as_hex(number) for number in fingerprints(contents).to_pylist()]
    assert found == [hashlib.sha256(content).hexdigest()[:16] for content in contents]
    assert as_hex(-1) == "f" * 16


def test_days_begin_and_end_at_midnight_in_utc() -> None:
    day = date(2024, 2, 28)
    assert midnight(day) == datetime(2024, 2, 28, tzinfo=UTC)
    assert next_midnight(day) == datetime(2024, 2, 29, tzinfo=UTC)
    assert Window(None, midnight(day)).is_full
    assert not Window(midnight(day)).is_full


def test_a_record_is_named_after_its_source() -> None:
    assert build_srn("library", "oai:x:1") == "library:oai:x:1"
