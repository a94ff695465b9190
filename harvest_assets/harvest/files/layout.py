"""``Layout``: what a reader of a file's content needs to know: the name of the file and the options of the source."""

from collections.abc import Iterator
from dataclasses import dataclass

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.rows import Item
from harvest_assets.harvest.files.options import FilesOptions


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of the files that was not seen, in words."""

    words: str


Found = Iterator[Item | Hole]


@dataclass(frozen=True, slots=True)
class Layout:
    """A file, and how its records are found."""

    name: str
    options: FilesOptions

    def identify(self, found: str | None, number: int | None) -> str:
        """The identifier of a record: what was found in it, or else the name of the file with the number of the record.

        Raises:
            RecordError: The record should have an identifier and has none.
        """
        if self.options.identifier is None:
            return self.name if number is None else f"{self.name}#{number}"
        if not found:
            raise RecordError(f"identifier {self.options.identifier!r} leads to nothing", rule="no_identifier")
        return found
