"""``Files``: one filesystem for a local folder and an object store.

Everything above speaks in relative paths with ``/``. Files are written whole or not at all; tables that DuckDB and pyarrow read are
brought to local disk first (``localise``), which costs nothing for a local folder. Uses obstore (https://developmentseed.org/obstore/).
"""

import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from harvest_assets.errors import ConfigurationError, IntegrityError

SCRATCH = ".scratch"


class Files:
    """Read and write files below one root, a folder or ``s3://bucket/prefix``.

    Credentials and the endpoint of an object store come from the usual ``AWS_*`` variables of the environment.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        if url.startswith("s3://"):
            self._root = None
            self._backend = S3Store.from_url(url, client_options={"allow_http": True})
            self._downloads = tempfile.TemporaryDirectory(prefix="harvest-store-")
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
            return bytes(obstore.get(self._backend, path).bytes())
        except FileNotFoundError:
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
        copy = Path(self._downloads.name) / path
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_suffix(f".{os.getpid()}.partial")
            partial.write_bytes(self.read(path))
            partial.replace(copy)
        return copy

    def move(self, path: str, target: str) -> None:
        """Rename a file within the store."""
        with _loud(self.url, path):
            obstore.rename(self._backend, path, target)

    def delete(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""
        try:
            obstore.delete(self._backend, path)
        except FileNotFoundError:
            return

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
        with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=parent, ignore_cleanup_errors=True) as folder:
            yield Path(folder)


@contextmanager
def _loud(url: str, path: str) -> Generator[None]:
    """Say which file could not be written, and why, in one line."""
    try:
        yield
    except AlreadyExistsError:
        raise
    except (BaseError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IntegrityError(f"{url}: {path!r} could not be written: {reason}; what was published before is unchanged") from error


def _flush_to_disk(local: Path) -> None:
    with local.open("rb") as handle:
        os.fsync(handle.fileno())


def _remove_orphans(parent: Path) -> None:
    """Scratch folders are named after their process; those of processes that are gone are of no use."""
    for folder in parent.iterdir():
        pid = folder.name.partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
