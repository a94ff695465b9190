"""A configuration folder that tests write, for the sensors and assets that read it."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from harvest_assets.defs.graph import build_definitions
from harvest_assets.stages.installation import Installation


@dataclass(frozen=True)
class Folder:
    """An installation that nobody has harvested yet."""

    path: Path

    def add_source(self, slug: str, **keys: Any) -> None:
        content = {
            "title": slug,
            "protocol": "oai-pmh",
            "url": f"https://{slug}.example/oai",
            "options": {"metadata_prefix": "oai_dc"},
            "tasks": [],
            **keys,
        }
        self.write("sources", slug, json.dumps(content))

    def add_dataset(self, slug: str, sources: list[str]) -> None:
        self.write("datasets", slug, json.dumps({"title": slug, "sources": sources}))

    def write(self, kind: str, slug: str, text: str) -> None:
        folder = self.path / "config" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{slug}.yaml").write_text(text)

    @property
    def installation(self) -> Installation:
        return Installation.open()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("HARVEST_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("HARVEST_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("HARVEST_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("HARVEST_CONTACT", "tests@example.org")
    return Folder(tmp_path)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


@pytest.fixture(scope="session")
def definitions() -> dg.Definitions:
    return build_definitions()


@pytest.fixture
def today() -> date:
    return datetime.now(UTC).date()
