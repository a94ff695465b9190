"""``DownloadShelf``: what is kept, for how long, and what is not believed."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harvest_assets.interfaces import Download
from harvest_assets.store import downloads
from harvest_assets.store.downloads import KEPT_SECONDS, DownloadShelf


def make(content: bytes) -> Download:
    return Download(
        "https://example.org/a", "text/plain", content, hashlib.sha256(content).hexdigest(), {"etag": '"1"', "content-type": "text/plain"}
    )


@pytest.fixture
def shelf(tmp_path: Path) -> DownloadShelf:
    return DownloadShelf(tmp_path / "downloads")


@pytest.mark.parametrize("content", [b"", b"text", b"\n\n{}\n", bytes(range(256)) * 1_000])
def test_what_is_kept_is_found_as_it_was(shelf: DownloadShelf, content: bytes) -> None:
    assert shelf.find("aa") is None
    assert shelf.keep("aa", make(content))
    assert shelf.find("aa") == make(content)
    assert shelf.find("ab") is None


def test_other_shelves_of_the_folder_see_it_and_other_users_do_not(shelf: DownloadShelf, tmp_path: Path) -> None:
    shelf.keep("aa", make(b"text"))
    assert DownloadShelf(tmp_path / "downloads").find("aa") == make(b"text")
    assert stat.S_IMODE((tmp_path / "downloads").stat().st_mode) == 0o700


@pytest.mark.parametrize("hours", [6.1, -0.1])
def test_what_is_too_old_or_of_the_future_is_not_found(tmp_path: Path, hours: float) -> None:
    DownloadShelf(tmp_path).keep("aa", make(b"text"))
    assert DownloadShelf(tmp_path, clock=lambda: time.time() + 5.9 * 3600).find("aa") == make(b"text")
    assert DownloadShelf(tmp_path, clock=lambda: time.time() + hours * 3600).find("aa") is None


def break_content(written: bytes) -> bytes:
    return written[:-1] + b"X"


def cut(written: bytes) -> bytes:
    return written[:-1]


def empty(written: bytes) -> bytes:
    return written[:0]


def take_head_away(written: bytes) -> bytes:
    return written.partition(b"\n")[2]


def replace_head(written: bytes) -> bytes:
    return b"[]\n" + written.partition(b"\n")[2]


@pytest.mark.parametrize("damage", [break_content, cut, empty, take_head_away, replace_head])
def test_a_damaged_entry_is_not_found_and_goes(shelf: DownloadShelf, tmp_path: Path, damage) -> None:
    shelf.keep("aa", make(b"text"))
    (entry,) = (tmp_path / "downloads").iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert shelf.find("aa") is None
    assert not entry.exists()


def test_the_oldest_go_when_there_is_too_much(tmp_path: Path) -> None:
    now = [time.time()]
    shelf = DownloadShelf(tmp_path, kept_bytes=100_000, clock=lambda: now[0])
    for number in range(40):
        now[0] += 1
        assert shelf.keep(f"{number:02}", make(bytes(5_000)))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 100_000
    kept = [number for number in range(40) if shelf.find(f"{number:02}")]
    assert kept == list(range(kept[0], 40))
    assert len(kept) > 12


def test_what_others_left_goes_when_it_is_old(tmp_path: Path) -> None:
    left = [tmp_path / name for name in ("aa.download", "bb.0123abcd.partial", "cc.lock")]
    for path in left:
        path.write_bytes(b"left")
        os.utime(path, (time.time() - KEPT_SECONDS - 1,) * 2)
    (tmp_path / "dd.partial").write_bytes(b"in work")
    DownloadShelf(tmp_path).keep("ee", make(b"text"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dd.partial", "ee.download"]


def test_a_file_that_would_take_much_of_the_shelf_is_not_kept(tmp_path: Path) -> None:
    shelf = DownloadShelf(tmp_path, kept_bytes=100_000)
    assert not shelf.keep("aa", make(bytes(7_000)))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_kept_when_the_disk_is_short_of_room(tmp_path: Path) -> None:
    assert not DownloadShelf(tmp_path, free_bytes=1024**5).keep("aa", make(b"text"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk without room is played by /dev/full")
def test_a_disk_that_fills_up_leaves_nothing_half(shelf: DownloadShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.keep("bb", make(b"kept"))
    monkeypatch.setattr(downloads.secrets, "token_hex", lambda _: "full")
    (tmp_path / "downloads" / "aa.full.partial").symlink_to("/dev/full")
    assert not shelf.keep("aa", make(b"text"))
    assert [path.name for path in (tmp_path / "downloads").iterdir()] == ["bb.download"]


def test_a_folder_that_cannot_be_written_is_told(shelf: DownloadShelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.keep("bb", make(b"kept"))
    monkeypatch.setattr(downloads.secrets, "token_hex", lambda _: "folder")
    (tmp_path / "downloads" / "aa.folder.partial").symlink_to(tmp_path)
    with pytest.raises(IsADirectoryError):
        shelf.keep("aa", make(b"text"))


def test_a_folder_that_was_deleted_is_made_again(shelf: DownloadShelf, tmp_path: Path) -> None:
    shelf.keep("aa", make(b"text"))
    shutil.rmtree(tmp_path / "downloads")
    assert shelf.find("aa") is None
    with shelf.hold("aa"):
        assert shelf.keep("aa", make(b"text"))
    assert shelf.find("aa") == make(b"text")


def test_a_key_is_held_by_one_thread_at_a_time(shelf: DownloadShelf, tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        for _ in range(30):
            with shelf.hold("aa"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_key_is_held_across_processes_and_freed_by_death(shelf: DownloadShelf, tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib; from harvest_assets.store.downloads import DownloadShelf\n"
        "with DownloadShelf(pathlib.Path(sys.argv[1])).hold('aa'):\n    print('held', flush=True); time.sleep(60)\n"
    )
    held = threading.Event()

    def wait() -> None:
        with shelf.hold("aa"):
            held.set()

    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "downloads")], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        thread = threading.Thread(target=wait)
        thread.start()
        with shelf.hold("bb"):
            assert not held.wait(0.3)
        other.kill()
    thread.join(20)
    assert held.is_set()
