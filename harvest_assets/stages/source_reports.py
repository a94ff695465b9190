"""What is known of one source: attempts, ranges, gaps, looks, the proof of its last harvest, verdicts, what was set aside, stale days."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow.parquet as pq

from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.availability import describe_history, history
from harvest_assets.stages.gaps import find_gaps, last_written
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.history import read_verdict
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.store import Store

VERDICTS = 10
ATTEMPTS = 5
ROWS = 10
LOOKS = 100
SHOWN_BYTES = 80


@dataclass(frozen=True, slots=True)
class StaleDay:
    """A day whose documents were folded on a state that is no longer the one before it."""

    day: str
    because: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """Everything about a source that a person asks for first.

    Lists are latest first, ``gaps`` in order of range and ``stale_days`` in order of day. ``ledger`` holds the rows that were written last.
    """

    source: str
    attempts: list[dict[str, Any]]
    last_harvest: dict[str, Any] | None
    verdicts: list[dict[str, Any]]
    set_aside: list[dict[str, Any]]
    stale_days: list[StaleDay]
    ledger: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    availability: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


def report_source(store: Store, source: str) -> SourceReport:
    """Collect what is known of a source; it may be one that was never harvested."""
    raw, documents = store.manifests.latest("raw_records", source), store.manifests.latest("documents", source)
    rows = list(HarvestLedger(store).rows(source))
    return SourceReport(
        source=source,
        attempts=recent_attempts(store, source)[:ATTEMPTS],
        last_harvest=describe_harvest(raw) if raw else None,
        verdicts=[_describe_verdict(store, source, day) for day in reversed(store.manifests.days("documents", source)[-VERDICTS:])],
        set_aside=[row for manifest in (raw, documents) if manifest for row in read_set_aside(store, manifest)],
        stale_days=find_stale_days(store, source),
        ledger=[asdict(row) for row in sorted(rows, key=last_written, reverse=True)[:ROWS]],
        gaps=[asdict(row) for row in find_gaps(rows)],
        availability=describe_history(history(store, source, LOOKS)),
    )


def describe_harvest(raw: Manifest) -> dict[str, Any]:
    """The proof of a harvest, in the words that its partition keeps."""
    proof = raw.facts["completeness"]
    return {
        "day": raw.day,
        "started_at": raw.facts["started_at"],
        "window": raw.facts["window"],
        "pages": proof["pages"],
        "received": proof["records"],
        "distinct": proof["distinct"],
        "announced": proof["announced_total"],
        "is_complete": raw.facts["is_complete"],
        "incomplete_because": raw.facts["incomplete_because"],
        "restarted": raw.facts["restarted"],
        "notes": raw.facts.get("notes", []),
    }


def read_set_aside(store: Store, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """Records of one partition that could not be read, each with the beginning of its bytes."""
    for file in manifest.tables.get("set_aside", ()):
        for row in pq.read_table(store.files.localise(f"{manifest.reference.folder}/{file.name}")).to_pylist():
            body = row.pop("body")
            yield {"day": manifest.day, **row, "bytes": len(body), "begins": body[:SHOWN_BYTES].decode(errors="replace")}


def find_stale_days(store: Store, source: str) -> list[StaleDay]:
    """Days that an earlier day's second run, or a later decision, left behind; running them again in order mends it."""
    found: dict[str, StaleDay] = {}
    accepted: Manifest | None = None
    for day in store.manifests.days("documents", source):
        documents = store.manifests.find("documents", source, day)
        if documents is None:
            continue
        because = _why_stale(documents.facts["based_on"], accepted, found)
        if because:
            found[day] = StaleDay(day, because)
        if read_verdict(store, documents).is_accepted:
            accepted = documents
    return list(found.values())


def _why_stale(based_on: dict[str, Any] | None, accepted: Manifest | None, stale: dict[str, StaleDay]) -> str | None:
    """Why a day built on something else than what is now accepted before it, if it is so."""
    before = f"{accepted.day} is accepted before it now" if accepted else "nothing is accepted before it now"
    if based_on is None:
        return f"it was built on nothing, {before}" if accepted else None
    if accepted is None or accepted.day != based_on["day"]:
        return f"it was built on {based_on['day']}, {before}"
    if accepted.generation != based_on["generation"]:
        return f"it was built on {based_on['day']}, which was made again afterwards"
    return f"it was built on {accepted.day}, which is stale itself" if accepted.day in stale else None


def _describe_verdict(store: Store, source: str, day: str) -> dict[str, Any]:
    documents = store.manifests.find("documents", source, day)
    if documents is None:
        return {"day": day}
    verdict = read_verdict(store, documents)
    return {"day": day, "decision": verdict.decision, "words": verdict.words, "reason": verdict.reason, "live": documents.counts["live"]}
