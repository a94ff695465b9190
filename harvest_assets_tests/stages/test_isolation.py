"""``Processes``: what strangers' bytes do to a process ends one item, and nothing is left behind."""

import importlib
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from harvest_assets.interfaces import Bounds, Ended
from harvest_assets.stages import work_process
from harvest_assets.stages.isolated import LENGTH
from harvest_assets.stages.isolation import Processes
from harvest_assets.testing.misbehaviour import Pair, describe, echo, misbehave

BOUNDS = Bounds(20, 256 * 1024**2)
SHORT = Bounds(0.4, 256 * 1024**2)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with Processes(2) as made:
        yield made


def do(processes: Processes, *items: str, bounds: Bounds = BOUNDS) -> dict[str, object]:
    return dict(processes.map(misbehave, items, bounds))


def await_note(note: Path) -> int:
    """The process that noted its id."""
    for _ in range(600):
        if note.exists() and note.read_text():
            return int(note.read_text())
        time.sleep(0.05)
    raise AssertionError(f"nobody wrote {note}")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and whose parent has not asked for it yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def await_end(pid: int) -> bool:
    for _ in range(200):
        if not is_alive(pid):
            return True
        time.sleep(0.05)
    return False


def test_every_item_has_its_result_in_any_order(processes: Processes) -> None:
    assert sorted(processes.map(echo, range(3_000), BOUNDS)) == [(each, each) for each in range(3_000)]


def test_no_items_need_no_process() -> None:
    with Processes(2) as processes:
        assert list(processes.map(echo, [], BOUNDS)) == []
        assert not processes._pool._idle


def test_large_items_and_large_results_pass(processes: Processes) -> None:
    items = [bytes([each]) * 3_000_000 for each in range(6)]
    assert sorted(processes.map(echo, items, BOUNDS)) == [(each, each) for each in items]


def test_a_function_with_some_arguments_given_is_work_too(processes: Processes) -> None:
    assert list(processes.map(partial(Pair, 1), [2], BOUNDS)) == [(2, Pair(1, 2))]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("segfault", r"its process was ended by SIGSEGV \(Segmentation fault\)"),
        ("exit 3", r"its process ended itself with exit code 3"),
        ("leave 4", r"its process ended itself with exit code 4"),
        ("abort no such glyph", r"its process was ended by SIGABRT \(Aborted\), saying 'no such glyph'"),
    ],
)
def test_a_process_that_ends_has_crashed_and_says_how(processes: Processes, item: str, reason: str) -> None:
    ended = do(processes, item)[item]
    assert isinstance(ended, Ended)
    assert ended.failure == "crashed"
    assert re.fullmatch(reason, ended.reason)


def test_last_words_are_cut(processes: Processes) -> None:
    item = f"abort {'a' * 5_000}"
    ended = do(processes, item)[item]
    assert isinstance(ended, Ended)
    assert ended.reason.endswith(f"saying {'a' * 200!r}")


@pytest.mark.parametrize("item", ["hang", "sleep 60"])
def test_what_hangs_in_a_library_is_ended_in_time(processes: Processes, item: str) -> None:
    assert do(processes, item, bounds=SHORT) == {item: Ended("timeout", "it took longer than 0.4 s")}


def test_the_time_is_that_of_one_item_and_not_of_all_that_a_process_was_sent() -> None:
    items = [*map(str, range(500)), *("sleep 0.2" for _ in range(8))]
    with Processes(1) as processes:
        assert [result for _, result in processes.map(misbehave, items, Bounds(1.2)) if isinstance(result, Ended)] == []


def test_a_hog_of_memory_is_ended_and_the_next_item_has_its_memory_again(processes: Processes) -> None:
    ended = Ended("memory", "it needed more than 256 MiB of memory")
    assert do(processes, "hog 300", "hog 200") == {"hog 300": ended, "hog 200": 200 * 1024**2}


@pytest.mark.parametrize("words", ["memory allocation of 151552 bytes failed", "terminate: what(): std::bad_alloc"])
def test_a_library_that_aborts_for_want_of_memory_says_so(processes: Processes, words: str) -> None:
    item = f"abort {words}|stack backtrace:|note: ask for more"
    assert do(processes, item) == {item: Ended("memory", f"its process was ended by SIGABRT (Aborted), saying {words!r}")}


def test_our_errors_end_an_item_under_the_name_of_their_rule(processes: Processes) -> None:
    assert do(processes, "record-error a.pdf", "transient-error b.pdf") == {
        "record-error a.pdf": Ended("damaged", "'a.pdf' is damaged"),
        "transient-error b.pdf": Ended("transient_error", "'b.pdf' may work later"),
    }


