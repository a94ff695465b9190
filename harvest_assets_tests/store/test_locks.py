"""Locks: one holder per name, in a folder by the operating system, in a bucket by a lease."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from harvest_assets.errors import BusyError, TransientError
from harvest_assets.store.files import Files
from harvest_assets.store.locks import hold

BUSY = "'one' is being worked on by another run; wait for it to end, or end it, and start again"
HOLDER = """
import sys, time
from pathlib import Path
from harvest_assets.store.files import Files
from harvest_assets.store.locks import hold
with hold(Files(sys.argv[1]), Path(sys.argv[2]), "one", lease_seconds=float(sys.argv[3])):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def holding_process(url: str, state: Path, lease_seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLDER, url, str(state), str(lease_seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


def wait_until_free(url: str, state: Path, lease_seconds: float) -> float:
    """Seconds until the lock could be taken."""
    began = time.monotonic()
    while time.monotonic() - began < 20:
        try:
            with hold(Files(url), state, "one", lease_seconds=lease_seconds):
                return time.monotonic() - began
        except TransientError:
            time.sleep(0.05)
    raise AssertionError("the lock was never freed")


def test_a_second_holder_is_turned_away_and_other_names_are_free(store_url: str, tmp_path: Path) -> None:
    with hold(Files(store_url), tmp_path, "one"):
        with pytest.raises(BusyError, match=BUSY), hold(Files(store_url), tmp_path, "one"):
            pass
        with hold(Files(store_url), tmp_path, "other"):
            pass
    with hold(Files(store_url), tmp_path, "one"):
        pass


def test_an_error_frees_the_lock_and_is_passed_on(store_url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="of the work"), hold(Files(store_url), tmp_path, "one"):
        raise ValueError("of the work")
    with hold(Files(store_url), tmp_path, "one"):
        pass


def test_another_process_is_turned_away_and_a_killed_one_leaves_the_lock(store_url: str, tmp_path: Path) -> None:
    with holding_process(store_url, tmp_path, 1.5) as process:
        with pytest.raises(TransientError, match=BUSY), hold(Files(store_url), tmp_path, "one"):
            pass
        process.kill()
        process.wait()
        assert wait_until_free(store_url, tmp_path, 1.5) < 3


def test_a_lease_is_renewed_while_its_holder_lives(s3_url: str, tmp_path: Path) -> None:
    files = Files(s3_url)
    with hold(files, tmp_path, "one", lease_seconds=0.6):
        first = orjson.loads(files.read("locks/one.json"))
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            with pytest.raises(TransientError, match=BUSY), hold(Files(s3_url), tmp_path, "one", lease_seconds=0.6):
                pass
        last = orjson.loads(files.read("locks/one.json"))
    assert last["owner"] == first["owner"]
    assert last["expires_at"] > first["expires_at"]
    assert "lease one" not in {thread.name for thread in threading.enumerate()}


def test_of_many_who_take_over_an_expired_lease_one_has_it(s3_url: str, tmp_path: Path) -> None:
    contenders = 6
    files = [Files(s3_url) for _ in range(contenders)]
    for _ in range(8):
        files[0].write("locks/one.json", orjson.dumps({"owner": "gone", "expires_at": time.time() - 1}))
        held, everybody_tried = threading.Barrier(contenders), threading.Barrier(contenders)

        def contend(own: Files, start: threading.Barrier = held, end: threading.Barrier = everybody_tried) -> bool:
            start.wait(10)
            try:
                with hold(own, tmp_path, "one"):
                    end.wait(10)
                    return True
            except TransientError:
                end.wait(10)
                return False

        with ThreadPoolExecutor(contenders) as pool:
            assert sum(pool.map(contend, files)) == 1


def test_a_holder_whose_lease_was_lost_says_so_and_does_not_take_it_back(s3_url: str, tmp_path: Path) -> None:
    files = Files(s3_url)
    other = orjson.dumps({"owner": "other", "expires_at": time.time() + 100})
    with (
        pytest.raises(TransientError, match="'one' was taken over by another run, because this one could not renew its lease in time"),
        hold(files, tmp_path, "one", lease_seconds=0.3),
    ):
        lose_lease(files, other)
    assert files.read("locks/one.json") == other


def lose_lease(files: Files, content: bytes) -> None:
    files.write("locks/one.json", content)
    time.sleep(0.4)


def test_the_lock_of_a_folder_frees_itself_without_a_lease(tmp_path: Path) -> None:
    url = str(tmp_path / "store")
    with hold(Files(url), tmp_path / "state", "one"):
        assert (tmp_path / "state" / "locks" / "one.lock").exists()
        assert Files(url).find("locks/one.json") is None
