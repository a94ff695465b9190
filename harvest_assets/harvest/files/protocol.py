"""``Files``: the records of a file, an archive or a folder, in pages of at most 1,000.

Put here: the order of steps. Which file comes next is `walk`, what is in an archive `archives`, what is in a file `formats`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, cast

from harvest_assets.harvest.contents.positions import read_position
from harvest_assets.harvest.contents.rows import Rows
from harvest_assets.harvest.files.layout import Hole
from harvest_assets.harvest.files.options import FilesOptions
from harvest_assets.harvest.files.walk import Note, Place, Step, Walk
from harvest_assets.interfaces import HttpClient, Listed, Options, Protocol, Remote, Response, Target
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window

PAGE_SIZE = 1_000


class Files(Protocol):
    """Harvests the file, the archive or the folder at one address."""

    name: ClassVar[str] = "files"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = FilesOptions

    def __init__(self, target: Target, client: HttpClient) -> None:
        super().__init__(target, client)
        self._options = cast("FilesOptions", target.options)

    def filters_by_date(self) -> bool:
        """False: a file comes whole."""
        return False

    def identify(self) -> Remote:
        """A file says nothing of itself but its content; no request is made."""
        return Remote()

    def list_contents(self) -> Iterator[Listed]:
        """The files in a folder or an archive, or the one file; one request."""
        return (Listed(name, name, "file") for name in self._walk().list_files())

    def pages(self, window: Window, *, position: str | None = None, number: int = 1) -> Iterator[Page]:
        """Batches of 1,000 records, or fewer where they are large; the window is not sent.

        To go on from a position, the file is fetched again, and read again up to there.
        """
        del window
        start = None if position is None else read_position(Place, position, f"{self.target.source}: page {number}")
        walk = self._walk()
        batch = _Batch()
        for step in walk.steps(start):
            if batch.rows.is_full(PAGE_SIZE):
                yield batch.end(number, step.place)
                batch, number = _Batch(), number + 1
            batch.add(step)
        yield batch.end(number, None, walk.first)

    def _walk(self) -> Walk:
        return Walk(self.target.source, self.target.url, self._options, self.client.get)


@dataclass(slots=True)
class _Batch:
    """One page while it fills."""

    rows: Rows = field(default_factory=Rows)
    holes: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    response: Response | None = None

    def add(self, step: Step) -> None:
        """Take up a record, or what is to be said."""
        self.response = self.response or step.response
        match step.found:
            case Hole():
                self.holes.append(step.found.words)
            case Note():
                self.notes.append(step.found.words)
            case found:
                self.rows.add([found])

    def end(self, number: int, following: Place | None, first: Response | None = None) -> Page:
        """The page; ``first`` is the answer for a page on which there is nothing."""
        return Page(
            number=number,
            records=self.rows.batch(number),
            set_aside=self.rows.set_aside(number),
            next_position=None if following is None else following.write(),
            announced_total=None,
            exchange=cast("Response", self.response or first).exchange,
            holes=tuple(self.holes),
            notes=tuple(self.notes),
        )
