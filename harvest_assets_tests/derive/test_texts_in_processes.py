"""Texts in processes that may be ended, as a run reads them: no file, however made, costs more than its bounds, or another file."""

import re
from collections.abc import Iterator

import pytest

from harvest_assets.derive.text import Text
from harvest_assets.derive.text_files import File, read_file
from harvest_assets.derive.texts import FINAL_FAILURES
from harvest_assets.interfaces import Bounds, Ended
from harvest_assets.stages.isolation import Processes
from harvest_assets.testing.office import MAKERS, Work, make_docx
from harvest_assets.testing.office_traps import TRAPS

BOUNDS = Bounds(seconds=60, memory_bytes=1024**3)
OTHER_TRAPS = {"crash.xls", "laughs.html", "page.pdf", "wide.xlsx"}  # the first is another test's, the others can be read
GOOD = make_docx(Work())


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes(1) as made:
        yield made


def read(processes: Processes, *contents: bytes, bounds: Bounds = BOUNDS) -> list[Text | Ended]:
    items = [File(str(number), content) for number, content in enumerate(contents)]
    made = {file.srn: result for file, result in processes.map(read_file, items, bounds)}
    return [made[item.srn] for item in items]


def test_texts_come_back_whole(processes: Processes) -> None:
    contents = [make(Work()) for _, make in MAKERS.values()]
    assert read(processes, *contents) == [read_file(File("srn", content)) for content in contents]


def test_every_trap_ends_alone(processes: Processes) -> None:
    names = [name for name in TRAPS if name not in OTHER_TRAPS]
    results = read(processes, GOOD, *(TRAPS[name]() for name in names), GOOD)
    ends = dict(zip(names, results[1:-1], strict=True))
    assert {name: end.failure for name, end in ends.items() if isinstance(end, Ended)}.keys() == set(names)
    assert {end.failure for end in ends.values() if isinstance(end, Ended)} <= FINAL_FAILURES
    assert isinstance(results[0], Text)
    assert results[0] == results[-1]


def test_a_file_that_ends_the_process_is_ended_and_the_others_are_not(processes: Processes) -> None:
    before, crash, after = read(processes, GOOD, TRAPS["crash.xls"](), GOOD)
    assert isinstance(crash, Ended)
    assert (crash.failure, crash.failure in FINAL_FAILURES) == ("crashed", False)
    assert isinstance(before, Text)
    assert before == after


def test_a_page_that_needs_too_much_memory_is_ended_and_the_others_are_not(processes: Processes) -> None:
    before, wide, after = read(processes, GOOD, b"<html>" + b"<b>a</b>" * 1_500_000, GOOD, bounds=Bounds(30, 64 * 1024**2))
    assert isinstance(wide, Ended)
    assert wide.failure in {"memory", "unreadable"}
    assert re.search(r"it needed more than 64 MiB of memory|the page is too much to be read: \w+", wide.reason)
    assert isinstance(before, Text)
    assert before == after


def test_a_page_that_is_never_done_is_ended_and_the_others_are_not(processes: Processes) -> None:
    nested = b"<html><body>" + b"<pre>a" * 50_000
    before, slow, after = read(processes, GOOD, nested, GOOD, bounds=Bounds(1.0, BOUNDS.memory_bytes))
    assert isinstance(slow, Ended)
    assert (slow.failure, slow.failure in FINAL_FAILURES) == ("timeout", False)
    assert isinstance(before, Text)
    assert before == after
