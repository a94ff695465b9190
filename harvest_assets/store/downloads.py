"""``DownloadShelf``: files of the web, kept for some hours on local disk for all processes of this machine.

One file per entry: a line of JSON that describes it, then the content. An entry is written whole or not at all, and read only when its
hash is right. It is a convenience, not data: the folder may be deleted at any time, and nothing is kept when the disk is short of room.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from harvest_assets.interfaces import Download
from harvest_assets.store.files import NO_ROOM

KEPT_SECONDS = 6 * 3600.0
KEPT_BYTES = 2 * 1024**3
FREE_BYTES = 1024**3
# So much is written before the folder is looked through again, and made room for when it is.
_STEP = 16
_ENTRY, _PARTIAL, _LOCK = ".download", ".partial", ".lock"


class DownloadShelf:
    """Downloads by key, a hash in hex. The oldest go first; nobody but the owner of the process reads the folder."""

    def __init__(
        self, folder: Path, *, kept_bytes: int = KEPT_BYTES, free_bytes: int = FREE_BYTES, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._kept_bytes = kept_bytes
        self._free_bytes = free_bytes
        self._clock = clock
        self._unseen_bytes = kept_bytes

    def find(self, key: str) -> Download | None:
        """What is kept under a key and not too old; a damaged entry is removed."""
        path = self._folder / f"{key}{_ENTRY}"
        try:
            if not 0 <= self._clock() - path.stat().st_mtime < KEPT_SECONDS:
                return None
            found = _read(path.read_bytes())
        except FileNotFoundError:
            return None
        if found is None:
            path.unlink(missing_ok=True)
        return found

    def keep(self, key: str, download: Download) -> bool:
        """Keep a download for those who ask later; false where there is no room for it."""
        _make_folder(self._folder)
        written = _write(download)
        is_small = len(written) <= self._kept_bytes // _STEP
        if not is_small or shutil.disk_usage(self._folder).free - len(written) < self._free_bytes:
            return False
        self._make_room(len(written))
        return self._put(self._folder / f"{key}{_ENTRY}", written)

    @contextmanager
    def hold(self, key: str) -> Generator[None]:
        """Be the only one at a key, in all threads and processes of this machine; waits for whoever is."""
        _make_folder(self._folder)
        path = self._folder / f"{key}{_LOCK}"
        handle = _lock(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(handle)

    def _put(self, path: Path, content: bytes) -> bool:
        partial = path.with_suffix(f".{secrets.token_hex(4)}{_PARTIAL}")
        now = self._clock()
        try:
            partial.write_bytes(content)
            os.utime(partial, (now, now))
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            if error.errno not in NO_ROOM:
                raise
            return False
        return True

    def _make_room(self, more_bytes: int) -> None:
        """Remove what is too old and, the oldest first, what is too much; the folder is not looked through for each download."""
        step = self._kept_bytes // _STEP
        self._unseen_bytes += more_bytes
        if self._unseen_bytes <= step:
            return
        self._unseen_bytes = more_bytes
        left = self._kept_bytes - step
        for kept_at, size, path in sorted(_list_files(self._folder), reverse=True):
            left -= size
            is_too_much = left < 0 and path.suffix == _ENTRY
            if is_too_much or not 0 <= self._clock() - kept_at < KEPT_SECONDS:
                path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """It may have been deleted since it was last used."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _list_files(folder: Path) -> list[tuple[float, int, Path]]:
    """When each file was written, its size and its path; whatever processes that were killed left is among them."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process was quicker
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    return found


def _lock(path: Path) -> int:
    """Open and lock a file that is removed when it is released; who waited for one that is gone begins again."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)


def _write(download: Download) -> bytes:
    described = {
        "url": download.url,
        "media_type": download.media_type,
        "sha256": download.sha256,
        "headers": dict(download.headers),
    }
    return orjson.dumps(described) + b"\n" + download.content


def _read(written: bytes) -> Download | None:
    """The download of an entry, or ``None`` where it is not what was written."""
    head, _, content = written.partition(b"\n")
    try:
        described: Any = orjson.loads(head)
        download = Download(described["url"], described["media_type"], content, described["sha256"], described["headers"])
    except (ValueError, KeyError, TypeError):
        return None
    return download if hashlib.sha256(content).hexdigest() == download.sha256 else None
