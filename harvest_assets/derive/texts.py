"""``texts``: the text of files that may be read, and what they say of themselves, from nearly every kind that people publish.

A file is read only when its rights let us (`model.rights`), its address leads to it and its kind has text. Text is kept as a blob: a row of
results stays a few hundred bytes, equal texts of mirrored files are kept once, and who only wants to know what there is reads no text.
Two engines give the same shape: kreuzberg in processes that may be killed (`text_files`), or a Tika server (`tika`).
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar, cast

import orjson
from pydantic import Field

from harvest_assets.derive.charsets import read_charset
from harvest_assets.derive.concurrency import map_unordered
from harvest_assets.derive.sniffing import OCTETS, PLAIN, READABLE, ZIP, normalise_type, read_extension
from harvest_assets.derive.text import Text
from harvest_assets.derive.text_files import File, read_file
from harvest_assets.derive.tika import Tika, find_client
from harvest_assets.errors import PermanentError, RecordError, TransientError
from harvest_assets.interfaces import Bounds, DocumentTask, Ended, Finding, Options, TaskInput, Tools
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply
from harvest_assets.model.rights import read_policy

TIKA_URL = "HARVEST_TIKA_URL"
EXCERPT_CHARACTERS = 500
# What is wrong with a file itself: it is the same the next time. Whether time or memory suffices may depend on the machine.
FINAL_FAILURES = frozenset({"empty", "encrypted", "unreadable", "unsupported", "xml_bomb", "zip_bomb"})

ENGINE_FAILURE = "engine"

_WEB_ADDRESS = re.compile(r"https?://[^/\s]+", re.IGNORECASE)
_REACHED = frozenset({"ok", "moved"})
_READ_OF_CHECK = ("final_url", "etag", "last_modified", "content_length", "content_type")
# What servers say of files that they know nothing about, and of containers that they do not look into.
_VAGUE = frozenset(
    {OCTETS, PLAIN, ZIP, "binary/octet-stream", "application/download", "application/force-download", "application/x-download"}
)


class TextOptions(Options):
    """``tika_url`` is used instead of ``HARVEST_TIKA_URL``; ``seconds`` and ``memory_mib`` are what reading one file may use."""

    tika_url: str | None = None
    workers: int = Field(default=8, ge=1, le=32)
    seconds: float = Field(default=60, gt=0, le=600)
    memory_mib: int = Field(default=1024, ge=64, le=16_384)


class Texts(DocumentTask):
    """The text of files that may be read by machines.

    The output has ``path`` of the text in the store (UTF-8; null when there is none), ``characters``, ``is_truncated`` (after a million),
    ``excerpt`` (the first 500), ``title``, ``authors``, ``language`` and ``page_count`` as the file states them, ``media_type`` as its
    bytes tell it, ``embedded`` (files inside it, where the engine counts them), ``engine``, ``notes``, and the file's ``sha256``.
    """

    name: ClassVar[str] = "texts"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"file"})
    after: ClassVar[tuple[str, ...]] = ("url_checks",)
    options: ClassVar[type[Options]] = TextOptions

    def __init__(self, settings: Options, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._options = cast("TextOptions", settings)
        url = self._options.tika_url or tools.environ.get(TIKA_URL)
        self._trouble = None
        if url and not _WEB_ADDRESS.match(url):
            self._trouble = f"{url!r} is no http(s) address of a Tika server; correct task_options.texts.tika_url or {TIKA_URL}"
        self._tika = Tika(url, find_client(tools)) if url and not self._trouble else None

    def applies_to(self, document: TaskInput) -> Applicability:
        """Files that may be read, whose address leads to them or was not checked, and of a kind that has text."""
        check = document.findings.get("url_checks")
        if not _WEB_ADDRESS.match(document.url or ""):
            return does_not_apply("the file has no address of the web")
        policy = _read_rights(document)
        if not policy.applies:
            return policy
        obstacle = (_find_obstacle(check) if check else None) or _find_mismatch(document, check)
        return does_not_apply(obstacle) if obstacle else APPLIES

    def fingerprint(self, document: TaskInput) -> str:
        """The address, what its check says of the version of the file that is there, whether it may be read, and which engine reads it."""
        check = document.findings.get("url_checks")
        seen = [check.output.get(key) if check else None for key in _READ_OF_CHECK]
        engine = "tika" if self._tika else "kreuzberg"
        read = [document.url, document.media_type, _read_rights(document).applies, engine, *seen]
        return hashlib.sha256(orjson.dumps(read)).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result per file, as they arrive and are read; equal texts share their blobs."""
        if self._trouble:  # texts that cannot be had now keep nothing else from being published
            yield from (Derivative(document.srn, "cancelled", {}, self._trouble) for document in batch)
            return
        if self._tika:
            results = map_unordered(partial(self._read_with_tika, self._tika), batch, workers=self._options.workers)
            yield from (self._conclude(*result) for result in results)
            return
        failed: deque[Derivative] = deque()
        bounds = Bounds(self._options.seconds, self._options.memory_mib * 1024**2)
        for file, text in self.tools.isolation.map(read_file, self._fetch_all(batch, failed), bounds):
            while failed:
                yield failed.popleft()
            yield self._conclude(file.srn, file, text)
        yield from failed

    def _fetch_all(self, batch: Sequence[TaskInput], failed: deque[Derivative]) -> Iterator[File]:
        """The files that arrive; those that do not become results in ``failed``."""
        for srn, file in map_unordered(self._fetch, batch, workers=self._options.workers):
            if isinstance(file, File):
                yield file
            else:
                failed.append(self._conclude(srn, None, file))

    def _fetch(self, document: TaskInput) -> tuple[str, File | Ended]:
        url = document.url or ""
        try:
            download = self.tools.downloads.fetch(url)
        except (TransientError, PermanentError) as error:
            return document.srn, Ended(error.failure or "download", str(error))
        declared = _find_declared((document.media_type, download.media_type, _read_end(url)))
        charset = read_charset(download.headers.get("content-type"))
        return document.srn, File(document.srn, download.content, download.sha256, declared, charset)

    def _read_with_tika(self, tika: Tika, document: TaskInput) -> tuple[str, File | None, Text | Ended]:
        srn, file = self._fetch(document)
        if isinstance(file, Ended):
            return srn, None, file
        try:
            return srn, file, tika.read(file)
        except RecordError as error:
            return srn, file, Ended(error.rule, str(error))
        except (TransientError, PermanentError) as error:
            return srn, file, Ended(ENGINE_FAILURE, f"the Tika server: {error}")

    def _conclude(self, srn: str, file: File | None, text: Text | Ended) -> Derivative:
        known: dict[str, Any] = {"sha256": file.sha256} if file else {}
        if isinstance(text, Ended):
            return Derivative(srn, "failed", known, text.reason, text.failure, is_final=text.failure in FINAL_FAILURES)
        path = self.tools.blobs.keep(text.text.encode(), suffix=".txt") if text.text else None
        return Derivative(srn, "succeeded", _describe(text) | {"path": path} | known)


