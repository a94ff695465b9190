"""Documents as rows: which differences count and which do not."""

from dataclasses import replace

import orjson
import pytest

from harvest_assets.assemble.documents import TOMBSTONE_FINGERPRINT, encode_documents, encode_tombstones
from harvest_assets.model.document import DOCUMENTS, Document

DOCUMENT = Document(
    srn="s:1", owner="s:1", entity="product", properties={"title": ["One"], "subject": ["a", "b"]}, title="One", datestamp="2026-01-01"
)


def fingerprint(document: Document) -> int:
    return encode_documents([document]).column("fingerprint")[0].as_py()


def test_a_document_becomes_a_row_of_the_same_content() -> None:
    batch = encode_documents([DOCUMENT, replace(DOCUMENT, srn="s:1:f", entity="file", url="http://h.example/1", media_type="text/html")])
    assert batch.schema.names == [*DOCUMENTS.names, "fingerprint"]
    first, second = batch.to_pylist()
    assert (first["srn"], first["state"], first["title"], first["datestamp"]) == ("s:1", "active", "One", "2026-01-01")
    assert orjson.loads(first["properties"]) == DOCUMENT.properties
    assert (second["url"], second["media_type"]) == ("http://h.example/1", "text/html")


def test_a_new_date_and_the_order_of_keys_change_nothing() -> None:
    reordered = dict(reversed(DOCUMENT.properties.items()))
    assert fingerprint(replace(DOCUMENT, datestamp="2026-02-02", properties=reordered)) == fingerprint(DOCUMENT)


@pytest.mark.parametrize(
    "changed",
    [
        {"entity": "file"},
        {"title": "Two"},
        {"title": None},
        {"parent": "s:0"},
        {"url": "http://h.example/"},
        {"media_type": "text/html"},
        {"properties": {"title": ["One"], "subject": ["b", "a"]}},
    ],
)
def test_any_other_difference_counts(changed: dict[str, object]) -> None:
    assert fingerprint(replace(DOCUMENT, **changed)) != fingerprint(DOCUMENT)


def test_content_that_moves_to_the_next_column_counts() -> None:
    assert fingerprint(replace(DOCUMENT, title="x", url=None)) != fingerprint(replace(DOCUMENT, title=None, url="x"))


def test_a_tombstone_keeps_its_name_and_nothing_else() -> None:
    (row,) = encode_tombstones([("s:1:f", "s:1")]).to_pylist()
    kept = {"srn": "s:1:f", "owner": "s:1", "state": "deleted", "properties": "{}", "fingerprint": TOMBSTONE_FINGERPRINT}
    assert row == dict.fromkeys(DOCUMENTS.names) | kept


def test_nothing_becomes_no_rows() -> None:
    assert encode_documents([]).num_rows == encode_tombstones([]).num_rows == 0
