"""An installation for document tasks: sources, vocabularies, schemas and overrides that a test writes, and what follows from them."""

import gzip
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from harvest_assets.config.catalog import load_catalog
from harvest_assets.stages.exports import export
from harvest_assets.stages.promotion import read_changes
from harvest_assets.stages.shapes import DERIVATIVE
from harvest_assets.stages.versions import Version
from harvest_assets.testing import Universe
from harvest_assets_tests.stages.conftest import World

PROJECT = Path(__file__).parents[2]
FIXTURES = PROJECT / "harvest_assets_tests" / "extract" / "fixtures"
QUICK = {"requests_per_second": 1000, "max_attempts": 1}


class Place(World):
    """A world whose files are written as values; it has the schemas of the project, and no vocabulary until one is written."""

    def __init__(self, universe: Universe, folder: Path) -> None:
        super().__init__(universe, folder)
        shutil.copytree(PROJECT / "config" / "schemas", folder / "config" / "schemas")
        self.add_dataset()

    def write(self, path: str, content: Any, *, is_broken: bool = False) -> None:
        """A file below the configuration folder: text as it is, anything else as JSON, which is YAML too."""
        file = self.folder / "config" / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        if is_broken:
            self.installation = replace(self.installation, catalog=load_catalog(self.folder / "config"))
            assert self.installation.catalog.problems
        else:
            self.reload()

    def write_source(self, slug: str, **keys: Any) -> None:
        """A source that is asked quickly and once; ``tasks`` are all that there are."""
        self.write(f"sources/{slug}.yaml", {"title": slug, "network": {"allow": ["loopback"]}, "http": QUICK, **keys})

    def write_vocabulary(self, name: str, rows: str) -> None:
        """A vocabulary as a table; it is loaded when it is wanted for the first time."""
        self.write(f"vocabularies/{name}.csv", rows)
        self.write(f"vocabularies/{name}.yaml", {"title": name, "format": "csv", "file": f"{name}.csv"})

    # -- what is there -------------------------------------------------------------------------------------------------------------

    def results(self, task: str, number: int, slug: str = "lib") -> dict[str, dict[str, Any]]:
        """Results of a task by SRN, their output read."""
        rows = self.store.snapshot(self.manifest(task, number, slug), DERIVATIVE).table().to_pylist()
        return {row["srn"]: {**row, "output": orjson.loads(row["output"])} for row in rows}

    def calls(self, number: int, slug: str = "lib") -> dict[str, int]:
        """How many documents each task looked at, of those that looked at any."""
        counted = {task: self.manifest(task, number, slug).counts["calls"] for task in self.source(slug).task_names}
        return {task: count for task, count in counted.items() if count}

    def exported(self, version: Version) -> dict[str, dict[str, Any]]:
        """What a version's export holds, by SRN."""
        manifest = export(self.installation, version)
        path = self.store.files.localise(f"{manifest.reference.folder}/documents.jsonl.gz")
        rows = [orjson.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        return {row["srn"]: row for row in rows}

    def changes(self, since: int = 0) -> tuple[int, dict[str, str]]:
        """The feed after a place in it: how far it goes now, and the last operation on each document."""
        found = list(read_changes(self.store, "all", since))
        return max((each["sequence"] for each in found), default=since), {each["srn"]: each["operation"] for each in found}
