"""The bytes of a vocabulary: from a file beside its declaration, or from an address, within bounds.

Put here: where the bytes are, and whether the local ones changed. Keep out: what they say.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harvest_assets.config.vocabularies import FOLDER, VocabularyFile, read_declarations
from harvest_assets.errors import HarvestError
from harvest_assets.extract.skos import ENDINGS
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.stages.installation import Installation, user_agent

MAX_BYTES = 64 * 1024 * 1024
ACCEPT = {
    "skos": "text/turtle, application/ld+json;q=0.9, application/rdf+xml;q=0.8, application/json;q=0.5, */*;q=0.1",
    "csv": "text/csv, */*;q=0.1",
}
_ENDINGS = {
    "text/turtle": "ttl",
    "application/n-triples": "nt",
    "application/rdf+xml": "rdf",
    "application/xml": "rdf",
    "text/xml": "rdf",
    "application/ld+json": "jsonld",
    "application/json": "json",
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """What a vocabulary is read from; the ending says how it is written and is empty for CSV."""

    ending: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there are no bytes."""

    reason: str


def find_file(installation: Installation, folder: Path, declared: VocabularyFile) -> FoundFile | Unreadable:
    """The bytes of a vocabulary that is declared in a folder."""
    if declared.file is not None:
        return _read_local(folder / declared.file, declared)
    try:
        return _fetch(installation, declared)
    except HarvestError as error:
        return Unreadable(" ".join(str(error).split()))


def fingerprint_files(config_folder: Path) -> str | None:
    """Another text whenever a file of ``vocabularies/`` was written; ``None`` when there is none."""
    seen = "\n".join(f"{path.relative_to(config_folder)} {size} {changed}" for path, size, changed in _local_files(config_folder))
    return hashlib.sha256(seen.encode()).hexdigest() if seen else None


def _local_files(config_folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Declarations and the files that they name, with size and time of the last change; those that are not there are left out."""
    declared = read_declarations(config_folder)
    paths = [*declared.folder.glob("*.y*ml"), *(declared.folder / each.file for each in declared.vocabularies.values() if each.file)]
    for path in sorted(set(paths)):
        try:
            status = path.stat()
        except OSError:
            continue
        yield path, status.st_size, status.st_mtime_ns


def _read_local(path: Path, declared: VocabularyFile) -> FoundFile | Unreadable:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Unreadable(f"file: {declared.file!r} cannot be read ({error.strerror}); put it into {FOLDER}/, or correct its name")
    if len(content) > MAX_BYTES:
        return Unreadable(f"file: {declared.file!r} is larger than {MAX_BYTES} bytes; leave out what no task reads")
    return FoundFile("" if declared.format == "csv" else declared.ending, content)


def _fetch(installation: Installation, declared: VocabularyFile) -> FoundFile | Unreadable:
    settings = HttpSettings(
        user_agent=user_agent(installation.settings),
        origin=declared.url,
        allowed_networks=declared.network.allow,
        max_body_bytes=MAX_BYTES,
        max_attempts=3,
    )
    with RequestsClient(settings, installation.budget()) as client:
        response = client.get(declared.url or "", headers={"Accept": ACCEPT[declared.format]})
    if declared.format == "csv":
        return FoundFile("", response.body)
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    ending = _ENDINGS.get(media_type) or (declared.ending if declared.ending in ENDINGS else None)
    if ending is None:
        return Unreadable(f"url: the answer is {media_type[:80]!r}, not one of {', '.join(sorted(_ENDINGS))}; find the address of the data")
    return FoundFile(ending, response.body)
