"""The parsers of Apache Tika behind the paths of its server: the same shape of result as without it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harvest_assets.derive.text_files import File, read_file
from harvest_assets.derive.tika import Tika
from harvest_assets.errors import RecordError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.testing.office import MAKERS, Work, make_docx, make_html, make_text
from harvest_assets.testing.office_traps import TRAPS

SETTINGS = HttpSettings(
    user_agent="harvest_assets tests (+https://example.org)", allowed_networks=("127.0.0.0/8",), requests_per_second=1000, max_attempts=1
)
NO_LANGUAGE = {"txt", "rtf", "pptx"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RequestsClient]:
    with RequestsClient(SETTINGS, HostBudget(tmp_path)) as one:
        yield one


@pytest.fixture
def reader(tika: str, client: RequestsClient) -> Tika:
    return Tika(tika, client)


def test_every_kind_is_read_alike_by_both_engines(reader: Tika) -> None:
    for kind, (media_type, make) in MAKERS.items():
        file = File("srn", make(Work()), declared=media_type)
        ours, theirs = read_file(file), reader.read(file)
        assert theirs.engine == "tika 3.3.1"
        assert (theirs.title, theirs.authors, theirs.media_type) == (ours.title, ours.authors, media_type), kind
        assert (theirs.notes, theirs.is_truncated) == ((), False), kind
        assert kind in NO_LANGUAGE or theirs.language == "nl", kind
        for paragraph in Work().paragraphs:
            assert paragraph in theirs.text, kind
    assert reader.read(File("srn", MAKERS["pdf"][1](Work()))).page_count == 2


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "latin-1", "utf-16"])
def test_text_and_pages_are_right_in_every_charset(reader: Tika, charset: str) -> None:
    work = Work(paragraphs=["Eén reëel voorbeeld: Größe, ça va."])
    assert reader.read(File("srn", make_text(work, charset))).text == f"{work.title}\n\n{work.paragraphs[0]}"
    for declares in (True, False):
        page = reader.read(File("srn", make_html(work, charset, declares=declares)))
        assert page.text.split("\n") == [work.title, work.paragraphs[0]]


def test_what_is_in_a_document_is_counted_and_its_text_is_not_added(reader: Tika) -> None:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/package"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{kind}" Target="embeddings/inner.bin"/></Relationships>'
    )
    inner = make_docx(Work(paragraphs=["inner words"]))
    text = reader.read(File("srn", make_docx(Work(), **{"word/embeddings/inner.bin": inner, "word/_rels/document.xml.rels": relations})))
    assert text.embedded == 1
    assert "inner words" not in text.text
    assert Work().paragraphs[0] in text.text


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("locked.pdf", "encrypted"),
        ("locked.docx", "encrypted"),
        ("locked-zip.docx", "encrypted"),
        ("locked.odt", "encrypted"),
        ("laughs.docx", "unreadable"),
        ("laughs.odt", "unreadable"),
        ("crowd.docx", "unreadable"),
    ],
)
def test_traps_end_with_a_reason_and_the_server_goes_on(reader: Tika, name: str, rule: str) -> None:
    with pytest.raises(RecordError) as caught:
        reader.read(File("srn", TRAPS[name](), declared="application/pdf"))
    assert caught.value.rule == rule
    assert reader.read(File("srn", b"still there")).text == "still there"


def test_a_page_that_is_called_pdf_is_read_as_a_page(reader: Tika) -> None:
    text = reader.read(File("srn", TRAPS["page.pdf"](), declared="application/pdf"))
    assert (text.media_type, text.notes, text.title) == ("text/html", ("declared application/pdf",), Work().title)
