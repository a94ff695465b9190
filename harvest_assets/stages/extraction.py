"""Extraction in portions that travel between processes. Imports little: worker processes load this module and the extractor only."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from harvest_assets.assemble.documents import encode_documents
from harvest_assets.interfaces import Extractor
from harvest_assets.model.record import RAW_RECORDS, SetAside

PORTION = 2_000


def pack_portions(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Raw records as small serialised batches, each without the buffers that it is a slice of."""
    for batch in batches:
        for start in range(0, batch.num_rows, PORTION):
            yield batch.slice(start, PORTION).serialize().to_pybytes()


def read_portion(extractor: Extractor, packed: bytes) -> tuple[pa.RecordBatch | None, Sequence[SetAside]]:
    """The rows of the documents in a portion, and what was set aside."""
    extraction = extractor.extract(pa.ipc.read_record_batch(packed, RAW_RECORDS))
    return (encode_documents(extraction.documents) if extraction.documents else None), extraction.set_aside