def test_other_errors_are_defects_and_come_with_their_traceback(processes: Processes) -> None:
    with pytest.raises(
        RuntimeError, match=r"misbehaviour\.misbehave: an item raised what is no HarvestError\n(.|\n)*ValueError: 'x' is nothing"
    ) as caught:
        do(processes, "defect x")
    assert "in _defect" in str(caught.value)
    assert do(processes, "fine") == {"fine": "fine"}


def test_an_error_of_the_items_is_raised(processes: Processes) -> None:
    def items() -> Iterator[str]:
        yield "one"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(processes.map(misbehave, items(), BOUNDS))


def test_a_result_that_does_not_pickle_is_told(processes: Processes) -> None:
    with pytest.raises(
        RuntimeError, match=r"TypeError: the result, a lock, does not pickle; return plain values or dataclasses of a module"
    ):
        do(processes, "return-lock")


def test_a_result_that_is_no_plain_value_is_refused(processes: Processes) -> None:
    with pytest.raises(
        pickle.UnpicklingError, match=r"pathlib\.PurePosixPath is not taken from an isolated process; let the work return plain"
    ):
        do(processes, "return-path")


def test_a_result_that_is_too_large_ends_its_item() -> None:
    with Processes(1) as processes:
        roomy = Bounds(30, 1024**3)
        assert do(processes, "return-much 257", bounds=roomy) == {
            "return-much 257": Ended("memory", "its result of 257 MiB is larger than 256 MiB")
        }


def test_a_forged_answer_calls_nothing(processes: Processes) -> None:
    pickled = b"cos\ngetpid\n(tR."
    with pytest.raises(pickle.UnpicklingError, match=r"os\.getpid is not taken from an isolated process"):
        do(processes, f"forge {(LENGTH.pack(len(pickled)) + pickled).hex()}")


def test_an_answer_without_end_is_not_waited_for(processes: Processes) -> None:
    item = f"forge {LENGTH.pack(2**40).hex()}"
    reason = f"its process announced an answer of {2**40} bytes; at most {256 * 1024**2} are taken"
    assert do(processes, item) == {item: Ended("crashed", reason)}


def test_a_local_function_is_refused_at_once(processes: Processes) -> None:
    def local(item: str) -> str:
        return item

    with pytest.raises((AttributeError, pickle.PicklingError), match="local"):
        list(processes.map(local, ["one"], BOUNDS))


def test_a_function_that_no_process_finds_is_told(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("nowhere_to_be_found")
    module.work = type("work", (), {"__module__": module.__name__, "__qualname__": "work"})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(
        RuntimeError, match=r"nowhere_to_be_found\.work: it cannot be loaded in a process of its own; let it be a function of a module"
    ):
        list(processes.map(module.work, ["one"], BOUNDS))


def test_a_process_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deadly_to_import.py").write_text(
        "import os\nif not os.environ.get('PYTEST_VERSION'): os._exit(9)\ndef work(item): return item\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    deadly = importlib.import_module("deadly_to_import")
    with (
        Processes(1) as processes,
        pytest.raises(RuntimeError, match=r"no process could be started for it: its process ended itself with exit code 9"),
    ):
        list(processes.map(deadly.work, ["one"], BOUNDS))


def test_of_forty_items_only_the_culprit_ends() -> None:
    items = [f"item {each}" for each in range(40)]
    items[23] = "segfault"
    with Processes(1) as processes:
        list(processes.map(misbehave, [str(each) for each in range(500)], BOUNDS))
        results = do(processes, *items)
    assert [item for item, result in results.items() if isinstance(result, Ended)] == ["segfault"]
    assert len(results) == 40


def test_who_crashes_a_process_that_did_others_before_is_tried_in_a_fresh_one() -> None:
    with Processes(1) as processes:
        assert do(processes, "one", "segfault-unless-first", "two") == {"one": "one", "segfault-unless-first": "done", "two": "two"}


def test_chatter_on_standard_output_and_error_stops_nobody(processes: Processes) -> None:
    assert do(processes, "chatter a") == {"chatter a": "done"}


def test_items_are_read_as_they_are_needed(processes: Processes) -> None:
    read: list[int] = []

    def items() -> Iterator[bytes]:
        for each in range(1_000):
            read.append(each)
            yield b"x" * 100_000

    results = processes.map(describe, items(), BOUNDS)
    next(results)
    time.sleep(0.5)
    assert len(read) < 60
    assert sum(1 for _ in results) == 999


def test_results_come_while_the_next_item_is_waited_for(processes: Processes) -> None:
    is_read = threading.Event()

    def items() -> Iterator[str]:
        yield "one"
        assert is_read.wait(20)
        yield "two"

    results = processes.map(misbehave, items(), BOUNDS)
    assert next(results) == ("one", "one")
    is_read.set()
    assert list(results) == [("two", "two")]


def test_processes_are_used_again_and_end_with_their_owner() -> None:
    with Processes(1) as processes:
        pids = {result[0] for _ in range(3) for _, result in processes.map(describe, [b"a", b"b"], BOUNDS)}
        assert len(pids) == 1
    assert not any(map(is_alive, pids))
    with pytest.raises(RuntimeError, match="these processes were closed; keep them open as long as there is work for them"):
        list(processes.map(describe, [b"a"], BOUNDS))


@pytest.mark.parametrize("work", [describe, echo])
def test_an_idle_process_that_was_ended_from_outside_is_not_missed(work) -> None:
    with Processes(1) as processes:
        pid = dict(processes.map(describe, [b"a"], BOUNDS))[b"a"][0]
        os.kill(pid, signal.SIGKILL)
        assert await_end(pid)
        ((_, result),) = processes.map(work, [b"a"], BOUNDS)
        assert result in (b"a", (processes._pool._idle[0].pid, 1))


def test_a_worn_process_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_process, "MAX_ITEMS", 50)
    monkeypatch.setattr(work_process, "STARTS_PER_LIFE", 0)
    with Processes(1) as processes:
        pids = {result[0] for _, result in processes.map(describe, [b"a" * 1_000] * 1_000, BOUNDS)}
    assert len(pids) > 1
    assert not any(map(is_alive, pids))


