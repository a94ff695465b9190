"""robots.txt where a source asks to respect it: what may be asked for, how fast, how often the file itself is asked for."""

import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.errors import PermanentError
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.model.exchange import Exchange

Serve = Callable[..., Any]
Build = Callable[..., RequestsClient]
Reply = Callable[..., bytes]

DAY = 86_400


@pytest.fixture
def site(serve: Serve, reply: Reply) -> Callable[..., Any]:
    """A site with this robots.txt; everything else is there."""

    def start(text: str | bytes, status: int = 200, **headers: str) -> Any:
        body = text if isinstance(text, bytes) else text.encode()
        return serve(lambda request: [reply(body, status, **headers) if request.target == "/robots.txt" else reply(b"here")])

    return start


def targets(server: Any) -> list[str]:
    return [request.target for request in server.requests]


def test_robots_txt_is_not_asked_for_by_default(site: Any, client: RequestsClient) -> None:
    server = site("User-agent: *\nDisallow: /")
    assert client.get(server.url("/oai")).body == b"here"
    assert targets(server) == ["/oai"]


def test_the_first_request_asks_for_robots_txt_and_the_others_of_the_day_do_not(site: Any, build_client: Build, slept: Any) -> None:
    server = site("User-agent: *\nDisallow: /private")
    for _ in range(2):  # the second client reads what the first one was told
        client = build_client(robots=True)
        client.get(server.url("/a"))
        client.head(server.url("/b"))
    assert targets(server) == ["/robots.txt", "/a", "/b", "/a", "/b"]
    slept.now += DAY + 1
    client.get(server.url("/c"))
    assert targets(server)[5:] == ["/robots.txt", "/c"]


def test_threads_ask_for_robots_txt_once(site: Any, build_client: Build) -> None:
    server = site("")
    clients = [build_client(robots=True, requests_per_second=1e6) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: clients[number % 4].get(server.url(f"/{number}")), range(40)))
    assert targets(server).count("/robots.txt") == 1
    assert len(targets(server)) == 41


WORKER = """
import sys
from pathlib import Path
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient

settings = HttpSettings("tests (+mailto:tests@example.org)", allowed_networks=("loopback",), requests_per_second=1000.0, robots=True)
with RequestsClient(settings, HostBudget(Path(sys.argv[1]))) as client:
    print(client.get(sys.argv[2]).body)
"""


def test_processes_ask_for_robots_txt_once(site: Any, tmp_path: Path) -> None:
    server = site("User-agent: *\nDisallow: /private")
    command = [sys.executable, "-c", WORKER, str(tmp_path), server.url("/a")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=30)[0] for process in processes] == ["b'here'\n"] * 2
    assert sorted(targets(server)) == ["/a", "/a", "/robots.txt"]


def test_an_address_that_is_not_allowed_is_refused_unasked(site: Any, build_client: Build, exchanges: list[Exchange]) -> None:
    server = site("User-agent: *\nDisallow: /private\n")
    message = (
        r"GET 'http://127\.0\.0\.1:\d+/private/oai\?key=\*\*\*': robots\.txt of 'http://127\.0\.0\.1:\d+' does not allow 'harvest-tests' "
        r"to ask for this address; ask the publisher, or another address"
    )
    with pytest.raises(PermanentError, match=message) as caught:
        build_client(robots=True).get(server.url("/private/oai?key=abc"))
    assert caught.value.failure == "robots"
    assert targets(server) == ["/robots.txt"]
    assert [(exchange.method, exchange.status) for exchange in exchanges] == [("GET", 200), ("GET", 0)]


def test_the_rules_for_our_product_token_count_before_those_for_all(site: Any, build_client: Build) -> None:
    server = site("User-agent: *\nDisallow: /\n\nUser-agent: harvest-assets\nDisallow: /x\n")
    client = build_client(robots=True, user_agent="harvest-assets/0.1 (+mailto:tests@example.org)")
    assert client.get(server.url("/a")).body == b"here"
    with pytest.raises(PermanentError, match=r"does not allow 'harvest-assets' to ask"):
        client.get(server.url("/x"))


def test_a_redirect_to_what_is_not_allowed_is_refused(serve: Serve, site: Any, build_client: Build, reply: Reply) -> None:
    other = site("User-agent: *\nDisallow: /")
    server = serve(reply(b"", 404), reply(b"", 302, location=other.url("/there")))
    with pytest.raises(PermanentError, match=rf"robots\.txt of 'http://127\.0\.0\.1:{other.port}' does not allow"):
        build_client(robots=True).get(server.url("/a"))
    assert (targets(server), targets(other)) == (["/robots.txt", "/a"], ["/robots.txt"])


@pytest.mark.parametrize(
    ("line", "pause"),
    [
        ("Crawl-delay: 7", 7),
        ("crawl-delay:0.5 # half", 1),
        ("Crawl-delay: 2.01", 3),
        ("Request-rate: 1/9", 9),
        ("Request-rate: 2/9", 4.5),
        ("Crawl-delay: 3\nRequest-rate: 1/8", 8),
        ("Crawl-delay: 0", 0.25),
        ("Request-rate: 0/9", 0.25),
        ("Request-rate: 1/0", 0.25),
        ("Request-rate: 100/1", 0.25),
        ("Crawl-delay: soon", 0.25),
    ],
)
def test_requests_are_never_faster_than_the_site_asks_for(site: Any, build_client: Build, slept: Any, line: str, pause: float) -> None:
    server = site(f"User-agent: *\r\n{line}\r\n")
    client = build_client(robots=True, requests_per_second=4)
    client.get(server.url("/a"))
    slept.sleeps.clear()
    client.get(server.url("/b"))
    client.get(server.url("/c"))
    assert slept.sleeps == [pytest.approx(pause), pytest.approx(pause)]


