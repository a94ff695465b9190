"""Compression, conditional requests, rate hints, robots.txt: what the doctor reads of them, and what becomes of the pace."""

import gzip
import json
import threading
import time

import pytest

from harvest_assets.errors import RefusedError
from harvest_assets.stages.doctor.asking import Answered, Clock
from harvest_assets.stages.doctor.findings import Findings
from harvest_assets.stages.doctor.transport import Robots, examine_times, find_rate, parse_robots, read_rates
from harvest_assets_tests.stages.doctor.conftest import Asked, Diagnose, Reply, Site

BODY = json.dumps({"items": [{"id": 1}, {"id": 2}], "total": 2})


def test_a_server_that_does_all_it_can_is_told(site: Site, examine: Diagnose) -> None:
    def respond(asked: Asked) -> Reply:
        if asked.path == "/robots.txt":
            return Reply("User-agent: *\nCrawl-delay: 4\nDisallow: /private\n")
        if asked.headers.get("if-none-match") == '"v1"':
            return Reply(status=304)
        is_packed = "gzip" in asked.headers.get("accept-encoding", "")
        headers = {"ETag": '"v1"', "RateLimit-Policy": '"default";q=100;w=10', **({"Content-Encoding": "gzip"} if is_packed else {})}
        return Reply(gzip.compress(BODY.encode()) if is_packed else BODY, headers=headers)

    site.respond = respond
    seen = examine(f"{site.url}/things")
    assert seen["transport/compression"].answer == "gzip"
    assert seen["transport/conditional requests"].answer == "ETag; what did not change is answered with status 304"
    assert seen["transport/robots.txt"].answer == "allows the address, crawl-delay 4 s"
    assert seen["transport/rate"].answer.startswith("0.25 requests per second at most")
    assert seen.source.http.requests_per_second == 0.25
    assert seen["transport/response time"].answer.startswith("median ")


def test_a_server_that_does_nothing_of_it_is_told(site: Site, examine: Diagnose) -> None:
    site.respond = lambda asked: Reply("no", 404) if asked.path == "/robots.txt" else Reply(BODY, headers={"Last-Modified": "yesterday"})
    seen = examine(f"{site.url}/things")
    assert seen["transport/compression"].answer.startswith("none")
    assert seen["transport/conditional requests"].answer == "Last-Modified, but the same request again is answered with status 200"
    assert seen["transport/robots.txt"].answer == "none"
    assert seen["transport/encryption"].answer == "none, the address is http"
    assert seen.source.http.requests_per_second == 1000


def test_an_address_that_robots_may_not_ask_is_a_warning(site: Site, examine: Diagnose) -> None:
    site.respond = lambda asked: Reply("User-agent: *\nDisallow: /") if asked.path == "/robots.txt" else Reply(BODY)
    seen = examine(f"{site.url}/things")
    assert "transport/robots.txt" in seen.warned
    assert seen["transport/robots.txt"].answer.startswith("disallows the address for robots, no crawl-delay")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User-agent: *\nCrawl-delay: 10", Robots(10, is_allowed=True)),
        ("User-agent: *\nCrawl-delay: 0.5", Robots(1, is_allowed=True)),
        ("User-agent: *\nRequest-rate: 1/5", Robots(5, is_allowed=True)),
        ("User-agent: harvest-assets\nDisallow: /oai\n\nUser-agent: *\nCrawl-delay: 9", Robots(None, is_allowed=False)),
        ("User-agent: *\nDisallow: http://[broken\nCrawl-delay: \u0663\u00b2\n", Robots(None, is_allowed=True)),
        ("", Robots(None, is_allowed=True)),
    ],
)
def test_robots_txt_is_read_for_our_name(text: str, expected: Robots) -> None:
    assert parse_robots(text, "https://repo.example/oai") == expected


@pytest.mark.parametrize(
    ("headers", "rates"),
    [
        ({"ratelimit-policy": '"burst";q=100;w=60, "daily";q=86400;w=86400'}, [100 / 60, 1.0]),
        ({"ratelimit-limit": "10, 10;w=1, 50;w=60"}, [10.0, 50 / 60]),
        ({"x-ratelimit-limit": "60"}, []),
        ({"ratelimit-policy": "0;w=0, x;w=y"}, []),
        ({}, []),
    ],
)
def test_only_a_quota_with_its_window_says_how_fast(headers: dict[str, str], rates: list[float]) -> None:
    assert read_rates(headers) == rates


def test_the_slowest_hint_counts_and_a_lonely_limit_is_only_shown() -> None:
    findings = Findings("transport")
    fast = Answered(200, 0.1, 10, {"ratelimit-policy": "10;w=1"})
    assert find_rate([fast], Robots(2.0, is_allowed=True), findings) == 0.5
    assert find_rate([Answered(200, 0.1, 10, {"x-ratelimit-limit": "60\x1b[31m"})], Robots(None, is_allowed=True), findings) is None
    assert findings.made[-1].answer == "x-ratelimit-limit: 60\N{REPLACEMENT CHARACTER}[31m"
    assert find_rate([Answered(429, None, 0, {"retry-after": "7"})], Robots(None, is_allowed=True), findings) is None
    assert [each.name for each in findings][-2:] == ["rate", "busy"]


def test_a_slow_server_is_a_warning() -> None:
    findings = Findings("transport")
    examine_times([Answered(200, 0.5, 1, {}), Answered(200, 12.0, 1, {}), Answered(503, None, 0, {})], findings)
    assert (findings.made[0].answer, findings.made[0].standing) == ("median 6.250 s, 95 % within 12.000 s, 2 answers", "warning")
    examine_times([], findings)
    assert len(findings.made) == 1


def test_nobody_sleeps_beyond_the_end_of_an_examination() -> None:
    clock = Clock(60)
    clock.sleep(0.001)
    assert clock.slept == 0.001
    with pytest.raises(RefusedError, match="the 60 s of an examination are used up; the rest was not asked"):
        clock.sleep(61)
    in_another_thread: list[float] = []
    thread = threading.Thread(target=lambda: in_another_thread.append(clock.slept))
    thread.start()
    thread.join()
    assert in_another_thread == [0.0]
    over = Clock(0)
    time.sleep(0.001)
    with pytest.raises(RefusedError, match="the 0 s of an examination are used up"):
        over.check()
