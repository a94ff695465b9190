"""``vocabularies``: the controlled vocabularies of an installation, loaded, versioned and kept as one table.

A vocabulary that cannot be read stays as it was last, and says why. When no vocabulary has another version than before, nothing is
written. One manifest holds them all; those of earlier days stay.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.assemble.vocabularies import build_vocabulary
from harvest_assets.config.vocabularies import Declarations, VocabularyFile, read_declarations, vocabulary_file
from harvest_assets.extract.skos import read_skos
from harvest_assets.extract.vocabulary_csv import CsvLayout, read_vocabulary_csv
from harvest_assets.interfaces import Bounds, Ended, Isolation
from harvest_assets.model.vocabulary import Vocabulary
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.vocabulary_files import Unreadable, find_file
from harvest_assets.stages.vocabulary_rows import VOCABULARIES, read_vocabularies, vocabulary_rows
from harvest_assets.store.manifests import Manifest, describe_file, new_generation
from harvest_assets.store.store import Store

ASSET = "vocabularies"
SCOPE = "all"
VERSION = "1"
SHOWN_PROBLEMS = 5
BOUNDS = Bounds(seconds=300, memory_bytes=1024**3)

State = Literal["loaded", "unchanged", "kept", "missing"]


@dataclass(frozen=True, slots=True)
class VocabularyReport:
    """One vocabulary after a load.

    ``state``: *loaded* in a new version; *unchanged*; *kept* in its earlier version, because it could not be read (or was not asked for);
    *missing*, because it never could. ``problems`` say why, and what was mended.
    """

    vocabulary: str
    title: str
    origin: str
    state: State
    version: str | None
    terms: int
    problems: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """One row of a table that people read."""
        return {**asdict(self), "problems": "; ".join(self.problems[:SHOWN_PROBLEMS])}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A load: what stands now, ``None`` when there never was a vocabulary, and each vocabulary in order of name."""

    manifest: Manifest | None
    is_new: bool
    reports: tuple[VocabularyReport, ...]

    @property
    def broken(self) -> tuple[VocabularyReport, ...]:
        """The vocabularies that could not be read."""
        return tuple(each for each in self.reports if each.state in {"kept", "missing"} and each.problems)


@dataclass(frozen=True, slots=True)
class Written:
    """The bytes of a vocabulary on their way to a process of their own."""

    name: str
    ending: str
    content: bytes = field(repr=False)
    layout: CsvLayout = field(default_factory=CsvLayout)
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])


def read_written(written: Written) -> Vocabulary:
    """The vocabulary that a file holds; an empty ending stands for CSV.

    Raises:
        RecordError: The file cannot be read.
    """
    terms, problems = read_skos(written.content, written.ending) if written.ending else read_vocabulary_csv(written.content, written.layout)
    return build_vocabulary(written.name, terms, written.aliases, problems)


def load(installation: Installation, isolation: Isolation, *, remote: bool = True, now: datetime | None = None) -> Loaded:
    """Read every vocabulary again and commit those that changed; without ``remote``, those at an address stay as they are."""
    store, declared = installation.store, read_declarations(installation.settings.config_folder)
    before = find_manifest(store)
    known = {} if before is None else _open(store, before)
    results: dict[str, Result] = {name: _broken_problems(declared, name) for name in declared.broken}
    for name, each in declared.vocabularies.items():
        is_asked = remote or each.file is not None
        results[name] = _read(installation, isolation, declared.folder, each) if is_asked else ()
    reports, current = [], dict[str, Vocabulary]()
    for name, result in sorted(results.items()):
        standing = result if isinstance(result, Vocabulary) else known.get(name)
        if standing is not None:
            current[name] = standing
        reports.append(_report(declared.vocabularies.get(name), name, result, known.get(name)))
    is_new = _versions(current) != _versions(known) and (bool(current) or before is not None)
    manifest = _write(store, current, now or datetime.now(UTC)) if is_new else before
    return Loaded(manifest, is_new, tuple(reports))


def describe(loaded: Loaded) -> dict[str, Any]:
    """Counts of a load, and where the table is."""
    manifest = loaded.manifest
    return {
        "dagster/row_count": 0 if manifest is None else manifest.counts["terms"],
        "changed": sum(each.state == "loaded" for each in loaded.reports),
        "broken": len(loaded.broken),
        "problems": sum(len(each.problems) for each in loaded.reports),
        "generation": "none" if manifest is None else manifest.generation,
        "path": "none" if manifest is None else f"{manifest.reference.folder}/{ASSET}.parquet",
    }


