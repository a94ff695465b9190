"""Gzip that does not fill the memory: unpacked piece by piece, never beyond a limit.

https://www.rfc-editor.org/rfc/rfc1952
"""

import zlib
from collections.abc import Callable

from harvest_assets.errors import RecordError

_GZIP = b"\x1f\x8b\x08"
_WITH_HEADER = 31  # zlib's window bits for gzip with its header and checksum
_PIECE = 262_144


def is_gzip(body: bytes) -> bool:
    """Whether bytes begin as gzip does."""
    return body.startswith(_GZIP)


def unpack_gzip(body: bytes, *, limit: int) -> bytes:
    """All members of a gzip file, one after the other; zero bytes after the last one are padding.

    Raises:
        RecordError: It holds more than ``limit`` bytes (rule ``too_large``), is cut off or is damaged (rule ``damaged``).
    """
    pieces: list[bytes] = []
    left, rest = limit, body
    while rest.rstrip(b"\0"):
        unpacker = zlib.decompressobj(_WITH_HEADER)
        while not unpacker.eof:
            piece = _unpack_piece(unpacker.decompress, rest)
            pieces.append(piece)
            left -= len(piece)
            if left < 0:
                raise RecordError(f"the gzip file holds more than {limit} bytes", rule="too_large")
            if not piece and not unpacker.unconsumed_tail and not unpacker.eof:
                raise RecordError("the gzip file is cut off", rule="damaged")
            rest = unpacker.unconsumed_tail
        rest = unpacker.unused_data
    return b"".join(pieces)


def _unpack_piece(decompress: Callable[[bytes, int], bytes], data: bytes) -> bytes:
    try:
        return decompress(data, _PIECE)
    except zlib.error as error:
        raise RecordError(f"the gzip file is damaged ({error})", rule="damaged") from error
