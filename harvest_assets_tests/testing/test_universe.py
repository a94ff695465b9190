"""The universe as a whole: its addresses, what it remembers, its start and its end."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from time import monotonic

import pytest
import requests
from lxml import etree

from harvest_assets.errors import ConfigurationError
from harvest_assets.testing import Faults, Repository, Universe

FIRST = "oai:library.example:0000000"


def test_addresses_lie_under_one_loopback_origin(universe: Universe, library: Repository) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", universe.url)
    assert universe.oai_url(library.name) == f"{universe.url}/oai/library"
    assert universe.json_url("library") == f"{universe.url}/json/library/next"
    assert universe.json_url("library", "cursor") == f"{universe.url}/json/library/cursor"
    assert universe.files_url == f"{universe.url}/files"
    assert universe.repository("library") is library


def test_the_front_page_lists_the_addresses(universe: Universe, library: Repository, session: requests.Session) -> None:
    lines = session.get(universe.url, timeout=10).text.splitlines()
    assert lines == universe.describe()
    assert f"{universe.oai_url(library.name)}?verb=Identify" in lines
    assert all(session.get(line, timeout=10).status_code == 200 for line in lines)


def test_requests_are_remembered_until_cleared(universe: Universe, library: Repository, session: requests.Session) -> None:
    session.get(universe.oai_url(library.name), params={"verb": "Identify"}, timeout=10)
    session.head(f"{universe.files_url}/a.pdf", timeout=10)
    assert universe.requests == [("GET", "/oai/library", "verb=Identify"), ("HEAD", "/files/a.pdf", "")]
    universe.clear_requests()
    assert universe.requests == []


def test_many_threads_ask_at_once_and_none_is_lost(universe: Universe, library: Repository) -> None:
    def ask(number: int) -> int:
        url = f"{universe.json_url(library.name, 'offset')}?offset={number}"
        return requests.get(url, timeout=10).json()["total"]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(64))) == {25}
    assert sorted(int(seen.arguments["offset"]) for seen in universe.requests) == list(range(64))


def test_one_connection_serves_many_requests(universe: Universe, library: Repository) -> None:
    connection = HTTPConnection("127.0.0.1", int(universe.url.rpartition(":")[2]), timeout=10)
    connection.connect()
    used = connection.sock
    with closing(connection):
        for _ in range(3):
            connection.request("GET", f"/landing/{library.name}/{FIRST}")
            with connection.getresponse() as response:
                assert response.read().startswith(b"<!DOCTYPE html>")
            assert connection.sock is used


def test_landing_pages_follow_their_records(universe: Universe, library: Repository, session: requests.Session) -> None:
    library.change(FIRST, at=datetime(2026, 5, 1, tzinfo=UTC), title="A & B")
    url = f"{universe.url}/landing/library/{FIRST}"
    page = session.get(url, timeout=10)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<title>A &amp; B</title>" in page.text
    library.delete(FIRST, at=datetime(2026, 5, 2, tzinfo=UTC))
    assert session.get(url, timeout=10).status_code == 410
    assert session.get(f"{url}9", timeout=10).status_code == 404


@pytest.mark.parametrize("path", ["/nowhere", "/oai/nobody", "/oai/library/more", "/landing/nobody/x", "/nowhere/library"])
def test_other_paths_are_not_found(universe: Universe, library: Repository, session: requests.Session, path: str) -> None:
    assert library.name == "library"
    assert session.get(universe.url + path, timeout=10).status_code == 404


def test_other_methods_are_not_allowed(universe: Universe, library: Repository, session: requests.Session) -> None:
    refused = session.post(universe.json_url(library.name), timeout=10)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert session.delete(universe.oai_url(library.name), timeout=10).status_code == 405


def test_a_repository_takes_the_place_of_one_of_its_name(universe: Universe, library: Repository, walk: Callable[..., list[str]]) -> None:
    assert len(walk()) == len(library.identifiers()) == 25
    universe.add(Repository.generate("library", 3, seed=1))
    assert len(walk()) == 3


def test_what_does_not_exist_is_named(universe: Universe, library: Repository) -> None:
    with pytest.raises(ConfigurationError, match=r"universe: no repository 'nobody'; there are \['library'\], add it first"):
        universe.faults("nobody", Faults())
    with pytest.raises(ConfigurationError, match="universe: JSON style 'pages' is not one of next, link, page, offset, cursor, jsonapi"):
        universe.json_url(library.name, "pages")
    with pytest.raises(ConfigurationError, match="universe: it has no address yet; start it, or give it a port"):
        _ = Universe().url


def test_stopping_ends_connections_and_threads_and_frees_the_port() -> None:
    before = set(threading.enumerate())
    universe = Universe().start()
    assert universe.start() is universe
    url, port = universe.url, int(universe.url.rpartition(":")[2])
    universe.add(Repository.generate("library", 5, seed=1))
    universe.faults("library", Faults(byte_seconds=30))
    with requests.Session() as session, session.get(universe.oai_url("library"), stream=True, timeout=10) as dripping:
        assert dripping.status_code == 200
        started = monotonic()
        universe.stop()
        assert monotonic() - started < 2
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
    assert set(threading.enumerate()) <= before
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=2)
    with Universe(port) as again:
        assert again.url == url


def test_stopping_does_not_wait_for_a_late_answer() -> None:
    universe = Universe().start()
    universe.add(Repository.generate("library", 5, seed=1))
    universe.faults("library", Faults(latency_seconds=60))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(requests.get, universe.oai_url("library"), timeout=20)
        while not universe.requests:
            pass
        universe.stop()
        with pytest.raises(requests.ConnectionError):
            waiting.result(timeout=5)


def test_it_runs_alone_and_prints_its_addresses(session: requests.Session) -> None:
    command = [sys.executable, "-m", "harvest_assets.testing", "--today", "2026-06-15", "--night", "--benchmark", "20", "--page-size", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in range(4 * 10 + 1)]
            assert lines[-1].endswith("/files/example.pdf")
            answer = etree.fromstring(session.get(lines[0], timeout=10).content)
            assert answer.findtext(".//{*}repositoryName") == "Repository demo-library"
            benchmark = next(line for line in lines if line.endswith("/json/benchmark/page"))
            assert session.get(benchmark, timeout=10).json()["total"] == 20
            faults = next(line for line in lines if line.endswith("/faults/demo-museum"))
            assert session.get(faults, timeout=10).json() == {"half_list": "2026-06-15"}
        finally:
            process.terminate()
