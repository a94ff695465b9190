"""What the tasks of previews share: which files they look at, and the way from an address to pictures in the store.

Files are fetched in threads, worked on in processes that may be ended, and what these made is kept here. What is made of a file belongs to
`pictures` and `pdf_pages`, which kinds of files a task looks at to the task.
"""

import hashlib
import json
import re
from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from harvest_assets.derive.concurrency import map_unordered
from harvest_assets.derive.pictures import Preview
from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.interfaces import BlobSink, Bounds, DocumentTask, Download, Ended, Finding, TaskInput
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply

WORKERS = 8
BOUNDS = Bounds(seconds=60, memory_bytes=1024**3)

WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
WEB_PAGES = frozenset({"text/html", "application/xhtml+xml"})
REACHED = frozenset({"ok", "moved"})
READ_OF_CHECK = ("final_url", "etag", "last_modified", "content_length")

# What is wrong with a file itself: it is the same the next time. Whether time or memory suffices may depend on the machine.
FINAL_FAILURES = frozenset({"broken", "empty", "encrypted", "no_pages", "not_a_pdf", "not_a_picture", "too_large"})

Made = TypeVar("Made")


class FetchedFile(NamedTuple):
    """What is sent to the process that works on a file."""

    srn: str
    sha256: str
    content: bytes


class FilePreviews(DocumentTask, Generic[Made]):
    """Base of the tasks that make pictures of files, after their addresses were checked."""

    entities: ClassVar[frozenset[str]] = frozenset({"file"})
    after: ClassVar[tuple[str, ...]] = ("url_checks",)

    @abstractmethod
    def find_mismatch(self, url: str, media_types: Sequence[str]) -> str | None:
        """Why a file is not of the kind that the task looks at; ``media_types`` are the declared and the served one, as far as known."""

    @abstractmethod
    def choose_work(self) -> Callable[[FetchedFile], Made]:
        """The function of a module that is called for every file, in a process that may be ended."""

    @abstractmethod
    def describe(self, made: Made) -> dict[str, Any]:
        """The output of a success; keeps the pictures."""

    def applies_to(self, document: TaskInput) -> Applicability:
        """Files of the task's kind whose address leads to them, or was not checked."""
        url, check = document.url or "", document.findings.get("url_checks")
        if not WEB_ADDRESS.match(url):
            return does_not_apply("the file has no address of the web")
        obstacle = _find_obstacle(check) if check else None
        mismatch = obstacle or self.find_mismatch(url, _list_media_types(document, check))
        return does_not_apply(mismatch) if mismatch else APPLIES

    def fingerprint(self, document: TaskInput) -> str:
        """The address, and what its check says of the version of the file that is there."""
        check = document.findings.get("url_checks")
        read = [document.url, *(check.output.get(key) if check else None for key in READ_OF_CHECK)]
        return hashlib.sha256(json.dumps(read).encode()).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result per file, as they arrive and are worked on; equal pictures share their blobs."""
        failed: deque[Derivative] = deque()
        for file, made in self.tools.isolation.map(self.choose_work(), self._fetch_all(batch, failed), BOUNDS):
            while failed:
                yield failed.popleft()
            yield self._conclude(file, made)
        yield from failed

    def _fetch_all(self, batch: Sequence[TaskInput], failed: deque[Derivative]) -> Iterator[FetchedFile]:
        """The files that arrive; those that do not become results in ``failed``."""
        for document, file in map_unordered(self._fetch, batch, workers=WORKERS):
            if isinstance(file, Download):
                yield FetchedFile(document.srn, file.sha256, file.content)
            else:
                failed.append(Derivative(document.srn, "failed", {}, str(file), file.failure or "download"))

    def _fetch(self, document: TaskInput) -> tuple[TaskInput, Download | TransientError | PermanentError]:
        try:
            return document, self.tools.downloads.fetch(document.url or "")
        except (TransientError, PermanentError) as error:
            return document, error

    def _conclude(self, file: FetchedFile, made: Made | Ended) -> Derivative:
        if isinstance(made, Ended):
            is_final = made.failure in FINAL_FAILURES
            return Derivative(file.srn, "failed", {"sha256": file.sha256}, made.reason, made.failure, is_final=is_final)
        return Derivative(file.srn, "succeeded", self.describe(made) | {"sha256": file.sha256})


def keep_preview(blobs: BlobSink, preview: Preview) -> dict[str, Any]:
    """Keep a picture; what an output says of it."""
    path = blobs.keep(preview.content, suffix=preview.suffix)
    return {"width": preview.width, "height": preview.height, "path": path, "bytes": len(preview.content)}


def _find_obstacle(check: Finding) -> str | None:
    """Why the check of the address says that there is no file to fetch."""
    if check.status != "succeeded":
        return f"the check of its address ended as {check.status!r}"
    outcome = check.output.get("outcome")
    if outcome not in REACHED:
        return f"the outcome of the check of its address is {outcome!r}, not one of {', '.join(sorted(REACHED))}"
    if _strip(check.output.get("content_type")) in WEB_PAGES:
        return "its address leads to a web page"
    return None


def _list_media_types(document: TaskInput, check: Finding | None) -> list[str]:
    types = (_strip(document.media_type), _strip(check.output.get("content_type") if check else None))
    return [media_type for media_type in types if media_type]


def _strip(media_type: str | None) -> str:
    """Lower case, without parameters."""
    return (media_type or "").partition(";")[0].strip().lower()
