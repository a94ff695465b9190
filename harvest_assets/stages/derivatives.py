"""Derivatives: the results of a document task, carried forward while what the task reads of a document stands.

Put here: days in order, and which results a task builds on. Keep out: what happens on one day (`task_day`).
"""

from collections.abc import Sequence
from contextlib import ExitStack

from harvest_assets.config.plugins import find_document_task
from harvest_assets.config.sources import Source
from harvest_assets.stages.batches import days_in_order, is_current, made_by, read_input
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT
from harvest_assets.stages.task_day import SHAPE, TaskDay
from harvest_assets.stages.task_inputs import upstream
from harvest_assets.stages.task_tools import open_task
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store


def derive(installation: Installation, source: Source, task_name: str, days: Sequence[str], batch: str) -> dict[str, Snapshot]:
    """Run a task over the documents of days, in order: day → results, not yet committed.

    Days that were asked for together with the wanted ones come first; what the batch has derived already stays.
    """
    store = installation.store
    wanted = days_in_order(store, source.slug, days)
    previous = _readable(store, next(store.manifests.before(task_name, source.slug, wanted[0]), None))
    results: dict[str, Snapshot] = {}
    with ExitStack() as stack:
        task = stack.enter_context(open_task(installation, source, task_name)) if task_name in source.task_names else None
        for day in wanted:
            documents = read_input(store, "documents", source.slug, day)
            findings = _find_upstream(store, source, task_name, documents)
            made = _readable(store, made_by(store, task_name, source.slug, day, batch))
            if made is not None and is_current(
                made.manifest, documents.reference, *(each.manifest.reference for each in findings.values())
            ):
                results[day] = previous = made
                continue
            known = _latest_first(_readable(store, store.manifests.find(task_name, source.slug, day)), previous)
            work = TaskDay(store, task_name, store.snapshot(documents, DOCUMENT), findings, known)
            with store.files.scratch() as scratch:
                results[day] = previous = work.run(task, scratch, batch, source.limits.task_duration)
    return results


def _readable(store: Store, manifest: Manifest | None) -> Snapshot | None:
    """Earlier results, as far as they have the shape of today."""
    return store.snapshot(manifest, DERIVATIVE) if manifest is not None and manifest.facts.get("shape") == SHAPE else None


def _latest_first(*results: Snapshot | None) -> list[Snapshot]:
    """What a task knows: its results of the same day, from an earlier run, and those of the day before it."""
    return sorted((each for each in results if each is not None), key=lambda each: each.manifest.generation, reverse=True)


def _find_upstream(store: Store, source: Source, task: str, documents: Manifest) -> dict[str, Snapshot]:
    """The results of the same day that a task reads, as far as the source has them, and still wants them."""
    wanted = [name for name in upstream(find_document_task(task)) if name in source.task_names]
    found = {name: _readable(store, store.manifests.find(name, documents.scope, documents.day)) for name in wanted}
    return {name: snapshot for name, snapshot in found.items() if snapshot is not None}
