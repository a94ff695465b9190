"""Headers from bytes: what they give where they answer, and when they leave the page to the tree."""

import pytest

from harvest_assets.harvest.oai_pmh.headers import scan_headers

PLAIN = b"<record><header><identifier>oai:x:1</identifier><datestamp>2026-01-01</datestamp></header><metadata/></record>"


def test_headers_become_columns() -> None:
    deleted = b"""<record>
      <header status="deleted"> <identifier> oai:x:\xc3\xa9 </identifier>
      <datestamp>2026-01-02T00:00:00Z</datestamp><setSpec>a</setSpec>
      <setSpec>b:c</setSpec></header></record>"""
    found = scan_headers([PLAIN, deleted], None)
    assert found is not None
    assert found.identifiers == ["oai:x:1", "oai:x:\u00e9"]
    assert found.datestamps == ["2026-01-01", "2026-01-02T00:00:00Z"]
    assert found.deleted == [False, True]
    assert found.set_specs == [[], ["a", "b:c"]]


def test_a_prefix_is_part_of_every_name() -> None:
    body = b"<o:record><o:header><o:identifier>1</o:identifier><o:datestamp>2</o:datestamp></o:header></o:record>"
    found = scan_headers([body], "o")
    assert found is not None
    assert found.identifiers == ["1"]
    assert scan_headers([body], None) is None


@pytest.mark.parametrize(
    "unusual",
    [
        PLAIN.replace(b"oai:x:1", b"oai:x:&amp;1"),
        PLAIN.replace(b"oai:x:1", b"<![CDATA[oai:x:1]]>"),
        PLAIN.replace(b"oai:x:1", b" "),
        PLAIN.replace(b"<header>", b"<header><!-- first -->"),
        PLAIN.replace(b"<header>", b'<header status="withdrawn">'),
        PLAIN.replace(b"<datestamp>2026-01-01</datestamp>", b""),
        b"<record><metadata/></record>",
    ],
)
def test_one_unusual_header_leaves_the_page_to_the_tree(unusual: bytes) -> None:
    assert scan_headers([PLAIN, unusual], None) is None
