"""Raw records as a harvest leaves them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from harvest_assets.interfaces import Extraction, Extractor
from harvest_assets.model.record import RAW_RECORDS

ENVELOPE = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'


@pytest.fixture
def build_batch() -> Callable[..., pa.RecordBatch]:
    """Bodies → a batch with identifiers r0, r1 and so on."""

    def build(*bodies: bytes, envelope: bytes = ENVELOPE, set_specs: Sequence[str] = ()) -> pa.RecordBatch:
        rows = [
            {
                "identifier": f"r{number}",
                "datestamp": "2024-05-01",
                "deleted": False,
                "set_specs": list(set_specs),
                "body": body,
                "envelope": envelope,
                "page": 3,
            }
            for number, body in enumerate(bodies)
        ]
        return pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS)

    return build


@pytest.fixture
def build_dc() -> Callable[[str], bytes]:
    """Elements → the body of a record in oai_dc."""

    def build(elements: str) -> bytes:
        return (
            "<record><header><identifier>ignored</identifier></header><metadata>"
            '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"{elements}</oai_dc:dc></metadata></record>"
        ).encode()

    return build


@pytest.fixture
def load() -> Callable[[str], dict[str, Any]]:
    """The name of a source format → a record as such a source sends it."""
    return lambda name: orjson.loads((Path(__file__).parent / "fixtures" / f"{name}.json").read_bytes())


@pytest.fixture
def extract(build_batch: Callable[..., pa.RecordBatch]) -> Callable[..., Extraction]:
    """An extractor's class, records as values or bytes, and the options of a source named ``shop`` → what they become."""

    def build(
        kind: type[Extractor], *records: object, entity: str = "product", set_specs: Sequence[str] = (), **options: object
    ) -> Extraction:
        extractor = kind("shop", entity, kind.options.model_validate(options))
        bodies = [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]
        return extractor.extract(build_batch(*bodies, envelope=b"", set_specs=set_specs))

    return build
