"""Small facts, blobs and manifests: what is written is what is read, in a folder and in a bucket."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from harvest_assets.errors import IntegrityError
from harvest_assets.store.blobs import Blobs
from harvest_assets.store.files import Files
from harvest_assets.store.ledger import Ledger
from harvest_assets.store.manifests import Manifest, Manifests, Part, Reference, TableFile, describe_file, new_generation

WRITTEN_AT = "2026-01-01T00:00:00+00:00"


def describe(day: str, generation: str = "g1", **counts: int) -> Manifest:
    return Manifest("documents", "library", day, generation, WRITTEN_AT, counts=counts)


def test_a_manifest_survives_its_file(files: Files) -> None:
    raw = Reference("raw_records", "library", "2026-01-02", "g0")
    manifest = Manifest(
        asset="documents",
        scope="library",
        day="2026-01-02",
        generation="g1",
        written_at=WRITTEN_AT,
        code_version="oai_dc/1",
        inputs=(raw,),
        parts=(Part("2026-01-01", "g0", 10, 7),),
        tables={"index": (TableFile("index.parquet", 7, 1234, "a" * 64),), "rows": ()},
        counts={"keys": 7},
        facts={"verdict": {"decision": "accepted", "numbers": [1, 2]}, "nothing": None},
    )
    Manifests(files).commit(manifest)
    assert Manifests(files).find("documents", "library", "2026-01-02") == manifest
    assert Manifests(files).read(manifest.reference) == manifest
    assert manifest.input_of("raw_records") == raw


def test_an_input_that_is_not_named_is_an_error() -> None:
    with pytest.raises(IntegrityError, match="the manifest names no input 'raw_records'; run the partition again"):
        describe("2026-01-01").input_of("raw_records")


def test_the_commit_is_what_readers_see_and_the_generation_before_stays_readable(files: Files) -> None:
    manifests, old, new = Manifests(files), describe("2026-01-01", "g1", live=1), describe("2026-01-01", "g2", live=2)
    manifests.commit(old)
    files.write(f"{new.reference.folder}/manifest.json", new.to_json())
    assert manifests.find("documents", "library", "2026-01-01") == old
    manifests.commit(new)
    assert manifests.find("documents", "library", "2026-01-01") == new
    assert manifests.read(old.reference) == old


def test_days_are_in_order_and_before_goes_backwards(files: Files) -> None:
    manifests = Manifests(files)
    assert manifests.days("documents", "library") == []
    assert manifests.latest("documents", "library") is None
    for day in ("2026-01-10", "2025-12-31", "2026-01-02"):
        manifests.commit(describe(day))
    manifests.commit(replace(describe("2026-05-05"), scope="library2"))
    assert manifests.days("documents", "library") == ["2025-12-31", "2026-01-02", "2026-01-10"]
    assert [each.day for each in manifests.before("documents", "library", "2026-01-10")] == ["2026-01-02", "2025-12-31"]
    latest = manifests.latest("documents", "library")
    assert latest is not None
    assert latest.day == "2026-01-10"
    assert manifests.scopes("documents") == ["library", "library2"]
    assert manifests.find("documents", "library", "2026-01-03") is None


def test_generations_sort_by_time_and_differ() -> None:
    names = [new_generation() for _ in range(200)]
    assert len(set(names)) == 200
    assert [name.partition("-")[0] for name in names] == sorted(name.partition("-")[0] for name in names)


def test_a_table_file_is_described_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"content")
    assert describe_file("one.parquet", tmp_path / "one", 3) == TableFile("one.parquet", 3, 7, hashlib.sha256(b"content").hexdigest())


def test_a_blob_is_kept_once_under_its_hash(files: Files) -> None:
    digest = hashlib.sha256(b"picture").hexdigest()
    paths = {Blobs(files).keep(b"picture", suffix=".jpg") for _ in range(3)}
    assert paths == {f"blobs/{digest[:2]}/{digest}.jpg"}
    assert list(files.list_below("blobs")) == list(paths)
    assert files.read(paths.pop()) == b"picture"


def test_a_ledger_has_its_last_entries_first(files: Files) -> None:
    ledger = Ledger(files)
    assert ledger.latest("attempts", "library", 5) == []
    for number in (2, 1, 3):
        ledger.write("attempts", "library", f"2026010{number}", {"number": number, "status": "started"})
    ledger.write("attempts", "library", "20260102", {"number": 2, "status": "failed"})
    assert [entry["number"] for entry in ledger.latest("attempts", "library", 2)] == [3, 2]
    assert ledger.find("attempts", "library", "20260102") == {"number": 2, "status": "failed"}
    assert ledger.find("attempts", "other", "20260102") is None
