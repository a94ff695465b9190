"""The latest day of a source made again, after something was laid into it: documents, results of tasks, set.

Put here: what replays and records that are sent to us have in common. The caller holds the source's lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from harvest_assets.config.sources import Source
from harvest_assets.errors import BusyError
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.batches import is_current
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.derivatives import derive
from harvest_assets.stages.documents import fold
from harvest_assets.stages.history import read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.quarantine import observe
from harvest_assets.stages.sets import publish
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.store import Store


@dataclass(frozen=True, slots=True)
class Remaking:
    """Who makes a day again, for those who read the quarantine, and which records are read although nothing of them changed."""

    by: str
    again: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Remade:
    """The partitions that were made, committed, in the order of the stages, and the verdict on the latest day."""

    verdict: Verdict
    made: list[Manifest] = field(default_factory=list[Manifest])


def find_latest(store: Store, slug: str) -> tuple[Manifest, Manifest]:
    """Raw records and documents of the latest day, which has to be whole.

    Raises:
        BusyError: There are raw records that nobody has folded: they belong to a harvest under way, or to one that broke.
    """
    raw, documents = store.manifests.latest("raw_records", slug), store.manifests.latest("documents", slug)
    if raw is None or documents is None or documents.day != raw.day or not is_current(documents, raw.reference):
        day = f" of {raw.day}" if raw else ""
        raise BusyError(f"{slug}: the last harvest{day} is not folded; wait for its run to end, or harvest again: harvest run {slug}")
    return raw, documents


def remake(installation: Installation, source: Source, day: str, batch: str, remaking: Remaking) -> Remade:
    """Documents, derivatives and the set of a day, and of the days that were asked for together with it; each stage is committed first.

    What a person accepted stays accepted when nothing was taken away from it.
    """
    store, made = installation.store, list[Manifest]()

    def commit(manifests: Sequence[Manifest]) -> None:
        for manifest in manifests:
            store.manifests.commit(manifest)
        made.extend(manifests)

    before = store.manifests.find("documents", source.slug, day)
    folded = fold(installation, source, [day], batch, again=remaking.again)
    days = sorted(folded)
    commit([folded[each].manifest for each in days])
    if before is not None:
        _keep_decision(store, before, folded[day].manifest)
    observe(store, source.slug, days, by=remaking.by)
    for task in source.task_names:
        commit([each.manifest for each in derive(installation, source, task, days, batch).values()])
    published = publish(installation, source, days, batch)
    commit([published[each].manifest for each in days])
    return Remade(published[day].verdict, made)


def _keep_decision(store: Store, before: Manifest, after: Manifest) -> None:
    was, now = read_verdict(store, before), read_verdict(store, after)
    if was.decision == "overridden" and not now.is_accepted and now.evidence.missing <= was.evidence.missing:
        accept(store, after.scope, before.day, was.reason or "accepted before the day was made again")
