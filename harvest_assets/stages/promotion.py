"""Promotion and the change feed: which version is current, and how consumers follow from one to the next.

``current/{dataset}.json`` is the pointer, replaced in one step. Before it moves, what leads from the last version in the feed to the new
one is appended to ``feeds/{dataset}/``: upserts and tombstones under sequence numbers that are never used again. A rollback is a promotion
of an earlier version, and the feed says what it takes back.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.errors import ConfigurationError, TransientError
from harvest_assets.publish.rows import to_json
from harvest_assets.stages.published import OpenSet
from harvest_assets.stages.versions import Version, open_version, read_version
from harvest_assets.store.comparisons import find_changes
from harvest_assets.store.manifests import new_generation
from harvest_assets.store.queries import literal
from harvest_assets.store.store import Store

CHANGES = pa.schema(
    [
        pa.field("sequence", pa.int64(), nullable=False, metadata={"description": "Place in the feed, from 1, never used again"}),
        pa.field("operation", pa.string(), nullable=False, metadata={"description": "upsert or delete"}),
        pa.field("srn", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
    ]
)
READ_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the feed: what leads from one version to another."""

    first: int
    last: int
    from_version: int
    to_version: int
    upserts: int
    deletes: int
    table: str


def find_current(store: Store, dataset: str) -> int | None:
    """The number of the current version."""
    content = store.files.find(f"current/{dataset}.json")
    return None if content is None else int(orjson.loads(content)["version"])


def is_newer(store: Store, version: Version) -> bool:
    """Whether a version follows the current one, by number and by day: a release of an old day does not replace a later one.

    A version to which no source contributes anything never follows by itself, not even where there is none yet.
    """
    if not version.contributions():
        return False
    current = find_current(store, version.dataset)
    return current is None or (version.number > current and version.day >= read_version(store, version.dataset, current).day)


def promote(store: Store, dataset: str, number: int, *, reason: str | None = None) -> Segment:
    """Make a version the current one; nothing happens to the feed when it is that already.

    Raises:
        ConfigurationError: There is no such version.
        TransientError: Another promotion of the dataset is under way.
    """
    version = read_version(store, dataset, number)
    with store.hold(f"promote-{dataset}"):
        segment = append_changes(store, version)
        now = datetime.now(UTC)
        entry = {"version": number, "promoted_at": now.isoformat(), "reason": reason, "sequence": segment.last}
        store.files.write(f"current/{dataset}.json", orjson.dumps(entry, option=orjson.OPT_INDENT_2))
        store.ledger.write("promotions", dataset, f"{now:%Y%m%dT%H%M%S%f}", entry)
    return segment


def rollback_target(store: Store, dataset: str) -> int:
    """The version that was current before the current one.

    Raises:
        ConfigurationError: There is none.
    """
    current = find_current(store, dataset)
    for entry in store.ledger.latest("promotions", dataset, 100):
        if entry["version"] < (current or 0):
            return int(entry["version"])
    raise ConfigurationError(f"dataset {dataset!r} has no version before {current or 'the first'} to go back to; name one with --version")


def append_changes(store: Store, version: Version) -> Segment:
    """Append what leads from the feed's last version to this one; the caller holds the promotion lock."""
    head = _head(store, version.dataset)
    if head.to_version == version.number:
        return head
    name = f"feeds/{version.dataset}/tables/{head.last + 1:020d}-{new_generation()}.parquet"
    with store.files.scratch() as scratch:
        counts = _write_changes(scratch / "changes.parquet", head.last + 1, _changes_since(store, head, version))
        store.files.upload(name, scratch / "changes.parquet")
    last = head.last + counts["upsert"] + counts["delete"]
    segment = Segment(head.last + 1, last, head.to_version, version.number, counts["upsert"], counts["delete"], name)
    number = len(_segment_names(store, version.dataset))
    if not store.files.create(f"feeds/{version.dataset}/segments/{number:08d}.json", orjson.dumps(asdict(segment))):
        raise TransientError(f"dataset {version.dataset!r}: another promotion was quicker; start again")
    return segment


