"""Exports, releases and health: what follows from versions and attempts."""

import gzip
from datetime import UTC, datetime, timedelta

import orjson
import pyarrow.parquet as pq
import pytest

from harvest_assets.errors import ConfigurationError, TransientError
from harvest_assets.stages.exports import export
from harvest_assets.stages.health import as_rows, check_source, check_sources
from harvest_assets.stages.promotion import read_changes
from harvest_assets.stages.published import PUBLISHED
from harvest_assets.stages.releases import VERSIONS, describe_release, is_release_due, version_of
from harvest_assets.testing.faults import Faults, Refusal

NEVER_DOWN = "availability: {every: null}\n"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def read_exports(world, manifest):
    folder = world.store.files.localise(f"{manifest.reference.folder}/documents.parquet").parent
    lines = [orjson.loads(line) for line in gzip.decompress((folder / "documents.jsonl.gz").read_bytes()).splitlines()]
    table = pq.read_table(folder / "documents.parquet")
    rows = [{**row, **{name: orjson.loads(row[name]) for name in ("properties", "derivatives")}} for row in table.to_pylist()]
    return lines, rows, table


def test_every_export_and_the_feed_hold_the_same_rows(world, at):
    repository = world.add_source(keys="tasks: [url_checks]\n")
    world.add_source("other", count=3)
    world.add_dataset()
    for number in range(3):
        repository.change(repository.identifiers()[number], at=at(number), title=f"Title {number}")
        world.run(number)
        world.run(number, "other")
        version = world.release(number)
    lines, rows, table = read_exports(world, export(world.installation, version))
    assert lines == rows
    assert table.schema.equals(PUBLISHED, check_metadata=False)
    replayed = {change["srn"]: change["document"] for change in read_changes(world.store, "all", 0)}
    assert {row["srn"]: row for row in rows} == replayed == world.content(version)
    assert len(rows) == version.counts["live"] == len(replayed)
    assert any(row["derivatives"] for row in rows)


def test_an_export_that_is_made_again_has_the_same_bytes(world):
    world.add_source(keys="tasks: [url_checks]\n")
    world.add_dataset()
    world.run(0)
    version = world.release(0)
    one, other = export(world.installation, version), export(world.installation, version)
    assert one.generation != other.generation
    assert one.tables == other.tables
    assert one.tables["jsonl.gz"][0].rows == version.counts["live"]


def test_an_empty_version_is_exported_as_empty_files(world):
    world.add_source()
    world.add_dataset()
    lines, rows, table = read_exports(world, export(world.installation, world.release(0, is_promoted=False)))
    assert (lines, rows, table.num_rows) == ([], [], 0)


def test_a_release_is_due_when_every_source_that_was_due_has_a_verdict(world, now):
    world.add_source()
    world.add_source("other", count=3)
    world.add_dataset()
    assert is_release_due(world.installation, "all", now, ()).because == "no source has a set yet"
    world.run(0)
    waiting = is_release_due(world.installation, "all", now, ())
    assert (waiting.is_due, waiting.because) == (False, "waits for other")
    world.run(0, "other")
    now = datetime.now(UTC)
    due = is_release_due(world.installation, "all", now, ())
    assert (due.is_due, due.because) == (True, f"new sets on {now.date()}")
    assert is_release_due(world.installation, "all", now, {"lib"}).because == "waits for lib"
    assert is_release_due(world.installation, "all", now, ()).evidence == due.evidence
    world.release(0)
    done = is_release_due(world.installation, "all", now, ())
    assert (done.is_due, done.because) == (False, "version 1 lists these sets already")


def test_a_release_does_not_wait_for_a_source_that_failed(world):
    world.add_source()
    world.add_source("other", count=3, keys=NEVER_DOWN)
    world.add_dataset()
    world.run(0)
    world.universe.faults("other", Faults(refusals=(Refusal(500),)))
    with pytest.raises(TransientError, match="500"):
        world.receive(0, slug="other")
    assert is_release_due(world.installation, "all", datetime.now(UTC), ()).is_due


def test_a_release_finds_its_version(world, on):
    world.add_source()
    world.add_dataset()
    with pytest.raises(ConfigurationError, match=rf"dataset_versions has no partition all\|{on(0)}; materialize it first"):
        version_of(world.store, "all", str(on(0)))
    world.run(0)
    version = world.release(0)
    manifest = describe_release(VERSIONS, version, {"live": 3})
    world.store.manifests.commit(manifest)
    assert version_of(world.store, "all", str(on(0))) == version
    assert manifest.counts == {"live": 3}


def test_health_tells_having_asked_from_having_believed(world, on):
    world.add_source(keys=NEVER_DOWN)
    never = check_source(world.installation, world.source(), datetime.now(UTC))
    assert (never.freshness, never.accepted_day, never.last_status, never.is_due) == ("never", None, None, True)
    world.run(0)
    now = datetime.now(UTC)
    fresh = check_source(world.installation, world.source(), now)
    assert (fresh.freshness, fresh.accepted_day, fresh.live, fresh.last_status) == (
        "fresh",
        str(on(0)),
        len(world.published(0)),
        "succeeded",
    )
    assert not fresh.is_due
    world.universe.faults("lib", Faults(refusals=(Refusal(500),)))
    with pytest.raises(TransientError, match="500"):
        world.receive(1)
    failed = check_source(world.installation, world.source(), now)
    assert (failed.freshness, failed.accepted_day, failed.last_status) == ("fresh", str(on(0)), "failed")
    assert "500" in str(failed.last_reason)
    later = [check_source(world.installation, world.source(), now + timedelta(days=days)).freshness for days in (0, 1000)]
    assert later == ["fresh", "stale"]


def test_a_frozen_source_is_not_late_and_not_due(world):
    world.add_source()
    world.run(0)
    world.configure(keys="frozen: true\n")
    (row,) = as_rows(check_sources(world.installation, datetime.now(UTC) + timedelta(days=1000)))
    assert (row["freshness"], row["is_due"], row["next_at"]) == ("frozen", False, None)
