"""Manifests: what a partition holds, in one JSON file that is written last.

``manifests/{asset}/{scope}/{day}.json`` is the partition as readers see it; the scope is a source or a dataset.
``data/{asset}/{scope}/{day}/{generation}/`` holds the tables of one materialization and a copy of its manifest, so that a
reference to a generation stays readable after the partition was run again.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson

from harvest_assets.errors import IntegrityError
from harvest_assets.store.files import Files

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Reference:
    """One generation of one partition of one asset."""

    asset: str
    scope: str
    day: str
    generation: str

    @property
    def folder(self) -> str:
        """Where its tables are."""
        return f"data/{self.asset}/{self.scope}/{self.day}/{self.generation}"


@dataclass(frozen=True, slots=True)
class TableFile:
    """One file of a table, its name relative to the generation's folder."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """A partition that rows of a snapshot are in: ``rows`` of them there in all, ``used`` of them still current."""

    day: str
    generation: str
    rows: int
    used: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about one generation; ``facts`` is what its asset says beyond that."""

    asset: str
    scope: str
    day: str
    generation: str
    written_at: str
    code_version: str = ""
    inputs: tuple[Reference, ...] = ()
    parts: tuple[Part, ...] = ()
    tables: dict[str, tuple[TableFile, ...]] = field(default_factory=dict[str, tuple[TableFile, ...]])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    format: int = FORMAT

    @property
    def reference(self) -> Reference:
        """How others name this generation."""
        return Reference(self.asset, self.scope, self.day, self.generation)

    @property
    def path(self) -> str:
        """Where the generation keeps it, committed or not."""
        return f"{self.reference.folder}/manifest.json"

    def input_of(self, asset: str) -> Reference:
        """The generation of an upstream asset that this one was made from.

        Raises:
            IntegrityError: It names no such input.
        """
        for reference in self.inputs:
            if reference.asset == asset:
                return reference
        raise IntegrityError(f"{self.reference.folder}: the manifest names no input {asset!r}; run the partition again")

    def to_json(self) -> bytes:
        """The manifest as it is stored."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """The manifest that ``to_json`` wrote."""
        fields: dict[str, Any] = orjson.loads(content)
        fields["inputs"] = tuple(Reference(**each) for each in fields["inputs"])
        fields["parts"] = tuple(Part(**each) for each in fields["parts"])
        fields["tables"] = {name: tuple(TableFile(**each) for each in files) for name, files in fields["tables"].items()}
        return cls(**fields)


def new_generation() -> str:
    """A name that sorts by time and that no other writer will choose."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"


def describe_file(name: str, path: Path, rows: int) -> TableFile:
    """Size and SHA-256 of a finished table file."""
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return TableFile(name, rows, path.stat().st_size, digest)


class Manifests:
    """The manifests of a store."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def commit(self, manifest: Manifest) -> None:
        """Make a generation the partition that readers see; its tables are in place already."""
        content = manifest.to_json()
        self._files.write(manifest.path, content)
        self._files.write(_partition_path(manifest.asset, manifest.scope, manifest.day), content)

    def find(self, asset: str, scope: str, day: str) -> Manifest | None:
        """The manifest of a partition, or ``None`` when it was never materialized."""
        content = self._files.find(_partition_path(asset, scope, day))
        return None if content is None else Manifest.from_json(content)

    def read(self, reference: Reference) -> Manifest:
        """The manifest of a generation, current or not."""
        return Manifest.from_json(self._files.read(f"{reference.folder}/manifest.json"))

    def days(self, asset: str, scope: str) -> list[str]:
        """Days of the partitions that exist, ascending."""
        return [name.removesuffix(".json") for name in self._files.list_names(f"manifests/{asset}/{scope}")]

    def scopes(self, asset: str) -> list[str]:
        """Sources or datasets that have at least one partition."""
        return self._files.list_names(f"manifests/{asset}")

    def before(self, asset: str, scope: str, day: date | str) -> Iterator[Manifest]:
        """Manifests of the partitions before a day, latest first."""
        for earlier in reversed(self.days(asset, scope)):
            if earlier < str(day):
                found = self.find(asset, scope, earlier)
                if found is not None:
                    yield found

    def latest(self, asset: str, scope: str) -> Manifest | None:
        """The manifest of the last partition by day."""
        return next(self.before(asset, scope, "9999"), None)


def _partition_path(asset: str, scope: str, day: str) -> str:
    return f"manifests/{asset}/{scope}/{day}.json"
