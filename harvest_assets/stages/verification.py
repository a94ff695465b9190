"""Whether what is stored is what was written: sizes and SHA-256 of files, and rows against their index."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harvest_assets.errors import IntegrityError
from harvest_assets.stages.history import accepted_before
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import find_current
from harvest_assets.stages.shapes import DOCUMENT
from harvest_assets.stages.versions import read_version, table_files
from harvest_assets.store.manifests import Reference
from harvest_assets.store.snapshots import verify
from harvest_assets.store.store import Store


class Verification:
    """One pass over the store; every file is read once, however many refer to it."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._store: Store = installation.store
        self._files: dict[str, str | None] = {}

    @property
    def files(self) -> int:
        """How many files were read so far."""
        return len(self._files)

    def check_source(self, source: str) -> Iterator[str]:
        """Problems of the last documents of a source and of its last accepted ones, in words."""
        for reference in self._current_documents(source):
            try:
                problems = list(self._check_files(table_files(self._store, reference)))
                yield from problems
                if not problems:
                    verify(self._store.snapshot_of(reference, DOCUMENT))
            except IntegrityError as error:
                yield str(error)

    def check_version(self, dataset: str, sources: Sequence[str] = ()) -> Iterator[str]:
        """Problems of the files of a dataset's current version, in words; only those of some sources when any are named."""
        current = find_current(self._store, dataset)
        if current is None:
            return
        files = read_version(self._store, dataset, current).files
        yield from self._check_files(file for file in files if not sources or file["path"].split("/")[2] in sources)

    def _current_documents(self, source: str) -> Iterable[Reference]:
        latest = self._store.manifests.latest("documents", source)
        accepted = accepted_before(self._store, source, "9999")
        return dict.fromkeys(each.reference for each in (latest, accepted) if each)

    def _check_files(self, files: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Problems of files; a problem is told once."""
        for file in files:
            if file["path"] not in self._files:
                self._files[file["path"]] = self._check_file(file)
                problem = self._files[file["path"]]
                if problem:
                    yield problem

    def _check_file(self, file: Mapping[str, Any]) -> str | None:
        try:
            path = self._store.files.localise(file["path"])
        except IntegrityError as error:
            return str(error)
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        if digest == file["sha256"]:
            return None
        size = path.stat().st_size
        return (
            f"{file['path']}: SHA-256 {digest[:12]}… of {size} bytes is not {file['sha256'][:12]}… of {file['bytes']} bytes; "
            "restore the file or run its partition again"
        )
