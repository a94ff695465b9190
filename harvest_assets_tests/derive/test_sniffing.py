"""What files really are, whatever they are called."""

import pytest

from harvest_assets.derive.sniffing import (
    DOCX,
    HTML,
    MARKDOWN,
    OCTETS,
    PDF,
    PLAIN,
    XML,
    ZIP,
    normalise_type,
    read_extension,
    sniff,
)
from harvest_assets.testing.files import make_file
from harvest_assets.testing.office import MAKERS, Work, make_docx, make_html, make_text, pack
from harvest_assets.testing.office_traps import make_encrypted_office, make_ole


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_is_known_by_its_bytes_whatever_it_is_called(kind: str) -> None:
    media_type, make = MAKERS[kind]
    assert sniff(make(Work())) == media_type
    assert sniff(make(Work()), "image/png") == media_type


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (make_file("one.png"), "image/png"),
        (make_file("one.jpg"), "image/jpeg"),
        (b"GIF89a" + bytes(20), "image/gif"),
        (b"\0\0\0\x18ftypmp42" + bytes(20), "video/mp4"),
        (b"\x1f\x8b\x08\0" + bytes(20), "application/gzip"),
        (pack({"readme.txt": "x"}), ZIP),
        (pack({"[Content_Types].xml": "x"}), ZIP),
        (bytes(300), OCTETS),
        (b"\x7fELF" + bytes(range(256)), OCTETS),
        (make_ole("WordDocument"), "application/msword"),
        (make_ole("Workbook"), "application/vnd.ms-excel"),
        (make_ole("PowerPoint Document"), "application/vnd.ms-powerpoint"),
        (make_ole("Other"), "application/x-ole-storage"),
        (make_encrypted_office(), "application/x-encrypted-office"),
        (b"\n\n junk before %PDF-1.4", PDF),
        (b"ID3 is an algorithm that makes trees", PLAIN),
    ],
)
def test_signatures(content: bytes, media_type: str) -> None:
    assert sniff(content, "application/pdf") == media_type


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><title>x</title>",
        b"\xef\xbb\xbf <!doctype HTML>",
        b"<!-- made by x -->\n<html>",
        b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x' 'y'>\n<html xmlns='http://www.w3.org/1999/xhtml'>",
        b"<p>One paragraph",
        make_html(Work(), "utf-16"),
        make_html(Work(), "utf-16-le"),
        make_html(Work(title="x", paragraphs=["é"]), "latin-1"),
    ],
)
def test_web_pages_are_known_in_every_charset(content: bytes) -> None:
    assert sniff(content, "application/pdf") == HTML


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_plain_text_is_known_in_every_charset(charset: str) -> None:
    assert sniff(make_text(Work(), charset)) == PLAIN


@pytest.mark.parametrize(
    ("content", "declared", "media_type"),
    [
        (b"# Title\n", "text/markdown", MARKDOWN),
        (b"# Title\n", "text/plain", PLAIN),
        (b"# Title\n", "application/pdf", PLAIN),
        (b"# Title\n", None, PLAIN),
        (b"no tag at the start <b>x</b>", "text/html", HTML),
        (b"<?xml version='1.0'?><feed/>", "text/html", XML),
        (b"", None, PLAIN),
    ],
)
def test_a_declaration_counts_only_between_kinds_of_plain_text(content: bytes, declared: str | None, media_type: str) -> None:
    assert sniff(content, declared) == media_type


def test_a_document_in_an_archive_is_an_archive() -> None:
    assert sniff(pack({"thesis.docx": make_docx(Work())})) == ZIP


@pytest.mark.parametrize(
    ("text", "media_type"),
    [("Application/PDF; charset=binary", PDF), ("application/x-pdf", PDF), ("application/xhtml+xml", HTML), ("", None), (None, None)],
)
def test_media_types_have_one_name(text: str | None, media_type: str | None) -> None:
    assert normalise_type(text) == media_type


@pytest.mark.parametrize(
    ("path", "media_type"), [("/a/b.PDF", PDF), ("x.docx", DOCX), ("/a.pdf/b", None), ("/a/b", None), ("/a/b.zip", None), ("", None)]
)
def test_the_end_of_a_path_tells_a_media_type(path: str, media_type: str | None) -> None:
    assert read_extension(path) == media_type
