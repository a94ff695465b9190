"""``sets``: what a source contributes on a day.

Its documents with their derivatives, or, when the check does not accept them, those of its last accepted set. A set refers; it copies
nothing. Its verdict is a row that people can query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.config.sources import Source
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.batches import days_in_order, read_input
from harvest_assets.stages.history import accepted_before, read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT
from harvest_assets.store.comparisons import is_published
from harvest_assets.store.manifests import Manifest, Reference, describe_file, new_generation
from harvest_assets.store.store import Store

ASSET = "sets"

VERDICTS = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("date", pa.string(), nullable=False),
        pa.field("decision", pa.string(), nullable=False, metadata={"description": "What the integrity check decided"}),
        pa.field("is_accepted", pa.bool_(), nullable=False),
        pa.field("words", pa.string(), nullable=False, metadata={"description": "The decision and its numbers, for people"}),
        pa.field("reason", pa.string(), metadata={"description": "Why a person overrode the decision"}),
        pa.field("is_complete", pa.bool_(), nullable=False),
        pa.field("old_live", pa.int64(), nullable=False),
        pa.field("new_live", pa.int64(), nullable=False),
        pa.field("missing", pa.int64(), nullable=False),
        pa.field("missing_confirmed", pa.int64(), nullable=False),
        pa.field("added", pa.int64(), nullable=False),
        pa.field("contributes", pa.string(), metadata={"description": "Day whose documents the set has; empty when it has none"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a set stands for: a generation of documents and the results of each task for them."""

    documents: Reference
    derivatives: Mapping[str, Reference]

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Contribution":
        """The contribution that a manifest holds."""
        derivatives = {name: Reference(**each) for name, each in fields["derivatives"].items()}
        return cls(Reference(**fields["documents"]), derivatives)


@dataclass(frozen=True, slots=True)
class PublishedSet:
    """A set about to be committed."""

    manifest: Manifest
    verdict: Verdict


def publish(installation: Installation, source: Source, days: Sequence[str], batch: str) -> dict[str, PublishedSet]:
    """Apply the verdicts on the documents of days, in order: day → set, not yet committed.

    A verdict that does not accept lets the last accepted set stand. Days that were asked for together come first.
    """
    store = installation.store
    published: dict[str, PublishedSet] = {}
    contributed: dict[str, Contribution] = {}
    for day in days_in_order(store, source.slug, days):
        documents = read_input(store, "documents", source.slug, day)
        own = _own_contribution(store, source, documents)
        contributed[day] = own
        verdict = read_verdict(store, documents)
        contribution = own if verdict.is_accepted else _last_contribution(store, source.slug, day, contributed)
        published[day] = _build(store, _Judged(documents, verdict, own, contribution), batch)
    return published


@dataclass(frozen=True, slots=True)
class _Judged:
    """A day with what it brought and what it contributes."""

    documents: Manifest
    verdict: Verdict
    own: Contribution
    contribution: Contribution | None


def _own_contribution(store: Store, source: Source, documents: Manifest) -> Contribution:
    """The documents of a day and the latest results of each task for that day."""
    found = {name: store.manifests.find(name, source.slug, documents.day) for name in source.task_names}
    return Contribution(documents.reference, {name: each.reference for name, each in found.items() if each is not None})


def _build(store: Store, day: _Judged, batch: str) -> PublishedSet:
    evidence = day.verdict.evidence
    live = evidence.new_live if day.verdict.is_accepted else evidence.old_live
    withheld = _count_withheld(store, day.contribution)
    manifest = Manifest(
        asset=ASSET,
        scope=day.documents.scope,
        day=day.documents.day,
        generation=new_generation(),
        written_at=datetime.now(UTC).isoformat(timespec="seconds"),
        inputs=(day.own.documents, *day.own.derivatives.values()),
        counts={"live": live - withheld, "withheld": withheld},
        facts={
            "verdict": day.verdict.as_dict(),
            "contributes": asdict(day.contribution) if day.contribution else None,
            "batch": batch,
        },
    )
    return PublishedSet(_with_verdict_table(store, manifest, _verdict_row(day)), day.verdict)


def _count_withheld(store: Store, contribution: Contribution | None) -> int:
    """How many live documents a task keeps from being published."""
    if contribution is None:
        return 0
    derivatives = {name: store.snapshot_of(each, DERIVATIVE) for name, each in contribution.derivatives.items()}
    condition = is_published(derivatives)
    return 0 if condition == "true" else store.snapshot_of(contribution.documents, DOCUMENT).count(f"live AND NOT ({condition})")


def _last_contribution(store: Store, source: str, day: str, days: Mapping[str, Contribution]) -> Contribution | None:
    """What the last accepted set before a day stands for; it may be one of those that are being published."""
    accepted = accepted_before(store, source, day)
    if accepted is None:
        return None
    candidates = [days[accepted.day]] if accepted.day in days else []
    published = store.manifests.find(ASSET, source, accepted.day)
    if published is not None and published.facts["contributes"]:
        candidates.append(Contribution.from_dict(published.facts["contributes"]))
    matching = (each for each in candidates if each.documents == accepted.reference)
    return next(matching, Contribution(accepted.reference, {}))


def _with_verdict_table(store: Store, manifest: Manifest, row: Mapping[str, Any]) -> Manifest:
    with store.files.scratch() as scratch:
        path = Path(scratch) / "verdict.parquet"
        pq.write_table(pa.Table.from_pylist([dict(row)], schema=VERDICTS), path)
        described = describe_file(path.name, path, 1)
        store.files.upload(f"{manifest.reference.folder}/{path.name}", path)
    manifest.tables["verdict"] = (described,)
    return manifest


def _verdict_row(day: _Judged) -> dict[str, Any]:
    evidence = asdict(day.verdict.evidence)
    return {
        "source": day.documents.scope,
        "date": day.documents.day,
        "decision": day.verdict.decision,
        "is_accepted": day.verdict.is_accepted,
        "words": day.verdict.words,
        "reason": day.verdict.reason,
        "contributes": day.contribution.documents.day if day.contribution else None,
        **{name: evidence[name] for name in ("is_complete", "old_live", "new_live", "missing", "missing_confirmed", "added")},
    }
