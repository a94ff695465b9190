"""Availability over real sockets: what a look finds, what is kept of it, and that a slow server costs the others nothing."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.errors import ConfigurationError
from harvest_assets.stages import availability
from harvest_assets.stages.availability import (
    Availability,
    Lookout,
    check,
    describe_history,
    find_due_looks,
    find_outage,
    history,
    is_up_now,
    latest,
    uptime,
)
from harvest_assets.stages.installation import Installation
from harvest_assets.testing.exchange import Answer, Question, answer_text
from harvest_assets.testing.server import LoopbackServer

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
IDENTIFY = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><Identify></Identify></OAI-PMH>'


class Servers:
    """Sources, each with a server of its own that answers with a status, or not before the test says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.statuses: dict[str, int] = {}
        self.released = threading.Event()
        self.asked = threading.Event()
        self._servers: list[LoopbackServer] = []
        (folder / "config" / "sources").mkdir(parents=True)

    def add(self, slug: str, status: int = 200, **keys: Any) -> None:
        self.statuses[slug] = status
        server = LoopbackServer(0, lambda question, slug=slug: self._answer(slug, question))
        server.open()
        self._servers.append(server)
        self.configure(slug, server.server_port, **keys)

    def configure(self, slug: str, port: int, **keys: Any) -> None:
        content = {
            "title": slug,
            "protocol": "oai-pmh",
            "url": f"http://127.0.0.1:{port}/oai",
            "options": {"metadata_prefix": "oai_dc"},
            "tasks": [],
            "http": {"requests_per_second": 1000, "max_attempts": 1},
            "network": {"allow": ["loopback"]},
            "availability": {"every": "1h", "timeout_seconds": 30.0},
            **keys,
        }
        (self.folder / "config" / "sources" / f"{slug}.yaml").write_text(json.dumps(content))

    @property
    def installation(self) -> Installation:
        return Installation.open(
            {
                "HARVEST_CONFIG": str(self.folder / "config"),
                "HARVEST_STORE": str(self.folder / "store"),
                "HARVEST_STATE": str(self.folder / "state"),
                "HARVEST_CONTACT": "tests@example.org",
            }
        )

    def look(self, slug: str = "lib", now: datetime = NOW) -> Availability:
        installation = self.installation
        return check(installation, installation.catalog.source(slug), now)

    def _answer(self, slug: str, question: Question) -> Answer:
        assert question.method in {"GET", "HEAD"}
        if self.statuses[slug] == 0:
            self.asked.set()
            self.released.wait(30)
        return answer_text(self.statuses[slug] or 200, IDENTIFY)

    def close(self) -> None:
        self.released.set()
        for server in self._servers:
            server.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    made = Servers(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lookout() -> Iterator[Callable[[int], Lookout]]:
    made: list[Lookout] = []

    def build(threads: int) -> Lookout:
        made.append(Lookout(threads))
        return made[-1]

    yield build
    for each in made:
        each.close()


@pytest.mark.parametrize("status", [200, 401, 403, 429])
def test_a_source_that_answers_is_up_also_when_it_lets_nobody_in(servers: Servers, status: int) -> None:
    servers.add("lib", status)
    look = servers.look()
    assert (look.is_up, look.reason, look.checked_at, look.since) == (True, None, NOW, NOW)
    assert latest(servers.installation.store, "lib") == look


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_a_source_that_fails_or_is_not_there_is_down_with_the_reason(servers: Servers, status: int) -> None:
    servers.add("lib", status)
    look = servers.look()
    assert look.is_up is False
    assert f"status {status}" in str(look.reason)
    outage = find_outage(servers.installation.store, servers.installation.catalog.source("lib"), NOW)
    assert outage is not None
    assert (outage.since, outage.next_look_at, outage.reason) == (NOW, NOW + HOUR, look.reason)


def test_a_port_that_nobody_listens_at_is_down(servers: Servers) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        servers.configure("lib", probe.getsockname()[1])
        look = servers.look()
    assert look.is_up is False
    assert "\n" not in str(look.reason)


def test_an_address_that_we_may_not_ask_says_nothing_about_the_source(servers: Servers) -> None:
    servers.add("lib", network={"allow": []})
    look = servers.look()
    assert look.is_up is None
    assert "loopback" in str(look.reason) or "not allowed" in str(look.reason)
    assert find_outage(servers.installation.store, servers.installation.catalog.source("lib"), NOW) is None


def test_a_variable_that_is_not_set_is_no_look(servers: Servers) -> None:
    servers.add("lib", headers={"Authorization": "Bearer ${ENV:NO_SUCH_TOKEN}"})
    with pytest.raises(ConfigurationError, match="NO_SUCH_TOKEN"):
        servers.look()
    assert latest(servers.installation.store, "lib") is None


def test_the_state_lasts_since_the_first_of_equal_looks_without_a_gap(servers: Servers) -> None:
    servers.add("lib", 503)
    store, source = servers.installation.store, servers.installation.catalog.source("lib")
    assert [servers.look(now=NOW + number * HOUR).since for number in range(3)] == [NOW] * 3
    servers.statuses["lib"] = 200
    assert servers.look(now=NOW + 3 * HOUR).since == NOW + 3 * HOUR
    assert find_outage(store, source, NOW + 3 * HOUR) is None
    servers.statuses["lib"] = 503
    assert servers.look(now=NOW + 4 * HOUR).since == NOW + 4 * HOUR
    assert servers.look(now=NOW + 9 * HOUR).since == NOW + 9 * HOUR, "nobody looked for five hours"


def test_an_old_look_says_nothing(servers: Servers) -> None:
    servers.add("lib", 503)
    servers.look()
    store, source = servers.installation.store, servers.installation.catalog.source("lib")
    assert [is_up_now(store, source, NOW + 3 * HOUR), is_up_now(store, source, NOW + 3.1 * HOUR)] == [False, None]
    assert find_outage(store, source, NOW + 3.1 * HOUR) is None


def test_a_source_without_a_frequency_is_never_looked_at_and_never_down(servers: Servers) -> None:
    servers.add("lib", 503, availability={"every": None})
    servers.look()
    store, source = servers.installation.store, servers.installation.catalog.source("lib")
    assert (is_up_now(store, source, NOW), find_outage(store, source, NOW)) == (None, None)
    assert find_due_looks(servers.installation, NOW + 99 * HOUR) == []


def test_looks_are_due_by_their_own_frequency_the_longest_waiting_first(servers: Servers) -> None:
    servers.add("often", availability={"every": "10m"})
    servers.add("rarely", availability={"every": "1d"})
    servers.add("fresh")
    servers.add("off", enabled=False, disabled_reason="moved")
    servers.add("resting", frozen=True)
    servers.look("often")
    servers.look("rarely", NOW - HOUR)
    assert [each.slug for each in find_due_looks(servers.installation, NOW)] == ["fresh"]
    assert [each.slug for each in find_due_looks(servers.installation, NOW + 10 * HOUR / 60)] == ["fresh", "often"]
    assert [each.slug for each in find_due_looks(servers.installation, NOW + 30 * HOUR)] == ["fresh", "rarely", "often"]


def test_the_last_looks_are_kept_and_older_ones_dropped(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "KEPT", 3)
    servers.add("lib")
    for number in range(5):
        servers.look(now=NOW + number * HOUR)
    assert [each.checked_at for each in history(servers.installation.store, "lib")] == [NOW + number * HOUR for number in (4, 3, 2)]


def test_the_history_adds_up_to_an_uptime_and_outages(servers: Servers) -> None:
    servers.add("lib")
    for number, status in enumerate([200, 503, 503, 200, 500]):
        servers.statuses["lib"] = status
        servers.look(now=NOW + number * HOUR)
    looks = history(servers.installation.store, "lib")
    assert uptime(looks) == 0.4
    described = describe_history(looks)
    assert described is not None
    assert (described["looks"], described["uptime"], described["last"]["is_up"]) == (5, 0.4, False)
    spans = [(each["since"], each["until"]) for each in described["outages"]]
    assert spans == [((NOW + 4 * HOUR).isoformat(), None), ((NOW + HOUR).isoformat(), (NOW + 3 * HOUR).isoformat())]
    assert (uptime([]), describe_history([])) == (None, None)


def test_one_server_that_hangs_does_not_delay_the_looks_at_nineteen_others(servers: Servers, lookout: Callable[[int], Lookout]) -> None:
    servers.add("a-hanging", 0)
    for number in range(19):
        servers.add(f"lib{number:02d}")
    installation, small = servers.installation, lookout(2)
    found: list[availability.Round] = []
    tick = threading.Thread(target=lambda: found.append(small.look(installation, NOW, wait_seconds=60)))
    tick.start()
    assert servers.asked.wait(30)
    everyone = {f"lib{number:02d}" for number in range(19)}
    waiting = threading.Event()
    for _ in range(600):
        if set(installation.store.ledger.scopes(availability.KIND)) == everyone:
            break
        waiting.wait(0.05)
    assert set(installation.store.ledger.scopes(availability.KIND)) == everyone, "all but the one that hangs"
    assert tick.is_alive()
    servers.released.set()
    tick.join(30)
    assert sorted(each.source for each in found[0].looks) == ["a-hanging", *sorted(everyone)]


def test_a_round_does_not_wait_for_a_slow_look_and_the_next_one_takes_it_up(servers: Servers, lookout: Callable[[int], Lookout]) -> None:
    servers.add("a-slow", 0)
    servers.add("quick")
    both = lookout(2)
    seen: list[Availability] = []
    for _ in range(300):
        seen += (first := both.look(servers.installation, NOW, wait_seconds=0.1)).looks
        assert first.under_way[:1] == ["a-slow"]
        if seen:
            break
    assert [each.source for each in seen] == ["quick"]
    again = both.look(servers.installation, NOW, wait_seconds=0)
    assert (again.looks, again.under_way) == ([], ["a-slow"]), "it is not asked a second time"
    servers.released.set()
    last = both.look(servers.installation, NOW, wait_seconds=30)
    assert ([(each.source, each.is_up) for each in last.looks], last.under_way) == ([("a-slow", True)], [])


def test_what_a_round_had_no_time_to_begin_comes_first_in_the_next(servers: Servers, lookout: Callable[[int], Lookout]) -> None:
    servers.add("a-slow", 0)
    servers.add("quick")
    one = lookout(1)
    first = one.look(servers.installation, NOW, wait_seconds=0.5)
    assert (first.looks, first.under_way) == ([], ["a-slow"])
    servers.released.set()
    both = [look for _ in range(2) for look in one.look(servers.installation, NOW, wait_seconds=30).looks]
    assert sorted(each.source for each in both) == ["a-slow", "quick"]


def test_a_look_is_bounded_by_its_own_timeout(servers: Servers) -> None:
    servers.add("lib", 0, availability={"every": "1h", "timeout_seconds": 0.3})
    look = servers.look()
    assert look.is_up is False
    assert "0.3 s" in str(look.reason)


def test_a_source_that_cannot_be_asked_is_a_problem_and_the_others_are_looked_at(
    servers: Servers, lookout: Callable[[int], Lookout]
) -> None:
    servers.add("broken", headers={"X-Key": "${ENV:NO_SUCH_TOKEN}"})
    servers.add("lib")
    done = lookout(2).look(servers.installation, NOW, wait_seconds=30)
    assert [each.source for each in done.looks] == ["lib"]
    (problem,) = done.problems
    assert problem.startswith("broken: ")
    assert "NO_SUCH_TOKEN" in problem
