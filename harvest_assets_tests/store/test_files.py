"""``Files``: the same behaviour in a folder and in a bucket."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harvest_assets.errors import ConfigurationError, IntegrityError, TransientError
from harvest_assets.store.files import ORPHAN_DAYS, SCRATCH, Files


def test_what_was_written_is_read_and_replaced_as_a_whole(files: Files) -> None:
    files.write("a/one.json", b"1" * 1000)
    files.write("a/one.json", b"2")
    assert files.read("a/one.json") == files.find("a/one.json") == b"2"
    assert files.has("a/one.json")


def test_a_missing_file_is_none_to_one_who_looks_and_an_error_to_one_who_needs_it(files: Files) -> None:
    assert files.find("a/none.json") is None
    assert not files.has("a/none.json")
    with pytest.raises(IntegrityError, match=r"'a/none\.json' is missing from the store; restore it or run its partition again"):
        files.read("a/none.json")
    with pytest.raises(IntegrityError, match=r"'a/none\.json' is missing from the store"):
        files.localise("a/none.json")


def test_only_the_first_creates(files: Files) -> None:
    assert files.create("a/one.json", b"1")
    assert not files.create("a/one.json", b"2")
    assert files.read("a/one.json") == b"1"


def test_an_upload_moves_a_local_file_into_the_store(files: Files) -> None:
    with files.scratch() as scratch:
        local = scratch / "table"
        local.write_bytes(b"rows")
        files.upload("a/b/table.parquet", local)
        assert not local.exists()
        (scratch / "table").write_bytes(b"other rows")
        files.upload("a/b/table.parquet", scratch / "table")
    assert files.read("a/b/table.parquet") == b"other rows"


def test_a_local_copy_has_the_content(files: Files) -> None:
    files.write("a/b/table.parquet", b"rows")
    copy = files.localise("a/b/table.parquet")
    assert copy.read_bytes() == b"rows"
    assert files.localise("a/b/table.parquet") == copy


def test_a_moved_file_is_at_its_target_only(files: Files) -> None:
    files.write("a/one.json", b"1")
    files.move("a/one.json", "b/two.json")
    assert files.find("a/one.json") is None
    assert files.read("b/two.json") == b"1"
    with pytest.raises(IntegrityError, match=r"'a/none\.json' could not be written: .*; what was published before is unchanged"):
        files.move("a/none.json", "b/three.json")


def test_a_listing_shows_what_was_just_written_and_not_what_was_just_deleted(files: Files) -> None:
    for name in ("a/2.json", "a/10.json", "a/b/c.json", "ab/d.json"):
        files.write(name, b"x")
        assert name in set(files.list_below(name.split("/")[0]))
    assert files.list_names("a") == ["10.json", "2.json", "b"]
    assert sorted(files.list_below("a")) == ["a/10.json", "a/2.json", "a/b/c.json"]
    files.delete("a/2.json")
    files.delete("a/2.json")
    assert files.list_names("a") == ["10.json", "b"]
    assert files.list_names("nowhere") == []


def test_deleting_below_a_folder_leaves_its_neighbour(files: Files) -> None:
    for name in ("a/b/1", "a/b/c/2", "a/bb/3"):
        files.write(name, b"x")
    files.delete_below("a/b")
    assert list(files.list_below("a/b")) == []
    assert list(files.list_below("a")) == ["a/bb/3"]


def test_two_views_of_a_store_see_each_other(store_url: str) -> None:
    one, other = Files(store_url), Files(store_url)
    one.write("a", b"1")
    assert other.read("a") == b"1"
    assert not other.create("a", b"2")


def test_a_prefix_of_a_bucket_is_a_store_of_its_own(s3_url: str) -> None:
    Files(f"{s3_url}/one").write("a", b"1")
    assert Files(f"{s3_url}/other").find("a") is None
    assert Files(s3_url).read("one/a") == b"1"


def test_an_object_is_replaced_only_where_it_is_as_it_was_seen(s3_url: str) -> None:
    files = Files(s3_url)
    assert files.find_tagged("a") is None
    files.write("a", b"1")
    seen = files.find_tagged("a")
    assert seen is not None
    assert seen.content == b"1"
    tag = files.replace("a", b"2", seen.tag)
    assert tag is not None
    assert files.replace("a", b"3", seen.tag) is None
    assert files.read("a") == b"2"
    assert files.replace("a", b"3", tag) is not None


@pytest.mark.parametrize("url", ["gs://bucket/prefix", "https://store.example/prefix"])
def test_other_stores_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=f"HARVEST_STORE '{url}' is neither a folder nor an s3:// address; use one of them"):
        Files(url)


def test_a_store_that_cannot_be_written_says_which_file_and_what_holds(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "store"))
    files.write("a", b"a file where a folder is needed")
    with pytest.raises(IntegrityError, match=r"'a/one\.json' could not be written: .*; what was published before is unchanged"):
        files.write("a/one.json", b"1")
    with files.scratch() as scratch:
        (scratch / "table").write_bytes(b"rows")
        with pytest.raises(IntegrityError, match=r"'a/one\.parquet' could not be written: .*; what was published before is unchanged"):
            files.upload("a/one.parquet", scratch / "table")
    assert files.read("a") == b"a file where a folder is needed"


def test_a_store_that_cannot_be_read_is_asked_again_later(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "store"))
    files.write("a", b"a file where a folder is needed")
    with pytest.raises(TransientError, match=r"'a/one\.json' could not be read: .*; check the store and start again"):
        files.find("a/one.json")


def test_scratch_is_gone_afterwards_and_may_be_nested(files: Files) -> None:
    with files.scratch() as outer:
        (outer / "one").write_bytes(b"1")
        with files.scratch() as inner:
            assert inner != outer
            assert (outer / "one").read_bytes() == b"1"
        assert not inner.exists()
        assert outer.exists()
    assert not outer.exists()


def test_scratch_of_a_store_in_a_folder_is_on_its_disk_and_not_listed_below_anything(tmp_path: Path) -> None:
    files = Files(str(tmp_path / "store"))
    with files.scratch() as scratch:
        assert scratch.parent == tmp_path / "store" / SCRATCH


def test_scratch_of_a_killed_process_is_removed_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    script = """
import sys, time
from harvest_assets.store.files import Files
with Files(sys.argv[1]).scratch() as scratch:
    print(scratch, flush=True)
    time.sleep(60)
"""
    store = tmp_path / "store"
    command = [sys.executable, "-c", script, str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as killed, subprocess.Popen(command, stdout=subprocess.PIPE) as living:
        assert killed.stdout is not None
        assert living.stdout is not None
        left, used = (Path(each.stdout.readline().decode().strip()) for each in (killed, living) if each.stdout)
        killed.kill()
        killed.wait()
        try:
            assert left.exists()
            with Files(str(store)).scratch():
                assert not left.exists()
                assert used.exists()
        finally:
            living.kill()


def test_scratch_of_another_machine_stays_until_it_is_old(tmp_path: Path) -> None:
    parent = tmp_path / "store" / SCRATCH
    young, old = parent / "elsewhere~1~x", parent / "elsewhere~2~y"
    for folder in (young, old):
        folder.mkdir(parents=True)
    then = time.time() - (ORPHAN_DAYS + 1) * 86_400
    os.utime(old, (then, then))
    with Files(str(tmp_path / "store")).scratch():
        assert young.exists()
        assert not old.exists()
    assert socket.gethostname() != "elsewhere"
