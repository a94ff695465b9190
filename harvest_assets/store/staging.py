"""Staging: the pages of a harvest under way, kept so that a retry goes on at the very page where the last attempt stopped.

``staging/{source}/{name}/`` holds ``pages/`` (one Arrow file for each page that arrived, with what the caller noted about it), row files of
whole pages, and ``checkpoint.json``, written after each row file, whose pages are then removed. All of it is good for the same request
only (source, window, options); anything else starts again.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from harvest_assets.store.files import Files
from harvest_assets.store.rows import RowFile, RowFiles

ROWS_PER_FILE = 50_000

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list stands: ``position`` leads to page ``number``; a position of ``None`` after page 1 is the end."""

    position: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is stored: the place after the pages in ``files``, and what was noted about each of those pages (``entries``)."""

    request: str
    position: str | None
    number: int
    entries: list[Entry] = field(default_factory=list[Entry])
    files: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Resumption:
    """What an earlier attempt left: where to go on, and what was noted about the pages before."""

    place: Place
    entries: Sequence[Entry]


class Staging:
    """Rows of one list, as they arrive. A page is safe when ``append`` returns, whatever happens to the process afterwards."""

    def __init__(self, files: Files, scratch: Path, name: str, schema: pa.Schema) -> None:
        self._files = files
        self._folder = f"staging/{name}"
        self._scratch = scratch
        self._schema = schema
        self._request = ""
        self._place = Place()
        self._entries: list[Entry] = []
        self._finished: list[tuple[str, int]] = []
        self._open: RowFiles | None = None
        self._open_rows = 0
        self._open_pages: list[str] = []

    def begin(self, request: str) -> Resumption | None:
        """Take up what an earlier attempt at the same request left; anything else that lies here is removed."""
        self._request = request
        checkpoint = self._read_checkpoint() or Checkpoint(request, None, 1)
        self._finished = [(str(name), int(rows)) for name, rows in checkpoint.files]
        self._entries = list(checkpoint.entries)
        self._place = Place(checkpoint.position, checkpoint.number)
        for path in self._pages():
            batch, note = _unpack(self._files.read(path))
            if note["request"] != request:
                break
            self._add(batch, Place(**note["place"]), note["entry"], path)
        if self._entries:
            return Resumption(self._place, list(self._entries))
        self.restart()
        return None

    def restart(self) -> None:
        """Forget what was received, and begin the same request again."""
        self._files.delete_below(self._folder)
        self._finished, self._open, self._open_rows, self._open_pages = [], None, 0, []
        self._entries, self._place = [], Place()

    def append(self, batch: pa.RecordBatch, place: Place, entry: Entry) -> None:
        """Keep the rows of a page and what is noted about it; ``place`` is where the list goes on after it."""
        path = f"{self._folder}/pages/{len(self._entries):08d}.arrow"
        self._files.write(path, _pack(batch, {"place": asdict(place), "entry": entry, "request": self._request}))
        self._add(batch, place, entry, path)
        if self._open_rows >= ROWS_PER_FILE:
            self._close_file()

    def finish(self) -> Sequence[RowFile]:
        """Local files with every row, in the order of arrival."""
        self._close_file()
        return [RowFile(self._files.localise(f"{self._folder}/{name}"), rows) for name, rows in self._finished]

    def _read_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the same request; files that an attempt took away at its end, and did not live to say so, make it void."""
        content = self._files.find(f"{self._folder}/checkpoint.json")
        read = None if content is None else orjson.loads(content)
        if read is None or read.get("request") != self._request or "entries" not in read:
            return None
        found = Checkpoint(**read)
        return found if all(self._files.has(f"{self._folder}/{name}") for name, _ in found.files) else None

    def _pages(self) -> Iterator[str]:
        """Pages that arrived after the checkpoint, without a gap."""
        names = set(self._files.list_names(f"{self._folder}/pages"))
        while (name := f"{len(self._entries):08d}.arrow") in names:
            yield f"{self._folder}/pages/{name}"

    def _add(self, batch: pa.RecordBatch, place: Place, entry: Entry, path: str) -> None:
        if self._open is None:
            folder = self._scratch / f"staged-{len(self._finished):04d}"
            folder.mkdir(parents=True, exist_ok=True)
            self._open = RowFiles(folder, self._schema)
        self._open.append(batch)
        self._open_rows += batch.num_rows
        self._open_pages.append(path)
        self._entries.append(entry)
        self._place = place

    def _close_file(self) -> None:
        written = self._open.finish() if self._open is not None else []
        self._open, self._open_rows = None, 0
        for file in written:
            # a name is never used again, because local copies of an object are kept by name
            name = f"rows-{len(self._finished):04d}-{secrets.token_hex(4)}.parquet"
            self._files.upload(f"{self._folder}/{name}", file.path)
            self._finished.append((name, file.rows))
        self._write_checkpoint()
        for path in self._open_pages:
            self._files.delete(path)
        self._open_pages = []

    def _write_checkpoint(self) -> None:
        checkpoint = Checkpoint(self._request, self._place.position, self._place.number, self._entries, tuple(self._finished))
        self._files.write(f"{self._folder}/checkpoint.json", orjson.dumps(asdict(checkpoint)))


def _pack(batch: pa.RecordBatch, note: Entry) -> bytes:
    sink = pa.BufferOutputStream()
    noted = batch.replace_schema_metadata({b"note": orjson.dumps(note)})
    # not compressed: a page lives for some seconds, and compressing costs more than writing (2.4 ms against 0.5 for 500 records)
    with pa.ipc.new_stream(sink, noted.schema) as stream:
        stream.write_batch(noted)
    return sink.getvalue().to_pybytes()


def _unpack(content: bytes) -> tuple[pa.RecordBatch, Entry]:
    with pa.ipc.open_stream(content) as stream:
        batch = stream.read_next_batch()
        return batch.replace_schema_metadata(None), orjson.loads((stream.schema.metadata or {})[b"note"])