def _describe(text: Text) -> dict[str, Any]:
    """All that is found of a file but the text itself; the same keys for every file, so that results make one table."""
    return {
        "characters": len(text.text),
        "is_truncated": text.is_truncated,
        "excerpt": text.text[:EXCERPT_CHARACTERS],
        "title": text.title,
        "authors": list(text.authors),
        "language": text.language,
        "page_count": text.page_count,
        "media_type": text.media_type,
        "embedded": text.embedded,
        "engine": text.engine,
        "notes": list(text.notes),
    }


def _read_rights(document: TaskInput) -> Applicability:
    properties = document.properties
    licences = _list_texts(properties.get("copyright"))
    access = next(iter(_list_texts(properties.get("access_rights"))), None)
    return read_policy(access, licences, _list_texts(properties.get("rights")))


def _list_texts(value: object) -> list[str]:
    """A property that is a text or a list of texts, depending on where the document is from."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _find_obstacle(check: Finding) -> str | None:
    """Why the check of the address says that there is no file to fetch."""
    if check.status != "succeeded":
        return f"the result of the check of its address is {check.status!r}: {check.reason or 'no reason is given'}"
    outcome = check.output.get("outcome")
    if outcome in _REACHED:
        return None
    return f"the outcome of the check of its address is {outcome!r} (status {check.output.get('status')}), not one of moved, ok"


def _find_mismatch(document: TaskInput, check: Finding | None) -> str | None:
    """Why its kind has no text; what the server says comes first, then what the source says, then the end of the address."""
    seen = check.output if check else {}
    addresses = (document.url or "", str(seen.get("final_url") or ""))
    types = (seen.get("content_type"), document.media_type, *(_read_end(address) for address in addresses))
    declared = _find_declared(types)
    return None if declared in READABLE else f"media type {declared or 'unknown'!r} is none that text is read from"


def _find_declared(types: Iterable[str | None]) -> str | None:
    """The first media type that says something, else the first."""
    named = [kind for kind in map(normalise_type, types) if kind]
    return next((kind for kind in named if kind not in _VAGUE), next(iter(named), None))


def _read_end(url: str) -> str | None:
    """The media type that the end of the path of an address stands for."""
    parts = url.partition("#")[0].partition("?")[0].split("/", 3)
    return read_extension(parts[-1]) if len(parts) > 3 else None  # noqa: PLR2004 - scheme, nothing, host, path
