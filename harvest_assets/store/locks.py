"""One worker at a time per name, across processes and, on an object store, across machines.

A local store locks a file of the operating system, which frees itself when its process ends. An object store holds a lease: an object
that is renewed while its owner lives and that may be taken over once it has expired.
"""

import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from harvest_assets.errors import BusyError, HarvestError, TransientError
from harvest_assets.store.files import Files

LEASE_SECONDS = 120.0


@contextmanager
def hold(files: Files, state: Path, name: str, *, lease_seconds: float = LEASE_SECONDS) -> Generator[None]:
    """Hold the lock of a name.

    Raises:
        BusyError: Somebody else holds it; nothing is waited for.
        TransientError: At the end: a lease was lost, and somebody else may have worked at the same time.
    """
    holder = _file_lock(state, name) if files.is_local else _lease(files, name, lease_seconds)
    with holder:
        yield


@contextmanager
def _file_lock(state: Path, name: str) -> Generator[None]:
    folder = state / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=0.5)  # somebody may be looking whether it is held
    except Timeout as error:
        raise _busy(name) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _lease(files: Files, name: str, seconds: float) -> Generator[None]:
    lease = _Lease(files, name, seconds)
    if not lease.take():
        raise _busy(name)
    try:
        yield
    except BaseException:
        lease.release()
        raise
    if not lease.release():
        raise TransientError(f"{name!r} was taken over by another run, because this one could not renew its lease in time; start again")


class _Lease:
    """A lease on an object, changed only where it still is as it was last seen, so that of several contenders one wins.

    It is released by letting it expire, not by removing it: object stores remove without looking.
    """

    def __init__(self, files: Files, name: str, seconds: float) -> None:
        self._files = files
        self._path = f"locks/{name}.json"
        self._seconds = seconds
        self._owner = secrets.token_hex(8)
        self._tag: str | None = None
        self._end = threading.Event()
        self._renewal = threading.Thread(target=self._keep, name=f"lease {name}", daemon=True)

    def take(self) -> bool:
        """Whether it is ours now; nobody else holds it or held it until now."""
        found = self._files.find_tagged(self._path)
        if found is None:
            self._files.create(self._path, self._content(0))
            found = self._files.find_tagged(self._path)
        if found is None or orjson.loads(found.content)["expires_at"] >= time.time():
            return False
        self._tag = self._put(time.time() + self._seconds, found.tag)
        if self._tag is None:
            return False
        self._renewal.start()
        return True

    def release(self) -> bool:
        """Whether it was ours to the end."""
        self._end.set()
        self._renewal.join()
        return self._tag is not None and self._put(0, self._tag) is not None

    def _keep(self) -> None:
        """Renew it until the end, or until it is lost; a store that does not answer is asked again."""
        while self._tag is not None and not self._end.wait(self._seconds / 3):
            with suppress(HarvestError):
                self._tag = self._put(time.time() + self._seconds, self._tag)

    def _put(self, expires_at: float, tag: str) -> str | None:
        """The new tag, or ``None`` when it is somebody else's; a put that arrived and whose answer was lost counts."""
        put = self._files.replace(self._path, self._content(expires_at), tag)
        if put is not None:
            return put
        found = self._files.find_tagged(self._path)
        return found.tag if found is not None and orjson.loads(found.content)["owner"] == self._owner else None

    def _content(self, expires_at: float) -> bytes:
        return orjson.dumps({"owner": self._owner, "expires_at": expires_at})


def _busy(name: str) -> BusyError:
    return BusyError(f"{name!r} is being worked on by another run; wait for it to end, or end it, and start again")
