"""``documents``: the state of a source after a harvest: its last accepted state and what the harvest brought.

Records whose bytes were read before are not read again. Nothing is taken back by a harvest without proof. The integrity check is made
here, because the next day builds on its verdict; `sets` publishes it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.assemble.documents import encode_tombstones
from harvest_assets.assemble.integrity import judge
from harvest_assets.config.sources import Source
from harvest_assets.interfaces import Extractor
from harvest_assets.model.document import build_srn
from harvest_assets.model.quarantine import Selection
from harvest_assets.model.record import RAW_RECORDS as COLUMNS
from harvest_assets.model.verdict import Evidence, Verdict
from harvest_assets.stages.aside import AsideTable
from harvest_assets.stages.batches import RAW_RECORDS, days_in_order, is_current, made_by, read_input
from harvest_assets.stages.extraction import pack_portions, read_portion
from harvest_assets.stages.history import accepted_before, read_verdict, received_before
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.quarantine import REPLAYED, table_files, waiting_identifiers
from harvest_assets.stages.shapes import DOCUMENT, RAW
from harvest_assets.stages.workers import map_in_order
from harvest_assets.store.comparisons import Loss, Reread, find_retracted, measure_loss
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.queries import literal, parquet
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.store.store import Store

ASSET = "documents"
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class _Day:
    """What one day is folded from: ``accepted`` is the state that it builds on, ``received`` the documents of the harvest before it.

    ``again`` are identifiers of records that are to be read although nothing of them changed.
    """

    source: Source
    raw: Snapshot
    accepted: Snapshot | None
    received: Manifest | None
    batch: str
    again: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        return bool(self.raw.manifest.facts["is_complete"])


def fold(installation: Installation, source: Source, days: Sequence[str], batch: str, *, again: Sequence[str] = ()) -> dict[str, Snapshot]:
    """Fold the raw records of days into the state before them, in order: day → documents, not yet committed.

    Days that were asked for together with the wanted ones come first; what the batch has folded already stays. ``again`` are identifiers
    of records to read although nothing of them changed: a replay of what was set aside.
    """
    store = installation.store
    wanted = days_in_order(store, source.slug, days)
    earlier = accepted_before(store, source.slug, wanted[0])
    accepted = None if earlier is None else store.snapshot(earlier, DOCUMENT)
    received = next(received_before(store, source.slug, wanted[0]), None)
    folded: dict[str, Snapshot] = {}
    for day in wanted:
        raw = read_input(store, RAW_RECORDS, source.slug, day)
        made = made_by(store, ASSET, source.slug, day, batch)
        if made is not None and is_current(made, raw.reference):
            snapshot = store.snapshot(made, DOCUMENT)
        else:
            base = _own_state(store, raw) or accepted
            with store.files.scratch() as scratch:
                snapshot = _fold_day(store, scratch, _Day(source, store.snapshot(raw, RAW), base, received, batch, again))
        folded[day] = snapshot
        received = snapshot.manifest
        if read_verdict(store, received).is_accepted:
            accepted = snapshot
    return folded


def _own_state(store: Store, raw: Manifest) -> Snapshot | None:
    """What a harvest without proof builds on when an earlier one of the same day had proof: nothing of that is taken back."""
    own = None if raw.facts["is_complete"] else store.manifests.find(ASSET, raw.scope, raw.day)
    if own is None or not own.facts["harvest"]["is_complete"] or not read_verdict(store, own).is_accepted:
        return None
    return store.snapshot(own, DOCUMENT)


def _fold_day(store: Store, scratch: Path, day: _Day) -> Snapshot:
    extractor = day.source.build_extractor()
    version = f"{extractor.name}/{extractor.version}"
    raw = day.raw.manifest
    origin = Origin(ASSET, day.source.slug, raw.day, _version_read(day, version), (raw.reference,))
    writer = SnapshotWriter(store.files, scratch, DOCUMENT, origin, day.accepted)
    again = _find_replayed(store, day, version)
    where = _unread(day, version, _write_keys(scratch, again) if again else None)
    aside = AsideTable(scratch / "set_aside.parquet")
    _extract(day, extractor, where, writer, aside)
    retracted = _retract(scratch, day, where, [*aside.identifiers, *_not_received(store, day.raw)], writer)
    snapshot = writer.finish()
    loss = _measure(store, scratch, day, snapshot, writer)
    if aside.rows:
        writer.attach("set_aside", aside.path, aside.rows)
    if again:
        writer.attach(REPLAYED, _write_keys(scratch, again), len(again))
    verdict = _judge(day, loss)
    counts = {"live": loss.new_live, "added": loss.added, "removed": loss.missing, "retracted": retracted, "set_aside": aside.rows}
    return writer.amend(snapshot, counts=counts, facts={**_facts(day), "verdict": verdict.as_dict()})


def _version_read(day: _Day, version: str) -> str:
    """The extractor's version that the whole state was read with; without proof nothing is taken back, so the old one stays."""
    if day.accepted is None or day.is_complete:
        return version
    return day.accepted.manifest.code_version


