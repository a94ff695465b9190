"""A client of Apache Tika Server: bytes of a file in, its ``Text`` out, in the shape that `text_files` gives it.

The bytes are sent along, as a form; Tika is never asked to fetch an address. Servers of the versions 2 and 3 answer a list of JSON
objects: the document, then what is embedded in it. https://cwiki.apache.org/confluence/display/TIKA/TikaServer
"""

import codecs
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

import orjson

from harvest_assets.derive.sniffing import normalise_type, sniff
from harvest_assets.derive.text import MAX_CHARACTERS, Text, clean_authors, clean_language, clean_line, shorten
from harvest_assets.derive.text_files import CHARACTERS, File, read_characters
from harvest_assets.errors import PermanentError, RecordError
from harvest_assets.interfaces import HttpClient, HttpStatusError, Tools

MAX_EMBEDDED = 1000
REFUSALS = frozenset({415, 422})

_CONTENT = "X-TIKA:content"
_EXCEPTION = "X-TIKA:EXCEPTION:"
_LIMIT = f"{_EXCEPTION}write_limit_reached"
_LIMITS = frozenset({_LIMIT, f"{_EXCEPTION}embedded_resource_limit_reached"})
_VERSION = re.compile(r"Apache Tika (\d[\w.-]{0,30})")
_ENCRYPTED = re.compile(r"EncryptedDocument|InvalidPassword|password", re.IGNORECASE)
_PAGE_LANGUAGE = re.compile(r"<html\b[^>]{0,500}?\s(?:xml:)?lang\s*=\s*[\"']?([\w-]{2,40})", re.IGNORECASE)
_HEAD = 4096
_PAGES = ("xmpTPg:NPages", "meta:page-count", "meta:slide-count")


class Tika:
    """A server at an address; threads may share it."""

    def __init__(self, url: str, client: HttpClient) -> None:
        self._url = url.rstrip("/")
        self._client = client

    @cached_property
    def engine(self) -> str:
        """What it calls itself: ``tika 3.3.1``. Errors as in ``HttpClient.get``, and `PermanentError` for what is no Tika."""
        said = self._client.get(f"{self._url}/version").body[:200].decode("utf-8", "replace")
        found = _VERSION.search(said)
        if found is None:
            raise PermanentError(f"{self._url!r}: {said[:40]!r} is not the version of a Tika server; correct the address")
        return f"tika {found[1]}"

    def read(self, file: File) -> Text:
        """The text of a file, and what it says of itself.

        Raises:
            RecordError: ``empty``, ``unsupported``, ``encrypted`` or ``unreadable``.
            HarvestError: The server does not answer, or not as a Tika server does; any other file would end so too.
        """
        if not file.content:
            raise RecordError("the file is empty: zero bytes", rule="empty")
        engine = self.engine
        page = _read_page(file)
        body, content_type = _write_form(file.content if page is None else _spell(page))
        try:
            answer = self._client.post(f"{self._url}/rmeta/form/body", body=body, content_type=content_type).body
        except HttpStatusError as error:
            if error.response.status not in REFUSALS:
                raise
            said = error.response.body[:2000].decode("utf-8", "replace")
            raise _describe_refusal(error.response.status, said) from None
        text = _read_answer(answer, engine, file.declared)
        return replace(text, language=text.language or _read_page_language(page)) if page else text


def find_client(tools: Tools) -> HttpClient:
    """The client that may reach the services of this installation, a Tika server on a private network among them."""
    return tools.services


def _read_page(file: File) -> str | None:
    """The characters of a page or a plain text; None for all other kinds of files."""
    media_type = sniff(file.content, file.declared)
    return read_characters(file, media_type) if media_type in CHARACTERS else None


def _spell(page: str) -> bytes:
    """Characters in UTF-8, with a mark that says so before anything else can."""
    return codecs.BOM_UTF8 + page.encode("utf-8", "ignore")


def _read_page_language(page: str) -> str | None:
    found = _PAGE_LANGUAGE.search(page[:_HEAD])
    return clean_language(found[1]) if found else None


def _write_form(content: bytes) -> tuple[bytes, str]:
    """A form of one file. Its type stays unsaid, since Tika would believe it; limits go where servers look for them, in the part."""
    boundary = secrets.token_hex(16)
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="upload"\r\nContent-Type: application/octet-stream\r\n'
        f"writeLimit: {4 * MAX_CHARACTERS}\r\nmaxEmbeddedResources: {MAX_EMBEDDED}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _describe_refusal(status: int | None, said: str) -> RecordError:
    if _ENCRYPTED.search(said):
        return RecordError("the document is encrypted: it opens with a password only", rule="encrypted")
    words = " ".join(said[:400].split())[:160] or f"status {status} without a word"
    reason = f"Tika cannot read the file: {words}"
    return RecordError(reason, rule="unsupported" if status == 415 else "unreadable")  # noqa: PLR2004 - Unsupported Media Type


def _read_answer(answer: bytes, engine: str, declared: str | None) -> Text:
    try:
        listed = orjson.loads(answer)
    except orjson.JSONDecodeError:
        listed = None
    if not isinstance(listed, list) or not listed or not isinstance(listed[0], dict):
        raise PermanentError(f"Tika answered {answer[:40]!r}, not a list of documents; check that the address is that of a Tika server")
    documents = cast("Sequence[Mapping[str, Any]]", listed)
    return _read_document(documents[0], len(documents) - 1, engine, normalise_type(declared))


def _read_document(about: Mapping[str, Any], embedded: int, engine: str, declared: str | None) -> Text:
    """Text with an exception is text all the same, with a note; an exception without text is a failure."""
    text, is_truncated = shorten(_first(about.get(_CONTENT)) or "")
    exceptions = [_first(value) or "" for name, value in about.items() if name.startswith(_EXCEPTION) and name not in _LIMITS]
    if exceptions and (not text or _ENCRYPTED.search(exceptions[0])):
        raise _describe_refusal(None, exceptions[0])
    media_type = normalise_type(_first(about.get("Content-Type"))) or "application/octet-stream"
    notes = [f"declared {declared}"] if declared not in {media_type, None} else []
    notes += [f"read in part: {exceptions[0].partition(chr(10))[0][:160]}"] if exceptions else []
    return Text(
        text,
        media_type,
        engine,
        title=clean_line(_first(about.get("dc:title"))),
        authors=clean_authors(_all(about.get("dc:creator"))),
        language=clean_language(_first(about.get("dc:language")) or _first(about.get("language"))),
        page_count=next(
            (int(count) for name in _PAGES if (count := _first(about.get(name))) and re.fullmatch(r"[1-9]\d{0,6}", count)), None
        ),
        is_truncated=is_truncated or _LIMIT in about,
        embedded=embedded,
        notes=tuple(notes),
    )


def _first(value: object) -> str | None:
    return next(iter(_all(value)), None)


def _all(value: object) -> list[str]:
    """Metadata of one value are a string, of several a list."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]
