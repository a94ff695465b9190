"""The IO manager, as an asset of somebody else meets it: tables come in the type that it asks for, and what it returns is kept."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from harvest_assets.defs.graph import build_resources
from harvest_assets.defs.partitions import HARVESTS, harvest_key
from harvest_assets.model.document import DOCUMENTS
from harvest_assets.model.fingerprint import fingerprints
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.shapes import DOCUMENT
from harvest_assets.store.rows import with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot

DAYS = ["2026-01-05", "2026-01-06"]


def put_documents(installation: Installation, day: str, count: int) -> None:
    """Documents of a day, as the stage leaves them behind."""
    rows = [_document(number) for number in range(count)]
    table = pa.RecordBatch.from_pylist(rows, schema=DOCUMENTS)
    marks = fingerprints(row["srn"].encode() for row in rows)
    batch = pa.RecordBatch.from_arrays([*table.columns, marks], schema=with_fingerprint(DOCUMENTS))
    with installation.store.files.scratch() as scratch:
        writer = SnapshotWriter(installation.store.files, scratch, DOCUMENT, Origin("documents", "shelf", day), None)
        writer.append(batch)
        installation.store.manifests.commit(writer.finish().manifest)


def _document(number: int) -> dict[str, Any]:
    known = {"srn": f"shelf:{number}", "entity": "product", "state": "active", "title": f"No. {number}", "properties": "{}"}
    empty = {"string": "", "int64": 0, "int32": 0, "bool": False}
    return {
        field.name: known.get(
            field.name, None if field.nullable else empty.get(str(field.type), b"" if str(field.type) == "binary" else [])
        )
        for field in DOCUMENTS
    }


@pytest.fixture
def shelf(folder, instance: dg.DagsterInstance) -> Installation:
    folder.add_source("shelf")
    instance.add_dynamic_partitions("sources", ["shelf"])
    put_documents(folder.installation, DAYS[0], 3)
    put_documents(folder.installation, DAYS[1], 5)
    return folder.installation


def materialize(instance: dg.DagsterInstance, *assets: dg.AssetsDefinition, **options: Any) -> dg.ExecuteInProcessResult:
    upstream = dg.AssetSpec("documents", partitions_def=HARVESTS)
    return dg.materialize([upstream, *assets], instance=instance, resources=build_resources(), **options)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("annotation", [pd.DataFrame, pa.Table, Snapshot])
def test_a_partition_comes_in_the_type_that_an_asset_asks_for(instance, annotation: type):
    seen: list[Any] = []

    @dg.asset(partitions_def=HARVESTS)
    def stranger(documents: annotation) -> pd.DataFrame:  # pyright: ignore[reportInvalidTypeForm]
        seen.append(documents)
        return pd.DataFrame({"count": [1]})

    assert materialize(instance, stranger, partition_key=harvest_key(DAYS[0], "shelf")).success
    (documents,) = seen
    assert isinstance(documents, annotation)
    table = documents.table() if isinstance(documents, Snapshot) else documents
    assert len(table) == 3
    frame = table.to_pandas() if isinstance(table, pa.Table) else table
    assert sorted(frame["title"]) == ["No. 0", "No. 1", "No. 2"]


@pytest.mark.usefixtures("shelf")
def test_several_partitions_come_as_a_dictionary_by_key(instance):
    seen: list[dict[str, pd.DataFrame]] = []

    @dg.asset(partitions_def=HARVESTS)
    def stranger(documents: dict[str, pd.DataFrame]) -> None:
        seen.append(documents)

    tags = {
        "dagster/asset_partition_range_start": harvest_key(DAYS[0], "shelf"),
        "dagster/asset_partition_range_end": harvest_key(DAYS[1], "shelf"),
    }
    assert materialize(instance, stranger, tags=tags).success
    (documents,) = seen
    assert {key: len(frame) for key, frame in documents.items()} == {f"{DAYS[0]}|shelf": 3, f"{DAYS[1]}|shelf": 5}
    assert all(isinstance(frame, pd.DataFrame) for frame in documents.values())


@pytest.mark.parametrize("returned", [pd.DataFrame, pa.Table])
def test_what_an_asset_returns_is_kept_and_read_back(shelf, instance, returned: type):
    seen: list[Any] = []

    @dg.asset(partitions_def=HARVESTS)
    def titles(documents: pd.DataFrame) -> returned:  # pyright: ignore[reportInvalidTypeForm]
        frame = documents[["srn", "title"]]
        return frame if returned is pd.DataFrame else pa.Table.from_pandas(frame, preserve_index=False)

    @dg.asset(partitions_def=HARVESTS)
    def readers(titles: pd.DataFrame) -> pa.Table:
        seen.append(titles)
        return pa.table({"titles": [len(titles)]})

    key = harvest_key(DAYS[1], "shelf")
    assert materialize(instance, titles, readers, partition_key=key).success
    (frame,) = seen
    assert frame.columns.to_list() == ["srn", "title"]
    assert sorted(frame["srn"]) == [f"shelf:{number}" for number in range(5)]
    manifest = shelf.store.manifests.find("readers", "shelf", DAYS[1])
    assert manifest is not None
    assert manifest.counts == {"rows": 1}
    path = Path(shelf.settings.store) / manifest.reference.folder / manifest.tables["table"][0].name
    assert pd.read_parquet(path)["titles"].to_list() == [5], "anybody can read it without us"


@pytest.mark.usefixtures("shelf")
def test_a_partition_that_is_not_there_is_named(instance):
    @dg.asset(partitions_def=HARVESTS)
    def stranger(documents: pd.DataFrame) -> None:
        del documents

    missing = harvest_key("2026-01-09", "shelf")
    result = materialize(instance, stranger, partition_key=missing, raise_on_error=False)
    assert not result.success
    (failed,) = result.get_step_failure_events()
    error = failed.step_failure_data.error
    assert error is not None
    assert "documents has no partition '2026-01-09|shelf'; materialize it first" in str(error)


def test_the_written_time_of_a_table_is_that_of_the_run(shelf, instance):
    @dg.asset(partitions_def=HARVESTS)
    def clock() -> pd.DataFrame:
        return pd.DataFrame({"n": [1]})

    before = datetime.now(UTC).replace(microsecond=0)
    assert materialize(instance, clock, partition_key=harvest_key(DAYS[0], "shelf")).success
    manifest = shelf.store.manifests.find("clock", "shelf", DAYS[0])
    assert manifest is not None
    assert before <= datetime.fromisoformat(manifest.written_at) <= datetime.now(UTC)
    assert date.fromisoformat(manifest.day) == date(2026, 1, 5)
