"""``Meter``: how much has been unpacked, and when it is too much: of one file, of all, or for what was packed.

What an archive says of its own sizes is not believed; bytes are counted as they come.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harvest_assets.errors import RecordError

HIGHEST_RATIO = 200
FREE_BYTES = 1024 * 1024

_PIECE = 262_144


class TotalError(RecordError):
    """All files together are too large; what is left of the archive is not read."""


@dataclass(slots=True)
class Meter:
    """Bytes unpacked of one source, against its limits."""

    max_file_bytes: int
    max_total_bytes: int
    total: int = 0

    def read(self, read: Callable[[int], bytes], packed: int | None) -> bytes:
        """A whole file, piece by piece; ``packed`` is how many bytes it takes in the archive, where that is known.

        Raises:
            RecordError: It is too large (rule ``too_large``), or packed suspiciously well (rule ``ratio``).
            TotalError: Together with the files before it, it is too much.
        """
        pieces: list[bytes] = []
        size = 0
        while piece := read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            self.count(len(piece))
            if size > self.max_file_bytes:
                raise RecordError(f"the file has more than {self.max_file_bytes} bytes (option max_file_bytes)", rule="too_large")
            if packed is not None and size > FREE_BYTES and size > packed * HIGHEST_RATIO:
                raise RecordError(f"the file unpacks to more than {HIGHEST_RATIO} times its size, as bombs do", rule="ratio")
        return b"".join(pieces)

    def count(self, size: int) -> None:
        """Take up bytes that were unpacked, also those that nobody reads.

        Raises:
            TotalError: It is too much.
        """
        self.total += size
        if self.total > self.max_total_bytes:
            raise TotalError(f"the files have more than {self.max_total_bytes} bytes together (option max_total_bytes)", rule="too_large")
