"""Staging: wherever a harvest is interrupted, what it goes on with and what it ends with are the same."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_assets.store import staging as staging_module
from harvest_assets.store.files import Files
from harvest_assets.store.staging import Place, Staging

SCHEMA = pa.schema([pa.field("name", pa.string(), nullable=False), pa.field("number", pa.int64())])
REQUEST = "everything"


class InterruptedHarvestError(Exception):
    """What stops a harvest here."""


def page(number: int, rows: int) -> pa.RecordBatch:
    names = [f"p{number}r{row}" for row in range(rows)]
    return pa.RecordBatch.from_arrays([pa.array(names), pa.array(list(range(rows)), pa.int64())], schema=SCHEMA)


@contextmanager
def open_staging(files: Files) -> Iterator[Staging]:
    with files.scratch() as scratch:
        yield Staging(files, scratch, "source/2026-01-01", SCHEMA)


def receive(staging: Staging, pages: Sequence[int], *, stop_before: int | None = None, request: str = REQUEST) -> int:
    """Follow a list of pages (sizes) from where it stands; returns the page that it began with."""
    resumption = staging.begin(request)
    place = resumption.place if resumption else Place()
    for number in range(place.number, len(pages) + 1):
        if number == stop_before:
            raise InterruptedHarvestError
        position = None if number == len(pages) else f"token-{number + 1}"
        staging.append(page(number, pages[number - 1]), Place(position, number + 1), {"page": number})
    return place.number


def attempt(files: Files, pages: Sequence[int], *, stop_before: int | None = None) -> list[bytes] | None:
    """One attempt at the list; the content of its files when it came to its end."""
    with open_staging(files) as staging:
        try:
            receive(staging, pages, stop_before=stop_before)
        except InterruptedHarvestError:
            return None
        return [file.path.read_bytes() for file in staging.finish()]


def names_in(contents: Sequence[bytes]) -> list[str]:
    return [name for content in contents for name in pq.read_table(pa.BufferReader(content)).column("name").to_pylist()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pages=st.lists(st.integers(0, 6), min_size=1, max_size=12),
    stops=st.lists(st.integers(1, 12), max_size=4),
    rows_per_file=st.integers(3, 15),
)
def test_interruptions_leave_no_trace_in_the_files(
    tmp_path_factory: pytest.TempPathFactory, pages: list[int], stops: list[int], rows_per_file: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staging_module, "ROWS_PER_FILE", rows_per_file)
        undisturbed = attempt(Files(str(tmp_path_factory.mktemp("one"))), pages)
        files = Files(str(tmp_path_factory.mktemp("other")))
        for stop_before in sorted(stops):
            if stop_before <= len(pages):
                assert attempt(files, pages, stop_before=stop_before) is None
        assert attempt(files, pages) == undisturbed
    assert undisturbed is not None
    assert names_in(undisturbed) == [f"p{number}r{row}" for number, rows in enumerate(pages, 1) for row in range(rows)]


def test_an_interrupted_harvest_goes_on_at_the_page_that_is_missing(files: Files) -> None:
    pages = [3, 3, 3, 3]
    assert attempt(files, pages, stop_before=3) is None
    with open_staging(files) as staging:
        assert receive(staging, pages) == 3
        assert names_in([file.path.read_bytes() for file in staging.finish()]) == [
            f"p{number}r{row}" for number in (1, 2, 3, 4) for row in range(3)
        ]


def test_pages_after_the_last_file_are_not_asked_for_again(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging_module, "ROWS_PER_FILE", 5)
    pages = [3, 3, 3, 3]
    assert attempt(files, pages, stop_before=4) is None
    with open_staging(files) as staging:
        assert receive(staging, pages) == 4
        assert [file.rows for file in staging.finish()] == [6, 6]
        assert not any("/pages/" in path for path in files.list_below("staging"))


def test_an_interruption_before_the_first_page_leaves_nothing(files: Files) -> None:
    assert attempt(files, [3], stop_before=1) is None
    assert list(files.list_below("staging")) == []


def test_what_was_noted_about_each_page_comes_back(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging_module, "ROWS_PER_FILE", 5)
    assert attempt(files, [3, 3, 3, 3], stop_before=4) is None
    with open_staging(files) as staging:
        resumption = staging.begin(REQUEST)
    assert resumption is not None
    assert resumption.entries == [{"page": 1}, {"page": 2}, {"page": 3}]
    assert resumption.place == Place("token-4", 4)


def test_another_request_begins_with_nothing(files: Files) -> None:
    assert attempt(files, [3, 3, 3], stop_before=3) is None
    with open_staging(files) as staging:
        assert staging.begin("something else") is None
        assert list(files.list_below("staging")) == []


def test_a_restart_forgets_what_was_received(files: Files) -> None:
    assert attempt(files, [3, 3, 3], stop_before=3) is None
    with open_staging(files) as staging:
        staging.begin(REQUEST)
        staging.restart()
        staging.append(page(7, 1), Place(None, 2), {})
        assert names_in([file.path.read_bytes() for file in staging.finish()]) == ["p7r0"]


def test_files_that_were_taken_away_by_an_attempt_that_died_are_received_again(files: Files) -> None:
    pages = [3, 3]
    with open_staging(files) as staging:
        receive(staging, pages)
        for file in staging.finish():
            file.path.unlink()
        for path in list(files.list_below("staging")):
            if path.endswith(".parquet"):
                files.delete(path)
    contents = attempt(files, pages)
    assert contents is not None
    assert names_in(contents) == ["p1r0", "p1r1", "p1r2", "p2r0", "p2r1", "p2r2"]


def test_a_list_without_records_has_no_file(files: Files) -> None:
    assert attempt(files, [0, 0]) == []
