"""A rehearsal shows the store as it would be, and the store stays as it is."""

from pathlib import Path

import pytest

from harvest_assets.errors import BusyError, IntegrityError
from harvest_assets.store.files import Files
from harvest_assets.store.rehearsal import Rehearsal
from harvest_assets.store.store import Store


@pytest.fixture
def real(store_url: str, tmp_path: Path) -> Store:
    store = Store(store_url, tmp_path / "state")
    store.files.write("a/one", b"1")
    store.files.write("a/two", b"2")
    store.files.write("b/c/three", b"3")
    return store


@pytest.fixture
def files(real: Store, tmp_path: Path) -> Files:
    return Rehearsal(real, tmp_path / "above", tmp_path / "state").files


def content(files: Files) -> dict[str, bytes]:
    return {path: files.read(path) for path in files.list_below("a")} | {path: files.read(path) for path in files.list_below("b")}


def test_what_is_written_moved_and_removed_is_seen_above_only(real: Store, files: Files, tmp_path: Path) -> None:
    before = content(real.files)
    assert content(files) == before
    files.write("a/one", b"new")
    files.delete("a/two")
    files.move("b/c/three", "b/c/four")
    (tmp_path / "local").write_bytes(b"5")
    files.upload("b/five", tmp_path / "local")
    assert content(files) == {"a/one": b"new", "b/c/four": b"3", "b/five": b"5"}
    assert files.list_names("a") == ["one"]
    assert files.list_names("b") == ["c", "five"]
    assert content(real.files) == before


def test_what_is_there_below_is_not_created_and_what_was_removed_may_be(files: Files) -> None:
    assert not files.create("a/one", b"other")
    assert files.read("a/one") == b"1"
    files.delete("a/one")
    assert (files.has("a/one"), files.find("a/one")) == (False, None)
    assert files.create("a/one", b"again")
    assert (files.has("a/one"), files.read("a/one")) == (True, b"again")


def test_local_copies_come_from_where_the_file_is(files: Files) -> None:
    files.write("a/new", b"new")
    assert files.localise("a/new").read_bytes() == b"new"
    assert files.localise("a/one").read_bytes() == b"1"
    files.delete("a/one")
    with pytest.raises(IntegrityError, match="'a/one' is missing from the store"):
        files.localise("a/one")


def test_removing_a_folder_leaves_the_real_one(real: Store, files: Files) -> None:
    files.write("a/new", b"new")
    files.delete_below("a")
    assert list(files.list_below("a")) == []
    assert sorted(real.files.list_below("a")) == ["a/one", "a/two"]


def test_its_locks_are_those_of_the_real_store(real: Store, tmp_path: Path) -> None:
    rehearsal = Rehearsal(real, tmp_path / "above", tmp_path / "elsewhere")
    assert not real.is_held("one")
    with rehearsal.hold("one"):
        assert real.is_held("one")
        with pytest.raises(BusyError, match="'one' is being worked on by another run"), real.hold("one"):
            pass
    assert not rehearsal.is_held("one")
