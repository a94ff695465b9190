"""The allowance of a source: N requests in a period are N, over hosts, threads and processes, whatever happens to its file."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.harvest.allowance import Allowance
from harvest_assets.harvest.budget import HostBudget, Turn

NOON = 1_800_014_400.0  # 2027-01-15T12:00:00Z


class PassingTime:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> PassingTime:
    return PassingTime()


@pytest.fixture
def budget(tmp_path: Path, clock: PassingTime) -> HostBudget:
    return HostBudget(tmp_path / "budget", clock=clock)


def await_turn(budget: HostBudget, clock: PassingTime, turn: Turn) -> float:
    """Wait as the client does, and return the moment at which the request is sent."""
    while (wait_seconds := budget.reserve(turn)) > 0:
        clock.now += wait_seconds
    return clock.now


def count_fullest(moments: list[float], seconds: float) -> int:
    """Requests in the fullest half-open window of this length."""
    return max(sum(start <= moment < start + seconds for moment in moments) for start in moments)


@pytest.mark.parametrize(("requests", "seconds"), [(1, 1.0), (1, 30.0), (5, 1.0), (10, 60.0), (100, 60.0), (500, 3600.0)])
def test_n_in_a_period_are_n(budget: HostBudget, clock: PassingTime, requests: int, seconds: float) -> None:
    allowance = Allowance(requests, seconds)
    sent = [await_turn(budget, clock, Turn("a.example", 1000, "zoo", allowance)) for _ in range(2 * requests + 3)]
    assert count_fullest(sent, seconds) == requests
    assert sent[requests] - sent[0] == pytest.approx(seconds, rel=0.06), "the next one comes a period later, and no later than that"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 30), min_size=30, max_size=60), st.integers(1, 7))
def test_no_window_holds_more_however_the_requests_come(
    tmp_path_factory: pytest.TempPathFactory, pauses: list[float], requests: int
) -> None:
    clock = PassingTime()
    budget = HostBudget(tmp_path_factory.mktemp("budget"), clock=clock)
    sent: list[float] = []
    for number, pause in enumerate(pauses):
        clock.now += pause
        if number % 7 == 3:
            budget.hold("a.example", pause)
        sent.append(await_turn(budget, clock, Turn("ab"[number % 2] + ".example", 2, "zoo", Allowance(requests, 20.0))))
    assert count_fullest(sent, 20.0) <= requests


def test_the_hosts_of_a_source_share_its_allowance_and_sources_do_not(budget: HostBudget, clock: PassingTime) -> None:
    allowance = Allowance(2, 10.0)
    assert [budget.reserve(Turn(host, 5, "zoo", allowance)) for host in ("a.example", "b.example")] == [0, 0]
    assert budget.reserve(Turn("c.example", 5, "zoo", allowance)) == pytest.approx(10.25)
    assert budget.reserve(Turn("c.example", 5, "arc", allowance)) == 0
    assert await_turn(budget, clock, Turn("c.example", 5, "zoo", allowance)) == pytest.approx(NOON + 10.25)


def test_who_has_used_up_its_allowance_keeps_no_other_from_the_host(budget: HostBudget) -> None:
    for _ in range(3):
        budget.reserve(Turn("a.example", 5, "zoo", Allowance(1, 3600.0)))
    assert budget.reserve(Turn("a.example", 5, "arc")) == pytest.approx(0.2)
    assert [(row.user, row.requests) for row in budget.usage()] == [("arc", 1), ("zoo", 1)]


def test_both_have_to_be_free(budget: HostBudget, clock: PassingTime) -> None:
    for _ in range(5):
        budget.reserve(Turn("a.example", 1, "arc"))
    assert budget.reserve(Turn("a.example", 1, "zoo", Allowance(1, 60.0))) == pytest.approx(5)
    clock.now += 5
    assert budget.reserve(Turn("a.example", 1, "zoo", Allowance(1, 60.0))) == pytest.approx(60.25), "from when it was sent"


def test_a_request_that_was_put_off_by_a_hold_counts_from_when_it_was_sent(budget: HostBudget, clock: PassingTime) -> None:
    allowance = Allowance(1, 10.0)
    budget.reserve(Turn("a.example", 1, "arc"))
    turn = Turn("a.example", 1, "zoo", allowance)
    clock.now += budget.reserve(turn)
    budget.hold("a.example", 100)
    assert await_turn(budget, clock, turn) == pytest.approx(NOON + 101)
    assert budget.reserve(Turn("b.example", 1, "zoo", allowance)) == pytest.approx(10.25)


@pytest.mark.parametrize(("before", "after", "free"), [(3, 5, 2), (5, 3, 0), (3, 3, 0)])
def test_another_allowance_knows_what_was_sent_under_the_one_before(
    budget: HostBudget, clock: PassingTime, before: int, after: int, free: int
) -> None:
    for _ in range(before):
        assert await_turn(budget, clock, Turn("a.example", 1000, "zoo", Allowance(before, 60.0))) < NOON + 1
    clock.now += 1
    waits = [budget.reserve(Turn("b.example", 1000, "zoo", Allowance(after, 60.0))) for _ in range(free + 1)]
    assert [wait < 1 for wait in waits] == [True] * free + [False]


@pytest.mark.parametrize("content", [b"", b"x", bytes(16), b"\xff" * 160, b"\x02" + bytes(7) + b"\x09" + bytes(7), b"\x7f" * 40])
def test_a_broken_file_starts_afresh(budget: HostBudget, tmp_path: Path, clock: PassingTime, content: bytes) -> None:
    budget.reserve(Turn("a.example", 1, "zoo", Allowance(2, 60.0)))
    (path,) = (tmp_path / "budget").glob("*.moments")
    path.write_bytes(content)
    clock.now += 3600
    sent = [await_turn(budget, clock, Turn("a.example", 1000, "zoo", Allowance(2, 60.0))) for _ in range(5)]
    assert count_fullest(sent, 60.0) == 2


def test_a_clock_that_went_back_does_not_stop_a_source_for_good(budget: HostBudget, clock: PassingTime) -> None:
    budget.reserve(Turn("a.example", 1000, "zoo", Allowance(1, 60.0)))
    clock.now -= 400 * 86_400
    assert await_turn(budget, clock, Turn("b.example", 1000, "zoo", Allowance(1, 60.0))) < NOON - 399 * 86_400


def test_threads_share_an_allowance(budget: HostBudget, clock: PassingTime) -> None:
    turns = [Turn("a.example", 1e9, "zoo", Allowance(40, 60.0)) for _ in range(100)]
    rounds: list[int] = []
    with ThreadPoolExecutor(16) as pool:
        while turns:
            waits = list(pool.map(budget.reserve, turns))
            turns = [turn for turn, wait in zip(turns, waits, strict=True) if wait > 1]
            rounds.append(len(waits) - len(turns))
            clock.now += max(waits)
    assert rounds == [40, 40, 20]


WORKER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from harvest_assets.harvest.allowance import Allowance
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient

settings = HttpSettings("tests (+mailto:tests@example.org)", source="zoo", allowed_networks=("loopback",), requests_per_second=500.0,
                        rate_limit=Allowance(15, 2.0))
with RequestsClient(settings, HostBudget(Path(sys.argv[1]))) as client, ThreadPoolExecutor(4) as pool:
    print(len(list(pool.map(lambda _: client.get(sys.argv[2]), range(16)))))
"""


