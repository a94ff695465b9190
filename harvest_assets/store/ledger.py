"""Ledgers: small facts that are added and never rewritten: attempts at a harvest, decisions of people, promotions.

Each is a JSON file of its own, ``ledger/{kind}/{scope}/{name}.json``, so that writers never meet.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from harvest_assets.store.files import Files


class Ledger:
    """The ledgers of a store."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def write(self, kind: str, scope: str, name: str, entry: dict[str, Any]) -> None:
        """Set down an entry; an entry of the same name is replaced (an attempt that ends)."""
        self._files.write(f"ledger/{kind}/{scope}/{name}.json", orjson.dumps(entry, option=orjson.OPT_INDENT_2))

    def find(self, kind: str, scope: str, name: str) -> dict[str, Any] | None:
        """One entry, or ``None``."""
        content = self._files.find(f"ledger/{kind}/{scope}/{name}.json")
        return None if content is None else orjson.loads(content)

    def latest(self, kind: str, scope: str, count: int) -> list[dict[str, Any]]:
        """The last entries by name, latest first."""
        names = self._files.list_names(f"ledger/{kind}/{scope}")[-count:]
        return list(self._entries(kind, scope, reversed(names)))

    def all(self, kind: str, scope: str) -> list[dict[str, Any]]:
        """Every entry, in order of name."""
        return list(self._entries(kind, scope, iter(self._files.list_names(f"ledger/{kind}/{scope}"))))

    def scopes(self, kind: str) -> list[str]:
        """Scopes with entries of a kind, in order of name."""
        return self._files.list_names(f"ledger/{kind}")

    def delete(self, kind: str, scope: str, name: str) -> None:
        """Remove an entry that stood for something still to be done."""
        self._files.delete(f"ledger/{kind}/{scope}/{name}.json")

    def prune(self, kind: str, scope: str, keep: int) -> None:
        """Remove all but the last entries by name, of a kind whose old entries are of no use."""
        folder = f"ledger/{kind}/{scope}"
        for name in self._files.list_names(folder)[:-keep]:
            self._files.delete(f"{folder}/{name}")

    def _entries(self, kind: str, scope: str, names: Iterator[str]) -> Iterator[dict[str, Any]]:
        for name in names:
            found = self.find(kind, scope, name.removesuffix(".json"))
            if found is not None:
                yield found
