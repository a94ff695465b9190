"""``Files``: one filesystem for a local folder and an object store.

Everything above speaks in relative paths with ``/``. Files are written whole or not at all; tables that DuckDB and pyarrow read are
brought to local disk first (``localise``), which costs nothing for a local folder. Uses obstore (https://developmentseed.org/obstore/).
"""

import errno
import os
import secrets
import shutil
import socket
import tempfile
import time
import weakref
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import LocalStore, S3Store

from harvest_assets.errors import ConfigurationError, IntegrityError, TransientError

SCRATCH = ".scratch"
ORPHAN_DAYS = 7
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


@dataclass(frozen=True, slots=True)
class Tagged:
    """The content of an object and the tag of this state of it."""

    content: bytes
    tag: str


class Files:
    """Read and write files below one root, a folder or ``s3://bucket/prefix``.

    Credentials and the endpoint of an object store come from the usual ``AWS_*`` variables of the environment.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        if url.startswith("s3://"):
            self._root = None
            self._backend = S3Store.from_url(url, client_options={"allow_http": True})
            self._downloads = Path(tempfile.mkdtemp(prefix="harvest-store-"))
            weakref.finalize(self, shutil.rmtree, self._downloads, ignore_errors=True)
        elif "://" in url:
            raise ConfigurationError(f"HARVEST_STORE {url!r} is neither a folder nor an s3:// address; use one of them")
        else:
            self._root = Path(url).resolve()
            self._root.mkdir(parents=True, exist_ok=True)
            self._backend = LocalStore(prefix=self._root)

    @property
    def is_local(self) -> bool:
        """Whether the root is a folder of this machine."""
        return self._root is not None

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises:
            IntegrityError: There is no such file.
        """
        content = self.find(path)
        if content is None:
            raise IntegrityError(f"{self.url}: {path!r} is missing from the store; restore it or run its partition again")
        return content

    def find(self, path: str) -> bytes | None:
        """The content of a file, or ``None`` where there is none."""
        try:
            with _readable(self.url, path):
                return bytes(obstore.get(self._backend, path).bytes())
        except FileNotFoundError:
            return None

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        try:
            with _readable(self.url, path):
                obstore.head(self._backend, path)
        except FileNotFoundError:
            return False
        return True

    def find_tagged(self, path: str) -> Tagged | None:
        """The content of an object with its tag, for ``replace``."""
        try:
            with _readable(self.url, path):
                found = obstore.get(self._backend, path)
                return Tagged(bytes(found.bytes()), found.meta["e_tag"] or "")
        except FileNotFoundError:
            return None

    def replace(self, path: str, content: bytes, tag: str) -> str | None:
        """Put an object where one of this tag still is; returns the new tag, or ``None`` when somebody was quicker. Object stores only."""
        try:
            with _loud(self.url, path):
                return obstore.put(self._backend, path, content, mode={"e_tag": tag})["e_tag"] or ""
        except PreconditionError:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Put a file, replacing what was there in one step."""
        with _loud(self.url, path):
            obstore.put(self._backend, path, content)

    def create(self, path: str, content: bytes) -> bool:
        """Put a file where none is; false when there is one. Atomic where the store has conditional writes (``docs/decisions/0004``)."""
        try:
            with _loud(self.url, path):
                obstore.put(self._backend, path, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def upload(self, path: str, local: Path) -> None:
        """Move a finished local file into the store; ``local`` is gone afterwards."""
        if self._root is None:
            with _loud(self.url, path):
                obstore.put(self._backend, path, local)
            local.unlink()
            return
        target = self._root / path
        with _loud(self.url, path):
            target.parent.mkdir(parents=True, exist_ok=True)
            _flush_to_disk(local)
            shutil.move(local, target)

    def localise(self, path: str) -> Path:
        """A local copy of a file that never changes, kept while this object lives."""
        if self._root is not None:
            found = self._root / path
            if not found.exists():
                raise IntegrityError(f"{self.url}: {path!r} is missing from the store; restore it or run its partition again")
            return found
        copy = self._downloads / path
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_suffix(f".{secrets.token_hex(4)}.partial")
            partial.write_bytes(self.read(path))
            partial.replace(copy)
        return copy

    def move(self, path: str, target: str) -> None:
        """Rename a file within the store."""
        with _loud(self.url, path):
            obstore.rename(self._backend, path, target)

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""
        with _loud(self.url, path), suppress(FileNotFoundError):
            obstore.delete(self._backend, path)

    def delete_below(self, folder: str) -> None:
        """Remove every file below a folder."""
        for path in list(self.list_below(folder)):
            self.delete(path)

    def list_below(self, folder: str) -> Iterator[str]:
        """Paths of all files below a folder, unordered."""
        for page in obstore.list(self._backend, prefix=folder.rstrip("/") + "/"):
            yield from (entry["path"] for entry in page)

    def list_names(self, folder: str) -> list[str]:
        """Names of the files and folders directly in a folder, sorted."""
        found = obstore.list_with_delimiter(self._backend, prefix=folder.rstrip("/") + "/")
        paths = [entry["path"] for entry in found["objects"]] + list(found["common_prefixes"])
        return sorted(path.rstrip("/").rsplit("/", 1)[-1] for path in paths)

    @contextmanager
    def scratch(self) -> Generator[Path]:
        """A temporary local folder, on the store's own disk when that is local, so that ``upload`` is a rename."""
        parent = None
        if self._root is not None:
            parent = self._root / SCRATCH
            parent.mkdir(exist_ok=True)
            _remove_orphans(parent)
        prefix = f"{socket.gethostname()}~{os.getpid()}~"
        with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as folder, _room(folder):
            yield Path(folder)


@contextmanager
def _room(folder: str) -> Generator[None]:
    """Say in one line that a disk is full; a table that is being written says so in the words of whoever writes it."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        if getattr(error, "errno", None) not in NO_ROOM and not any(os.strerror(each) in str(error) for each in NO_ROOM):
            raise
        reason = str(error).splitlines()[0]
        raise IntegrityError(f"{folder}: no room to write: {reason}; make room and start again, what was published is unchanged") from error


@contextmanager
def _loud(url: str, path: str) -> Generator[None]:
    """Say which file could not be written, and why, in one line."""
    try:
        yield
    except (AlreadyExistsError, PreconditionError):
        raise
    except (BaseError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IntegrityError(f"{url}: {path!r} could not be written: {reason}; what was published before is unchanged") from error


@contextmanager
def _readable(url: str, path: str) -> Generator[None]:
    """Say which file could not be read, and why, in one line; that there is none is another matter."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise TransientError(f"{url}: {path!r} could not be read: {reason}; check the store and start again") from error


def _flush_to_disk(local: Path) -> None:
    with local.open("rb") as handle:
        os.fsync(handle.fileno())


def _remove_orphans(parent: Path) -> None:
    """Scratch folders are named after machine and process; those of processes that are gone are of no use.

    Of another machine or container on the same disk nobody here knows what lives, so its folders go by their age.
    """
    for folder in parent.iterdir():
        machine, _, rest = folder.name.partition("~")
        pid = rest.partition("~")[0]
        is_ours = machine == socket.gethostname() and pid.isdigit()
        if not _is_alive(int(pid)) if is_ours else _age_days(folder) > ORPHAN_DAYS:
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _age_days(folder: Path) -> float:
    try:
        return (time.time() - folder.stat().st_mtime) / 86_400
    except FileNotFoundError:  # its owner was quicker
        return 0.0
