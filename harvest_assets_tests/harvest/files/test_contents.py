"""Contents of files: rows, lines, elements and items, and those that are none, each set aside alone with its bytes."""

import gzip

import orjson
import pytest

from harvest_assets.errors import RecordError
from harvest_assets.harvest.contents.rows import Row, Unread
from harvest_assets.harvest.files import FilesOptions, xml_records
from harvest_assets.harvest.files.formats import read_content, unpack_file
from harvest_assets.harvest.files.layout import Hole


def read(name: str, content: bytes, **options) -> list:
    return list(read_content(content, name, FilesOptions.model_validate(options)))


def rows(found: list) -> list[tuple[str, str]]:
    return [(each.identifier, each.datestamp) for each in found if isinstance(each, Row)]


def aside(found: list) -> list[tuple[str, bytes]]:
    return [(each.rule, each.body) for each in found if isinstance(each, Unread)]


# -- CSV ---------------------------------------------------------------------------------------------------------------------------


def test_a_row_is_an_object_of_texts_by_column():
    found = read("a.csv", b'\xef\xbb\xbfid, title ,\r\n1,"a ""b"", c",x\r\n\r\n2,"two\nlines",\r\n', identifier="id")
    assert rows(found) == [("1", ""), ("2", "")]
    assert [orjson.loads(each.body) for each in found] == [
        {"id": "1", "title": 'a "b", c', "column_3": "x"},
        {"id": "2", "title": "two\nlines", "column_3": ""},
    ]
    assert found[0].body == orjson.dumps(orjson.loads(found[0].body), option=orjson.OPT_SORT_KEYS)


def test_columns_of_one_name_are_kept_apart():
    (found,) = read("a.csv", b"a,a,\n1,2,3\n")
    assert orjson.loads(found.body) == {"a": "1", "a_2": "2", "column_3": "3"}


def test_without_an_identifier_rows_are_numbered():
    assert rows(read("dir/a.csv", b"a,on\n1,2024-05-01\n2,\n", datestamp="on")) == [("dir/a.csv#1", "2024-05-01"), ("dir/a.csv#2", "")]


def test_a_row_of_another_width_is_set_aside_with_its_bytes():
    found = read("a.csv", b'id,t\n1,a\n2\n3,"x,\ny",z\n4,d\n', identifier="id")
    assert rows(found) == [("1", ""), ("4", "")]
    assert aside(found) == [("row_width", b"2\n"), ("row_width", b'3,"x,\ny",z\n')]
    assert found[1].reason == "row 2 has 1 values, the header has 2 columns"
    assert found[1].identifier is None


def test_a_row_with_foreign_bytes_is_set_aside_with_them_and_the_right_encoding_reads_it():
    content = "id,t\n1,ü\n2,u\n".encode("latin-1")
    found = read("a.csv", content, identifier="id")
    assert rows(found) == [("2", "")]
    assert aside(found) == [("encoding", b"1,\xfc\n")]
    assert found[0].reason == "row 1 has bytes that are not utf-8"
    assert len(rows(read("a.csv", content, identifier="id", encoding="latin-1"))) == 2
    assert len(rows(read("a.csv", content.decode("latin-1").encode("utf-16"), identifier="id", encoding="utf-16"))) == 2


def test_a_row_without_its_identifier_is_set_aside():
    found = read("a.csv", b"id,t\n,a\n2,b\n", identifier="id")
    assert aside(found) == [("no_identifier", b",a\n")]
    assert found[0].reason == "identifier 'id' leads to nothing"


