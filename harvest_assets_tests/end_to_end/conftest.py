"""A whole installation in a folder: configuration, store and a real Dagster instance, harvested over loopback."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from harvest_assets.defs.runs import RunOutcome, open_instance, register, run_harvest, run_release, run_sets
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.shapes import DOCUMENT, RAW
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.testing import Repository, Universe
from harvest_assets_tests.end_to_end.origin import Origin, open_origin
from harvest_assets_tests.end_to_end.place import Place
from harvest_assets_tests.stages.conftest import noon

PROJECT = Path(__file__).parents[2]
QUICK = {"requests_per_second": 1000, "max_attempts": 1}


@dataclass
class Workplace:
    """A configuration that tests write, and what follows from it."""

    folder: Path
    instance: dg.DagsterInstance
    universe: Universe
    environ: dict[str, str] = field(default_factory=dict[str, str])

    def add_source(self, slug: str, url: str, **keys: Any) -> None:
        """Write a source's file; ``tasks`` are none unless a test wants them."""
        content = {
            "title": slug,
            "protocol": "oai-pmh",
            "url": url,
            "options": {"metadata_prefix": "oai_dc"},
            "network": {"allow": ["loopback"]},
            "http": QUICK,
            "tasks": [],
            **keys,
        }
        self._write("sources", slug, content)

    def add_dataset(self, slug: str, sources: list[str], **keys: Any) -> None:
        self._write("datasets", slug, {"title": slug, "sources": sources, **keys})

    def add_repository(self, name: str, count: int, **shape: Any) -> Repository:
        """A repository of the universe, and the source that harvests it."""
        source = shape.pop("source", {})
        repository = self.universe.add(Repository.generate(name, count, **shape))
        self.add_source(name, self.universe.oai_url(name), **source)
        return repository

    def _write(self, kind: str, slug: str, content: dict[str, Any]) -> None:
        folder = self.folder / "config" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{slug}.yaml").write_text(json.dumps(content))  # JSON is YAML

    @property
    def installation(self) -> Installation:
        return Installation.open(self.environ)

    def harvest(self, source: str, *days: date, full: bool = False, **parameters: Any) -> RunOutcome:
        installation = self.installation
        register(self.instance, installation)
        return run_harvest(self.instance, installation, source, [str(day) for day in days], RunParameters(full=full, **parameters))

    def publish_again(self, source: str, day: date) -> RunOutcome:
        return run_sets(self.instance, self.installation, source, str(day))

    def release(self, dataset: str, day: date) -> RunOutcome:
        register(self.instance, self.installation)
        return run_release(self.instance, dataset, str(day))

    def manifest(self, asset: str, source: str, day: date) -> Manifest:
        found = self.installation.store.manifests.find(asset, source, str(day))
        assert found is not None, f"{asset} has no partition {day}|{source}"
        return found

    def snapshot(self, asset: str, source: str, day: date) -> Snapshot:
        shape = {"raw_records": RAW, "documents": DOCUMENT}[asset]
        return self.installation.store.snapshot(self.manifest(asset, source, day), shape)

    def rows(self, asset: str, source: str, day: date) -> list[dict[str, Any]]:
        """All rows of a partition, in order of key."""
        table = self.snapshot(asset, source, day).table()
        key = {"raw_records": "identifier", "documents": "srn"}[asset]
        return sorted(table.to_pylist(), key=lambda row: row[key])

    def side_table(self, asset: str, source: str, day: date, name: str) -> list[dict[str, Any]]:
        """A table that a partition has beside its rows."""
        manifest = self.manifest(asset, source, day)
        files = self.installation.store.files
        paths = [files.localise(f"{manifest.reference.folder}/{each.name}") for each in manifest.tables[name]]
        return [row for path in paths for row in pq.read_table(path).to_pylist()]

    def lists_begun(self, name: str) -> int:
        """How many lists a repository was asked to begin since ``clear_requests``."""
        return sum("resumptionToken" not in each for each in self.lists_asked(name))

    def lists_asked(self, name: str) -> list[dict[str, str]]:
        """Arguments of every ListRecords request to a repository."""
        asked = [each.arguments for each in self.universe.requests if each.path == f"/oai/{name}"]
        return [each for each in asked if each["verb"] == "ListRecords"]


@pytest.fixture
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """A real instance on disk, with the project's ``dagster.yaml``; tests have their own stores."""
    home = tmp_path_factory.mktemp("dagster")
    shutil.copy(PROJECT / "dagster.yaml", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with open_instance() as opened:
            yield opened


@pytest.fixture
def universe() -> Iterator[Universe]:
    with Universe() as opened:
        yield opened


@pytest.fixture
def make_workplace(instance: dg.DagsterInstance, universe: Universe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installations beside each other; the last one made is the one that runs use."""

    def make(name: str = "workplace") -> Workplace:
        folder = tmp_path / name
        (folder / "config").mkdir(parents=True)
        environ = {
            "HARVEST_CONFIG": str(folder / "config"),
            "HARVEST_STORE": str(folder / "store"),
            "HARVEST_STATE": str(folder / "state"),
            "HARVEST_CONTACT": "tests@example.org",
        }
        for key, value in environ.items():
            monkeypatch.setenv(key, value)
        return Workplace(folder, instance, universe, environ)

    return make


@pytest.fixture
def workplace(make_workplace) -> Workplace:
    return make_workplace()


class _PatientClock:
    """Dagster's wait between the attempts of a step, without the wait; what it would have waited is kept."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._skipped = 0.0

    def time(self) -> float:
        return datetime.now(UTC).timestamp() + self._skipped

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._skipped += seconds


@pytest.fixture
def step_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let a step be retried at once; the waits that were asked for come in this list."""
    clock = _PatientClock()
    monkeypatch.setattr("dagster._core.execution.plan.active.time", clock)
    return clock.waits


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server that a test fills."""
    with open_origin() as opened:
        yield opened


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An installation of one dataset, without Dagster; one process at a time works on files, because starting one takes longer."""
    monkeypatch.setattr("harvest_assets.stages.isolation.MAX_PROCESSES", 1)
    return Place(Universe(), tmp_path / "place")


@pytest.fixture
def at() -> Callable[[int], datetime]:
    """Noon of a numbered day; day 0 is today."""
    return noon
