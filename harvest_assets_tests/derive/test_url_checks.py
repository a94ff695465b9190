"""URL checks against a real server that answers as servers do."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harvest_assets.derive.url_checks import UrlChecks
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.interfaces import Finding, HttpClient, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.testing.tools import build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

Check = Callable[..., Derivative]
Describe = Callable[..., TaskInput]

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def check(client: HttpClient, describe_file: Describe) -> Check:
    """Check one address; with an earlier result at a later time."""
    made: list[tuple[Derivative, datetime]] = []

    def run(url: str, *, earlier: Derivative | None = None, now: datetime = NOW, **options: int) -> Derivative:
        task = build_task(UrlChecks, build_tools(client, now=now), **options)
        document = describe_file(url)
        if earlier:
            (at,) = (when for result, when in made if result is earlier)
            finding = Finding(earlier.status, earlier.output, earlier.reason, at.isoformat())
            document = TaskInput(document.srn, "file", None, url, None, earlier=finding)
        (result,) = task.derive([document])
        made.append((result, now))
        return result

    return run


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (203, "ok"),
        (204, "ok"),
        (300, "refused"),
        (302, "refused"),
        (401, "refused"),
        (403, "refused"),
        (404, "not_found"),
        (405, "refused"),
        (410, "gone"),
        (416, "ok"),
        (429, "refused"),
        (451, "refused"),
        (500, "server_error"),
        (501, "server_error"),
        (503, "server_error"),
        (599, "server_error"),
        (799, "refused"),
    ],
)
def test_every_answer_is_a_result(site: Site, check: Check, status: int, outcome: str) -> None:
    result = check(site.serve("/file", status))
    assert (result.status, result.reason, result.failure) == ("succeeded", None, None)
    assert (result.output["status"], result.output["outcome"]) == (status, outcome)


def test_the_whole_output_of_a_plain_file(site: Site, check: Check) -> None:
    answer = {"content_type": "Application/PDF; charset=binary", "etag": '"v1"', "last_modified": "Sat, 21 Nov 2026 03:00:00 GMT"}
    url = site.serve("/file.pdf", 200, b"%PDF-1.7", **answer)
    result = check(url)
    assert result.output == {
        "outcome": "ok",
        "status": 200,
        "final_url": url,
        "redirects": "no",
        "hops": [],
        "content_type": "application/pdf",
        "content_length": 8,
        "etag": '"v1"',
        "last_modified": "Sat, 21 Nov 2026 03:00:00 GMT",
        "method": "HEAD",
        "suspicions": [],
        "observations": 0,
        "first_missed_at": None,
        "last_seen_at": None,
        "is_gone": False,
        "address_sha256": hashlib.sha256(url.encode()).hexdigest(),
    }
    assert result.again_after == timedelta(days=30)
    assert site.seen == [("HEAD", "/file.pdf")]


@pytest.mark.parametrize(
    ("statuses", "redirects", "outcome"),
    [
        ([301], "permanent", "moved"),
        ([308, 301], "permanent", "moved"),
        ([302], "temporary", "ok"),
        ([303], "temporary", "ok"),
        ([301, 302], "temporary", "ok"),
        ([307, 308], "temporary", "ok"),
    ],
)
def test_redirects_are_permanent_only_when_every_one_is(
    site: Site, check: Check, statuses: list[int], redirects: str, outcome: str
) -> None:
    for number, status in enumerate(statuses):
        site.serve(f"/hop{number}", status, location=f"/hop{number + 1}")
    site.serve(f"/hop{len(statuses)}", 200, b"file")
    output = check(site.url("/hop0")).output
    assert (output["redirects"], output["outcome"], output["status"]) == (redirects, outcome, 200)
    assert output["final_url"] == site.url(f"/hop{len(statuses)}")
    kinds = ["permanent" if status in {301, 308} else "temporary" for status in statuses]
    assert output["hops"] == [
        {"status": status, "url": site.url(f"/hop{number + 1}"), "kind": kind}
        for number, (status, kind) in enumerate(zip(statuses, kinds, strict=True))
    ]


def test_a_permanent_redirect_to_nothing_is_not_found(site: Site, check: Check) -> None:
    site.serve("/away", 404)
    output = check(site.serve("/file", 301, location="/away")).output
    assert (output["redirects"], output["outcome"], output["status"]) == ("permanent", "not_found", 404)


@pytest.mark.parametrize("refusal", [400, 403, 404, 405, 410, 500, 501, 503])
def test_a_get_decides_where_head_is_refused(site: Site, check: Check, refusal: int) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.command == "HEAD":
            request.send_response(refusal)
            request.end_headers()
            return
        assert request.headers["Range"] == "bytes=0-16383"
        request.send_response(206)
        request.send_header("Content-Type", "video/mp4")
        request.send_header("Content-Length", "1024")
        request.send_header("Content-Range", "bytes 0-1023/5000000")
        request.end_headers()
        request.wfile.write(bytes(1024))

    output = check(site.serve_with("/film", answer)).output
    assert (output["status"], output["outcome"], output["method"]) == (200, "ok", "GET")
    assert (output["content_type"], output["content_length"]) == ("video/mp4", 5_000_000)
    assert site.seen == [("HEAD", "/film"), ("GET", "/film")]


def test_a_server_that_is_asked_too_often_is_not_asked_once_more(site: Site, check: Check) -> None:
    result = check(site.serve("/file", 429))
    assert site.seen == [("HEAD", "/file")]
    assert (result.output["outcome"], result.again_after) == ("refused", DAY)


def answer_by_method(head: dict[str, str], get: dict[str, str], body: bytes, *, get_status: int = 200) -> Callable[..., None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        is_head = request.command == "HEAD"
        request.send_response(200 if is_head else get_status)
        for name, value in (head if is_head else get | {"Content-Length": str(len(body))}).items():
            request.send_header(name, value)
        request.end_headers()
        if not is_head:
            request.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("/a.pdf", {"Content-Type": "text/html", "Content-Length": "7"}),
        ("/a", {"Content-Type": "application/pdf", "Content-Length": "0"}),
        ("/a.PDF", {}),
    ],
)
def test_a_get_decides_where_head_lies(site: Site, check: Check, path: str, head: dict[str, str]) -> None:
    url = site.serve_with(path, answer_by_method(head, {"Content-Type": "application/pdf"}, b"%PDF-1.7"))
    output = check(url).output
    assert (output["method"], output["content_type"], output["content_length"]) == ("GET", "application/pdf", 8)
    assert (output["outcome"], output["suspicions"]) == ("ok", [])


def test_a_get_that_finds_nothing_counts_more_than_a_head_that_does(site: Site, check: Check) -> None:
    url = site.serve_with("/a.pdf", answer_by_method({"Content-Type": "text/html"}, {}, b"", get_status=404))
    assert check(url).output["outcome"] == "not_found"


def test_a_get_without_an_answer_leaves_the_success_of_head(site: Site, check: Check) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.command == "HEAD":
            request.send_response(200)
            request.send_header("Content-Type", "text/html")
            request.end_headers()

    output = check(site.serve_with("/page", answer)).output
    assert (output["outcome"], output["method"]) == ("ok", "HEAD")


def test_a_get_decides_where_head_gets_no_answer(site: Site, check: Check) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.command == "GET":
            request.send_response(200)
            request.end_headers()

    result = check(site.serve_with("/file", answer))
    assert (result.status, result.output["outcome"]) == ("succeeded", "ok")


def test_the_error_of_the_get_counts_not_that_of_head(site: Site, check: Check) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(405 if request.command == "HEAD" else 404)
        request.end_headers()

    assert check(site.serve_with("/file", answer)).output["outcome"] == "not_found"


@pytest.mark.parametrize("content_range", ["bytes 0-1023/*", "bytes 0-1023/9999999999999999999", "rubbish", "bytes 0-1/-5", "bytes 0-1/²"])
def test_a_length_that_is_not_known_is_empty(site: Site, check: Check, content_range: str) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(403 if request.command == "HEAD" else 206)
        request.send_header("Content-Range", content_range)
        request.end_headers()

    output = check(site.serve_with("/file", answer)).output
    assert (output["content_length"], output["content_type"]) == (None, None)


def test_the_length_of_compressed_bytes_is_not_the_length_of_the_file(site: Site, check: Check) -> None:
    assert check(site.serve("/page", 200, b"12345", content_encoding="gzip")).output["content_length"] is None


def test_an_empty_file_is_there(site: Site, check: Check) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200 if request.command == "HEAD" else 416)
        request.send_header("Content-Length", "0")
        request.send_header("Content-Range", "bytes */0")
        request.end_headers()

    output = check(site.serve_with("/empty.txt", answer)).output
    assert (output["outcome"], output["status"], output["content_length"]) == ("ok", 416, 0)


def test_a_page_that_says_not_found_is_suspected_and_stays_ok(site: Site, check: Check) -> None:
    url = site.serve("/page", 200, b"<title>404 - Page not found</title>", content_type="text/html")
    result = check(url)
    assert (result.output["outcome"], result.output["suspicions"]) == ("ok", ["soft_404"])
    assert (result.output["observations"], result.again_after) == (0, timedelta(days=30))


def test_a_file_behind_a_login_is_suspected(site: Site, check: Check) -> None:
    site.serve("/login", 200, b'<title>Welcome</title><input name="p" type="password">', content_type="text/html; charset=utf-8")
    output = check(site.serve("/secret.pdf", 302, location="/login")).output
    assert (output["outcome"], output["suspicions"]) == ("ok", ["login_page", "unexpected_type"])


def test_a_request_for_a_password_is_suspected_and_stays_refused(site: Site, check: Check) -> None:
    result = check(site.serve("/a.pdf", 401, www_authenticate='Basic realm="files"'))
    assert (result.output["outcome"], result.output["suspicions"], result.again_after) == ("refused", ["login_page"], timedelta(days=30))


def test_a_refused_connection_is_a_failure_with_its_class_and_reason(check: Check) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        result = check(url)
    assert (result.status, result.failure, result.is_final) == ("failed", "refused_connection", False)
    assert (result.reason or "").startswith(f"GET {url!r}: ConnectionRefusedError")
    assert result.output == {
        "outcome": "unreachable",
        "status": None,
        "final_url": None,
        "redirects": "no",
        "hops": [],
        "content_type": None,
        "content_length": None,
        "etag": None,
        "last_modified": None,
        "method": None,
        "suspicions": [],
        "observations": 0,
        "first_missed_at": None,
        "last_seen_at": None,
        "is_gone": False,
        "address_sha256": hashlib.sha256(url.encode()).hexdigest(),
    }


@pytest.mark.parametrize(
    ("location", "failure", "words"),
    [
        ("/circle", "redirect_loop", "redirects in a loop"),
        ("http://10.0.0.1/", "private_address", "is private and may not be reached"),
        ("http://169.254.169.254/latest", "private_address", "is cloud metadata"),
        ("ftp://example.org/", "address", "scheme 'ftp' is not one of"),
        ("http://user:secret@127.0.0.1/", "address", "carries a user and password"),
    ],
)
def test_a_redirect_that_is_not_followed_is_a_failure_without_a_second_try(
    site: Site, check: Check, location: str, failure: str, words: str
) -> None:
    result = check(site.serve("/circle", 302, location=location))
    assert (result.status, result.output["outcome"], result.failure) == ("failed", "unreachable", failure)
    assert words in (result.reason or "")
    assert "secret" not in (result.reason or "")
    assert {method for method, _ in site.seen} == {"HEAD"}


@pytest.mark.parametrize("location", ["/circle", "http://10.0.0.1/"])
def test_the_hops_that_led_to_a_failure_are_recorded(site: Site, check: Check, location: str) -> None:
    url = site.serve("/circle", 301, location=location)
    result = check(url)
    led_to = url if location == "/circle" else location
    assert (result.status, result.output["redirects"]) == ("failed", "permanent")
    assert result.output["hops"] == [{"status": 301, "url": led_to, "kind": "permanent"}]


def test_too_many_redirects_are_a_failure(site: Site, check: Check) -> None:
    for number in range(9):
        site.serve(f"/{number}", 302, location=f"/{number + 1}")
    assert check(site.url("/0")).failure == "too_many_redirects"


def test_a_name_that_does_not_exist_is_a_failure_of_dns(check: Check) -> None:
    assert check("http://no-such-name.invalid/file").failure == "dns"


def test_an_answer_that_does_not_come_is_a_timeout(site: Site, describe_file: Describe, tmp_path: Path) -> None:
    over = threading.Event()
    document = describe_file(site.serve_with("/slow", lambda _: over.wait(10) and None))
    settings = HttpSettings("tests (+https://example.org)", allowed_networks=("loopback",), read_timeout_seconds=0.2, max_attempts=1)
    with RequestsClient(settings, HostBudget(tmp_path)) as client:
        (result,) = build_task(UrlChecks, build_tools(client)).derive([document])
    over.set()
    assert (result.status, result.failure) == ("failed", "timeout")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://[bad/", "bad_host"),
        ("http://", "bad_host"),
        ("http://127.0.0.1:99999/", "bad_host"),
        ("http:///path", "bad_host"),
        ("http://a b/", "spaces"),
        ("http://example.org/a\n", "control_characters"),
        ("www.example.org/a", "no_scheme"),
        ("//example.org/a", "no_scheme"),
        ("http://user:secret@example.org/", "credentials"),
        ("http://example.org/" + "a" * 8000, "too_long"),
    ],
)
def test_an_address_that_is_none_is_a_final_failure_and_nobody_is_asked(check: Check, url: str, problem: str) -> None:
    result = check(url)
    assert (result.status, result.failure, result.is_final) == ("failed", "syntax", True)
    assert (result.output["outcome"], result.output["problem"]) == ("syntax", problem)
    assert "secret" not in (result.reason or "")


def test_a_file_is_gone_after_three_looks_over_three_days(site: Site, check: Check) -> None:
    url = site.serve("/file", 200, b"x")
    seen = check(url)
    site.serve("/file", 404)
    first = check(url, earlier=seen, now=NOW + DAY)
    assert (first.output["observations"], first.output["is_gone"], first.again_after) == (1, False, DAY)
    assert (first.output["first_missed_at"], first.output["last_seen_at"]) == ((NOW + DAY).isoformat(), NOW.isoformat())
    hour_later = check(url, earlier=first, now=NOW + DAY + timedelta(hours=1))
    again = check(url, earlier=hour_later, now=NOW + 2 * DAY)
    assert (again.output["observations"], again.output["is_gone"]) == (3, False)
    last = check(url, earlier=again, now=NOW + 4 * DAY)
    assert (last.output["observations"], last.output["is_gone"], last.again_after) == (4, True, timedelta(days=30))
    site.serve("/file", 200, b"x")
    back = check(url, earlier=last, now=NOW + 34 * DAY)
    assert (back.output["observations"], back.output["is_gone"], back.output["first_missed_at"]) == (0, False, None)


def test_what_a_server_says_is_gone_is_believed_on_the_second_day(site: Site, check: Check) -> None:
    url = site.serve("/file", 410)
    first = check(url)
    assert (first.output["outcome"], first.output["is_gone"]) == ("gone", False)
    assert check(url, earlier=first, now=NOW + timedelta(hours=2)).output["is_gone"] is False
    assert check(url, earlier=first, now=NOW + DAY).output["is_gone"] is True


def test_a_server_in_trouble_neither_counts_as_missing_nor_as_seen(site: Site, check: Check) -> None:
    url = site.serve("/file", 404)
    first = check(url)
    site.serve("/file", 500)
    trouble = check(url, earlier=first, now=NOW + DAY)
    assert (trouble.output["observations"], trouble.output["first_missed_at"], trouble.again_after) == (1, NOW.isoformat(), DAY)
    site.serve_with("/file", lambda _: None)
    silent = check(url, earlier=trouble, now=NOW + 2 * DAY)
    assert (silent.status, silent.output["observations"]) == ("failed", 1)
    site.serve("/file", 404)
    assert check(url, earlier=silent, now=NOW + 3 * DAY).output["observations"] == 2


def test_how_patient_a_check_is_can_be_said(site: Site, check: Check) -> None:
    options = {"gone_after_observations": 1, "gone_after_days": 0, "recheck_after_days": 7}
    result = check(site.serve("/file", 404), **options)
    assert (result.output["is_gone"], result.again_after) == (True, timedelta(days=7))


def test_the_result_of_another_address_says_nothing_of_this_one(site: Site, check: Check) -> None:
    other = check(site.serve("/old", 404))
    assert check(site.serve("/new", 404), earlier=other, now=NOW + 9 * DAY).output["observations"] == 1


def test_one_slow_host_does_not_hold_up_the_others(site: Site, other_site: Site, client: HttpClient, describe_file: Describe) -> None:
    release = threading.Event()

    def answer_late(request: BaseHTTPRequestHandler) -> None:
        assert release.wait(10)
        request.send_response(200)
        request.end_headers()

    slow = [describe_file(other_site.serve_with(f"/slow{number}", answer_late)) for number in range(10)]
    quick = [describe_file(site.serve(f"/quick{number}", 200, b"x")) for number in range(10)]
    results = build_task(UrlChecks, build_tools(client), workers=3, per_host=2).derive([*slow, *quick])
    first = [next(results) for _ in quick]
    release.set()
    assert sorted(each.srn for each in first) == sorted(each.srn for each in quick)
    assert sorted(each.srn for each in results) == sorted(each.srn for each in slow)


def test_no_more_than_its_share_of_one_host_is_asked_at_once(site: Site, client: HttpClient, describe_file: Describe) -> None:
    together = threading.Barrier(3)

    def answer(request: BaseHTTPRequestHandler) -> None:
        together.wait(10)
        request.send_response(200)
        request.end_headers()

    documents = [describe_file(site.serve_with(f"/{number}", answer)) for number in range(12)]
    results = list(build_task(UrlChecks, build_tools(client), per_host=3).derive(documents))
    assert sorted(result.srn for result in results) == sorted(document.srn for document in documents)
    assert {result.output["outcome"] for result in results} == {"ok"}
    assert site.most_at_once == 3


def test_documents_of_one_address_share_one_request(site: Site, client: HttpClient) -> None:
    url = site.serve("/file", 200, b"x")
    documents = [TaskInput(f"source:{number}", "file", None, url, None) for number in range(3)]
    results = list(build_task(UrlChecks, build_tools(client)).derive(documents))
    assert [(result.srn, result.output["outcome"]) for result in results] == [(f"source:{number}", "ok") for number in range(3)]
    assert site.seen == [("HEAD", "/file")]


def test_one_bad_address_does_not_end_the_others(site: Site, client: HttpClient, describe_file: Describe) -> None:
    urls = [site.serve("/good", 200, b"x"), "http://127.0.0.1:1/bad", "no address", site.serve("/gone", 410)]
    results = build_task(UrlChecks, build_tools(client)).derive([describe_file(url) for url in urls])
    outcomes = {result.srn.removeprefix("source:"): result.output["outcome"] for result in results}
    assert [outcomes[url] for url in urls] == ["ok", "unreachable", "syntax", "gone"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://example.org/a", None),
        ("HTTPS://example.org/a", None),
        ("www.example.org/a", None),
        ("https://www.youtube.com/c/channel", None),
        ("ftp://example.org/a", "scheme 'ftp' is not one of http, https"),
        ("mailto:someone@example.org", "scheme 'mailto' is not one of http, https"),
        ("https://youtu.be/abcdefghijk", "YouTube answers 200 for videos that do not exist; youtube_videos asks for them"),
        (" ", "the file has no address"),
        (None, "the file has no address"),
    ],
)
def test_it_applies_to_addresses_of_the_web(client: HttpClient, describe_file: Describe, url: str | None, reason: str | None) -> None:
    found = build_task(UrlChecks, build_tools(client)).applies_to(describe_file(url))
    assert (found.applies, found.reason) == (reason is None, reason)


def test_the_fingerprint_is_of_the_address_alone(client: HttpClient, describe_file: Describe) -> None:
    task, url = build_task(UrlChecks, build_tools(client)), "https://example.org/é"
    assert task.fingerprint(describe_file(url)) == hashlib.sha256(url.encode()).hexdigest()
    assert task.fingerprint(describe_file(url, media_type="text/html")) == task.fingerprint(describe_file(url))
