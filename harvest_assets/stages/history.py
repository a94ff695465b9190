"""Which harvests of a source were accepted, and what follows from the last one.

A verdict is stored with the documents that it judges; a decision of a person about that very generation overrides it.
"""

from collections.abc import Iterator
from datetime import date, datetime

from harvest_assets.assemble.integrity import override
from harvest_assets.harvest.windows import Cursor
from harvest_assets.model.verdict import Verdict
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.store import Store

DECISIONS = "decisions"


def read_verdict(store: Store, documents: Manifest) -> Verdict:
    """The verdict on a generation of documents, decisions of people included."""
    verdict = Verdict.from_dict(documents.facts["verdict"])
    decision = store.ledger.find(DECISIONS, documents.scope, documents.day)
    if decision is not None and decision["generation"] == documents.generation:
        return override(verdict, str(decision["reason"]))
    return verdict


def received_before(store: Store, source: str, day: date | str) -> Iterator[Manifest]:
    """Documents of the harvests before a day, latest first, accepted or not."""
    return store.manifests.before("documents", source, day)


def accepted_before(store: Store, source: str, day: date | str) -> Manifest | None:
    """Documents of the last accepted harvest before a day."""
    return next((each for each in received_before(store, source, day) if read_verdict(store, each).is_accepted), None)


def find_cursor(store: Store, source: str, day: date) -> Cursor | None:
    """Where the last harvest that was accepted and complete lets the next begin; ``None`` when there is none."""
    found: Cursor | None = None
    for documents in received_before(store, source, day):
        harvest = documents.facts["harvest"]
        if not harvest["is_complete"] or not read_verdict(store, documents).is_accepted:
            continue
        if found is None:
            found = Cursor(datetime.fromisoformat(harvest["next_start"]), None)
        if harvest["proves_absence"]:
            return Cursor(found.next_start, date.fromisoformat(documents.day))
    return found