def test_a_quote_that_does_not_end_costs_what_it_swallows_and_no_more():
    swallowed = b'2,"open\n' + b"".join(b"%d,row\n" % number for number in range(3, 20_000))
    found = read("a.csv", b"id,t\n1,a\n" + swallowed, identifier="id")
    kept = [each for each in found if isinstance(each, Row)]
    rules = [rule for rule, _ in aside(found)]
    assert rules == ["not_csv"]
    assert found[1].reason.startswith("row 2 is not CSV: field larger than field limit")
    assert b"".join([b"1,a\n", found[1].body, *(b"%s,row\n" % each.identifier.encode() for each in kept[1:])]) == b"1,a\n" + swallowed
    found = read("a.csv", b'id,t\n1,a\n2,"open\n3,c\n', identifier="id")
    assert aside(found) == [("not_csv", b'2,"open\n3,c\n')]
    found = read("a.csv", b'id,t\n1,"a"b\n2,b\n', identifier="id")
    assert rows(found) == [("2", "")]


def test_semicolons_and_tabs_are_delimiters_too():
    assert rows(read("a.csv", b"id;t\n1;a,b\n", identifier="id", delimiter=";")) == [("1", "")]
    assert rows(read("a.tsv", b"id\tt\n1\ta,b\n", identifier="id")) == [("1", "")]


# -- JSON --------------------------------------------------------------------------------------------------------------------------


def test_items_are_found_by_pointer_and_written_with_sorted_keys():
    found = read("a.json", b'{"d": {"i/s": [{"z": 1, "id": 7, "on": 2024}]}}', records="/d/i~1s", identifier="/id", datestamp="/on")
    assert found == [Row("7", "2024", b'{"id":7,"on":2024,"z":1}')]
    assert rows(read("a.json", b'[{"id": "a"}]', records="", identifier="/id")) == [("a", "")]
    assert rows(read("a.json", b'[[{"id": "a"}]]', records="/0", identifier="/id")) == [("a", "")]


def test_a_whole_document_is_a_record_with_the_name_of_its_file():
    assert read("dir/a.json", b'\xef\xbb\xbf{"b": 1, "a": [2]}') == [Row("dir/a.json", "", b'{"a":[2],"b":1}')]
    assert rows(read("a.json", b'{"id": "x"}', identifier="/id")) == [("x", "")]
    assert aside(read("a.json", b'{"id": {}}', identifier="/id")) == [("identifier_type", b'{"id": {}}')]


@pytest.mark.parametrize(
    ("item", "rule", "reason"),
    [
        ("{}", "no_identifier", "identifier '/id' leads to nothing"),
        ('{"id": null}', "no_identifier", "identifier '/id' leads to nothing"),
        ('{"id": ""}', "no_identifier", "identifier '/id' leads to nothing"),
        ('{"id": true}', "identifier_type", "identifier '/id' leads to a bool, not to a text or a number"),
        ('{"id": [1]}', "identifier_type", "identifier '/id' leads to a list, not to a text or a number"),
        ('{"id": 1, "on": {}}', "datestamp_type", "datestamp '/on' leads to a dict, not to a text or a number"),
        ("5", "no_identifier", "identifier '/id' leads to nothing"),
        ('{"id": 1, "deep": ' + "[" * 600 + "]" * 600 + "}", "not_writable", "the record cannot be written again: Recursion limit reached"),
    ],
    ids=range(8),
)
def test_an_item_that_is_no_record_is_set_aside_alone(item, rule, reason):
    found = read("a.json", f'{{"items": [{item}, {{"id": 2}}]}}'.encode(), records="/items", identifier="/id", datestamp="/on")
    assert rows(found) == [("2", "")]
    (unread,) = [each for each in found if isinstance(each, Unread)]
    assert (unread.rule, unread.reason) == (rule, reason)
    assert unread.body


def test_a_line_that_is_not_json_is_set_aside_alone():
    found = read("a.jsonl", b'{"id":\r\n{"id": "a"}\n\n{"id": "b"\n{"id": "c"}', identifier="/id")
    assert rows(found) == [("a", ""), ("c", "")]
    assert aside(found) == [("not_json", b'{"id":'), ("not_json", b'{"id": "b"')]
    assert found[0].reason.startswith("line 1 is not JSON (")
    assert [each.identifier for each in read("a.ndjson", b"{}\n{}\n")] == ["a.ndjson#1", "a.ndjson#2"]


