"""Raw records as an extractor walks over them, and what becomes of those that it cannot read."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from harvest_assets.errors import RecordError
from harvest_assets.model.record import SetAside


class RawRow(NamedTuple):
    """A row of ``RAW_RECORDS``, but for ``deleted``: deleted records are read by nobody."""

    identifier: str
    datestamp: str
    set_specs: Sequence[str]
    body: bytes
    envelope: bytes
    page: int

    def put_aside(self, reason: str, rule: str) -> SetAside:
        """The record with its bytes, the reason why it became no document, and the rule that it breaks."""
        return SetAside(self.identifier, self.page, "extract", RecordError.__name__, reason, self.body, rule)


def iterate_rows(records: pa.RecordBatch) -> Iterator[RawRow]:
    """Rows in the order of the batch."""
    for values in zip(*(records.column(name).to_pylist() for name in RawRow._fields), strict=True):
        yield RawRow._make(values)
