"""What a document task is given, for the tests of its author: blobs in memory, downloads and isolation in place.

Put here: the smallest honest implementation of each seam. Keep out: processes that are killed and files that are kept; those are the
graph's own.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harvest_assets.errors import HarvestError, RecordError
from harvest_assets.interfaces import (
    BlobSink,
    Bounds,
    DocumentTask,
    Download,
    Downloads,
    Ended,
    HttpClient,
    Isolation,
    Item,
    Result,
    Tools,
)

_SLUG = re.compile(r"(?<!^)([A-Z])")


class MemoryBlobs(BlobSink):
    """Blobs in a dictionary, by path."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def keep(self, content: bytes, *, suffix: str) -> str:
        """See ``BlobSink.keep``."""
        digest = hashlib.sha256(content).hexdigest()
        path = f"blobs/{digest[:2]}/{digest}{suffix}"
        self.contents[path] = content
        return path


class InPlace(Isolation):
    """Work in this process: errors are told, but nothing is ended."""

    def map(self, work: Callable[[Item], Result], items: Iterable[Item], bounds: Bounds) -> Iterator[tuple[Item, Result | Ended]]:
        """See ``Isolation.map``."""
        del bounds
        for item in items:
            try:
                yield item, work(item)
            except RecordError as error:
                yield item, Ended(error.rule or type(error).__name__, str(error))
            except HarvestError as error:
                yield item, Ended(_SLUG.sub(r"_\1", type(error).__name__).lower(), str(error))


class DirectDownloads(Downloads):
    """Every file is asked for when it is wanted."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def fetch(self, url: str) -> Download:
        """See ``Downloads.fetch``."""
        response = self._client.get(url)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower() or None
        digest = hashlib.sha256(response.body).hexdigest()
        return Download(response.exchange.final_url, media_type, response.body, digest, response.headers)


def build_tools(client: HttpClient, **more: Any) -> Tools:  # noqa: ANN401 - the fields of `Tools`, of their types
    """Tools for one task; any field of ``Tools`` may be given by name."""
    made: Mapping[str, Any] = {
        "source": "source",
        "client": client,
        "services": client,
        "downloads": DirectDownloads(client),
        "blobs": MemoryBlobs(),
        "isolation": InPlace(),
        "now": datetime.now(UTC),
    }
    return Tools(**{**made, **more})


def build_task(task: type[DocumentTask], tools: Tools, **options: Any) -> DocumentTask:  # noqa: ANN401 - options as a file has them
    """A task with options as a source's YAML would give them."""
    return task(task.options.model_validate(options), tools)
