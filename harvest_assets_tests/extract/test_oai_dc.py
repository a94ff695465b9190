"""Dublin Core records become documents and files."""

import hashlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.extract import xml_records
from harvest_assets.extract.oai_dc import ELEMENTS, OaiDc
from harvest_assets.interfaces import Options
from harvest_assets.model.document import Document

Batch = Callable[..., pa.RecordBatch]
Dc = Callable[[str], bytes]


@pytest.fixture
def extractor() -> OaiDc:
    return OaiDc("library", "product", Options())


def test_a_record_becomes_a_document_with_its_elements(extractor: OaiDc, build_batch: Batch, build_dc: Dc) -> None:
    text = (
        "<dc:title> Water &amp; soil </dc:title><dc:title>Bodem</dc:title><dc:subject>z</dc:subject><dc:subject>a</dc:subject>"
        "<dc:creator>Z</dc:creator><dc:creator>A</dc:creator><dc:creator>Z </dc:creator><dc:date/><dc:date>  </dc:date>"
        "<dc:unknown>x</dc:unknown><other>y</other><!-- c --><dc:rights>CC<!-- x -->-BY</dc:rights>"
        "<dc:description>a<b>c</b>d</dc:description>"
    )
    extraction = extractor.extract(build_batch(build_dc(text)))
    assert extraction.set_aside == ()
    assert extraction.documents == [
        Document(
            srn="library:r0",
            owner="library:r0",
            entity="product",
            properties={
                "title": ["Water & soil", "Bodem"],
                "creator": ["Z", "A"],
                "subject": ["a", "z"],
                "description": ["acd"],
                "rights": ["CC-BY"],
            },
            title="Water & soil",
            datestamp="2024-05-01",
        )
    ]
    assert list(extraction.documents[0].properties) == ["title", "creator", "subject", "description", "rights"]


def test_all_fifteen_elements_are_read_in_both_namespaces(extractor: OaiDc, build_batch: Batch, build_dc: Dc) -> None:
    body = build_dc("".join(f"<dc:{name}>{name}</dc:{name}>" for name in ELEMENTS))
    first, second = extractor.extract(build_batch(body, body.replace(b"elements/1.1/", b"elements/1.0/"))).documents
    assert first.properties == second.properties == {name: [name] for name in ELEMENTS}
    assert len(ELEMENTS) == 15


def test_a_record_without_a_title_has_none(extractor: OaiDc, build_batch: Batch, build_dc: Dc) -> None:
    (document,) = extractor.extract(build_batch(build_dc("<dc:date>2024</dc:date>"))).documents
    assert document.title is None


def test_addresses_of_files_become_documents_of_their_own(extractor: OaiDc, build_batch: Batch, build_dc: Dc) -> None:
    url = "https://example.org/files/My%20paper.PDF?download=1#page=2"
    text = (
        f"<dc:title>t</dc:title><dc:identifier>{url}</dc:identifier><dc:identifier>doi:10.1/x.pdf</dc:identifier><dc:relation>{url}</dc:relation>"
        "<dc:relation>http://example.org/a.jpg</dc:relation><dc:identifier>https://example.org/page.html</dc:identifier>"
        "<dc:identifier>https://example.zip</dc:identifier><dc:source>https://example.org/source.pdf</dc:source>"
        "<dc:identifier>https://example.org/x?f=a.pdf</dc:identifier><dc:identifier>see https://example.org/a.pdf</dc:identifier>"
        "<dc:identifier>https://example.org/a b.pdf</dc:identifier><dc:identifier>ftp://example.org/a.pdf</dc:identifier>"
        "<dc:identifier>https:///a.pdf</dc:identifier><dc:identifier>https://example.org/.pdf</dc:identifier>"
    )
    rights = "info:eu-repo/semantics/openAccess"
    record, paper, picture = extractor.extract(build_batch(build_dc(f"{text}<dc:rights>{rights}</dc:rights>"))).documents
    digest = hashlib.sha1(url.encode()).hexdigest()  # noqa: S324 - a name, no secret
    assert record.entity == "product"
    assert paper == Document(
        srn=f"library:r0:{digest}",
        owner="library:r0",
        entity="file",
        properties={
            "url": url,
            "media_type": "application/pdf",
            "title": "My paper.PDF",
            "technical_type": "document",
            "domain": "example.org",
            "hash": digest,
            "product_id": "r0",
            "rights": [rights],
        },
        title="My paper.PDF",
        parent="library:r0",
        url=url,
        media_type="application/pdf",
        datestamp="2024-05-01",
    )
    assert (picture.url, picture.media_type, picture.parent) == ("http://example.org/a.jpg", "image/jpeg", "library:r0")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<record><header/></record>", "the record has no metadata"),
        (b"<record><metadata/></record>", "the record has no metadata"),
        (b"<record><metadata><lom/></metadata></record>", "not oai_dc: check metadata_prefix and the extractor of the source"),
        (b"<record><metadata>", "the record is not one well-formed XML element"),
        (b"<record/><record/>", "the record is not one well-formed XML element"),
        (b"<record>&nbsp;</record>", "the record is not one well-formed XML element"),
        (b"", "the record is not one well-formed XML element"),
        (b"</OAI-PMH><OAI-PMH>", "the record is not one well-formed XML element"),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_costs_no_other(
    extractor: OaiDc, build_batch: Batch, build_dc: Dc, body: bytes, reason: str
) -> None:
    good = build_dc("<dc:title>t</dc:title>")
    extraction = extractor.extract(build_batch(good, body, good))
    assert [document.srn for document in extraction.documents] == ["library:r0", "library:r2"]
    (aside,) = extraction.set_aside
    assert (aside.identifier, aside.page, aside.stage, aside.error, aside.body) == ("r1", 3, "extract", "RecordError", body)
    assert reason in aside.reason


def test_a_body_that_stands_alone_needs_no_envelope(extractor: OaiDc, build_batch: Batch, build_dc: Dc) -> None:
    body = build_dc("<dc:title>t</dc:title>").replace(b"<record>", b'<record xmlns="http://www.openarchives.org/OAI/2.0/">')
    extraction = extractor.extract(build_batch(body, b"<record>", envelope=b""))
    assert [document.title for document in extraction.documents] == ["t"]
    assert extraction.set_aside[0].reason.startswith("the record is not well-formed XML: ")


def test_no_records_are_no_documents(extractor: OaiDc, build_batch: Batch) -> None:
    assert list(extractor.extract(build_batch()).documents) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(broken=st.lists(st.booleans(), max_size=12), prefixed=st.lists(st.booleans(), min_size=12, max_size=12), together=st.integers(1, 5))
def test_what_a_record_gives_does_not_depend_on_its_neighbours(
    build_batch: Batch, build_dc: Dc, broken: list[bool], prefixed: list[bool], together: int
) -> None:
    bodies = [b"<record>" if bad else build_dc(f"<dc:title>{number}</dc:title>") for number, bad in enumerate(broken)]
    envelopes = [b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"%s>' % (b' xmlns:x="x"' if odd else b"") for odd in prefixed]
    batch = build_batch(*bodies)
    batch = batch.set_column(5, batch.schema.field(5), pa.array(envelopes[: len(bodies)], pa.binary()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_records, "_TOGETHER", together)
        extraction = OaiDc("library", "product", Options()).extract(batch)
    assert [document.title for document in extraction.documents] == [str(number) for number, bad in enumerate(broken) if not bad]
    assert [aside.identifier for aside in extraction.set_aside] == [f"r{number}" for number, bad in enumerate(broken) if bad]
