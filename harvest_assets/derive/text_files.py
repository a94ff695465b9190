"""Bytes of a file in, its ``Text`` out: what runs in processes that may be killed, with kreuzberg for most formats.

What a file is, its bytes say. Plain text and pages are decoded and read here (kreuzberg takes all for UTF-8), and so is OpenDocument;
containers are counted before they are opened. Nothing is cached, no picture is read. https://docs.kreuzberg.dev/
"""

import ctypes
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

import kreuzberg
import pypdfium2
from pypdfium2 import raw as pdfium

from harvest_assets.derive import sniffing
from harvest_assets.derive.archives import check_archive
from harvest_assets.derive.charsets import decode
from harvest_assets.derive.open_document import read_about, read_content
from harvest_assets.derive.text import Text, clean_authors, clean_language, clean_line, shorten
from harvest_assets.derive.web_pages import WebPage, read_page
from harvest_assets.errors import RecordError

ENGINE = f"kreuzberg {kreuzberg.__version__}"

_ENCRYPTED = re.compile(r"password|encrypt", re.IGNORECASE)
_RTF_CHARACTER = re.compile(r"\\u(-?\d{1,5}) ?\??|\\'([0-9a-fA-F]{2})")
_SLIDE = re.compile(r"ppt/slides/slide\d+\.xml")
_TWICE = re.compile(r"(.+): \1")
_LONGEST_TAG = 200
CHARACTERS = frozenset({sniffing.PLAIN, sniffing.MARKDOWN, sniffing.HTML})


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was fetched: whose it is, what it is called (``declared``), and the charset that its server names."""

    srn: str
    content: bytes
    sha256: str = ""
    declared: str | None = None
    charset: str | None = None


def read_file(file: File) -> Text:
    """The text of a file, and what it says of itself.

    Raises:
        RecordError: ``empty``, ``unsupported`` (a kind that has no text), ``encrypted``, ``zip_bomb``, ``xml_bomb`` or ``unreadable``.
    """
    if not file.content:
        raise RecordError("the file is empty: zero bytes", rule="empty")
    media_type = sniffing.sniff(file.content, file.declared)
    if media_type == sniffing.ENCRYPTED_OFFICE:
        raise RecordError("the document is encrypted: it opens with a password only", rule="encrypted")
    if media_type not in sniffing.READABLE:
        raise RecordError(f"the file is {media_type!r}, a kind that no text is read from", rule="unsupported")
    declared = sniffing.normalise_type(file.declared)
    notes = () if declared in {media_type, None} else (f"declared {declared}",)
    if media_type in CHARACTERS:
        return _read_characters(file, media_type, notes)
    if media_type in sniffing.OPEN_DOCUMENT:
        return _read_open_document(file.content, media_type, notes)
    names = check_archive(file.content).namelist() if media_type in sniffing.ZIPPED else []
    text = _read_with_kreuzberg(file, media_type, notes)
    slides = sum(1 for name in names if _SLIDE.fullmatch(name))
    return replace(text, page_count=slides) if slides else text


def _read_characters(file: File, media_type: str, notes: tuple[str, ...]) -> Text:
    """Pages, and plain text as it was written, Markdown with its signs."""
    written = read_characters(file, media_type)
    page = read_page(written) if media_type == sniffing.HTML else WebPage(written, None, [], None)
    text, is_truncated = shorten(page.text)
    return Text(
        text,
        media_type,
        ENGINE,
        title=clean_line(page.title),
        authors=clean_authors(page.authors),
        language=clean_language(page.language),
        is_truncated=is_truncated,
        notes=notes,
    )


def _read_open_document(content: bytes, media_type: str, notes: tuple[str, ...]) -> Text:
    archive = check_archive(content)
    written, slides = read_content(archive)
    about = read_about(archive)
    text, is_truncated = shorten(written)
    pages = about.get("pages", "")
    return Text(
        text,
        media_type,
        ENGINE,
        title=clean_line(about.get("title")),
        authors=clean_authors([about.get("author")]),
        language=clean_language(about.get("language")),
        page_count=slides or (int(pages) if re.fullmatch(r"\d{1,6}", pages, re.ASCII) else None),
        is_truncated=is_truncated,
        notes=notes,
    )


def _read_with_kreuzberg(file: File, media_type: str, notes: tuple[str, ...]) -> Text:
    try:
        result = kreuzberg.extract_bytes_sync(file.content, media_type, _configure())
    except (kreuzberg.KreuzbergError, OSError, RuntimeError, ValueError) as error:
        said = error.message if isinstance(error, kreuzberg.KreuzbergError) else str(error)
        rule = "encrypted" if _ENCRYPTED.search(said) else "unreadable"
        words = _TWICE.sub(r"\1", " ".join(said.split())[:400])
        raise RecordError(f"{media_type}: {words[:200]}", rule=rule) from None
    about = cast("Mapping[str, Any]", result.metadata)
    text, is_truncated = shorten(result.content)
    language = _read_pdf_language(file.content) if media_type == sniffing.PDF else about.get("language")
    return Text(
        text,
        media_type,
        ENGINE,
        title=clean_line(_unescape_rtf(about.get("title"))),
        authors=clean_authors(_unescape_rtf(name) for name in about.get("authors") or ()),
        language=clean_language(language),
        page_count=_count_pages(about, media_type),
        is_truncated=is_truncated,
        notes=notes,
    )


def read_characters(file: File, media_type: str) -> str:
    """A page or a plain text as it was written, whatever its charset; neither engine is right about all of them."""
    return decode(file.content, file.charset, is_markup=media_type == sniffing.HTML)[0]


@cache
def _configure() -> kreuzberg.ExtractionConfig:
    return kreuzberg.ExtractionConfig(use_cache=False, enable_quality_processing=False, output_format="plain")


def _count_pages(about: Mapping[str, Any], media_type: str) -> int | None:
    """Pages of a PDF, and what Word noted when it saved; others have none."""
    noted = cast("Mapping[str, Any]", about.get("app_properties") or {})
    counts = {sniffing.PDF: about.get("page_count"), sniffing.DOCX: noted.get("pages")}
    count = counts.get(media_type)
    return count if isinstance(count, int) and count > 0 else None


def _read_pdf_language(content: bytes) -> str | None:
    """The language of the catalogue of a PDF, which kreuzberg does not hand on."""
    try:
        with pypdfium2.PdfDocument(content) as document:
            size = int(pdfium.FPDFCatalog_GetLanguage(document, None, 0))
            if size > _LONGEST_TAG:
                return None
            tag = ctypes.create_string_buffer(size)
            pdfium.FPDFCatalog_GetLanguage(document, ctypes.cast(tag, ctypes.POINTER(ctypes.c_ushort)), size)
    except pypdfium2.PdfiumError:
        return None
    return tag.raw.decode("utf-16-le", "ignore").rstrip("\0")


def _unescape_rtf(text: str | None) -> str | None:
    """What kreuzberg leaves as control words in titles and names."""
    return text and _RTF_CHARACTER.sub(_read_rtf_character, text)


def _read_rtf_character(found: re.Match[str]) -> str:
    if found[2]:
        return bytes.fromhex(found[2]).decode("cp1252", "ignore")
    return chr(int(found[1]) % 65536)
