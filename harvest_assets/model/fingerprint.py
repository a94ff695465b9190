"""Fingerprints of content: the first eight bytes of a SHA-256, as a signed number that Parquet and DuckDB compare fast.

They are compared for one key at a time, old against new, so 64 bits are ample (``docs/decisions/0003``).
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def fingerprints(contents: Iterable[bytes]) -> pa.Array:
    """One ``int64`` per content."""
    digests = b"".join(hashlib.sha256(content).digest()[:8] for content in contents)
    return pa.array(np.frombuffer(digests, dtype=">i8").astype(np.int64))


def as_hex(fingerprint: int) -> str:
    """A fingerprint as people and consumers see it: 16 hexadecimal digits."""
    return f"{fingerprint & 0xFFFF_FFFF_FFFF_FFFF:016x}"