def test_a_few_bad_lines_are_set_aside_even_if_there_are_no_good_ones():
    assert [rule for rule, _ in aside(read("a.jsonl", b"{\n" * 49))] == ["not_json"] * 49


# -- XML ---------------------------------------------------------------------------------------------------------------------------

DOCUMENT = """<?xml version="1.0"?>
<list xmlns="urn:a" xmlns:x="urn:x"><head/>text<record x:id=" 7 "><x:title>é</x:title><record>inner</record></record><!-- c -->
<x:record><meta><on>2024-05-01</on><x:id>8</x:id></meta></x:record></list>""".encode()


def test_elements_stand_alone_with_their_namespaces():
    found = read("a.xml", DOCUMENT, records="record")
    assert rows(found) == [("a.xml#1", ""), ("a.xml#2", "")]
    assert found[0].body.decode() == (
        '<record xmlns="urn:a" xmlns:x="urn:x" x:id=" 7 "><x:title>é</x:title><record>inner</record></record>'
    )
    assert found[0].envelope == b""


def test_identifiers_are_attributes_children_or_what_lies_deeper():
    found = read("a.xml", DOCUMENT, records="record", identifier="@id")
    assert rows(found) == [("7", "")]
    assert [rule for rule, _ in aside(found)] == ["no_identifier"]
    assert rows(read("a.xml", DOCUMENT, records="record", identifier="id", datestamp="on")) == [("8", "2024-05-01")]
    assert rows(read("a.xml", b"<r><x><id>deep</id></x><id> near </id></r>", identifier="id")) == [("near", "")]


def test_a_whole_xml_document_is_a_record_as_it_came():
    assert read("a.xml", DOCUMENT) == [Row("a.xml", "", DOCUMENT)]
    utf_16 = '<?xml version="1.0" encoding="UTF-16"?><r/>'.encode("utf-16")
    assert read("a.xml", utf_16) == [Row("a.xml", "", utf_16)]


def test_a_name_that_no_element_has_is_a_hole_and_no_empty_list():
    assert read("a.xml", DOCUMENT, records="item") == [Hole("a.xml: there is no element 'item' in it (option records)")]


def test_what_stands_between_records_is_passed_over():
    filler = b"<other a='b'><x/>text</other>" * 100
    content = b"<list>" + b"".join(b"<record><id>%d</id></record>%s" % (number, filler) for number in range(200)) + b"</list>"
    found = read("a.xml", content, records="record", identifier="id")
    assert [identifier for identifier, _ in rows(found)] == [str(number) for number in range(200)]


