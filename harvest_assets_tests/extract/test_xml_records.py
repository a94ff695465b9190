"""Records in XML are parsed together, and each is on its own when it comes to trouble."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from lxml import etree

from harvest_assets.errors import RecordError
from harvest_assets.extract.raw_rows import RawRow, iterate_rows
from harvest_assets.extract.xml_records import Element, extract_records, find_metadata, iterate_descendants, parse_rows, read_attribute
from harvest_assets.model.document import Document

Batch = Callable[..., pa.RecordBatch]

BOMB = (
    b'<!DOCTYPE lom [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b"<lom>&c;</lom>"
)


def read(row: RawRow, record: Element) -> list[Document]:
    if record.get("refuse"):
        raise RecordError("refused", rule="for_the_test")
    return [Document(row.identifier, row.identifier, str(record.tag), {}) for _ in range(int(record.get("times", "1")))]


def test_a_record_becomes_any_number_of_documents_or_is_set_aside(build_batch: Batch) -> None:
    batch = build_batch(b"<a/>", b'<b times="0"/>', b'<c refuse="y"/>', b"<d>", b'<e times="2"/>', envelope=b"<OAI-PMH>")
    extraction = extract_records(batch, read)
    assert [(document.srn, document.entity) for document in extraction.documents] == [("r0", "a"), ("r4", "e"), ("r4", "e")]
    assert [(aside.identifier, aside.rule, aside.reason) for aside in extraction.set_aside] == [
        ("r2", "for_the_test", "refused"),
        ("r3", "not_well_formed", "the record is not one well-formed XML element"),
    ]


def test_bombs_external_entities_and_endless_nesting_are_set_aside(build_batch: Batch) -> None:
    outside = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'
    deep = b"<a>" * 5_000 + b"</a>" * 5_000
    extraction = extract_records(build_batch(BOMB, outside, b"<!DOCTYPE a><a/>", deep, b"<a/>", envelope=b""), read)
    assert [document.srn for document in extraction.documents] == ["r4"]
    *declared, nested = extraction.set_aside
    assert {aside.reason for aside in declared} == {"the record declares a document type: entities are not expanded, send it without"}
    assert nested.reason.startswith("the record is not well-formed XML: ")
    inside = extract_records(build_batch(BOMB, b"<a/>", deep), read)
    assert [aside.identifier for aside in inside.set_aside] == ["r0", "r2"]


def test_metadata_is_found_by_its_local_name_whatever_its_case_and_namespace() -> None:
    wrapped = etree.fromstring('<record xmlns="o"><header/><metadata><x:LOM xmlns:x="n"/></metadata></record>')
    assert find_metadata(wrapped, "LOM", "lom") is wrapped[1][0]
    assert find_metadata(wrapped[1][0], "LOM", "lom") is wrapped[1][0]
    with pytest.raises(RecordError, match="the record has no metadata"):
        find_metadata(etree.fromstring("<record><metadata/></record>"), "LOM", "lom")
    with pytest.raises(RecordError, match=r"the metadata is '\{n\}LOM', not MODS: check metadata_prefix and the extractor of the source"):
        find_metadata(wrapped, "MODS", "mods", "didl")


def test_attributes_and_descendants_are_found_by_their_local_names() -> None:
    element = etree.fromstring('<a xmlns:r="r" r:Resource=" x "><B/><c><b/></c></a>')
    assert (read_attribute(element, "resource"), read_attribute(element, "other")) == ("x", "")
    assert [each.tag for each in iterate_descendants(element, "b")] == ["B", "b"]


def test_rows_have_the_sets_of_their_records(build_batch: Batch) -> None:
    (row,) = iterate_rows(build_batch(b"<a/>", set_specs=["x", "y"]))
    assert (row.identifier, list(row.set_specs), row.page) == ("r0", ["x", "y"], 3)
    ((parsed, element),) = parse_rows([row])
    assert parsed is row
    assert not isinstance(element, str)
