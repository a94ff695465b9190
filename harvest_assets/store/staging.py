"""Staging: the pages of a harvest under way, kept so that a retry goes on where the last attempt stopped.

``staging/{source}/{name}/`` holds row files of whole pages and ``checkpoint.json``, written after each file. A checkpoint is good for the
same request only (``request``: source, window, options); anything else starts again.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import pyarrow as pa

from harvest_assets.errors import HarvestError
from harvest_assets.store.files import Files
from harvest_assets.store.rows import RowFile, RowFiles, take_rows

ROWS_PER_FILE = 50_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list stands: ``position`` leads to page ``number``; a position of ``None`` after page 1 is the end."""

    position: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is stored: the place after the pages in ``files``, and what the caller needs to go on.

    ``is_whole`` tells files that ended where an uninterrupted harvest would have ended them from the rest that an interruption left.
    """

    request: str
    position: str | None
    number: int
    state: dict[str, Any]
    files: tuple[tuple[str, int], ...] = ()
    is_whole: bool = True

    @property
    def place(self) -> Place:
        """Where to go on."""
        return Place(self.position, self.number)


class Staging:
    """Rows of one harvest, as they arrive. Leaving the context after an error keeps everything that was received."""

    def __init__(self, files: Files, scratch: Path, name: str, schema: pa.Schema, state: Callable[[], dict[str, Any]]) -> None:
        self._files = files
        self._folder = f"staging/{name}"
        self._scratch = scratch
        self._schema = schema
        self._state = state
        self._request = ""
        self._place = Place()
        self._finished: list[tuple[str, int]] = []
        self._open: RowFiles | None = None
        self._open_rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and self._place.number > 1:
            with suppress(HarvestError, OSError, pa.ArrowException):  # the first error is reported; a rest that is lost is fetched again
                self._close_file(is_whole=False)

    def begin(self, request: str) -> Checkpoint | None:
        """Take up the checkpoint of an earlier attempt at the same request; anything else that lies here is removed."""
        self._request = request
        content = self._files.find(f"{self._folder}/checkpoint.json")
        found = None if content is None else Checkpoint(**orjson.loads(content))
        if found is None or found.request != request or not self._has_all(found):
            self.restart()
            return None
        self._finished = [(str(name), int(rows)) for name, rows in found.files]
        self._place = found.place
        if not found.is_whole:
            name, _ = self._finished.pop()
            for batch in take_rows([self._files.localise(f"{self._folder}/{name}")], None):
                self._add(batch)
        return found

    def restart(self) -> None:
        """Forget what was received, and begin the same request again."""
        self._files.delete_below(self._folder)
        self._finished, self._open, self._open_rows, self._place = [], None, 0, Place()

    def append(self, batch: pa.RecordBatch, place: Place) -> None:
        """Keep the rows of a page; ``place`` is where the list goes on after it."""
        self._add(batch)
        self._place = place
        if self._open_rows >= ROWS_PER_FILE:
            self._close_file(is_whole=True)

    def finish(self) -> Sequence[RowFile]:
        """Local files with every row, in the order of arrival."""
        self._close_file(is_whole=True)
        return [RowFile(self._files.localise(f"{self._folder}/{name}"), rows) for name, rows in self._finished]

    def _has_all(self, checkpoint: Checkpoint) -> bool:
        """Files that an earlier attempt took away at its end, and did not live to say so, are fetched again."""
        return all(self._files.has(f"{self._folder}/{name}") for name, _ in checkpoint.files)

    def _add(self, batch: pa.RecordBatch) -> None:
        if self._open is None:
            folder = self._scratch / f"staged-{len(self._finished):04d}"
            folder.mkdir(exist_ok=True)
            self._open = RowFiles(folder, self._schema)
        self._open.append(batch)
        self._open_rows += batch.num_rows

    def _close_file(self, *, is_whole: bool) -> None:
        written = self._open.finish() if self._open is not None else []
        self._open, self._open_rows = None, 0
        for file in written:
            # a name is never used again, because local copies of an object are kept by name
            name = f"rows-{len(self._finished):04d}-{secrets.token_hex(4)}.parquet"
            self._files.upload(f"{self._folder}/{name}", file.path)
            self._finished.append((name, file.rows))
        checkpoint = Checkpoint(
            self._request, self._place.position, self._place.number, self._state(), tuple(self._finished), is_whole or not written
        )
        self._files.write(f"{self._folder}/checkpoint.json", orjson.dumps(asdict(checkpoint)))