@pytest.fixture
def arrivals() -> list[float]:
    return []


@pytest.fixture
def server(arrivals: list[float]) -> object:
    """A server that notes when requests arrive."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            arrivals.append(time.monotonic())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.daemon_threads = True
    thread = Thread(target=found.serve_forever, args=(0.01,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def test_two_processes_share_an_allowance_as_the_server_sees_it(tmp_path: Path, server: ThreadingHTTPServer, arrivals: list[float]) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path), f"http://127.0.0.1:{server.server_port}/"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=30)[0] for process in processes] == ["16\n", "16\n"]
    assert len(arrivals) == 32
    assert count_fullest(arrivals, 2.0) == 15
    assert [(row.user, row.requests) for row in HostBudget(tmp_path).usage()] == [("zoo", 32)]


KILLED = """
import sys
from pathlib import Path
from harvest_assets.harvest.allowance import Allowance
from harvest_assets.harvest.budget import HostBudget, Turn

budget = HostBudget(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    budget.reserve(Turn("a.example", 1e6, "zoo" * (number % 9), Allowance(5 + number % 3, 0.001)))
    if number == 200:
        print("busy", flush=True)
"""


def test_a_process_that_is_killed_leaves_files_that_can_be_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
        budget = HostBudget(tmp_path)
        before = sum(row.requests for row in budget.usage())
        turn = Turn("a.example", 1e6, "zoo", Allowance(5, 0.001))
        while (wait_seconds := budget.reserve(turn)) > 0:
            time.sleep(wait_seconds)
        assert sum(row.requests for row in budget.usage()) == before + 1
        assert before > 50
    assert caplog.text == "", "no file had to be started afresh"
