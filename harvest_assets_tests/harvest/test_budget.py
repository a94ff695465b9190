"""The budget of a host: N requests a second are N, for threads and processes together, whatever happens to its files."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.allowance import Allowance
from harvest_assets.harvest.budget import KEPT_DAYS, HostBudget, HostUsage, Turn

NOON = 1_800_014_400.0  # 2027-01-15T12:00:00Z


class SetClock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def budget(tmp_path: Path, clock: SetClock) -> HostBudget:
    return HostBudget(tmp_path / "budget", clock=clock)


def test_requests_are_spaced_evenly_from_the_first(budget: HostBudget) -> None:
    assert [budget.reserve(Turn("a.example", 5)) for _ in range(6)] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0], abs=1e-5)


@pytest.mark.parametrize("rate", [0.5, 1, 3, 5, 7, 50])
def test_n_per_second_means_n(budget: HostBudget, rate: float) -> None:
    due = [budget.reserve(Turn("a.example", rate)) for _ in range(200)]
    span = max(1, 1 / rate)
    full_seconds = [sum(start <= moment < start + span - 1e-4 for moment in due) for start in due[:100]]
    assert set(full_seconds) == {max(1, int(rate))}


def test_time_that_was_not_used_is_not_saved_up(budget: HostBudget, clock: SetClock) -> None:
    budget.reserve(Turn("a.example", 2))
    clock.now += 60
    assert [budget.reserve(Turn("a.example", 2)) for _ in range(3)] == pytest.approx([0, 0.5, 1.0], abs=1e-5)


def test_hosts_do_not_wait_for_each_other(budget: HostBudget) -> None:
    hosts = ["a.example", "b.example", "A.example:", "::1", "../x", "a/b", "\N{SNOWMAN}.example", "x" * 300]
    assert [budget.reserve(Turn(host, 1)) for host in hosts] == [0] * len(hosts)
    assert {row.host for row in budget.usage()} == set(hosts)


def test_a_hold_keeps_everyone_away_and_then_spaces_them(budget: HostBudget, tmp_path: Path, clock: SetClock) -> None:
    budget.hold("a.example", 30)
    other = HostBudget(tmp_path / "budget", clock=clock)
    assert [other.reserve(Turn("a.example", 2)), budget.reserve(Turn("a.example", 2))] == pytest.approx([30, 30.5], abs=1e-5)
    assert other.reserve(Turn("b.example", 2)) == 0


def test_a_longer_hold_stays(budget: HostBudget) -> None:
    budget.hold("a.example", 30)
    budget.hold("a.example", 5)
    assert budget.reserve(Turn("a.example", 1)) == pytest.approx(30)


def test_a_hold_that_came_while_waiting_gives_another_moment_and_no_second_count(budget: HostBudget, clock: SetClock) -> None:
    budget.reserve(Turn("a.example", 1))
    turn = Turn("a.example", 1)
    clock.now += budget.reserve(turn)
    assert budget.reserve(turn) == 0
    budget.hold("a.example", 60)
    assert budget.reserve(turn) == pytest.approx(60)
    clock.now += 60
    assert budget.reserve(turn) == 0
    assert [row.requests for row in budget.usage()] == [2]


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_no_rate_is_refused(budget: HostBudget, rate: float) -> None:
    with pytest.raises(ConfigurationError, match=r"requests_per_second .* is not a number above 0; set it to 5, or 0\.2 for a slow host"):
        budget.reserve(Turn("a.example", rate))


def test_requests_are_counted_by_host_utc_day_and_user(budget: HostBudget, clock: SetClock) -> None:
    for host, user in (("b.example", "zoo"), ("a.example", "zoo"), ("b.example", "zoo"), ("b.example", "arc")):
        budget.reserve(Turn(host, 100, user))
    clock.now += 12 * 3600
    budget.reserve(Turn("b.example", 100))
    today, tomorrow = date(2027, 1, 15), date(2027, 1, 16)
    assert budget.usage() == [
        HostUsage("b.example", tomorrow, "", 1),
        HostUsage("a.example", today, "zoo", 1),
        HostUsage("b.example", today, "arc", 1),
        HostUsage("b.example", today, "zoo", 2),
    ]


def test_counts_of_the_last_days_are_kept(budget: HostBudget, clock: SetClock) -> None:
    for _ in range(20):
        budget.reserve(Turn("a.example", 100, "zoo"))
        clock.now += 86_400
    days = [row.used_day for row in budget.usage()]
    assert (len(days), days[0], days[-1]) == (KEPT_DAYS, date(2027, 2, 3), date(2027, 1, 28))


def test_a_request_rewrites_the_counts_of_its_own_day_only(budget: HostBudget, tmp_path: Path, clock: SetClock) -> None:
    budget.reserve(Turn("a.example", 100, "zoo"))
    clock.now += 86_400
    budget.reserve(Turn("a.example", 100, "zoo"))
    (before,) = (tmp_path / "budget").glob("*.days.json")
    (current,) = set((tmp_path / "budget").iterdir()) - {before}
    assert b"2027-01-15" in before.read_bytes()
    assert b"2027-01-15" not in current.read_bytes()


def test_a_file_without_users_is_read(budget: HostBudget, tmp_path: Path, clock: SetClock) -> None:
    budget.hold("a.example", 30)
    (path,) = (tmp_path / "budget").iterdir()
    days = b'{"2027-01-14": 7, "2027-01-15": 12}'
    path.write_bytes(b'{"host": "a.example", "next_at": 0, "held_until": %f, "days": %b}' % (clock.now + 20, days))
    assert budget.usage() == [HostUsage("a.example", date(2027, 1, 15), "", 12), HostUsage("a.example", date(2027, 1, 14), "", 7)]
    assert budget.reserve(Turn("a.example", 1, "zoo")) == pytest.approx(20)
    clock.now += 86_400
    budget.reserve(Turn("a.example", 1, "zoo"))
    assert [(row.used_day.day, row.user, row.requests) for row in budget.usage()] == [
        *((16, "zoo", 1), (15, "", 12), (15, "zoo", 1), (14, "", 7)),
    ]


def test_a_day_that_was_put_away_by_a_killed_process_is_not_counted_twice(budget: HostBudget, tmp_path: Path, clock: SetClock) -> None:
    budget.reserve(Turn("a.example", 100, "zoo"))
    (path,) = (tmp_path / "budget").iterdir()
    as_it_was = path.read_bytes()
    clock.now += 86_400
    budget.reserve(Turn("a.example", 100, "zoo"))
    path.write_bytes(as_it_was)
    budget.reserve(Turn("a.example", 100, "zoo"))
    assert [(row.used_day.day, row.requests) for row in budget.usage()] == [(16, 1), (15, 1)]


BROKEN = [
    *(b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"{}", b'{"host": "a.example", "next_at": 1'),
    *(b'{"host": "a.example", "next_at": "soon", "held_until": 0, "days": {}}', b'{"host": 1, "next_at": 0, "held_until": 0, "days": []}'),
    *(b'{"host": "a.example", "next_at": NaN, "held_until": Infinity, "days": {}}', b"[" * 4000, bytes(5000)),
    b'{"host": "a.example", "next_at": 1e308, "held_until": 0, "days": {"never": 1}}',
    b'{"host": "a.example", "next_at": 0, "held_until": 0, "days": {"2027-01-15": {"zoo": "many"}}}',
    b'{"host": "a.example", "next_at": 0, "held_until": 0, "days": {"2027-01-15": [1]}}',
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_file_starts_afresh(budget: HostBudget, tmp_path: Path, content: bytes) -> None:
    budget.reserve(Turn("a.example", 1))
    (path,) = (tmp_path / "budget").iterdir()
    path.write_bytes(content)
    budget.usage()
    assert [budget.reserve(Turn("a.example", 1)), budget.reserve(Turn("a.example", 1))] == pytest.approx([0, 1])
    assert [(row.host, row.requests) for row in budget.usage()] == [("a.example", 2)]


@given(cut=st.integers(0, 200))
def test_a_file_that_was_cut_anywhere_starts_afresh(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("budget")
    budget = HostBudget(folder, clock=SetClock())
    budget.hold("a.example", 0)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:cut])
    assert [budget.reserve(Turn("a.example", 1)), budget.reserve(Turn("a.example", 1))] == pytest.approx([0, 1])


def test_a_clock_that_went_back_does_not_close_a_host_for_good(budget: HostBudget, clock: SetClock) -> None:
    budget.reserve(Turn("a.example", 1))
    budget.hold("a.example", 1e12)
    clock.now -= 400 * 86_400
    assert budget.reserve(Turn("a.example", 1)) <= 86_400


def test_a_folder_that_is_emptied_starts_afresh(budget: HostBudget, tmp_path: Path) -> None:
    budget.hold("a.example", 60)
    for path in (tmp_path / "budget").iterdir():
        path.unlink()
    assert budget.reserve(Turn("a.example", 1)) == 0


def test_a_folder_that_is_deleted_is_made_again(budget: HostBudget, tmp_path: Path) -> None:
    budget.reserve(Turn("a.example", 1, "zoo", Allowance(1, 10)))
    shutil.rmtree(tmp_path / "budget")
    assert budget.usage() == []
    assert budget.reserve(Turn("a.example", 1, "zoo", Allowance(1, 10))) == 0


def test_threads_share_a_budget(tmp_path: Path) -> None:
    budget = HostBudget(tmp_path, clock=SetClock())
    with ThreadPoolExecutor(16) as pool:
        due = sorted(pool.map(lambda _: budget.reserve(Turn("a.example", 10)), range(400)))
    assert due == pytest.approx([number / 10 for number in range(400)], abs=1e-3)


WORKER = """
import sys, time
from pathlib import Path
from harvest_assets.harvest.budget import HostBudget, Turn

def clock():
    global now
    now = time.time()
    return now

budget, until = HostBudget(Path(sys.argv[1]), clock=clock), float(sys.argv[2])
while time.time() < until:
    wait_seconds = budget.reserve(Turn("a.example", 40))
    print(now + wait_seconds, flush=True)
    time.sleep(wait_seconds)
"""


def test_two_processes_share_a_budget(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path), str(time.time() + 2)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=20)[0].split() for process in processes]
    moments = sorted(float(line) for output in outputs for line in output)
    assert [process.returncode for process in processes] == [0, 0]
    assert min(len(output) for output in outputs) > 3, "both took part"
    assert min(later - earlier for earlier, later in pairwise(moments)) == pytest.approx(1 / 40, abs=1e-4)
    assert sum(row.requests for row in HostBudget(tmp_path).usage()) == len(moments)


def test_a_reservation_takes_far_less_time_than_a_request(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    budget = HostBudget(tmp_path)
    began = time.perf_counter()
    for _ in range(500):
        budget.reserve(Turn("a.example", 1e9))
    micros = (time.perf_counter() - began) / 500 * 1e6
    record_property("microseconds", micros)
    assert micros < 2_000, "measured 2026-11: 22 on an idle machine; the limit only catches a change of kind"