def _find_replayed(store: Store, day: _Day, version: str) -> list[str]:
    """Records that are read although nothing of them changed.

    Those asked for now; those that were asked for when this day was folded before, or after harvests since the accepted one, because the
    accepted state lacks them still; and, with a new version of the extractor, all that the old one set aside.
    """
    slug, accepted = day.source.slug, day.accepted
    is_behind = day.received is not None and (accepted is None or day.received.reference != accepted.manifest.reference)
    earlier = [store.manifests.find(ASSET, slug, day.raw.day), day.received if is_behind else None]
    tables = [pq.read_table(path) for each in earlier if each for path in table_files(store, each, REPLAYED)]
    is_new = accepted is not None and accepted.manifest.code_version != version
    waiting = waiting_identifiers(store, slug, Selection(stage="extract")) if is_new else []
    return sorted({*day.again, *waiting, *(key for table in tables for key in table["key"].to_pylist())})


def _write_keys(scratch: Path, keys: Sequence[str]) -> Path:
    path = scratch / "replayed.parquet"
    pq.write_table(pa.table({"key": pa.array(keys, pa.string())}), path)
    return path


def _unread(day: _Day, version: str, again: Path | None) -> str:
    """Which raw records have to be read, as a condition on the raw index: what is new, and the keys in the file ``again``."""
    if again is None:
        return _new_to(day, version)
    replayed = f"SELECT key FROM read_parquet({parquet([again])})"  # noqa: S608 - a path of ours
    return f"({_new_to(day, version)}) OR (NOT deleted AND key IN ({replayed}))"


def _new_to(day: _Day, version: str) -> str:
    """Raw records that the accepted state does not know as they are now."""
    accepted = day.accepted
    if accepted is None:
        return "received AND NOT deleted"
    if accepted.manifest.code_version != version:
        index = parquet([accepted.index_path])
        owners = f"SELECT key FROM read_parquet({index}) WHERE live AND owner IS NULL"  # noqa: S608 - a path of ours
        return f"NOT deleted AND (received OR {literal(build_srn(day.source.slug, ''))} || key IN ({owners}))"
    absorbed = {(each[0], each[1]) for each in accepted.manifest.facts["absorbed"]}
    fresh = [number for number, part in enumerate(day.raw.manifest.parts) if (part.day, part.generation) not in absorbed]
    return f"received AND NOT deleted AND part IN ({', '.join(map(str, fresh)) or '-1'})"


def _extract(day: _Day, extractor: Extractor, where: str, writer: SnapshotWriter, aside: AsideTable) -> None:
    """Read records in batches, on several processors when there are many."""
    portions = pack_portions(day.raw.batches(columns=COLUMNS.names, where=where))
    for rows, unread in map_in_order(partial(read_portion, extractor), portions, size=day.raw.manifest.counts["received"]):
        aside.append(unread)
        if rows is not None:
            writer.append(rows)
    aside.close()


