"""Raw records as a harvest leaves them."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from harvest_assets.model.record import RAW_RECORDS

ENVELOPE = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'


@pytest.fixture
def build_batch() -> Callable[..., pa.RecordBatch]:
    """Bodies → a batch with identifiers r0, r1 and so on."""

    def build(*bodies: bytes, envelope: bytes = ENVELOPE) -> pa.RecordBatch:
        rows = [
            {
                "identifier": f"r{number}",
                "datestamp": "2024-05-01",
                "deleted": False,
                "set_specs": [],
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
