"""One worker at a time per name, across processes and, on an object store, across machines.

A local store locks a file of the operating system, which frees itself when its process ends. An object store holds a lease: an object
that is renewed while its owner lives and that may be taken over once it has expired.
"""

import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import orjson
from filelock import FileLock, Timeout

from harvest_assets.errors import TransientError
from harvest_assets.store.files import Files

LEASE_SECONDS = 120.0


@contextmanager
def hold(files: Files, state: Path, name: str, *, lease_seconds: float = LEASE_SECONDS) -> Generator[None]:
    """Hold the lock of a name.

    Raises:
        TransientError: Somebody else holds it; nothing is waited for.
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
        lock.acquire(timeout=0)
    except Timeout as error:
        raise _busy(name) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _lease(files: Files, name: str, seconds: float) -> Generator[None]:
    path = f"locks/{name}.json"
    owner = secrets.token_hex(8)
    if not _take(files, path, owner, seconds):
        raise _busy(name)
    stop = threading.Event()
    renewal = threading.Thread(target=_renew, args=(files, path, owner, seconds, stop), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        stop.set()
        renewal.join()
        files.delete(path)


def _take(files: Files, path: str, owner: str, seconds: float) -> bool:
    """Create the lease; an expired one is removed first, and of several who do that one creates the next."""
    found = files.find(path)
    if found is not None and orjson.loads(found)["expires_at"] < time.time():
        files.delete(path)
    return files.create(path, _content(owner, seconds))


def _renew(files: Files, path: str, owner: str, seconds: float, stop: threading.Event) -> None:
    while not stop.wait(seconds / 3):
        files.write(path, _content(owner, seconds))


def _content(owner: str, seconds: float) -> bytes:
    return orjson.dumps({"owner": owner, "expires_at": time.time() + seconds})


def _busy(name: str) -> TransientError:
    return TransientError(f"{name!r} is being worked on by another run; wait for it to end, or end it, and start again")