def preview_changes(store: Store, version: Version) -> dict[str, int]:
    """How many documents the promotion of a version would upsert and delete."""
    counts = Counter[str]()
    for batch in _changes_since(store, _head(store, version.dataset), version):
        counts.update(batch.column("operation").to_pylist())
    return {"upserts": counts["upsert"], "deletes": counts["delete"]}


def _write_changes(path: Path, sequence: int, changes: Iterator[pa.RecordBatch]) -> Counter[str]:
    """Number changes from ``sequence`` on and write them; returns how many there are of each operation."""
    counts = Counter[str]()
    with pq.ParquetWriter(path, CHANGES, compression="zstd") as writer:
        for batch in changes:
            numbers = pa.array(np.arange(sequence, sequence + batch.num_rows))
            writer.write_batch(pa.RecordBatch.from_arrays([numbers, *batch.select(CHANGES.names[1:]).columns], schema=CHANGES))
            counts.update(batch.column("operation").to_pylist())
            sequence += batch.num_rows
    return counts


def _changes_since(store: Store, head: Segment, version: Version) -> Iterator[pa.RecordBatch]:
    before = read_version(store, version.dataset, head.to_version) if head.to_version else None
    return collect_changes(store, before, version)


def collect_changes(store: Store, before: Version | None, after: Version) -> Iterator[pa.RecordBatch]:
    """What leads from one version to another: columns ``srn``, ``operation``, ``source``, in order of source and SRN."""
    old = {each.source: each for each in open_version(store, before)} if before else {}
    new = {each.source: each for each in open_version(store, after)}
    for source in sorted({*old, *new}):
        one, other = old.get(source), new.get(source)
        with store.files.scratch() as scratch:
            for batch in find_changes(scratch, one.state if one else None, other.state if other else None):
                yield batch.append_column("source", pa.repeat(pa.scalar(source), batch.num_rows))


def read_changes(store: Store, dataset: str, since: int) -> Iterator[dict[str, Any]]:
    """Changes after a sequence number, in order; an upsert carries the document as it was in the version that brought it."""
    for name in _segment_names(store, dataset):
        segment = Segment(**orjson.loads(store.files.read(f"feeds/{dataset}/segments/{name}")))
        if segment.last > since and segment.last >= segment.first:
            yield from _read_segment(store, dataset, segment, since)


def _read_segment(store: Store, dataset: str, segment: Segment, since: int) -> Iterator[dict[str, Any]]:
    sets = {each.source: each for each in open_version(store, read_version(store, dataset, segment.to_version))}
    file = pq.ParquetFile(store.files.localise(segment.table))
    for batch in file.iter_batches(READ_AT_ONCE):
        rows = [row for row in batch.to_pylist() if row["sequence"] > since]
        documents = _documents(sets, rows)
        for row in rows:
            yield {**row, "version": segment.to_version, "document": documents.get(row["srn"])}


def _documents(sets: dict[str, OpenSet], rows: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for source in {row["source"] for row in rows if row["operation"] == "upsert"}:
        keys = ", ".join(literal(row["srn"]) for row in rows if row["source"] == source and row["operation"] == "upsert")
        for batch in sets[source].batches(f"key IN ({keys})"):
            for row in to_json(batch):
                document = orjson.loads(row)
                found[document["srn"]] = document
    return found


def _segment_names(store: Store, dataset: str) -> list[str]:
    return store.files.list_names(f"feeds/{dataset}/segments")


def _head(store: Store, dataset: str) -> Segment:
    names = _segment_names(store, dataset)
    if not names:
        return Segment(1, 0, 0, 0, 0, 0, "")
    return Segment(**orjson.loads(store.files.read(f"feeds/{dataset}/segments/{names[-1]}")))