def find_manifest(store: Store) -> Manifest | None:
    """The vocabularies as they stand, or ``None`` when none was ever loaded."""
    return store.manifests.latest(ASSET, SCOPE)


def read_current(installation: Installation, isolation: Isolation) -> Mapping[str, Vocabulary]:
    """The vocabularies as they stand, by name; where nothing was loaded yet, the local ones are loaded first."""
    manifest = find_manifest(installation.store) or load(installation, isolation, remote=False).manifest
    return {} if manifest is None else _open(installation.store, manifest)


_OPENED: dict[tuple[str, str], Mapping[str, Vocabulary]] = {}


def _open(store: Store, manifest: Manifest) -> Mapping[str, Vocabulary]:
    """The vocabularies of a generation, which never change; the last one opened stays in memory."""
    key = (store.files.url, manifest.generation)
    found = _OPENED.get(key)
    if found is None:
        (file,) = manifest.tables[ASSET]
        table = pq.read_table(store.files.localise(f"{manifest.reference.folder}/{file.name}"))
        found = read_vocabularies(table, manifest.facts["versions"], manifest.facts["problems"])
        _OPENED.clear()
        _OPENED[key] = found
    return found


Result = Vocabulary | tuple[str, ...]  # what a vocabulary holds, or why it could not be read; no reason when nobody was asked


def _read(installation: Installation, isolation: Isolation, folder: Path, declared: VocabularyFile) -> Result:
    found = find_file(installation, folder, declared)
    if isinstance(found, Unreadable):
        return (f"{vocabulary_file(declared.slug)}: {found.reason}",)
    written = Written(declared.slug, found.ending, found.content, declared.layout, declared.aliases)
    ((_, result),) = isolation.map(read_written, [written], BOUNDS)
    return (f"{vocabulary_file(declared.slug)}: {result.reason}",) if isinstance(result, Ended) else result


def _broken_problems(declared: Declarations, name: str) -> tuple[str, ...]:
    own = [str(each) for each in declared.problems if each.file.rpartition("/")[2].rpartition(".")[0] == name]
    return tuple(line for text in own for line in text.splitlines())


def _report(declared: VocabularyFile | None, name: str, result: Result, before: Vocabulary | None) -> VocabularyReport:
    title = "" if declared is None else declared.title
    origin = "" if declared is None else declared.url or f"vocabularies/{declared.file}"
    if isinstance(result, Vocabulary):
        state: State = "unchanged" if before is not None and before.version == result.version else "loaded"
        return VocabularyReport(name, title, origin, state, result.version, len(result.terms), result.problems)
    if before is not None:
        return VocabularyReport(name, title, origin, "kept", before.version, len(before.terms), result)
    return VocabularyReport(name, title, origin, "missing", None, 0, result)


def _versions(vocabularies: Mapping[str, Vocabulary]) -> dict[str, str]:
    return {name: each.version for name, each in sorted(vocabularies.items())}


def _write(store: Store, vocabularies: Mapping[str, Vocabulary], now: datetime) -> Manifest:
    """A new generation, committed."""
    table = pa.Table.from_pylist(list(vocabulary_rows(vocabularies)), schema=VOCABULARIES)
    manifest = Manifest(
        asset=ASSET,
        scope=SCOPE,
        day=str(now.date()),
        generation=new_generation(),
        written_at=now.isoformat(timespec="seconds"),
        code_version=VERSION,
        counts={"vocabularies": len(vocabularies), "terms": table.num_rows},
        facts={
            "versions": _versions(vocabularies),
            "problems": {name: list(each.problems) for name, each in sorted(vocabularies.items()) if each.problems},
        },
    )
    with store.files.scratch() as scratch:
        path = scratch / f"{ASSET}.parquet"
        pq.write_table(table, path, compression="zstd")
        manifest.tables[ASSET] = (describe_file(path.name, path, table.num_rows),)
        store.files.upload(f"{manifest.reference.folder}/{path.name}", path)
    store.manifests.commit(manifest)
    return manifest
