"""``Exchange``: one request and what came back, as it is recorded. Secrets are gone before a value of this class exists."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

EXCHANGES = pa.schema(
    [
        pa.field("page", pa.int32(), nullable=False, metadata={"description": "Page of the list, from 1; 0 for a request beside the list"}),
        pa.field("method", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False, metadata={"description": "Address asked for, secrets removed"}),
        pa.field("final_url", pa.string(), nullable=False, metadata={"description": "Address after redirects, secrets removed"}),
        pa.field("status", pa.int32(), nullable=False, metadata={"description": "HTTP status; 0 when no answer came"}),
        pa.field("body_bytes", pa.int64(), nullable=False),
        pa.field("started_at", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False, metadata={"description": "From the first attempt to the last byte"}),
        pa.field("attempts", pa.int32(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class Hop:
    """One redirect: the status that sent us on and where to."""

    status: int
    url: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, retries included, as a row of ``EXCHANGES``."""

    method: str
    url: str
    final_url: str
    status: int
    body_bytes: int
    started_at: datetime
    seconds: float
    attempts: int
    hops: tuple[Hop, ...] = ()
