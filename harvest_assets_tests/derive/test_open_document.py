"""OpenDocument: text as people see it, and what documents say of themselves."""

import re

import pytest

from harvest_assets.derive.archives import check_archive
from harvest_assets.derive.open_document import read_about, read_content
from harvest_assets.derive.text import normalise
from harvest_assets.errors import RecordError
from harvest_assets.testing.office import Work, make_odp, make_ods, make_odt

OFFICE = 'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
META = 'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def read(body: str) -> str:
    content = f"<office:document-content {OFFICE} {META}><office:body>{body}</office:body></office:document-content>"
    return normalise(read_content(check_archive(make_odt(Work(), **{"content.xml": content})))[0])


def about(meta: str) -> dict[str, str]:
    parts = {"meta.xml": f"<office:document-meta {OFFICE} {META}><office:meta>{meta}</office:meta></office:document-meta>"}
    return read_about(check_archive(make_odt(Work(), **parts)))


def test_texts_spreadsheets_and_presentations_have_their_paragraphs() -> None:
    work = Work(paragraphs=["One & two.", "Drie <vier>."])
    for make, slides in ((make_odt, 0), (make_ods, 0), (make_odp, 1)):
        text, count = read_content(check_archive(make(work)))
        assert (normalise(text), count) == ("One & two.\n\nDrie <vier>.", slides)


def test_spans_blanks_tabs_and_notes_are_part_of_their_paragraph() -> None:
    body = (
        "<text:h>A <text:span>bold</text:span>er<text:s text:c='3'/>title</text:h>"
        "<text:p>x<text:tab/>y<text:line-break/>z<text:note><text:note-body><text:p>foot</text:p></text:note-body></text:note> end</text:p>"
    )
    assert re.sub(r"\n+", "|", read(body)) == "A bolder title|x y|zfoot|end"


def test_what_was_struck_out_and_who_remarked_is_no_text() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:p>struck</text:p></text:changed-region></text:tracked-changes>"
        "<text:p>kept<office:annotation><dc:creator>Author Two</dc:creator><dc:date>2026-01-01</dc:date><text:p>remark</text:p>"
        "</office:annotation> too</text:p>"
    )
    text = read(body)
    assert "struck" not in text
    assert "Author Two" not in text
    assert "2026" not in text
    assert "kept" in text
    assert "too" in text


@pytest.mark.parametrize("content", ["<office:document-content>", " ", "no xml", "<a/><b/>"])
def test_content_that_is_not_well_formed_ends_at_once(content: str) -> None:
    archive = check_archive(make_odt(Work(), **{"content.xml": content}))
    with pytest.raises(RecordError, match=r"content.xml is not well-formed: \w+") as caught:
        read_content(archive)
    assert caught.value.rule == "unreadable"


def test_a_document_without_content_says_so() -> None:
    content = make_odt(Work()).replace(b"content.xml", b"another.xml")
    with pytest.raises(RecordError, match=r"the document has no content.xml that can be read"):
        read_content(check_archive(content))


def test_who_began_a_document_is_its_author_not_who_changed_it_last() -> None:
    meta = (
        "<dc:title>T</dc:title><meta:initial-creator>Author One</meta:initial-creator><dc:creator>Author Two</dc:creator>"
        '<dc:language>nl-NL</dc:language><meta:document-statistic meta:page-count="12"/>'
    )
    assert about(meta) == {"title": "T", "author": "Author One", "language": "nl-NL", "pages": "12"}
    assert about("<dc:creator>Author Two</dc:creator>") == {"author": "Author Two"}
    assert about("") == {}


def test_meta_that_is_broken_or_missing_says_nothing() -> None:
    assert about("<broken>") == {}
    assert read_about(check_archive(make_odt(Work()).replace(b"meta.xml", b"else.xml"))) == {}
