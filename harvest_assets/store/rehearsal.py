"""``Rehearsal``: a store as it would be. What is written goes to a folder laid over the real store, and is gone with that folder.

Everything that works on a store works on a rehearsal, and nothing of it can reach the real one, however it ends. Locks are the real ones.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from harvest_assets.store.files import Files
from harvest_assets.store.store import Store


class Overlay(Files):
    """Files read from ``below`` where the folder above has none of the name; written, replaced and removed above only."""

    def __init__(self, below: Files, folder: Path) -> None:
        super().__init__(str(folder))
        self.url = below.url  # messages name the store that people know
        self._below = below
        self._removed: set[str] = set()

    def find(self, path: str) -> bytes | None:
        """See ``Files.find``."""
        found = super().find(path)
        return self._below.find(path) if found is None and path not in self._removed else found

    def has(self, path: str) -> bool:
        """See ``Files.has``."""
        return super().has(path) or self._is_below(path)

    def create(self, path: str, content: bytes) -> bool:
        """See ``Files.create``."""
        return not self._is_below(path) and super().create(path, content)

    def localise(self, path: str) -> Path:
        """See ``Files.localise``."""
        return super().localise(path) if super().has(path) or path in self._removed else self._below.localise(path)

    def move(self, path: str, target: str) -> None:
        """See ``Files.move``."""
        self.write(target, self.read(path))
        self.delete(path)

    def delete(self, path: str) -> None:
        """See ``Files.delete``."""
        super().delete(path)
        self._removed.add(path)

    def list_below(self, folder: str) -> Iterator[str]:
        """See ``Files.list_below``."""
        yield from {*super().list_below(folder), *(path for path in self._below.list_below(folder) if path not in self._removed)}

    def list_names(self, folder: str) -> list[str]:
        """See ``Files.list_names``; a folder whose files were all removed is still named."""
        below = (name for name in self._below.list_names(folder) if f"{folder.rstrip('/')}/{name}" not in self._removed)
        return sorted({*super().list_names(folder), *below})

    def _is_below(self, path: str) -> bool:
        return path not in self._removed and self._below.has(path)


class Rehearsal(Store):
    """A store over a real one; ``folder`` holds what is written."""

    def __init__(self, real: Store, folder: Path, state: Path) -> None:
        super().__init__(Overlay(real.files, folder), state)
        self._real = real

    def hold(self, name: str) -> AbstractContextManager[None]:
        """The lock of the real store: a rehearsal asks the same server as a harvest."""
        return self._real.hold(name)
