"""What repositories send that is not what the protocol says, and what we make of it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from harvest_assets.errors import PermanentError, PositionExpiredError, UnreadablePageError
from harvest_assets.harvest.oai_pmh import OaiPmh, errors
from harvest_assets.harvest.oai_pmh.answers import parse_answer, read_verb
from harvest_assets.harvest.oai_pmh.records import read_records
from harvest_assets.model.record import SetAside
from harvest_assets.model.window import Window

OPEN = Window()

Server = Any  # the fixtures of conftest, which tests cannot import from
Xml = Any
Repository = Callable[..., OaiPmh]
CODES = {
    "badArgument": errors.BadArgumentError,
    "badResumptionToken": errors.BadResumptionTokenError,
    "badVerb": errors.BadVerbError,
    "cannotDisseminateFormat": errors.CannotDisseminateFormatError,
    "idDoesNotExist": errors.IdDoesNotExistError,
    "noRecordsMatch": errors.NoRecordsMatchError,
    "noMetadataFormats": errors.NoMetadataFormatsError,
    "noSetHierarchy": errors.NoSetHierarchyError,
}


def read(body: bytes, page: int = 1) -> tuple[list[dict[str, Any]], tuple[SetAside, ...]]:
    answer = parse_answer(body, "library: page 1")
    batch, set_aside = read_records(answer, read_verb(answer, "ListRecords"), page)
    return batch.to_pylist(), set_aside


def read_texts(rows: list[dict[str, Any]]) -> list[str]:
    """Text of the metadata of each row, parsed as an extractor does."""
    parsed = [
        etree.fromstring(row["envelope"] + row["body"] + b"</OAI-PMH>") if row["envelope"] else etree.fromstring(row["body"])
        for row in rows
    ]
    return ["".join(record.find(".//{*}metadata").itertext()) for record in parsed]


@pytest.mark.parametrize("code", CODES)
def test_each_error_code_has_its_exception_with_the_words_of_the_repository(xml: Xml, code: str) -> None:
    with pytest.raises(CODES[code], match=rf"^library: Identify: the repository answered {code}: 'no such thing'$") as caught:
        read_verb(parse_answer(xml.error(code, "no \n such thing"), "library: Identify"), "Identify")
    assert caught.value.code == code
    assert isinstance(caught.value, PermanentError)
    assert isinstance(caught.value, PositionExpiredError) == (code == "badResumptionToken")


def test_an_unknown_error_code_is_an_error_too(xml: Xml) -> None:
    with pytest.raises(errors.OaiPmhError, match="the repository answered tooBusy: ''"):
        read(xml.error("tooBusy"))
    with pytest.raises(errors.OaiPmhError, match="the repository answered an error without a code: 'x'"):
        read(xml.answer("<error>x</error>"))


def test_of_several_errors_the_empty_list_is_named_last(xml: Xml) -> None:
    with pytest.raises(errors.BadArgumentError, match="badArgument: 'b'"):
        read(xml.answer('<error code="noRecordsMatch">a</error><error code="badArgument">b</error>'))


def test_identify_and_sets_are_read(server: Server, open_repository: Repository, xml: Xml) -> None:
    def answer(query: dict[str, str]) -> bytes:
        if query["verb"] == "Identify":
            return xml.identify()
        if "resumptionToken" in query:
            return xml.answer("<ListSets><set><setSpec>b</setSpec></set><set><setName>nothing</setName></set></ListSets>")
        return xml.answer(
            "<ListSets><set><setSpec>a</setSpec><setName>Set A</setName></set><resumptionToken>t</resumptionToken></ListSets>"
        )

    protocol = open_repository(answer)
    remote = protocol.identify()
    assert (remote.granularity, remote.deleted_record) == ("YYYY-MM-DDThh:mm:ssZ", "transient")
    assert (remote.earliest_datestamp, remote.title, len(remote.exchanges)) == ("2001-01-01", "Library of tests", 1)
    assert [(listed.identifier, listed.title, listed.kind) for listed in protocol.list_contents()] == [
        ("a", "Set A", "set"),
        ("b", "b", "set"),
    ]
    assert server.queries[-1] == {"verb": "ListSets", "resumptionToken": "t"}


def test_a_repository_without_sets_offers_none(open_repository: Repository, xml: Xml) -> None:
    assert list(open_repository(lambda _: xml.error("noSetHierarchy")).list_contents()) == []


def test_a_list_of_sets_that_does_not_end_is_refused(open_repository: Repository, xml: Xml) -> None:
    page = xml.answer("<ListSets><set><setSpec>a</setSpec></set><resumptionToken>t</resumptionToken></ListSets>")
    with pytest.raises(PermanentError, match="library: ListSets: the resumption token 't' repeats: the list of sets does not end"):
        list(open_repository(lambda _: page).list_contents())


def test_an_answer_to_another_verb_is_refused(xml: Xml) -> None:
    with pytest.raises(PermanentError, match="library: page 1: asked for ListRecords, the answer holds Identify, request, responseDate"):
        read(xml.identify())
    with pytest.raises(PermanentError, match="asked for ListRecords, the answer holds nothing"):
        read(b"<OAI-PMH/>")


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><p>down", b"\n<HTML><body>", b'<html xmlns="http://www.w3.org/1999/xhtml"/>', b"<x:html xmlns:x='y'/>"]
)
def test_html_is_refused(body: bytes) -> None:
    with pytest.raises(PermanentError, match="library: page 1: got an HTML page, not OAI-PMH: check the address of the source"):
        read(body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_is_refused_in_every_encoding(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE OAI-PMH [<!ENTITY a "b">]><OAI-PMH>&a;</OAI-PMH>'
    with pytest.raises(PermanentError, match="library: page 1: the answer has a DOCTYPE, which is refused"):
        read(text.encode(encoding))


def test_another_format_is_refused() -> None:
    with pytest.raises(PermanentError, match="the root element is 'rss', not 'OAI-PMH': check the address of the source"):
        read(b"<rss/>")
    with pytest.raises(PermanentError, match="the answer is not OAI-PMH, it begins with b'Service"):
        read(b"Service unavailable")


def test_broken_xml_without_records_is_unreadable(xml: Xml) -> None:
    with pytest.raises(UnreadablePageError, match=r"the answer is not well-formed XML: .*mismatch"):
        read(xml.answer("<ListRecords><a></b></ListRecords>"))
    with pytest.raises(UnreadablePageError, match=r"the answer is not well-formed XML: .*mismatch"):
        read(xml.answer(f"<ListRecords><a>{xml.record('a')}</b></ListRecords>"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"\n<br />\n<b>Notice</b>: Undefined index in oai.php\n"),
        (b"\n\n", b""),
        (b"<b>Warning</b> & more\n", b"</div>"),
        (b"\xef\xbb\xbf", b"\x00"),
    ],
)
def test_bytes_outside_the_root_element_are_cut_off(xml: Xml, before: bytes, after: bytes) -> None:
    rows, set_aside = read(before + xml.page(xml.record("a")) + after)
    assert [row["identifier"] for row in rows] == ["a"]
    assert not set_aside


def test_illegal_characters_are_dropped_raw_and_as_references(xml: Xml) -> None:
    rows, set_aside = read(xml.page(xml.record("a", "<metadata>x\x0by\x00&#x1;&#0;&#65;&#xFFFF;&#xE9;&#x1F600;</metadata>")))
    assert not set_aside
    assert read_texts(rows) == ["xyAé\U0001f600"]


def test_white_space_around_a_repaired_page_is_no_repair(xml: Xml) -> None:
    assert parse_answer(b"\n" + xml.page(xml.record("\x01a")) + b"\n", "p").repairs == ("illegal characters were dropped",)


def test_repairs_are_told_once_per_list(open_repository: Repository, xml: Xml, caplog: pytest.LogCaptureFixture) -> None:
    protocol = open_repository(
        lambda query: xml.page(xml.record("b" if "resumptionToken" in query else "a"), "" if "resumptionToken" in query else "t") + b"!"
    )
    with caplog.at_level(logging.WARNING):
        assert len(list(protocol.pages(OPEN))) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "library: page 1 and perhaps later ones were not well-formed: bytes outside the root element were cut off"
    ]


def test_a_broken_record_costs_no_other_record(xml: Xml) -> None:
    broken = xml.record("bad", "<metadata><a>1 & 2</a></metadata>")
    rows, set_aside = read(xml.page(xml.record("a") + broken + xml.record("b"), "t"))
    assert [row["identifier"] for row in rows] == ["a", "b"]
    assert read_texts(rows) == ["é", "é"]
    (aside,) = set_aside
    assert (aside.identifier, aside.page, aside.stage, aside.error) == ("bad", 1, "harvest", "RecordError")
    assert aside.body == broken.encode()
    assert aside.reason.startswith("not well-formed XML: ")


@pytest.mark.parametrize(
    "broken", ["<record><header><identifier>b & c</identifier></header></record>", "<record>& </record>", "<record><head & ></record>"]
)
def test_a_record_broken_in_its_header_has_no_identifier(xml: Xml, broken: str) -> None:
    rows, (aside,) = read(xml.page(xml.record("a") + broken))
    assert len(rows) == 1
    assert (aside.identifier, aside.body) == (None, broken.encode())


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("<record><metadata/></record>", "the record has no header"),
        ("<record/>", "the record has no header"),
        ("<record><header><identifier> </identifier></header></record>", "the header has no identifier"),
        ("<record><header><datestamp>2024-01-01</datestamp></header></record>", "the header has no identifier"),
        (
            "<record><header><identifier>b</identifier><identifier>c</identifier></header></record>",
            "the header has two identifiers, 'b' and 'c'",
        ),
    ],
)
def test_a_record_without_an_identifier_is_set_aside_with_its_bytes(xml: Xml, record: str, reason: str) -> None:
    rows, (aside,) = read(xml.page(xml.record("a") + record), page=1)
    assert [row["identifier"] for row in rows] == ["a"]
    assert (aside.identifier, aside.stage, aside.error, aside.reason) == (None, "harvest", "RecordError", reason)
    assert etree.QName(etree.fromstring(aside.body)).localname == "record"


@pytest.mark.parametrize(
    "metadata",
    [
        '<metadata><record xmlns="http://www.loc.gov/MARC21/slim"><x>t</x></record></metadata>',
        "<metadata><![CDATA[</record>]]>t</metadata>",
        "<metadata><!-- <record> -->t</metadata>",
        "<metadata><records/><record_id/><recorded>t</recorded></metadata>",
    ],
)
def test_look_alikes_of_a_record_do_not_mislead_the_cut(xml: Xml, metadata: str) -> None:
    rows, set_aside = read(xml.page(xml.record("a", metadata) + xml.record("b", "<metadata>u</metadata>") + "<!-- </record> -->"))
    assert not set_aside
    assert [row["identifier"] for row in rows] == ["a", "b"]
    assert read_texts(rows)[0].endswith("t")
    assert read_texts(rows)[1] == "u"


@pytest.mark.parametrize("order", [0, 1])
def test_an_empty_record_and_a_stray_end_tag_do_not_add_up_to_a_cut(xml: Xml, order: int) -> None:
    parts = ["<record/>", xml.record("a", "<metadata><![CDATA[</record>]]>t</metadata>")]
    rows, set_aside = read(xml.page("".join(parts[::-1] if order else parts)))
    assert read_texts(rows) == ["</record>t"]
    assert len(set_aside) == 1


def test_prefixes_are_kept(xml: Xml) -> None:
    body = xml.page(xml.record("a", '<metadata><d:x xmlns:d="urn:d">t</d:x></metadata>')).decode()
    for name in ("OAI-PMH", "ListRecords", "record", "header", "identifier", "datestamp", "metadata", "responseDate", "request"):
        body = body.replace(f"<{name}", f"<o:{name}").replace(f"</{name}", f"</o:{name}")
    rows, _ = read(body.replace("xmlns=", "xmlns:o=").encode())
    assert rows[0]["envelope"].startswith(b"<o:OAI-PMH xmlns:o=")
    assert rows[0]["body"].startswith(b"<o:record>")
    assert etree.fromstring(rows[0]["envelope"] + rows[0]["body"] + b"</o:OAI-PMH>")[0][0][0].text == "a"


def test_mixed_prefixes_are_serialised_and_stand_alone(xml: Xml) -> None:
    second = xml.record("b").replace("record>", "o:record>")
    rows, _ = read(xml.page(xml.record("a") + second).replace(b"<OAI-PMH", b'<OAI-PMH xmlns:o="http://www.openarchives.org/OAI/2.0/"'))
    assert [row["envelope"] for row in rows] == [b"", b""]
    assert [etree.fromstring(row["body"])[0][0].text for row in rows] == ["a", "b"]


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_other_encodings_become_utf_8_that_stands_alone(xml: Xml, encoding: str) -> None:
    rows, _ = read(xml.page(xml.record("a")).decode().replace("UTF-8", encoding).encode(encoding))
    assert rows[0]["envelope"] == b""
    assert "é".encode() in rows[0]["body"]
    assert read_texts(rows) == ["é"]


def test_namespaces_declared_on_the_list_are_in_the_envelope_in_a_fixed_order(xml: Xml) -> None:
    body = xml.page(xml.record("a", "<metadata><d:x>t</d:x></metadata>")).replace(
        b"<ListRecords>", b'<ListRecords xmlns:d="urn:d&amp;x" xmlns:b="urn:b">'
    )
    rows, _ = read(body)
    assert rows[0]["envelope"] == (
        b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:b="urn:b" xmlns:d="urn:d&amp;x"'
        b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    )
    assert read_texts(rows) == ["t"]


def test_a_repository_without_a_namespace_and_a_token_beside_the_list_is_read(open_repository: Repository, xml: Xml) -> None:
    def answer(query: dict[str, str]) -> bytes:
        place, token = ("b", "") if "resumptionToken" in query else ("a", "<resumptionToken>t</resumptionToken>")
        return f"<OAI-PMH><ListRecords>{xml.record(place)}</ListRecords>{token}</OAI-PMH>".encode()

    pages = list(open_repository(answer).pages(OPEN))
    assert [page.records.column("identifier").to_pylist() for page in pages] == [["a"], ["b"]]


def test_a_reference_that_expands_is_not_expanded(xml: Xml) -> None:
    rows, (aside,) = read(xml.page(xml.record("a") + xml.record("b", "<metadata>&nbsp;</metadata>")))
    assert [row["identifier"] for row in rows] == ["a"]
    assert aside.identifier == "b"
    assert "nbsp" in aside.reason


STRAY = "bytes that are not UTF-8 were read as Windows-1252"


@pytest.mark.parametrize("declared", ['encoding="UTF-8"', 'encoding="us-ascii"', 'encoding="utf-8-but-not-quite"', ""])
def test_bytes_that_are_not_utf_8_are_read_as_windows_1252_and_utf_8_stays(xml: Xml, declared: str) -> None:
    page = xml.page(xml.record("a", "<metadata>XY</metadata>")).replace(b'encoding="UTF-8"', declared.encode())
    body = page.replace(b"XY", b"\xe9 \x80\x81 " + "é数".encode())
    rows, set_aside = read(body)
    assert read_texts(rows) == ["é €\x81 é数"]
    assert not set_aside
    assert parse_answer(body, "p").repairs == (STRAY,)


def test_another_declared_encoding_is_left_alone_and_its_records_are_read_one_by_one(xml: Xml) -> None:
    text = xml.page(xml.record("a") + xml.record("b", "<metadata>&</metadata>")).decode()
    answer = parse_answer(text.replace("UTF-8", "ISO-8859-1").encode("iso-8859-1"), "p")
    assert answer.repairs == ("records were read one by one",)
    rows, (aside,) = read_records(answer, read_verb(answer, "ListRecords"), 1)
    assert read_texts(rows.to_pylist()) == ["é"]
    assert aside.identifier == "b"
    rows, set_aside = read(text.replace("UTF-8", "Shift_JIS").encode("utf-8"))
    assert len(rows) + len(set_aside) == 2


def test_a_pure_ascii_page_that_says_so_has_no_wrong_bytes(xml: Xml) -> None:
    body = xml.page(xml.record("a", "")).replace(b"UTF-8", b"us-ascii")
    assert parse_answer(body + b"!", "p").repairs == ("bytes outside the root element were cut off",)


def test_a_page_with_too_many_stray_bytes_is_not_guessed_at(xml: Xml) -> None:
    body = xml.page(xml.record("a") + xml.record("b", "<metadata>QQ</metadata>")).replace(b"QQ", b"\xe9" * 1_000_001)
    rows, (aside,) = read(body)
    assert [row["identifier"] for row in rows] == ["a"]
    assert aside.identifier == "b"


def test_a_record_that_lost_its_end_tag_costs_no_other(xml: Xml) -> None:
    lost = xml.record("b").replace("</record>", "")
    rows, (aside,) = read(xml.page(xml.record("a") + lost + xml.record("c")))
    assert [row["identifier"] for row in rows] == ["a", "c"]
    assert (aside.identifier, aside.body) == ("b", lost.encode())


def test_elements_that_cannot_be_told_apart_are_set_aside_together(xml: Xml) -> None:
    broken = xml.record("b", "<metadata>&</metadata>")
    rows, aside = read(xml.page("<record/><record></record>" + xml.record("a") + broken))
    assert [row["identifier"] for row in rows] == ["a"]
    assert [(each.body, each.reason) for each in aside[:1]] == [(b"<record/><record></record>", "not one XML element")]
    assert aside[1].identifier == "b"
