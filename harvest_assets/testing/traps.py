"""Archives that nobody should unpack without care: bombs, names that lead out, links, archives in archives.

Each holds one honest file ``good.json`` beside what is hostile.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache

GOOD = b'[{"id": "good-1"}, {"id": "good-2"}]'

_BOMB_BYTES = 16 * 1024 * 1024
_EVIL = b'[{"id": "evil-1"}]'


@lru_cache(maxsize=1)
def make_zip_bomb() -> bytes:
    """A zip archive of some 16 kB with a JSON file of 16 MiB that is nearly nothing but blanks."""
    return pack_zip({"good.json": GOOD, "bomb.json": b"[" + b" " * _BOMB_BYTES + b"]"})


def make_zip_slip() -> bytes:
    """A zip archive with files whose names lead out of it."""
    return pack_zip(
        {"good.json": GOOD, "../../evil.json": _EVIL, "/etc/evil.json": _EVIL, "C:\\evil.json": _EVIL, "a\\..\\..\\evil.json": _EVIL}
    )


def make_nested_zip() -> bytes:
    """A zip archive with another one in it."""
    return pack_zip({"good.json": GOOD, "inner.zip": pack_zip({"inner.json": _EVIL})})


def make_tar_slip() -> bytes:
    """A tar archive with names that lead out of it, a symbolic link and a device."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, content in (("good.json", GOOD), ("../evil.json", _EVIL), ("/evil.json", _EVIL)):
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
        link = tarfile.TarInfo("link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        device = tarfile.TarInfo("device.json")
        device.type = tarfile.CHRTYPE
        archive.addfile(device)
    return written.getvalue()


@lru_cache(maxsize=1)
def make_gzip_bomb() -> bytes:
    """A gzip file of 256 kB that unpacks to 256 MiB of blanks."""
    packed = gzip.compress(b" " * _BOMB_BYTES, mtime=0)
    return packed * 16  # gzip files may be put one behind the other


TRAPS: Mapping[str, Callable[[], bytes]] = {
    "bomb.zip": make_zip_bomb,
    "slip.zip": make_zip_slip,
    "nested.zip": make_nested_zip,
    "slip.tar": make_tar_slip,
    "bomb.json.gz": make_gzip_bomb,
}


def pack_zip(members: Mapping[str, bytes]) -> bytes:
    """A zip archive; equal members make equal bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
