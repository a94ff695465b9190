"""URL checks against a real server that answers as servers do."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from harvest_assets.derive.url_checks import UrlChecks
from harvest_assets.interfaces import HttpClient, TaskInput
from harvest_assets.model.derivative import Derivative

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Shelf, Site

Check = Callable[[str], Derivative]
Describe = Callable[..., TaskInput]

TASK = UrlChecks()


@pytest.fixture
def check(client: HttpClient, shelf: Shelf, describe_file: Describe) -> Check:
    def run(url: str) -> Derivative:
        (result,) = TASK.derive([describe_file(url)], client, shelf)
        assert shelf.contents == {}
        return result

    return run


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "ok"),
        (203, "ok"),
        (204, "ok"),
        (300, "moved"),
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
    assert (result.status, result.reason) == ("succeeded", None)
    assert (result.output["status"], result.output["outcome"]) == (status, outcome)


def test_the_whole_output_of_a_plain_file(site: Site, check: Check) -> None:
    url = site.serve("/file.pdf", 200, b"%PDF-1.7", content_type="Application/PDF; charset=binary")
    assert check(url).output == {
        "status": 200,
        "final_url": url,
        "redirects": "no",
        "hops": [],
        "content_type": "application/pdf",
        "content_length": 8,
        "outcome": "ok",
    }
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
    site.serve(f"/hop{len(statuses)}", 200)
    output = check(site.url("/hop0")).output
    assert (output["redirects"], output["outcome"], output["status"]) == (redirects, outcome, 200)
    assert output["final_url"] == site.url(f"/hop{len(statuses)}")
    assert output["hops"] == [{"status": status, "url": site.url(f"/hop{number + 1}")} for number, status in enumerate(statuses)]


def test_a_permanent_redirect_to_nothing_is_not_found(site: Site, check: Check) -> None:
    site.serve("/away", 404)
    output = check(site.serve("/file", 301, location="/away")).output
    assert (output["redirects"], output["outcome"], output["status"]) == ("permanent", "not_found", 404)


@pytest.mark.parametrize("refusal", [400, 403, 404, 405, 500, 501, 503])
def test_a_get_decides_where_head_is_refused(site: Site, check: Check, refusal: int) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.command == "HEAD":
            request.send_response(refusal)
            request.end_headers()
            return
        assert request.headers["Range"] == "bytes=0-1023"
        request.send_response(206)
        request.send_header("Content-Type", "video/mp4")
        request.send_header("Content-Length", "1024")
        request.send_header("Content-Range", "bytes 0-1023/5000000")
        request.end_headers()
        request.wfile.write(bytes(1024))

    output = check(site.serve_with("/film", answer)).output
    assert (output["status"], output["outcome"]) == (200, "ok")
    assert (output["content_type"], output["content_length"]) == ("video/mp4", 5_000_000)
    assert site.seen == [("HEAD", "/film"), ("GET", "/film")]


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


def test_a_refused_connection_is_a_failure_with_its_reason(check: Check) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/file"
        result = check(url)
    assert result.status == "failed"
    assert (result.reason or "").startswith(f"GET {url!r}: ConnectionRefusedError")
    assert result.output == {
        "status": 0,
        "final_url": url,
        "redirects": "no",
        "hops": [],
        "content_type": None,
        "content_length": None,
        "outcome": "unreachable",
    }


def test_redirects_that_do_not_end_are_a_failure_without_a_second_try(site: Site, check: Check) -> None:
    result = check(site.serve("/circle", 302, location="/circle"))
    assert (result.status, result.output["outcome"]) == ("failed", "unreachable")
    assert (result.reason or "").startswith(f"HEAD {site.url('/circle')!r}: redirects in a loop")
    assert {method for method, _ in site.seen} == {"HEAD"}


def test_many_addresses_are_checked_at_once_but_not_more_than_there_are_workers(
    site: Site, client: HttpClient, shelf: Shelf, describe_file: Describe
) -> None:
    together = threading.Barrier(4)

    def answer(request: BaseHTTPRequestHandler) -> None:
        together.wait(10)
        request.send_response(200)
        request.end_headers()

    documents = [describe_file(site.serve_with(f"/{number}", answer)) for number in range(20)]
    results = list(UrlChecks(workers=4).derive(documents, client, shelf))
    assert sorted(result.srn for result in results) == sorted(document.srn for document in documents)
    assert {result.output["outcome"] for result in results} == {"ok"}
    assert site.most_at_once == 4


@pytest.mark.parametrize("url", ["http://[bad/", "http://", "http://127.0.0.1:99999/", "http:///path", "http://a b/", "http://10.0.0.1/"])
def test_an_address_that_cannot_be_asked_is_a_failure_with_its_reason(check: Check, url: str) -> None:
    result = check(url)
    assert (result.status, result.output["outcome"]) == ("failed", "unreachable")
    assert result.reason


def test_one_bad_address_does_not_end_the_others(site: Site, client: HttpClient, shelf: Shelf, describe_file: Describe) -> None:
    documents = [describe_file(site.serve("/good")), describe_file("http://127.0.0.1:1/bad"), describe_file(site.serve("/gone", 410))]
    outcomes = {result.srn: result.output["outcome"] for result in TASK.derive(documents, client, shelf)}
    assert [outcomes[document.srn] for document in documents] == ["ok", "unreachable", "gone"]


@pytest.mark.parametrize(
    ("url", "entity", "applies"),
    [
        ("http://example.org/a", "file", True),
        ("HTTPS://example.org/a", "file", True),
        ("ftp://example.org/a", "file", False),
        ("httpx://example.org/a", "file", False),
        ("//example.org/a", "file", False),
        ("", "file", False),
        (None, "file", False),
        ("http://example.org/a", "product", False),
    ],
)
def test_it_applies_to_files_on_the_web(describe_file: Describe, url: str | None, entity: str, *, applies: bool) -> None:
    assert TASK.applies_to(describe_file(url, entity=entity)) is applies


def test_the_fingerprint_is_of_the_address_alone(describe_file: Describe) -> None:
    url = "https://example.org/é"
    assert TASK.fingerprint(describe_file(url)) == hashlib.sha256(url.encode()).hexdigest()
    assert TASK.fingerprint(describe_file(url, media_type="text/html")) == TASK.fingerprint(describe_file(url))
