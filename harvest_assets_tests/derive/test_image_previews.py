"""Previews of pictures that a real server serves."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from harvest_assets.derive.image_previews import ImagePreviews
from harvest_assets.interfaces import HttpClient, TaskInput

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Shelf, Site

TASK = ImagePreviews()
Describe = Callable[..., TaskInput]


def draw(size: tuple[int, int] = (1000, 500), colour: str = "teal", picture_format: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, picture_format)
    return content.getvalue()


def test_a_picture_gets_two_previews_in_the_store(site: Site, client: HttpClient, shelf: Shelf, describe_file: Describe) -> None:
    document = describe_file(site.serve("/photo", 200, draw(), content_type="text/plain"))
    (result,) = TASK.derive([document], client, shelf)
    assert (result.srn, result.status, result.reason) == (document.srn, "succeeded", None)
    paths = list(shelf.contents)
    assert result.output == {
        "width": 1000,
        "height": 500,
        "format": "JPEG",
        "previews": [
            {"width": 400, "height": 200, "path": paths[0], "bytes": len(shelf.contents[paths[0]])},
            {"width": 200, "height": 100, "path": paths[1], "bytes": len(shelf.contents[paths[1]])},
        ],
    }
    assert [path.endswith(".jpg") for path in paths] == [True, True]
    for path, size in zip(paths, ((400, 200), (200, 100)), strict=True):
        with Image.open(io.BytesIO(shelf.contents[path])) as image:
            assert image.size == size


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"<html>please log in</html>", r"picture: b'<html>please log'… is no picture"),
        (200, draw()[:400], "cannot be decoded"),
        (404, b"", "status 404"),
        (503, b"", "status 503"),
    ],
)
def test_what_is_no_picture_is_a_failure_with_its_reason(  # noqa: PLR0913 - fixtures and a table
    site: Site, client: HttpClient, shelf: Shelf, describe_file: Describe, *, status: int, body: bytes, reason: str
) -> None:
    (result,) = TASK.derive([describe_file(site.serve("/photo", status, body))], client, shelf)
    assert (result.status, result.output) == ("failed", {})
    assert reason in (result.reason or "")
    assert shelf.contents == {}


def test_one_bad_picture_does_not_end_the_others(site: Site, client: HttpClient, shelf: Shelf, describe_file: Describe) -> None:
    paths = [site.serve(f"/{number}", 200, draw((number * 10, 40))) for number in range(1, 13)]
    documents = [describe_file(url) for url in (*paths, site.serve("/bad", 200, b"bad"), "http://127.0.0.1:1/unreachable")]
    results = {result.srn: result for result in TASK.derive(documents, client, shelf)}
    assert [results[document.srn].status for document in documents] == ["succeeded"] * 12 + ["failed"] * 2
    assert [results[document.srn].output["width"] for document in documents[:12]] == list(range(10, 130, 10))


def test_files_are_fetched_at_once_but_not_more_than_there_are_workers(
    site: Site, client: HttpClient, shelf: Shelf, describe_file: Describe
) -> None:
    together, body = threading.Barrier(3), draw((40, 30))

    def answer(request: BaseHTTPRequestHandler) -> None:
        together.wait(10)
        request.send_response(200)
        request.end_headers()
        request.wfile.write(body)

    documents = [describe_file(site.serve_with(f"/{number}", answer)) for number in range(12)]
    results = list(ImagePreviews(workers=3).derive(documents, client, shelf))
    assert [result.status for result in results] == ["succeeded"] * 12
    assert site.most_at_once == 3


@pytest.mark.parametrize(
    ("media_type", "applies"),
    [
        ("image/png", True),
        ("IMAGE/JPEG", True),
        ("image/webp; q=1", True),
        ("image/svg+xml", False),
        ("image/SVG", False),
        ("application/pdf", False),
        ("", False),
        (None, False),
    ],
)
def test_it_applies_to_pictures_other_than_svg(describe_file: Describe, media_type: str | None, *, applies: bool) -> None:
    assert TASK.applies_to(describe_file("http://example.org/a", media_type=media_type)) is applies


def test_it_applies_to_files_on_the_web_only(describe_file: Describe) -> None:
    assert not TASK.applies_to(describe_file("ftp://example.org/a", media_type="image/png"))
    assert not TASK.applies_to(describe_file(None, media_type="image/png"))
    assert not TASK.applies_to(describe_file("http://example.org/a", media_type="image/png", entity="product"))


def test_the_fingerprint_changes_with_the_address(describe_file: Describe) -> None:
    one, other = describe_file("http://example.org/a"), describe_file("http://example.org/b")
    assert TASK.fingerprint(one) != TASK.fingerprint(other)
    assert TASK.fingerprint(one) == TASK.fingerprint(describe_file("http://example.org/a", media_type="image/png"))
