"""A record's product and its files are one family, under the same addresses."""

from typing import ClassVar

import pyarrow as pa
import pytest

from harvest_assets.errors import RecordError
from harvest_assets.extract.raw_rows import RawRow
from harvest_assets.extract.record_documents import FoundFile, build_documents
from harvest_assets.interfaces import Extraction, Extractor, Options

ROW = RawRow(identifier="a:1", datestamp="2024-05-01", set_specs=(), body=b"", envelope=b"", page=1)


class Other(Extractor):
    """An extractor that reads nothing by itself."""

    name: ClassVar[str] = "other"
    version: ClassVar[str] = "1"
    options: ClassVar[type[Options]] = Options

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Nothing."""
        del records
        return Extraction([])


@pytest.fixture
def extractor() -> Other:
    return Other("shop", "product", Options())


def test_files_take_from_the_product_what_they_do_not_say_themselves(extractor: Other) -> None:
    provider = {"name": "Example University"}
    files = [
        FoundFile("https://example.org/a.pdf", properties={"copyright": "", "language": None, "priority": 0}),
        FoundFile(
            "https://example.org/b", "text/plain", "B", {"copyright": "yes", "language": "en", "hash": "h", "provider": {"name": "P"}}
        ),
    ]
    fields = {"title": "T", "language": "nl", "copyright": "cc-by-40", "provider": provider}
    product, first, second = build_documents(extractor, ROW, fields, files)
    assert (product.title, product.datestamp, product.properties["files"]) == ("T", "2024-05-01", [file.url for file in (first, second)])
    kept = ("media_type", "language", "copyright", "provider", "priority", "product_id")
    assert [first.properties.get(name) for name in kept] == ["application/pdf", "nl", "cc-by-40", provider, 0, "a:1"]
    assert [second.properties.get(name) for name in kept] == ["text/plain", "en", "yes", {"name": "P"}, None, "a:1"]
    assert (first.title, second.title, second.properties["hash"]) == (None, "B", "h")


def test_one_address_is_one_file_however_it_is_spelled(extractor: Other) -> None:
    addresses = ["https://example.org/a b", " https://example.org/a%20b ", "https://example.org/a+b", None, "", "mailto:a@b.nl"]
    product, file = build_documents(extractor, ROW, {"notes": ["before"]}, [FoundFile(address) for address in addresses])
    assert product.properties == {
        "files": ["https://example.org/a+b"],
        "notes": ["before", "files: 'mailto:a@b.nl' is no http(s) address, left out"],
    }
    assert file.url == "https://example.org/a+b"


def test_what_is_noted_while_files_are_read_is_kept(extractor: Other) -> None:
    notes: list[str] = []

    def read() -> FoundFile:
        notes.append("noted late")
        return FoundFile("https://example.org/a")

    product, _ = build_documents(extractor, ROW, {"notes": notes}, (read() for _ in range(1)))
    assert product.properties["notes"] == ["noted late"]


def test_a_record_in_which_nothing_is_found_is_in_another_format(extractor: Other) -> None:
    with pytest.raises(RecordError, match="neither title nor description nor files are where extractor 'other' reads them") as caught:
        build_documents(extractor, ROW, {"language": "nl"}, [FoundFile(None)])
    assert caught.value.rule == "other_format"
