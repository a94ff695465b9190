"""Terms that no vocabulary knows, counted over the results of a source."""

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from harvest_assets.model.derivative import DERIVATIVES
from harvest_assets.stages import unknown_terms
from harvest_assets.stages.shapes import DERIVATIVE
from harvest_assets.stages.unknown_terms import NOTHING, count_unknown
from harvest_assets.store.files import Files
from harvest_assets.store.rows import with_fingerprint
from harvest_assets.store.snapshot_writer import Origin, SnapshotWriter
from harvest_assets.store.snapshots import Snapshot


def row(srn: str, output: dict[str, Any], status: str = "succeeded") -> dict[str, Any]:
    filled = {"srn": srn, "status": status, "output": orjson.dumps(output).decode(), "fingerprint": 0}
    needed = {"attempts": 1, "input_fingerprint": "x", "task_version": "1", "withholds": False, "result_fingerprint": 0}
    return {**needed, **filled}


def results(folder: Path, *unknown: list[str]) -> Snapshot:
    rows = [row(f"s:{number:03d}", {"keyword": [], "unknown": texts}) for number, texts in enumerate(unknown)]
    rows += [row("s:failed", {"unknown": ["a"]}, "failed"), row("s:other", {})]
    files = Files(str(folder))
    with files.scratch() as scratch:
        writer = SnapshotWriter(files, scratch, DERIVATIVE, Origin("disciplines", "s", "2026-01-01"), None)
        writer.append(pa.RecordBatch.from_pylist(rows, schema=with_fingerprint(DERIVATIVES)))
        return writer.finish()


def test_the_terms_that_come_most_come_first(tmp_path):
    snapshot = results(tmp_path, ["a", "b"], [], ["b"], ["c"], ["a", "b"])
    assert count_unknown(snapshot) == [{"term": "b", "documents": 3}, {"term": "a", "documents": 2}, {"term": "c", "documents": 1}]
    assert count_unknown(snapshot, most=1) == [{"term": "b", "documents": 3}]


@pytest.mark.parametrize("remembered", [4, 6])
def test_there_is_an_end_to_what_is_remembered(tmp_path, monkeypatch, remembered):
    monkeypatch.setattr(unknown_terms, "REMEMBERED", remembered)
    snapshot = results(tmp_path, *(["often", f"rare {number}"] for number in range(20)))
    found = count_unknown(snapshot)
    assert found[0] == {"term": "often", "documents": 20}
    assert len(found) == remembered // 2


def test_results_without_unknown_terms_are_recognised_as_they_are_stored():
    assert NOTHING in orjson.dumps({"unknown": []}).decode()
