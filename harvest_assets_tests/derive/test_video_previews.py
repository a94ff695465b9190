"""Pictures of videos from local pages: yt-dlp reads them by their own markup, through our client."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from harvest_assets.derive import video_pages
from harvest_assets.derive.video_addresses import is_host_of, read_host
from harvest_assets.derive.video_pages import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError, VideoPages
from harvest_assets.derive.video_previews import VideoPreviews
from harvest_assets.errors import RecordError
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.model.exchange import Exchange
from harvest_assets.testing.tools import MemoryBlobs, build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

Preview = Callable[..., list[Derivative]]


def draw(size: tuple[int, int] = (1280, 720)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, "JPEG")
    return content.getvalue()


def serve_page(site: Site, path: str, body: str, status: int = 200) -> str:
    return site.serve(path, status, f"<!doctype html><html>{body}</html>".encode(), content_type="text/html")


def serve_film(site: Site, path: str, picture: str = "/picture.jpg") -> str:
    told = (
        f'{{"@context": "https://schema.org", "@type": "VideoObject", "name": "Film {path}", "duration": "PT1M3S",'
        f'"thumbnailUrl": "{site.url(picture)}", "contentUrl": "{site.url("/film.mp4")}"}}'
    )
    return serve_page(site, path, f'<title>x</title><script type="application/ld+json">{told}</script>')


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def preview(client: HttpClient, describe_file: Callable[..., TaskInput], blobs: MemoryBlobs) -> Preview:
    def run(*urls: str, **options: object) -> list[Derivative]:
        task = build_task(VideoPreviews, build_tools(client, blobs=blobs), **{"hosts": ["127.0.0.1"], "pause_seconds": 0, **options})
        return list(task.derive([describe_file(url) for url in urls]))

    return run


def test_a_video_gets_two_previews_in_the_store(site: Site, preview: Preview, blobs: MemoryBlobs) -> None:
    picture = site.serve("/picture.jpg", 200, draw(), content_type="image/jpeg")
    (result,) = preview(serve_film(site, "/watch"))
    assert (result.status, result.reason) == ("succeeded", None)
    paths = list(blobs.contents)
    assert result.output == {
        "title": "Film /watch",
        "duration_seconds": 63.0,
        "thumbnail_url": picture,
        "previews": [
            {"width": 400, "height": 225, "path": paths[0], "bytes": len(blobs.contents[paths[0]])},
            {"width": 200, "height": 113, "path": paths[1], "bytes": len(blobs.contents[paths[1]])},
        ],
    }
    assert site.seen == [("GET", "/watch"), ("GET", "/picture.jpg")]


def test_a_page_with_a_player_of_its_own_is_read(site: Site, preview: Preview) -> None:
    site.serve("/poster.jpg", 200, draw(), content_type="image/jpeg")
    body = '<head><meta property="og:title" content="A film"></head><video src="/film.mp4" poster="/poster.jpg"></video>'
    (result,) = preview(serve_page(site, "/watch", body))
    assert result.output["title"].startswith("A film")
    assert result.output["thumbnail_url"] == site.url("/poster.jpg")
    assert "duration_seconds" not in result.output


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (404, "", "unavailable"),
        (410, "", "unavailable"),
        (403, "", "refused"),
        (500, "", "server_error"),
        (200, "<title>nothing to see</title>", "unsupported"),
    ],
)
def test_a_page_without_a_video_is_a_failure_with_its_class(site: Site, preview: Preview, status: int, body: str, failure: str) -> None:
    (result,) = preview(serve_page(site, "/watch", body, status))
    assert (result.status, result.failure, result.output) == ("failed", failure, {})
    assert (result.reason or "").startswith(repr(site.url("/watch")))
    assert "\n" not in (result.reason or "")


def test_a_page_that_leads_to_a_private_address_is_not_followed(site: Site, preview: Preview) -> None:
    (result,) = preview(site.serve("/watch", 302, location="http://10.0.0.1/"))
    assert (result.status, result.failure) == ("failed", "private_address")
    assert "may not be reached" in (result.reason or "")


def test_a_page_that_does_not_answer_is_a_failure_of_the_network(site: Site, preview: Preview) -> None:
    (result,) = preview(site.serve_with("/watch", lambda _: None))
    assert (result.status, result.failure) == ("failed", "connection")


@pytest.mark.parametrize(
    ("status", "body", "failure", "is_final"),
    [(404, b"", "no_thumbnail", False), (503, b"", "download", False), (200, b"<html>", "not_a_picture", True)],
)
def test_a_picture_that_cannot_be_had_is_a_failure(
    site: Site, preview: Preview, status: int, body: bytes, failure: str, *, is_final: bool
) -> None:
    site.serve("/picture.jpg", status, body, content_type="image/jpeg")
    (result,) = preview(serve_film(site, "/watch"))
    assert (result.status, result.failure, result.is_final) == ("failed", failure, is_final)


def test_those_beyond_the_number_of_a_run_wait_for_the_next_one(site: Site, preview: Preview) -> None:
    site.serve("/picture.jpg", 200, draw(), content_type="image/jpeg")
    results = preview(*(serve_film(site, f"/watch{number}") for number in range(4)), per_run=2)
    assert [result.status for result in results] == ["succeeded", "succeeded", "cancelled", "cancelled"]
    assert results[2].reason == "2 videos were asked for in this run; the others follow, or raise 'per_run'"
    assert results[2].again_after == timedelta(days=1)
    assert [path for _, path in site.seen if path.startswith("/watch")] == ["/watch0", "/watch1"]


def test_a_site_that_asks_for_fewer_requests_is_left_alone(site: Site, preview: Preview) -> None:
    results = preview(serve_page(site, "/first", "", 429), serve_film(site, "/second"))
    assert [(result.status, result.failure) for result in results] == [("failed", "rate_limited"), ("cancelled", None)]
    assert results[1].reason == "the site asks for fewer requests; the others follow on another day"
    assert {path for _, path in site.seen} == {"/first"}


def test_there_is_a_pause_between_two_videos(site: Site, preview: Preview) -> None:
    began = time.monotonic()
    preview(*(serve_page(site, f"/watch{number}", "") for number in range(3)), pause_seconds=0.2)
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://www.youtube.com/watch?v=abcdefghijk", None),
        ("https://player.vimeo.com/video/123456", None),
        ("https://www.youtube.com/playlist?list=PLx", "the address is not that of one video"),
        ("https://vimeo.com/channels/example", "the address is not that of one video"),
        (
            "https://example.org/film",
            "host 'example.org' is not one of youtube.com, youtu.be, youtube-nocookie.com, vimeo.com",
        ),
        (None, "host None is not one of youtube.com, youtu.be, youtube-nocookie.com, vimeo.com"),
    ],
)
def test_it_applies_to_videos_of_its_hosts(
    client: HttpClient, describe_file: Callable[..., TaskInput], url: str | None, reason: str | None
) -> None:
    found = build_task(VideoPreviews, build_tools(client)).applies_to(describe_file(url))
    assert (found.applies, found.reason) == (reason is None, reason)


def test_the_list_that_a_video_is_part_of_is_not_read(client: HttpClient, describe_file: Callable[..., TaskInput]) -> None:
    task = build_task(VideoPreviews, build_tools(client))
    url = "https://www.youtube.com/watch?v=abcdefghijk"
    assert task.fingerprint(describe_file(f"{url}&list=PLx&index=4")) == task.fingerprint(describe_file(url))
    assert task.fingerprint(describe_file(url)) != task.fingerprint(describe_file(f"{url}2"))


class Internet(HttpClient):
    """Answers for every host with one body of a kind; what was asked for is in ``asked``."""

    def __init__(self, pages: Mapping[str, bytes], status: int = 200) -> None:
        self.pages, self.status = pages, status
        self.asked: list[tuple[str, str]] = []

    def get(self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Response:
        assert params is None
        return self._answer("GET", url, headers)

    def post(self, url: str, *, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Response:
        assert (body[:1], content_type) == (b"{", "application/json")
        return self._answer("POST", url, headers)

    def head(self, url: str) -> Response:
        return self._answer("HEAD", url, {})

    def fetch_start(self, url: str, *, size: int) -> Response:
        raise AssertionError((url, size))

    def _answer(self, method: str, url: str, headers: Mapping[str, str] | None) -> Response:
        assert not {"cookie", "user-agent"} & {name.lower() for name in headers or {}}
        self.asked.append((method, read_host(url) or ""))
        body = self.pages.get(method, b"")
        exchange = Exchange(method, url, url, self.status, len(body), datetime.now(UTC), 0.0, 1)
        response = Response(url, self.status, {"content-type": "text/html"}, body, exchange)
        if self.status >= 400:
            raise HttpStatusError(f"{method} {url!r}: status {self.status}", response)
        return response


def test_a_page_of_youtube_is_read_without_its_player() -> None:
    picture = {"url": "https://i.ytimg.com/vi/abcdefghijk/hqdefault.jpg", "width": 480, "height": 360}
    details = {"videoId": "abcdefghijk", "title": "A film", "lengthSeconds": "63", "thumbnail": {"thumbnails": [picture]}}
    told = json.dumps({"playabilityStatus": {"status": "OK"}, "videoDetails": details, "streamingData": {}})
    page = f"<script>var ytInitialPlayerResponse = {told};</script><script>var ytInitialData = {{}};</script>"
    internet = Internet({"GET": page.encode(), "POST": told.encode()})
    found = VideoPages(internet).read("https://www.youtube.com/watch?v=abcdefghijk")
    assert (found.title, found.duration_seconds) == ("A film", 63.0)
    assert found.thumbnail_urls[0] == picture["url"]
    assert len(found.thumbnail_urls) == 3
    assert {host for _, host in internet.asked} == {"www.youtube.com"}


@pytest.mark.parametrize("url", ["https://youtu.be/abcdefghijk", "https://vimeo.com/123456789", "https://player.vimeo.com/video/123456789"])
@pytest.mark.parametrize(("status", "rules"), [(403, {"refused", "unsupported"}), (429, {"rate_limited"})])
def test_youtube_and_vimeo_are_asked_through_our_client_only(url: str, status: int, rules: set[str]) -> None:
    internet = Internet({}, status)
    with pytest.raises(RecordError, match=re.escape(url)) as caught:
        VideoPages(internet).read(url)
    assert caught.value.rule in rules
    assert internet.asked
    assert all(is_host_of(host, ("youtube.com", "vimeo.com")) for _, host in internet.asked)


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (ExtractorError("Private video. Sign in if you've been granted access to this video"), "private"),
        (ExtractorError("Video unavailable. This video has been removed by the uploader"), "unavailable"),
        (ExtractorError("Sign in to confirm you're not a bot"), "rate_limited"),
        (GeoRestrictedError("The uploader has not made this video available"), "geo"),
        (ExtractorError("The video is not available in your country"), "geo"),
        (UnsupportedError("https://example.org"), "unsupported"),
        (ExtractorError("something else"), "unreadable"),
        (TypeError("'NoneType' object is not subscriptable"), "unreadable"),
    ],
)
def test_what_an_extractor_says_has_a_class(error: Exception, rule: str) -> None:
    explained = video_pages._explain("https://example.org/film", DownloadError("x", (type(error), error, None)), [])
    assert explained.rule == rule
    assert str(explained).startswith("'https://example.org/film': ")


def test_of_many_pictures_the_best_three_on_the_web_are_tried() -> None:
    listed = [
        {"url": "https://example.org/small.jpg", "width": 120},
        {"url": "https://example.org/large.jpg", "width": 1280},
        {"url": "https://example.org/liked.jpg", "preference": 1},
        {"url": "data:image/png;base64,xx", "preference": 9},
        {"url": "https://example.org/medium.jpg", "width": 640},
        "no picture",
    ]
    ranked = video_pages._rank_thumbnails({"thumbnails": listed})
    assert ranked == tuple(f"https://example.org/{name}.jpg" for name in ("liked", "large", "medium"))


def test_the_libraries_under_our_client_stay_as_they_are() -> None:
    code = "import requests.adapters as a, harvest_assets.derive.video_pages; print(a.select_proxy.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "requests.utils"
