"""The inbox: records that were sent to us and wait to be taken in, ``intake/{source}/{id}.json``, one file each.

The id is the SHA-256 of what was sent, so that the same thing sent twice waits once; the later time counts.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from harvest_assets.store.files import Files

FOLDER = "intake"


@dataclass(frozen=True, slots=True)
class Received:
    """One record as it was sent: a raw record (columns ``RAW_RECORDS`` but ``page``), and when it came (ISO 8601, microseconds, UTC)."""

    received_at: str
    record: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What it is called while it waits."""
        said = orjson.dumps([self.record[name] for name in ("identifier", "datestamp", "deleted", "set_specs")])
        return hashlib.sha256(said + self.record["envelope"] + self.record["body"]).hexdigest()


class Inbox:
    """The inboxes of a store."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def put(self, source: str, received: Received) -> str:
        """Keep a record until it is taken in; it is on disk when this returns its id."""
        record = {**received.record, **{name: base64.b64encode(received.record[name]).decode() for name in ("body", "envelope")}}
        with self._files.scratch() as scratch:
            local = scratch / "received.json"
            local.write_bytes(orjson.dumps({"received_at": received.received_at, "record": record}))
            self._files.upload(_path(source, received.id), local)
        return received.id

    def sources(self) -> list[str]:
        """Sources that have, or had, something waiting."""
        return self._files.list_names(FOLDER)

    def ids(self, source: str) -> list[str]:
        """What waits, in order of id."""
        return [name.removesuffix(".json") for name in self._files.list_names(f"{FOLDER}/{source}") if name.endswith(".json")]

    def read(self, source: str, ids: Iterable[str]) -> list[Received]:
        """Records that wait, in the order in which they came."""
        contents = (self._files.find(_path(source, each)) for each in ids)
        return sorted((_decode(content) for content in contents if content is not None), key=_time)

    def forget(self, source: str, received: Iterable[Received]) -> None:
        """Take out what was taken in."""
        for each in received:
            self._files.delete(_path(source, each.id))


def _path(source: str, name: str) -> str:
    return f"{FOLDER}/{source}/{name}.json"


def _decode(content: bytes) -> Received:
    fields: dict[str, Any] = orjson.loads(content)
    record = {**fields["record"], **{name: base64.b64decode(fields["record"][name]) for name in ("body", "envelope")}}
    return Received(str(fields["received_at"]), record)


def _time(received: Received) -> datetime:
    return datetime.fromisoformat(received.received_at)
