"""``Addresses``: where things are in a universe whose port is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Addresses:
    """Absolute addresses under one origin, such as ``http://127.0.0.1:8000``."""

    origin: str

    @property
    def files(self) -> str:
        """The file host; append ``/NAME.pdf``, ``.jpg`` or ``.png``."""
        return f"{self.origin}/files"

    def oai(self, name: str) -> str:
        """Base URL of a repository's OAI-PMH."""
        return f"{self.origin}/oai/{name}"

    def json(self, name: str, style: str) -> str:
        """A repository's JSON API, in one of its styles."""
        return f"{self.origin}/json/{name}/{style}"

    def landing_page(self, name: str, identifier: str) -> str:
        """The page about a record."""
        return f"{self.origin}/landing/{name}/{quote(identifier, safe=':/')}"

    def files_of(self, files: Sequence[str]) -> list[str]:
        """Addresses of a record's files, which are names on the file host or addresses already."""
        return [file if "://" in file else f"{self.origin}/files/{file}" for file in files]
