"""Fingerprints of content: the first eight bytes of a SHA-256, as a signed number that Parquet and DuckDB compare fast.

They are compared for one key at a time, old against new, so 64 bits are ample (``docs/decisions/0003``).
"""

import hashlib
import itertools
from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def fingerprints(contents: Iterable[bytes | memoryview]) -> pa.Array:
    """One ``int64`` per content."""
    sha256 = hashlib.sha256
    digests = b"".join([sha256(content).digest()[:8] for content in contents])
    return pa.array(np.frombuffer(digests, dtype=">i8").astype(np.int64))


def body_fingerprints(bodies: pa.Array) -> pa.Array:
    """One ``int64`` per value of a binary array, without copying a value."""
    _, offsets, data = bodies.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[bodies.offset : bodies.offset + len(bodies) + 1].tolist()
    content = memoryview(data) if data is not None else memoryview(b"")
    return fingerprints(content[start:end] for start, end in itertools.pairwise(ends))


def as_hex(fingerprint: int) -> str:
    """A fingerprint as people and consumers see it: 16 hexadecimal digits."""
    return f"{fingerprint & 0xFFFF_FFFF_FFFF_FFFF:016x}"
