"""Previews of pictures that a real server serves."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from harvest_assets.derive.image_previews import ImagePreviews
from harvest_assets.derive.previews import WORKERS
from harvest_assets.interfaces import DocumentTask, Finding, HttpClient, TaskInput
from harvest_assets.model.derivative import Status
from harvest_assets.testing.tools import MemoryBlobs, build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

Describe = Callable[..., TaskInput]


def draw(size: tuple[int, int] = (1000, 500), colour: str = "teal", picture_format: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, picture_format)
    return content.getvalue()


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def task(client: HttpClient, blobs: MemoryBlobs) -> DocumentTask:
    return build_task(ImagePreviews, build_tools(client, blobs=blobs))


def test_a_picture_gets_two_previews_in_the_store(site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe) -> None:
    document = describe_file(site.serve("/photo", 200, draw(), content_type="text/plain"))
    (result,) = task.derive([document])
    assert (result.srn, result.status, result.reason, result.failure) == (document.srn, "succeeded", None, None)
    paths = list(blobs.contents)
    assert result.output == {
        "width": 1000,
        "height": 500,
        "format": "JPEG",
        "frames": 1,
        "previews": [
            {"width": 400, "height": 200, "path": paths[0], "bytes": len(blobs.contents[paths[0]])},
            {"width": 200, "height": 100, "path": paths[1], "bytes": len(blobs.contents[paths[1]])},
        ],
        "sha256": hashlib.sha256(draw()).hexdigest(),
    }
    assert [path.endswith(".jpg") for path in paths] == [True, True]
    for path, size in zip(paths, ((400, 200), (200, 100)), strict=True):
        with Image.open(io.BytesIO(blobs.contents[path])) as image:
            assert image.size == size


@pytest.mark.parametrize(
    ("body", "failure", "reason"),
    [
        (b"<html>please log in</html>", "not_a_picture", r"picture: b'<html>please log'… is no picture"),
        (draw()[:400], "broken", "cannot be decoded"),
        (b"", "empty", "it has no bytes"),
    ],
)
def test_what_is_no_picture_is_a_failure_for_good(  # noqa: PLR0913 - fixtures and a table
    site: Site, task: DocumentTask, blobs: MemoryBlobs, describe_file: Describe, *, body: bytes, failure: str, reason: str
) -> None:
    (result,) = task.derive([describe_file(site.serve("/photo", 200, body))])
    assert (result.status, result.failure, result.is_final) == ("failed", failure, True)
    assert result.output == {"sha256": hashlib.sha256(body).hexdigest()}
    assert reason in (result.reason or "")
    assert blobs.contents == {}


@pytest.mark.parametrize("status", [404, 503])
def test_a_file_that_does_not_arrive_is_tried_again(site: Site, task: DocumentTask, describe_file: Describe, status: int) -> None:
    (result,) = task.derive([describe_file(site.serve("/photo", status))])
    assert (result.status, result.is_final, result.output) == ("failed", False, {})
    assert f"status {status}" in (result.reason or "")
    assert result.failure


def test_one_bad_picture_does_not_end_the_others(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    paths = [site.serve(f"/{number}", 200, draw((number * 10, 40))) for number in range(1, 13)]
    documents = [describe_file(url) for url in (*paths, site.serve("/bad", 200, b"bad"), "http://127.0.0.1:1/unreachable")]
    results = {result.srn: result for result in task.derive(documents)}
    assert [results[document.srn].status for document in documents] == ["succeeded"] * 12 + ["failed"] * 2
    assert [results[document.srn].output["width"] for document in documents[:12]] == list(range(10, 130, 10))


def test_files_that_all_fail_to_arrive_have_results(task: DocumentTask, describe_file: Describe) -> None:
    documents = [describe_file(f"http://127.0.0.1:1/{number}") for number in range(3)]
    assert sorted(result.srn for result in task.derive(documents)) == sorted(document.srn for document in documents)


def test_files_are_fetched_at_once_but_not_more_than_there_are_workers(site: Site, task: DocumentTask, describe_file: Describe) -> None:
    together, body = threading.Barrier(WORKERS), draw((40, 30))

    def answer(request: BaseHTTPRequestHandler) -> None:
        together.wait(10)
        request.send_response(200)
        request.end_headers()
        request.wfile.write(body)

    documents = [describe_file(site.serve_with(f"/{number}", answer)) for number in range(2 * WORKERS)]
    results = list(task.derive(documents))
    assert [result.status for result in results] == ["succeeded"] * 2 * WORKERS
    assert site.most_at_once == WORKERS


def checked(outcome: str = "ok", content_type: str | None = None, status: Status = "succeeded", **more: object) -> dict[str, Finding]:
    """What `url_checks` found."""
    return {"url_checks": Finding(status, {"outcome": outcome, "content_type": content_type} | more)}


@pytest.mark.parametrize(
    ("media_type", "findings", "reason"),
    [
        ("image/png", {}, None),
        ("IMAGE/JPEG", {}, None),
        ("image/webp; q=1", {}, None),
        ("image/png", checked("moved"), None),
        ("application/octet-stream", checked(content_type="image/png"), None),
        (None, checked(content_type="image/avif"), None),
        ("image/png", checked(content_type="application/octet-stream"), None),
        ("image/svg+xml", {}, "SVG is a program as much as a picture"),
        ("image/SVG", {}, "SVG is a program as much as a picture"),
        ("image/png", checked(content_type="image/svg+xml"), "SVG is a program as much as a picture"),
        ("application/pdf", {}, "media type 'application/pdf' is no picture's"),
        ("a/b", checked(content_type="c/d"), "media type 'a/b' or 'c/d' is no picture's"),
        ("", {}, "media type unknown is no picture's"),
        (None, {}, "media type unknown is no picture's"),
        ("image/png", checked(content_type="text/html; charset=utf-8"), "its address leads to a web page"),
        ("image/png", checked("not_found"), "the outcome of the check of its address is 'not_found', not one of moved, ok"),
        ("image/png", checked("unreachable", status="failed"), "the check of its address ended as 'failed'"),
        ("image/png", checked(status="not_applicable"), "the check of its address ended as 'not_applicable'"),
    ],
)
def test_it_applies_to_pictures_that_can_be_reached(
    task: DocumentTask, describe_file: Describe, media_type: str | None, findings: dict[str, Finding], reason: str | None
) -> None:
    applicability = task.applies_to(describe_file("http://example.org/a", media_type=media_type, findings=findings))
    assert (applicability.applies, applicability.reason) == (reason is None, reason)


@pytest.mark.parametrize("url", ["ftp://example.org/a", "", None])
def test_it_applies_to_files_on_the_web_only(task: DocumentTask, describe_file: Describe, url: str | None) -> None:
    assert task.applies_to(describe_file(url, media_type="image/png")).reason == "the file has no address of the web"


def test_the_fingerprint_changes_with_the_address_and_the_version_of_the_file(task: DocumentTask, describe_file: Describe) -> None:
    versions = [
        describe_file("http://example.org/a"),
        describe_file("http://example.org/b"),
        describe_file("http://example.org/a", findings=checked(etag='"1"')),
        describe_file("http://example.org/a", findings=checked(etag='"2"')),
        describe_file("http://example.org/a", findings=checked(last_modified="Sat, 21 Nov 2026 00:00:00 GMT")),
        describe_file("http://example.org/a", findings=checked(content_length=1)),
        describe_file("http://example.org/a", findings=checked(final_url="http://example.org/c")),
    ]
    assert len({task.fingerprint(version) for version in versions}) == len(versions)


def test_the_fingerprint_does_not_change_with_what_is_not_read(task: DocumentTask, describe_file: Describe) -> None:
    one = describe_file("http://example.org/a", findings=checked(etag='"1"'))
    other = describe_file("http://example.org/a", media_type="image/png", findings=checked("moved", etag='"1"', hops=[1], method="GET"))
    assert task.fingerprint(one) == task.fingerprint(other)
