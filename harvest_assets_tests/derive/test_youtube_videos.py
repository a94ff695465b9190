"""The YouTube Data API, as its documentation says it answers, on a local server."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harvest_assets.derive.youtube_api import describe_video, read_duration, read_embed_url
from harvest_assets.derive.youtube_videos import YoutubeVideos
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import HttpSettings, RequestsClient
from harvest_assets.interfaces import HttpClient, TaskInput
from harvest_assets.model.derivative import Derivative
from harvest_assets.model.exchange import Exchange
from harvest_assets.testing.tools import build_task, build_tools

if TYPE_CHECKING:
    from harvest_assets_tests.derive.conftest import Site

KEY = "no-real-key-8f2b"
ENVIRON = {"HARVEST_YOUTUBE_API_KEY": KEY}
ID = "a-B_3456789"


def video(identifier: str = ID) -> dict[str, Any]:
    return {
        "kind": "youtube#video",
        "etag": "x",
        "id": identifier,
        "snippet": {
            "publishedAt": "2024-05-01T10:00:00Z",
            "title": "A film",
            "description": "What it is about.",
            "thumbnails": {"default": {"url": "https://i.ytimg.com/vi/x/default.jpg", "width": 120, "height": 90}},
        },
        "contentDetails": {"duration": "PT3M33S", "dimension": "2d", "definition": "hd", "caption": "false"},
        "status": {"uploadStatus": "processed", "privacyStatus": "public", "license": "creativeCommon", "embeddable": True},
        "player": {"embedHtml": f'<iframe width="480" height="270" src="//www.youtube.com/embed/{identifier}" allowfullscreen></iframe>'},
    }


class Api:
    """Answers ``videos`` with those that exist; ``asked`` are the ids of each request."""

    def __init__(self, site: Site) -> None:
        self.url = site.url("/youtube/v3")
        self.asked: list[list[str]] = []
        self.queries: list[dict[str, str]] = []
        self.missing: set[str] = set()
        self.failure: tuple[int, Any] | None = None
        site.handle = self._handle  # pyright: ignore[reportAttributeAccessIssue] - the query is part of the path here

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert parts.path == "/youtube/v3/videos"
        self.queries.append(query)
        self.asked.append(query["id"].split(","))
        items = [video(identifier) for identifier in self.asked[-1] if identifier not in self.missing]
        found = {"kind": "youtube#videoListResponse", "items": items, "pageInfo": {"totalResults": len(items), "resultsPerPage": 50}}
        status, content = self.failure or (200, found)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json; charset=UTF-8")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def api(site: Site) -> Api:
    return Api(site)


@pytest.fixture
def ask(client: HttpClient, api: Api) -> Callable[..., list[Derivative]]:
    def run(*urls: str, environ: dict[str, str] = ENVIRON, asker: HttpClient = client, **options: Any) -> list[Derivative]:
        task = build_task(YoutubeVideos, build_tools(asker, environ=environ), api_url=api.url, **options)
        return list(task.derive([TaskInput(f"source:{number}", "file", None, url, None) for number, url in enumerate(urls)]))

    return run


Ask = Callable[..., list[Derivative]]


def refusal(reason: str, status: int = 403) -> tuple[int, Any]:
    detail = {"message": "No.", "domain": "youtube.quota", "reason": reason}
    return status, {"error": {"code": status, "message": "No.", "errors": [detail]}}


def test_the_whole_output_of_a_video(api: Api, ask: Ask) -> None:
    (result,) = ask(f"https://www.youtube.com/watch?v={ID}")
    assert (result.status, result.again_after) == ("succeeded", timedelta(days=30))
    assert result.output == {
        "id": ID,
        "title": "A film",
        "description": "What it is about.",
        "published_at": "2024-05-01T10:00:00Z",
        "duration": "PT3M33S",
        "duration_seconds": 213,
        "definition": "hd",
        "licence": "creativeCommon",
        "embed_url": f"https://www.youtube.com/embed/{ID}",
    }
    assert api.queries == [{"part": "snippet,player,contentDetails,status", "id": ID, "maxResults": "50", "key": KEY}]


def test_fifty_videos_are_one_request(api: Api, ask: Ask) -> None:
    results = ask(*(f"https://youtu.be/{number:011d}" for number in range(101)))
    assert [len(asked) for asked in api.asked] == [50, 50, 1]
    assert [result.output["id"] for result in results] == [f"{number:011d}" for number in range(101)]


def test_documents_of_one_video_share_its_id(api: Api, ask: Ask) -> None:
    results = ask(f"https://youtu.be/{ID}", f"https://www.youtube.com/embed/{ID}")
    assert api.asked == [[ID]]
    assert [(result.srn, result.status) for result in results] == [("source:0", "succeeded"), ("source:1", "succeeded")]


def test_a_video_that_the_answer_lacks_is_not_found(api: Api, ask: Ask) -> None:
    api.missing = {ID}
    missing, there = ask(f"https://youtu.be/{ID}", "https://youtu.be/00000000000")
    assert (missing.status, missing.failure, missing.is_final) == ("failed", "not_found", False)
    assert missing.reason == f"YouTube has no public video {ID!r}"
    assert there.status == "succeeded"


@pytest.mark.parametrize("environ", [{}, {"HARVEST_YOUTUBE_API_KEY": " "}])
def test_without_a_key_nobody_is_asked(api: Api, ask: Ask, environ: dict[str, str]) -> None:
    (result,) = ask(f"https://youtu.be/{ID}", environ=environ)
    assert (result.status, result.again_after) == ("cancelled", timedelta(days=1))
    assert result.reason == "HARVEST_YOUTUBE_API_KEY is not set in the environment; set it to a key of the YouTube Data API"
    assert api.asked == []


@pytest.mark.parametrize(("status", "reason"), [(403, "quotaExceeded"), (403, "rateLimitExceeded"), (400, "keyInvalid"), (404, "notFound")])
def test_after_a_refusal_the_rest_waits_for_another_day(api: Api, ask: Ask, status: int, reason: str) -> None:
    api.failure = refusal(reason, status)
    results = ask(*(f"https://youtu.be/{number:011d}" for number in range(60)))
    assert {(result.status, result.again_after) for result in results} == {("cancelled", timedelta(days=1))}
    assert results[59].reason == (
        f"the API takes no more requests: '{api.url}/videos': status {status}, reason {reason!r}; "
        "see to the quota and to the key in HARVEST_YOUTUBE_API_KEY"
    )
    assert len(api.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": []}', b'{"error": {"errors": [{"reason": "no-real-key-8f2b!"}, 3]}}'])
def test_a_refusal_that_says_nothing_readable_is_one(api: Api, ask: Ask, body: bytes) -> None:
    api.failure = (403, body)
    (result,) = ask(f"https://youtu.be/{ID}")
    assert result.status == "cancelled"
    assert "reason 'unknown'" in (result.reason or "")


@pytest.mark.parametrize(
    ("body", "words"), [(b"<html>", "the answer of the API is no JSON"), (b"[]", "no list of items"), (b'{"items": 3}', "no list of items")]
)
def test_an_answer_that_cannot_be_read_is_a_failure(api: Api, ask: Ask, body: bytes, words: str) -> None:
    api.failure = (200, body)
    (result,) = ask(f"https://youtu.be/{ID}")
    assert (result.status, result.failure) == ("failed", "unreadable")
    assert words in (result.reason or "")


def test_a_server_in_trouble_is_a_failure_that_is_tried_again(api: Api, ask: Ask) -> None:
    api.failure = (503, {})
    (result,) = ask(f"https://youtu.be/{ID}")
    assert (result.status, result.failure, result.is_final) == ("failed", "server_error", False)


def test_the_key_is_in_no_result_and_in_no_record(api: Api, ask: Ask, tmp_path: Path) -> None:
    exchanges: list[Exchange] = []
    settings = HttpSettings(
        "tests (+https://example.org)",
        allowed_networks=("loopback",),
        origin="https://example.org",
        requests_per_second=5000,
        max_attempts=1,
    )
    with RequestsClient(settings, HostBudget(tmp_path), on_exchange=exchanges.append) as asker:
        results = [*ask(f"https://youtu.be/{ID}", asker=asker)]
        for failure in ((503, {}), refusal("quotaExceeded"), (200, b"x")):
            api.failure = failure
            results += ask(f"https://youtu.be/{ID}", asker=asker)
    assert [query["key"] for query in api.queries] == [KEY] * 4
    assert len(exchanges) == 4
    assert KEY not in f"{results}{exchanges}"


@pytest.mark.parametrize(
    ("url", "applies"),
    [(f"https://youtu.be/{ID}", True), ("https://www.youtube.com/@channel", False), ("https://vimeo.com/1", False), (None, False)],
)
def test_it_applies_to_videos_of_youtube(
    client: HttpClient, describe_file: Callable[..., TaskInput], url: str | None, *, applies: bool
) -> None:
    found = build_task(YoutubeVideos, build_tools(client)).applies_to(describe_file(url))
    assert (found.applies, found.reason) == (applies, None if applies else "the address is not that of a video of YouTube")


def test_the_fingerprint_is_of_the_video_however_its_address_is_written(
    client: HttpClient, describe_file: Callable[..., TaskInput]
) -> None:
    task = build_task(YoutubeVideos, build_tools(client))
    one, same, other = (f"https://youtu.be/{ID}", f"https://www.youtube.com/shorts/{ID}?x", "https://youtu.be/00000000000")
    assert task.fingerprint(describe_file(one)) == task.fingerprint(describe_file(same))
    assert task.fingerprint(describe_file(one)) != task.fingerprint(describe_file(other))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT3M33S", 213),
        ("PT1H2M3S", 3723),
        ("P1DT1S", 86401),
        ("P2W", 1209600),
        ("PT0S", 0),
        ("P0D", 0),
        ("P1M", None),
        ("P", None),
        ("PT", None),
        ("3:33", None),
        ("", None),
    ],
)
def test_a_duration_in_seconds(text: str, seconds: int | None) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize(
    ("embed_html", "url"),
    [
        ('<iframe src="//www.youtube.com/embed/x?a=1&amp;b=2">', "https://www.youtube.com/embed/x?a=1&b=2"),
        ("<iframe allow='x' src='http://www.youtube.com/embed/x'>", "https://www.youtube.com/embed/x"),
        ('<iframe src="https://www.youtube-nocookie.com/embed/x">', "https://www.youtube-nocookie.com/embed/x"),
        ('<iframe src="https://example.org/embed/x">', None),
        ('<iframe src="javascript:alert(1)">', None),
        ("<iframe>", None),
        ("", None),
    ],
)
def test_the_address_of_the_player(embed_html: str, url: str | None) -> None:
    assert read_embed_url(embed_html) == url


def test_what_an_item_does_not_tell_is_left_out() -> None:
    assert describe_video({"id": ID, "snippet": None, "status": {"license": 3}, "contentDetails": {"duration": "P1M"}}) == {
        "duration": "P1M"
    }