def test_a_process_that_has_grown_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_process, "GROWTH_BYTES", -(1024**4))
    with Processes(1) as processes:
        first, second = (dict(processes.map(describe, [b"a"], BOUNDS))[b"a"] for _ in range(2))
    assert first != second


def test_who_stops_early_leaves_no_process(tmp_path: Path) -> None:
    with Processes(2) as processes:
        results = processes.map(misbehave, ["first", f"note-and-hang {tmp_path / 'pid'}"], BOUNDS)
        assert next(results) == ("first", "first")
        pid = await_note(tmp_path / "pid")
        assert is_alive(pid)
        results.close()
        assert not is_alive(pid)
        assert do(processes, "fine") == {"fine": "fine"}


def test_programs_that_a_library_started_end_with_it(processes: Processes, tmp_path: Path) -> None:
    item = f"start-program {tmp_path / 'pid'}"
    ended = do(processes, item)[item]
    assert isinstance(ended, Ended)
    assert "SIGSEGV" in ended.reason
    assert await_end(int((tmp_path / "pid").read_text()))


def test_an_owner_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    program = (
        "from harvest_assets.interfaces import Bounds\n"
        "from harvest_assets.stages.isolation import Processes\n"
        "from harvest_assets.testing.misbehaviour import misbehave\n"
        f"list(Processes(1).map(misbehave, ['note-and-hang {note}'], Bounds(60)))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "TMPDIR": str(tmp_path)}) as owner:
        pid = await_note(note)
        assert is_alive(pid)
        owner.kill()
    assert await_end(pid)


def test_a_program_that_forgets_its_results_ends(tmp_path: Path) -> None:
    program = (
        "from harvest_assets.interfaces import Bounds\n"
        "from harvest_assets.stages.isolation import Processes\n"
        "from harvest_assets.testing.misbehaviour import misbehave\n"
        "processes = Processes(1)\n"
        "results = processes.map(misbehave, ['one', 'hang'], Bounds(60))\n"
        "print(next(results))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert ended.stdout == "('one', 'one')\n"
    assert list(tmp_path.iterdir()) == []


def test_the_network_is_out_of_reach(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        item = f"try-to-connect {server.getsockname()[1]}"
        assert do(processes, item) == {item: "Permission denied"}


def test_credentials_of_the_environment_are_not_handed_down() -> None:
    with Processes(1, environ={"PATH": os.environ["PATH"], "API_KEY": "secret", "LANG": "C.UTF-8"}) as processes:
        names = do(processes, "show-environment")["show-environment"]
    assert isinstance(names, list)
    assert {"PATH", "LANG", "TMPDIR"} <= set(names)
    assert "API_KEY" not in names


def test_temporary_files_go_with_the_processes() -> None:
    with Processes(1) as processes:
        path = Path(str(do(processes, "write-temporary")["write-temporary"]))
        assert path.exists()
    assert not path.parent.exists()
