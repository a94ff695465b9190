"""Decisions of people: a harvest that the integrity check did not accept is accepted by hand, with a reason.

A decision is about one generation of documents; when the day is harvested again it no longer counts (``history.read_verdict``).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from harvest_assets.assemble.integrity import override
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.history import DECISIONS, read_verdict
from harvest_assets.store.store import Store


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of a decision: ``is_new`` when it was written, ``is_published`` when the day's set already holds the day's documents."""

    verdict: Verdict
    is_new: bool
    is_published: bool


def accept(store: Store, source: str, day: str, reason: str) -> Acceptance:
    """Accept the documents of a day as they are now; what is accepted already stays as it is.

    The set of the day is not touched: publish it again afterwards.

    Raises:
        ConfigurationError: The day has no documents, or the reason is blank.
    """
    documents = store.manifests.find("documents", source, day)
    if documents is None:
        days = store.manifests.days("documents", source)
        known = f"the last harvested days are {', '.join(days[-5:])}" if days else f"harvest it first: harvest run {source} --date {day}"
        raise ConfigurationError(f"source {source!r} has no documents of {day}; {known}")
    verdict = read_verdict(store, documents)
    published = store.manifests.find("sets", source, day)
    contributes = published.facts["contributes"] if published else None
    is_published = contributes is not None and contributes["documents"]["generation"] == documents.generation
    if verdict.is_accepted:
        return Acceptance(verdict, is_new=False, is_published=is_published)
    overridden = override(verdict, reason)
    entry = {"reason": overridden.reason, "accepted_at": datetime.now(UTC).isoformat(), "generation": documents.generation}
    store.ledger.write(DECISIONS, source, day, entry)
    return Acceptance(overridden, is_new=True, is_published=is_published)
