"""Archives, opened file by file: zip, tar and tar.gz. Nothing is written anywhere, and nothing in them is opened as an archive again.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Self, cast

from harvest_assets.errors import RecordError, UnreadablePageError
from harvest_assets.harvest.contents.compression import is_gzip
from harvest_assets.harvest.files.meter import Meter

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_ENTRY = b"PK\x01\x02"
_TAR_MAGIC = slice(257, 262)
_ENCRYPTED = 0x1
_PLAIN_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MOST_ENTRIES = 100_000
_HEADER_BYTES = 262_144
# What the standard library's readers raise on hostile bytes beside their own errors.
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error),
    *(EOFError, OSError, ValueError, RuntimeError, OverflowError, LookupError),
)


@dataclass(frozen=True, slots=True)
class Packed:
    """One file in an archive, in its order. ``read`` gives the content once, before the next one is asked for.

    ``problem`` is why it is not to be read, whatever its name: a link, a device, an encrypted file.
    """

    name: str
    read: Callable[[], bytes]
    problem: RecordError | None = None


def is_zip(body: bytes) -> bool:
    """Whether bytes begin as a zip archive does."""
    return body.startswith(_ZIP)


def is_tar(start: bytes) -> bool:
    """Whether bytes, unpacked, begin as a tar archive does."""
    return start[_TAR_MAGIC] == b"ustar"


def is_tar_gzip(body: bytes) -> bool:
    """Whether bytes are gzip with a tar archive in it."""
    if not is_gzip(body):
        return False
    try:
        return is_tar(zlib.decompressobj(31).decompress(body, _TAR_MAGIC.stop))
    except zlib.error:
        return False


def open_archive(body: bytes, meter: Meter, place: str) -> Iterator[Packed] | None:
    """The files of an archive one after the other; None when it is none. ``place`` begins every message.

    Raises:
        UnreadablePageError: The archive is cut off or damaged, perhaps after some of its files.
    """
    if is_zip(body):
        return _open_zip(body, meter, place)
    if is_tar(body) or is_tar_gzip(body):
        return _open_tar(body, meter, place)
    return None


def _open_zip(body: bytes, meter: Meter, place: str) -> Iterator[Packed]:
    if body.count(_ZIP_ENTRY) > _MOST_ENTRIES:
        raise UnreadablePageError(f"{place}: the zip archive has more than {_MOST_ENTRIES} files; ask its publisher for several archives")
    try:
        archive = zipfile.ZipFile(io.BytesIO(body))
    except _DAMAGE as error:
        raise _unreadable(place, "zip", error) from error
    with archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Packed(info.filename, _zip_reader(archive, info, meter), _find_zip_problem(info))


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as file:
                return meter.read(file.read, info.compress_size)
        except _DAMAGE as error:
            raise _damaged(error) from error

    return read


def _find_zip_problem(info: zipfile.ZipInfo) -> RecordError | None:
    if info.flag_bits & _ENCRYPTED:
        return RecordError("the file is encrypted", rule="encrypted")
    if info.compress_type not in _PLAIN_METHODS:
        return RecordError(f"the file is packed with method {info.compress_type}, only stored (0) and deflated (8) are read", rule="method")
    return None


def _open_tar(body: bytes, meter: Meter, place: str) -> Iterator[Packed]:
    """The archive is read as a stream: what is skipped is counted too, and headers may not grow without end."""
    stream = _Measured(gzip.GzipFile(fileobj=io.BytesIO(body)) if is_gzip(body) else io.BytesIO(body))
    with _reporting(place), tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=_Header) as archive:
        while (member := _next(archive, stream)) is not None:
            if not member.isdir():
                yield from _open_member(archive, member, stream, meter, place)
            cast("Any", archive).members = []  # the library keeps every header otherwise
        stream.drain(meter)


@contextmanager
def _reporting(place: str) -> Generator[None]:
    """Whatever is wrong with a tar archive makes all that follows unreadable."""
    try:
        yield
    except _DAMAGE as error:
        raise _unreadable(place, "tar", error) from error


def _next(archive: tarfile.TarFile, stream: "_Measured") -> tarfile.TarInfo | None:
    stream.allowance = _HEADER_BYTES
    return archive.next()


def _open_member(archive: tarfile.TarFile, member: tarfile.TarInfo, stream: "_Measured", meter: Meter, place: str) -> Iterator[Packed]:
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        yield Packed(member.name, bytes, RecordError("the entry is a link or a device, not a file", rule="not_a_file"))
        return

    def read() -> bytes:
        with _reporting(place):
            return meter.read(file.read, None)

    stream.allowance = None
    yield Packed(member.name, read)
    while rest := file.read(_HEADER_BYTES):
        meter.count(len(rest))


def _unreadable(place: str, kind: str, error: Exception) -> UnreadablePageError:
    return UnreadablePageError(
        f"{place}: the {kind} archive cannot be read ({_describe(error)}): it is cut off or damaged; ask its publisher to replace it"
    )


def _damaged(error: Exception) -> RecordError:
    return RecordError(f"the file is damaged in the archive ({_describe(error)})", rule="damaged")


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"


class _Header(tarfile.TarInfo):
    """A header that says so when it is none; the library takes a broken one, but for the first, for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """See `tarfile.TarInfo.frombuf`."""
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):  # the zero block with which archives end
                raise
            raise tarfile.ReadError(f"{error}") from error


class _Measured:
    """A stream of which no more than ``allowance`` may be read, where there is one: what a tar header may take up."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self.allowance: int | None = _HEADER_BYTES

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            ValueError: A header wants more than headers take.
        """
        piece = self._stream.read(size)
        if self.allowance is not None:
            self.allowance -= len(piece)
            if self.allowance < 0:
                raise ValueError(f"a header has more than {_HEADER_BYTES} bytes")
        return piece

    def drain(self, meter: Meter) -> None:
        """Read on to the end, so that a checksum there is compared."""
        while piece := self._stream.read(_HEADER_BYTES):
            meter.count(len(piece))
