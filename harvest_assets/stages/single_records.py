"""Records that a source is asked for alone, laid into the day that is already there.

A partition is never rewritten: the day gets a new generation with all that it had, and what came on top. The proof that the list was
complete stays what it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harvest_assets.config.sources import Source
from harvest_assets.errors import HarvestError, PermanentError, TransientError
from harvest_assets.model.exchange import EXCHANGES, Exchange
from harvest_assets.model.fingerprint import body_fingerprints
from harvest_assets.model.record import SET_ASIDE, Page, SetAside
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.quarantine import table_files
from harvest_assets.stages.shapes import RAW
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.rows import with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import INDEX, ROWS, Snapshot
from harvest_assets.store.store import Store

ASSET = "raw_records"


@dataclass(slots=True)
class Answered:
    """What came of asking: identifiers that arrived, records that could not be received again, and the new generation, not committed.

    ``trouble`` is why not all of them were asked for to the end.
    """

    arrived: set[str] = field(default_factory=set[str])
    failed: list[SetAside] = field(default_factory=list[SetAside])
    exchanges: list[tuple[int, Exchange]] = field(default_factory=list[tuple[int, Exchange]])
    snapshot: Snapshot | None = None
    trouble: HarvestError | None = None


def ask_for(installation: Installation, source: Source, raw: Snapshot, identifiers: Sequence[str]) -> Answered:
    """Ask the source for single records and add those that arrive to the partition ``raw``; the caller holds the source's lock.

    Only what was asked for is taken. A record that the source leaves out of its answers is neither arrived nor failed.

    Raises:
        TransientError: The source did not answer at all.
        PermanentError: The source, or its protocol, has no way to ask for a single record.
    """
    store, manifest, answered = installation.store, raw.manifest, Answered()
    with store.files.scratch() as scratch:
        writer = SnapshotWriter(store.files, scratch, RAW, Origin(ASSET, source.slug, manifest.day, manifest.code_version), raw)
        number = count_pages(store, manifest)
        with installation.client(source) as client:
            try:
                for page in source.build_protocol(client, installation.environ).records(identifiers):
                    number += 1
                    _receive(page, number, frozenset(identifiers), answered, writer)
            except (TransientError, PermanentError) as error:
                if not answered.exchanges:
                    raise
                answered.trouble = error
        if answered.arrived:
            attach_tables(store, scratch, manifest, answered, writer)
            received = manifest.counts["received"] + len(answered.arrived)
            answered.snapshot = writer.finish(counts={"received": received}, facts=_facts(manifest, answered))
    return answered


def _receive(page: Page, number: int, asked: frozenset[str], answered: Answered, writer: SnapshotWriter) -> None:
    rows = page.records.filter(pc.field("identifier").isin(sorted(asked)))
    answered.exchanges.append((number, page.exchange))
    answered.failed += [each for each in page.set_aside if each.identifier in asked]
    if rows.num_rows:
        answered.arrived.update(rows.column("identifier").to_pylist())
        marks = body_fingerprints(rows.column("body"))
        columns = [*rows.columns[:-1], pa.repeat(pa.scalar(number, pa.int32()), rows.num_rows), marks]
        writer.append(pa.RecordBatch.from_arrays(columns, schema=with_fingerprint(RAW.schema)))


def count_pages(store: Store, raw: Manifest) -> int:
    """The last page that the partition knows, so that new ones have numbers of their own."""
    numbers = (pq.read_table(path, columns=["page"])["page"].to_pylist() for path in table_files(store, raw, "requests"))
    return max((number for each in numbers for number in each), default=0)


def attach_tables(store: Store, scratch: Path, raw: Manifest, answered: Answered, writer: SnapshotWriter) -> None:
    """The tables beside the records: requests with the new ones, records set aside without those that arrived, others as they were."""
    requests = [{**_described(exchange), "page": number} for number, exchange in answered.exchanges]
    was_aside = pa.concat_tables(
        [SET_ASIDE.empty_table(), *map(pq.read_table, table_files(store, raw, "set_aside"))], promote_options="default"
    )
    is_arrived = pc.field("identifier").isin(sorted(answered.arrived))
    was_asked = [pq.read_table(path) for path in table_files(store, raw, "requests")]
    made = {
        "requests": pa.concat_tables([*was_asked, pa.Table.from_pylist(requests, schema=EXCHANGES)]),
        "set_aside": was_aside.filter(~is_arrived | pc.field("identifier").is_null()),
    }
    for name, table in made.items():
        pq.write_table(table, scratch / f"{name}.parquet")
        writer.attach(name, scratch / f"{name}.parquet", table.num_rows)
    for name in raw.tables.keys() - made.keys() - {INDEX, ROWS}:
        for table, path in zip(raw.tables[name], table_files(store, raw, name), strict=True):
            copy(path, scratch / table.name)
            writer.attach(name, scratch / table.name, table.rows)


def _described(exchange: Exchange) -> dict[str, Any]:
    return {name: getattr(exchange, name) for name in EXCHANGES.names if name != "page"}


def _facts(raw: Manifest, answered: Answered) -> dict[str, Any]:
    """The facts of the partition, the counts of its proof adjusted."""
    proof, arrived = raw.facts["completeness"], len(answered.arrived)
    counts = {
        "records": proof["records"] + arrived,
        "distinct": proof["distinct"] + arrived,
        "set_aside": max(0, proof["set_aside"] - arrived),
    }
    return {**raw.facts, "completeness": {**proof, **counts}}