@pytest.mark.parametrize("line", ["Crawl-delay: 601", f"Crawl-delay: {'9' * 400}", f"Request-rate: 1/{'9' * 400}"])
def test_a_pause_with_which_nothing_ends_is_refused(site: Any, build_client: Build, line: str) -> None:
    server = site(f"User-agent: *\n{line}\n")
    with pytest.raises(
        PermanentError, match=r"asks for \S+ s between two requests, more than 600; ask the publisher, or leave 'http\.robots'"
    ):
        build_client(robots=True).get(server.url("/a"))
    assert targets(server) == ["/robots.txt"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_missing_robots_txt_means_no_limits(
    site: Any, build_client: Build, caplog: pytest.LogCaptureFixture, slept: Any, status: int
) -> None:
    server = site("User-agent: *\nDisallow: /", status)
    client = build_client(robots=True)
    client.get(server.url("/a"))
    slept.now += DAY - 10
    client.get(server.url("/b"))
    assert targets(server) == ["/robots.txt", "/a", "/b"]
    assert caplog.text == ""


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_site_in_trouble_is_asked_again_in_an_hour(
    site: Any, build_client: Build, caplog: pytest.LogCaptureFixture, slept: Any, status: int
) -> None:
    server = site("User-agent: *\nDisallow: /", status)
    client = build_client(robots=True, max_attempts=1)
    client.get(server.url("/a"))
    client.get(server.url("/b"))
    slept.now += 3601
    build_client(robots=True, max_attempts=1).get(server.url("/c"))
    assert targets(server) == ["/robots.txt", "/a", "/b", "/robots.txt", "/c"]
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        f"robots.txt of {server.url('')!r}: status {status}; no delay known, asked again in an hour"
    ] * 2


def test_no_answer_is_no_limit_and_asked_again_in_an_hour(
    serve: Serve, build_client: Build, reply: Reply, caplog: pytest.LogCaptureFixture, slept: Any
) -> None:
    server = serve(lambda request: [None] if request.target == "/robots.txt" else [reply(b"here")])
    client = build_client(robots=True, max_attempts=1)
    assert [client.get(server.url("/a")).body, client.get(server.url("/b")).body] == [b"here", b"here"]
    slept.now += 3601
    client.get(server.url("/c"))
    assert targets(server) == ["/robots.txt", "/a", "/b", "/robots.txt", "/c"]
    assert "no delay known, asked again in an hour: GET" in caplog.text


def test_where_one_source_may_not_go_another_one_still_asks(site: Any, build_client: Build) -> None:
    server = site("User-agent: *\nDisallow: /x")
    with pytest.raises(PermanentError, match=r"is loopback and may not be reached"):
        build_client(robots=True, allowed_networks=()).get(server.url("/x"))
    with pytest.raises(PermanentError, match=r"robots\.txt of .* does not allow"):
        build_client(robots=True).get(server.url("/x"))


def test_only_the_start_of_an_endless_robots_txt_is_read(site: Any, build_client: Build) -> None:
    rules = b"User-agent: *\nDisallow: /a\n"
    server = site(rules + b"#" * 600_000 + b"\nDisallow: /b\n", content_type="text/plain")
    client = build_client(robots=True)
    assert client.get(server.url("/b")).body == b"here"
    with pytest.raises(PermanentError, match="does not allow"):
        client.get(server.url("/a"))


@pytest.mark.parametrize(
    "line", [b"Disallow: http://[", b"Crawl-delay: \xc2\xb2", b"Crawl-delay: " + b"9" * 5000, b"\xff\xfe\x00:", b"Disallow: //\xe2\x84\x80"]
)
def test_a_line_that_cannot_be_read_takes_no_other_with_it(site: Any, build_client: Build, line: bytes) -> None:
    server = site(b"\xef\xbb\xbfUser-agent: *\n" + line + b"\nDisallow: /x\n")
    client = build_client(robots=True)
    assert client.get(server.url("/a")).body == b"here"
    with pytest.raises(PermanentError, match="does not allow"):
        client.get(server.url("/x"))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"until": "x", "text": ""}', b'{"until": 1e300, "text": "User-agent: *\\nDisallow: /"}']
)
def test_a_broken_file_of_ours_is_as_good_as_none(site: Any, build_client: Build, tmp_path: Path, content: bytes) -> None:
    server = site("")
    build_client(robots=True).get(server.url("/a"))
    (path,) = (tmp_path / "budget" / "robots").iterdir()
    path.write_bytes(content)
    build_client(robots=True).get(server.url("/b"))
    assert targets(server) == ["/robots.txt", "/a", "/robots.txt", "/b"]


def test_robots_txt_is_asked_for_within_the_budget(site: Any, build_client: Build, slept: Any) -> None:
    server = site("")
    client = build_client(robots=True, requests_per_second=2, source="zoo")
    client.get(server.url("/a"))
    assert slept.sleeps == [pytest.approx(0.5)]
    assert [(row.user, row.requests) for row in client._budget.usage()] == [("zoo", 2)]


def test_secrets_do_not_go_to_robots_txt(site: Any, build_client: Build) -> None:
    server = site("")
    build_client(robots=True, headers={"X-Api-Key": "k3y", "Accept": "text/xml"}).get(server.url("/a"))
    assert [request.headers.get("x-api-key") for request in server.requests] == [None, "k3y"]
