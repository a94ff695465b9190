"""Zip containers: what is honest passes, and what is not is told before anybody opens it."""

import struct
import zipfile
from io import BytesIO

import pytest

from harvest_assets.derive.archives import check_archive, check_entities, read_part
from harvest_assets.errors import RecordError
from harvest_assets.testing import office_traps
from harvest_assets.testing.office import MAKERS, Work, make_docx, make_epub, pack

ZIPPED = ("docx", "xlsx", "pptx", "odt", "ods", "odp", "epub")


@pytest.mark.parametrize("kind", ZIPPED)
def test_honest_documents_pass(kind: str) -> None:
    archive = check_archive(MAKERS[kind][1](Work()))
    assert archive.namelist()
    assert read_part(archive, archive.namelist()[0])
    assert read_part(archive, "missing.xml") is None


@pytest.mark.parametrize(
    ("content", "rule", "message"),
    [
        (
            office_traps.make_docx_bomb(),
            "zip_bomb",
            r"the container of \d+ bytes unpacks to 314574\d+ bytes or more; at most 209715200 are",
        ),
        (office_traps.make_lying_bomb(), "zip_bomb", r"unpacks to 2097\d+ bytes or more; at most 209715200 are read"),
        (office_traps.make_ratio_bomb(), "zip_bomb", r"unpacks to 3145\d+ bytes or more, over 200 times as much: a zip bomb"),
        (office_traps.make_crowd(), "zip_bomb", r"the container has 2000\d entries; at most 10000 are read"),
        (office_traps.make_laughing_docx(), "xml_bomb", r"word/document.xml: the entity 'l1' is long, or refers to others or outside"),
        (office_traps.make_laughing_odt(), "xml_bomb", r"meta.xml: the entity 'l1'"),
        (office_traps.make_laughing_odt("utf-16"), "xml_bomb", r"meta.xml: the entity 'l1'"),
        (office_traps.make_laughing_epub(), "xml_bomb", r"one.xhtml: the entity 'l1'"),
        (office_traps.make_encrypted_zip(), "encrypted", r"the container's entry '\[Content_Types\].xml' is encrypted"),
        (office_traps.make_encrypted_odt(), "encrypted", r"the document is encrypted: its container says so"),
        (make_docx(Work())[:-60], "unreadable", r"the container cannot be opened: File is not a zip file"),
        (b"PK\x03\x04", "unreadable", r"the container cannot be opened"),
    ],
)
def test_what_is_hostile_or_locked_is_refused(content: bytes, rule: str, message: str) -> None:
    with pytest.raises(RecordError, match=message) as caught:
        check_archive(content)
    assert caught.value.rule == rule


def test_another_way_of_packing_is_refused() -> None:
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("word/document.xml", "x")
    with pytest.raises(RecordError, match=r"the container's entry 'word/document.xml' is packed in an unknown way"):
        check_archive(written.getvalue())


def test_well_packed_small_documents_are_no_bombs() -> None:
    content = pack({"word/document.xml": "<a/>", "blank.txt": b" " * 10_000_000})
    assert len(content) * 900 < 10_000_000
    assert len(check_archive(content).namelist()) == 2


def test_entries_that_point_nowhere_or_hold_rubbish_harm_nobody() -> None:
    content = pack({"word/document.xml": b"<a>" + bytes(range(256)) * 20})
    start = content.index(b"word/document.xml") + len("word/document.xml")
    broken = content[:start] + b"\xff" * 40 + content[start + 40 :]
    assert read_part(check_archive(broken), "word/document.xml") is None
    nowhere = content.replace(struct.pack("<L", 0) + b"word", struct.pack("<L", len(content) - 8) + b"word")
    assert nowhere != content
    assert read_part(check_archive(nowhere), "word/document.xml") is None
    assert check_archive(content[3:]).namelist() == ["word/document.xml"]


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x PUBLIC "p" "http://example.org/x">',
        '<!ENTITY % x "<!ENTITY y SYSTEM \'x\'>"> <!ENTITY z "&y;">',
        f'<!ENTITY x "{"ha" * 1000}">',
        '<!ENTITY x "&#38;y;">',
    ],
)
def test_entities_that_grow_or_lead_out_are_refused(declared: str) -> None:
    xml = f'<?xml version="1.0"?><!-- <a> --><!DOCTYPE a [{declared}]><a/>'.encode()
    with pytest.raises(RecordError, match=r"part.xml: the entity '.' is long, or refers to others or outside: an XML bomb"):
        check_entities([xml[:40], xml[40:]], "part.xml")


@pytest.mark.parametrize(
    "xml",
    [
        b"<a>&lt;!ENTITY x &amp;</a>",
        b"<a><![CDATA[<!DOCTYPE a [<!ENTITY x '&y;'>]>]]></a>",
        b"<!DOCTYPE a [<!ENTITY nbsp '&#160;'>]><a>&nbsp;</a>",
        b"<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.1//EN' 'http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd'><html>&nbsp;</html>",
        b"not xml at all",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        b"",
    ],
)
def test_honest_entities_and_broken_xml_are_left_to_whom_they_concern(xml: bytes) -> None:
    chunks = iter([xml[:5], xml[5:]])
    check_entities(chunks, "part.xml")
    assert list(chunks) in ([], [xml[5:]])


def test_an_epub_with_disguised_fonts_is_not_locked_but_one_with_rights_is() -> None:
    template = '<encryption xmlns:e="e"><e:EncryptionMethod Algorithm="{}"/></encryption>'
    fonts = make_epub(Work(), **{"META-INF/encryption.xml": template.format("http://www.idpf.org/2008/embedding")})
    assert "META-INF/encryption.xml" in check_archive(fonts).namelist()
    locked = make_epub(Work(), **{"META-INF/encryption.xml": template.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")})
    with pytest.raises(RecordError, match="the document is encrypted: its container says so"):
        check_archive(locked)