def _retract(scratch: Path, day: _Day, where: str, identifiers: list[str], writer: SnapshotWriter) -> int:
    """Turn what the harvest takes back into tombstones; without proof it takes back nothing. ``identifiers``: arrived, but not read."""
    if day.accepted is None or not day.is_complete:
        return 0
    reread = Reread(day.raw, where, identifiers, writer.received(), build_srn(day.source.slug, ""))
    absent_are_gone = bool(day.raw.manifest.facts["proves_absence"])
    retracted = find_retracted(scratch, day.accepted, reread, absent_are_gone=absent_are_gone)
    if retracted:
        writer.append(encode_tombstones(retracted))
    return len(retracted)


def _not_received(store: Store, raw: Snapshot) -> list[str]:
    """Identifiers of records that were set aside while they were received; they arrived, though nobody could read them."""
    tables = [pq.read_table(path, columns=["identifier"]) for path in table_files(store, raw.manifest, "set_aside")]
    return [name for table in tables for name in table.column("identifier").to_pylist() if name is not None]


def _measure(store: Store, scratch: Path, day: _Day, snapshot: Snapshot, writer: SnapshotWriter) -> Loss:
    """What the harvest lost against the accepted state, and since how many complete harvests each document is missing."""
    target = scratch / "missing.parquet"
    confirmations = day.source.integrity.policy().confirmations
    loss = measure_loss(scratch, day.accepted, snapshot, earlier=_earlier(store, day), confirmations=confirmations, target=target)
    if loss.missing:
        writer.attach(MISSING, target, loss.missing)
    return loss


def _earlier(store: Store, day: _Day) -> Path | None:
    """What the complete harvest before this one missed; nothing when it was accepted. Incomplete harvests are passed over."""
    candidates = [] if day.received is None else [day.received, *received_before(store, day.source.slug, day.received.day)]
    for manifest in candidates:
        if manifest.facts["harvest"]["is_complete"]:
            table = None if read_verdict(store, manifest).is_accepted else manifest.tables.get(MISSING)
            return store.files.localise(f"{manifest.reference.folder}/{table[0].name}") if table else None
    return None


def _judge(day: _Day, loss: Loss) -> Verdict:
    """The verdict, with the command that accepts this very day in its words."""
    verdict = judge(_evidence(day, loss), day.source.integrity.policy())
    command = f"harvest accept {day.source.slug} --date {day.raw.day}"
    return replace(verdict, words=verdict.words.replace("harvest accept SOURCE --date DATE", command))


def _evidence(day: _Day, loss: Loss) -> Evidence:
    return Evidence(
        has_history=day.accepted is not None,
        is_complete=day.is_complete,
        old_live=loss.old_live,
        new_live=loss.new_live,
        missing=loss.missing,
        missing_confirmed=loss.confirmed,
        added=loss.added,
        incomplete_because=tuple(day.raw.manifest.facts["incomplete_because"]),
    )


def _facts(day: _Day) -> dict[str, Any]:
    """The harvest as the history of the source needs it; ``absorbed`` are the raw parts that need not be read again."""
    facts = day.raw.manifest.facts
    before = day.accepted.manifest.facts["absorbed"] if day.accepted else []
    own = [[part.day, part.generation] for part in day.raw.manifest.parts]
    return {
        "harvest": {name: facts[name] for name in ("is_complete", "incomplete_because", "proves_absence", "next_start", "started_at")},
        "batch": day.batch,
        "absorbed": own if day.is_complete else before,
        "based_on": _based_on(day),
    }


def _based_on(day: _Day) -> dict[str, Any] | None:
    """The state of a day before; an earlier state of the same day stands for what that was based on."""
    if day.accepted is None:
        return None
    manifest = day.accepted.manifest
    return manifest.facts["based_on"] if manifest.day == day.raw.manifest.day else asdict(manifest.reference)
