"""What is sent in place of a record of OAI-PMH is refused, and it is said why."""

import pytest

from harvest_assets.errors import RecordError
from harvest_assets.harvest.oai_pmh.posted import read_posted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Document is empty"),
        (b"<record><header>", "Premature end of data"),
        (b"<!DOCTYPE record [<!ENTITY a 'b'>]><record><header><identifier>&a;</identifier></header></record>", "there is a DOCTYPE"),
        (b"<other/>", "the element is 'other'; send a record of OAI-PMH"),
        (b"<record/>", "the record has no header"),
        (b"<record><header><identifier></identifier></header></record>", "the header has no identifier"),
        (b"<OAI-PMH><ListRecords/></OAI-PMH>", "asked for GetRecord, the answer holds ListRecords"),
        (b"<OAI-PMH><error code='idDoesNotExist'>no</error></OAI-PMH>", "idDoesNotExist"),
        (b"<OAI-PMH><GetRecord/></OAI-PMH>", "there are 0 records; send one"),
    ],
)
def test_what_is_no_record_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        read_posted(body)


def test_a_record_stands_alone_with_its_header_read() -> None:
    header = b"<header status='deleted'><identifier> n:1 </identifier><datestamp>2026-11-21</datestamp><setSpec>a</setSpec></header>"
    [row] = read_posted(b"<?xml version='1.0'?><record xmlns='http://www.openarchives.org/OAI/2.0/'>" + header + b"</record>").to_pylist()
    assert (row["identifier"], row["datestamp"], row["deleted"], row["set_specs"]) == ("n:1", "2026-11-21", True, ["a"])
    assert header.replace(b"'", b'"') in row["body"]