# -- files that cannot be read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "options", "rule", "message"),
    [
        ("a.txt", b"x", {}, "no_format", "the name 'a.txt' tells no format; set the option format to json, jsonl, xml or csv"),
        ("a.json", b"[]", {"records": "items"}, "no_format", "records 'items' is no JSON pointer"),
        ("a.xml", b"<a/>", {"records": "/a"}, "no_format", "records '/a' is no name of an XML element"),
        ("a.jsonl", b" \n", {}, "empty", "the file is empty"),
        ("a.csv", b"<!DOCTYPE html><html>", {}, "html", "got an HTML page, not a file of records"),
        ("a.xml", b"<html><body/></html>", {}, "html", "got an HTML page, not a file of records"),
        ("a.json", b'{"a": 1', {}, "not_json", r"the file is not JSON \(unexpected end of data"),
        ("a.json", b'{"a": 1}', {"records": "/b"}, "no_records", "records '/b' leads to nothing, not to a list; the keys there are 'a'"),
        ("a.json", b"5", {"records": ""}, "no_records", "records '' leads to a int, not to a list"),
        ("a.json", b'{"a": {}}', {"records": "/a"}, "no_records", "records '/a' leads to a dict, not to a list; the keys there are 'a'"),
        ("a.json", b"\xff", {"encoding": "ascii"}, "encoding", "the file is not ascii: 'ascii' codec"),
        ("a.jsonl", b"{\n" * 50, {}, "not_json", r"none of the first 50 lines is JSON: line 50 is not JSON"),
        ("a.csv", b"\n\n,", {"encoding": "utf-16"}, "encoding", "the file is not utf-16: "),
        ("a.csv", b'"a', {}, "not_csv", "the header is not CSV: unexpected end of data"),
        ("a.csv", b"\xff,b\n1,2", {}, "no_header", "the header has foreign bytes"),
        ("a.csv", b"a,b\n1,2", {"identifier": "id"}, "no_column", "identifier 'id' is no column; there are 'a', 'b'"),
        ("a.csv", b"a,b\n1,2", {"datestamp": "on"}, "no_column", "datestamp 'on' is no column; there are 'a', 'b'"),
        ("a.xml", b"<!DOCTYPE a><a/>", {}, "doctype", "the file has a DOCTYPE, which is refused"),
        ("a.xml", f"<!--{' ' * 70_000}--><!DOCTYPE a><a/>".encode(), {}, "doctype", "the file has a DOCTYPE, which is refused"),
        ("a.xml", f"<!--{' ' * 70_000}--><!DOCTYPE a><a/>".encode(), {"records": "a"}, "doctype", "has a DOCTYPE, which is refused"),
        (
            "a.xml",
            b"<a>" + b" " * (16 * 1024 * 1024) + b"</a>",
            {},
            "too_large",
            "the record has 16777223 bytes, at most 16777216",
        ),
        ("a.xml", b"<a><b></a>", {}, "not_well_formed", "the file is not well-formed XML: Opening and ending tag mismatch"),
    ],
    ids=range(22),
)
def test_a_file_that_cannot_be_read_says_why(name, content, options, rule, message):
    with pytest.raises(RecordError, match=message) as caught:
        read(name, content, **options)
    assert caught.value.rule == rule


def test_records_before_the_place_where_a_file_breaks_are_received():
    found = read_content(b"<l><r>1</r><r>2</r><r></l>", "a.xml", FilesOptions(records="r"))
    assert rows([next(found), next(found)]) == [("a.xml#1", ""), ("a.xml#2", "")]
    with pytest.raises(RecordError, match="not well-formed"):
        next(found)


def test_an_element_may_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(xml_records, "_MOST_ELEMENTS", 1_000)
    content = b"<l>" + b"<r>" * 90 + b"</r>" * 90 + b"<r>" + b"<b/>" * 999 + b"</r>" + b"<r><b/></r>" * 2_000 + b"<c/>" * 5_000 + b"</l>"
    assert len(rows(read("a.xml", content, records="r"))) == 2_002
    with pytest.raises(RecordError, match="an element 'r' has more than 1000 elements in it"):
        read("a.xml", content.replace(b"<b/>", b"<b/><b/>"), records="r")


def test_a_compressed_file_is_unpacked_within_its_limit():
    packed = gzip.compress(b"x" * 1000, mtime=0)
    assert unpack_file(packed, "a.csv.gz", FilesOptions()) == ("a.csv", b"x" * 1000)
    assert unpack_file(packed + packed + b"\0" * 512, "A", FilesOptions()) == ("A", b"x" * 2000)
    assert unpack_file(b"plain", "a.csv", FilesOptions()) == ("a.csv", b"plain")
    with pytest.raises(RecordError, match="the gzip file holds more than 999 bytes"):
        unpack_file(packed, "a", FilesOptions(max_file_bytes=999))
    with pytest.raises(RecordError, match="the gzip file is cut off"):
        unpack_file(packed[:-4], "a", FilesOptions())
    with pytest.raises(RecordError, match=r"the gzip file is damaged \(Error -3"):
        unpack_file(packed + b"rubbish", "a", FilesOptions())
