"""Text out of files of every kind, by their bytes; every trap ends with its reason."""

import pytest

from harvest_assets.derive.text import MAX_CHARACTERS
from harvest_assets.derive.text_files import ENGINE, File, read_file
from harvest_assets.errors import RecordError
from harvest_assets.testing.files import make_file
from harvest_assets.testing.office import MAKERS, Work, make_docx, make_html, make_odt, make_pdf, make_rtf, make_text
from harvest_assets.testing.office_traps import TRAPS, make_ole

WORK = Work()
# What a format has no place for, or an engine does not look at; all else is as the work says.
NO_TITLE = {"txt"}
NO_LANGUAGE = {"txt", "rtf", "pptx"}
PAGES = {"pdf": 2, "pptx": 2, "odp": 1}


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_says_its_text_title_author_language_and_pages(kind: str) -> None:
    media_type, make = MAKERS[kind]
    read = read_file(File("srn", make(WORK), declared=media_type))
    for paragraph in WORK.paragraphs:
        assert paragraph in read.text
    assert (read.title, read.authors) == ((None, ()) if kind in NO_TITLE else (WORK.title, (WORK.author,)))
    assert read.language == (None if kind in NO_LANGUAGE else "nl")
    assert read.page_count == PAGES.get(kind)
    assert (read.media_type, read.engine, read.notes, read.is_truncated) == (media_type, ENGINE, (), False)


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "latin-1", "utf-16", "utf-16-le"])
def test_text_and_pages_are_right_in_every_charset(charset: str) -> None:
    work = Work(paragraphs=["Eén reëel voorbeeld: Größe, ça va."])
    plain = read_file(File("srn", make_text(work, charset)))
    assert plain.text == f"{work.title}\n\n{work.paragraphs[0]}"
    for declares in (True, False):
        page = read_file(File("srn", make_html(work, charset, declares=declares)))
        assert page.text == f"{work.title}\n\n{work.paragraphs[0]}"
        assert (page.title, page.authors, page.language) == (work.title, ("Author One",), "nl")


def test_the_charset_of_the_server_counts() -> None:
    assert read_file(File("srn", "Съешь ещё булок".encode("koi8-r"), charset="koi8-r")).text == "Съешь ещё булок"
    page = "<html><title>Съешь</title><p>ещё".encode("koi8-r")
    assert read_file(File("srn", page, charset="koi8-r")).title == "Съешь"


@pytest.mark.parametrize(
    ("content", "declared", "media_type"),
    [
        (make_html(WORK), "application/pdf", "text/html"),
        (make_pdf(WORK), "text/html", "application/pdf"),
        (make_docx(WORK), "application/msword", MAKERS["docx"][0]),
        (make_text(WORK), MAKERS["docx"][0], "text/plain"),
    ],
)
def test_liars_are_read_for_what_they_are_and_it_is_noted(content: bytes, declared: str, media_type: str) -> None:
    read = read_file(File("srn", content, declared=declared))
    assert (read.media_type, read.notes) == (media_type, (f"declared {declared}",))
    assert WORK.paragraphs[0] in read.text


def test_another_name_of_the_same_type_is_no_lie() -> None:
    assert read_file(File("srn", make_pdf(WORK), declared="application/x-pdf")).notes == ()
    assert read_file(File("srn", b"# Kop", declared="text/markdown; charset=utf-8")).notes == ()


def test_markdown_is_kept_as_it_was_written() -> None:
    read = read_file(File("srn", "# Kop\n\n- één **twee**\n".encode("cp1252"), declared="text/markdown"))
    assert (read.text, read.media_type) == ("# Kop\n\n- één **twee**", "text/markdown")


ENDS = {
    "bomb.docx": ("zip_bomb", "at most 209715200 are read"),
    "ratio.docx": ("zip_bomb", "over 200 times as much"),
    "lying.docx": ("zip_bomb", "at most 209715200 are read"),
    "crowd.docx": ("zip_bomb", "20004 entries"),
    "laughs.docx": ("xml_bomb", "an XML bomb"),
    "laughs.odt": ("xml_bomb", "an XML bomb"),
    "laughs.epub": ("xml_bomb", "an XML bomb"),
    "locked.docx": ("encrypted", "the document is encrypted: it opens with a password only"),
    "locked-zip.docx": ("encrypted", "is encrypted"),
    "locked.odt": ("encrypted", "the document is encrypted: its container says so"),
    "locked.pdf": ("encrypted", "application/pdf: PDF is password-protected"),
    "truncated.pdf": ("unreadable", "application/pdf: Invalid PDF: .*FormatError$"),
    "truncated.docx": ("unreadable", "the container cannot be opened"),
    "truncated.ods": ("unreadable", "content.xml is not well-formed"),
    "empty.pdf": ("empty", "the file is empty: zero bytes"),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_trap_ends_with_its_reason(name: str) -> None:
    rule, reason = ENDS[name]
    with pytest.raises(RecordError, match=reason) as caught:
        read_file(File("srn", TRAPS[name](), declared="application/pdf"))
    assert caught.value.rule == rule


def test_a_workbook_with_a_cell_in_its_farthest_corner_is_read() -> None:
    assert read_file(File("srn", TRAPS["wide.xlsx"]())).text.endswith("ça va.\n1")


def test_a_page_that_declares_an_xml_bomb_is_read_without_it() -> None:
    assert read_file(File("srn", TRAPS["laughs.html"]())).text.endswith("funny &l9; page")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (make_file("one.png"), "the file is 'image/png', a kind that no text is read from"),
        (bytes(1000), "the file is 'application/octet-stream', a kind that no text is read from"),
        (b"<?xml version='1.0'?><feed/>", "the file is 'application/xml', a kind that no text is read from"),
        (make_ole("Other"), "the file is 'application/x-ole-storage', a kind"),
    ],
)
def test_kinds_without_text_are_not_supported(content: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message) as caught:
        read_file(File("srn", content, declared="application/pdf"))
    assert caught.value.rule == "unsupported"


def test_a_document_of_old_office_that_is_broken_is_unreadable() -> None:
    with pytest.raises(RecordError, match=r"application/msword: \w+") as caught:
        read_file(File("srn", make_ole("WordDocument")))
    assert caught.value.rule == "unreadable"


def test_long_texts_are_cut() -> None:
    read = read_file(File("srn", b"word " * MAX_CHARACTERS))
    assert (len(read.text), read.is_truncated) == (MAX_CHARACTERS - 1, True)


def test_titles_of_rich_text_are_spelled_out() -> None:
    content = make_rtf(Work(title="x")).replace(rb"{\title x}", rb"{\title Caf\'e9 \u8364?5 \u-3 ?}")
    assert read_file(File("srn", content)).title == "Café €5 \N{REPLACEMENT CHARACTER}"


def test_pages_that_a_text_counted_when_it_was_saved_are_said() -> None:
    namespace = "urn:oasis:names:tc:opendocument:xmlns:"
    meta = (
        f'<office:document-meta xmlns:office="{namespace}office:1.0" xmlns:meta="{namespace}meta:1.0"><office:meta>'
        '<meta:document-statistic meta:page-count="{}"/></office:meta></office:document-meta>'
    )
    for count, pages in (("12", 12), ("-1", None), ("many", None), ("99999999", None)):
        assert read_file(File("srn", make_odt(WORK, **{"meta.xml": meta.format(count)}))).page_count == pages
    noted = '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Pages>7</Pages></Properties>'
    assert read_file(File("srn", make_docx(WORK, **{"docProps/app.xml": noted}))).page_count == 7
