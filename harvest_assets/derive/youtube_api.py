"""``videos.list`` of the YouTube Data API: what is asked, and how its answers are read.

https://developers.google.com/youtube/v3/docs/videos/list: up to 50 ids a request, which costs one unit of a quota of 10,000 a day;
errors at https://developers.google.com/youtube/v3/docs/errors. The key goes into the query, where the client hides it from whatever it
records; it sends secret headers to the source's own host only.
"""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from harvest_assets.derive.video_addresses import YOUTUBE_DOMAINS, is_host_of, read_host
from harvest_assets.errors import PermanentError, RecordError
from harvest_assets.interfaces import HttpClient, HttpStatusError

IDS_PER_REQUEST = 50
PARTS = "snippet,player,contentDetails,status"

_SOURCE = re.compile(r"""<iframe\b[^>]{0,500}\bsrc\s{0,5}=\s{0,5}["']([^"']{1,2000})["']""", re.IGNORECASE)
_REASON = re.compile(r"\w{1,60}", re.ASCII)
_DURATION = re.compile(r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?", re.ASCII)
_UNIT_SECONDS = (604_800, 86_400, 3_600, 60, 1)


class RefusedByApiError(PermanentError):
    """The API takes no request like this one now: the quota is used up, or the key is not good. ``reason`` is its word for it."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def fetch_videos(client: HttpClient, api_url: str, key: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The videos that exist, by id: n ids → at most n videos in one request.

    Raises:
        RefusedByApiError: The API refuses the request, whatever the ids.
        RecordError: The answer is not what the API documents.
        TransientError: No answer came.
    """
    url = f"{api_url.rstrip('/')}/videos"
    try:
        response = client.get(url, params={"part": PARTS, "id": ",".join(ids), "maxResults": str(IDS_PER_REQUEST), "key": key})
    except HttpStatusError as error:
        reason = _read_reason(error.response.body)
        raise RefusedByApiError(f"{url!r}: status {error.response.status}, reason {reason!r}", reason) from None
    items = _load(response.body).get("items")
    if not isinstance(items, list):
        raise RecordError(f"{url!r}: the answer has no list of items", rule="unreadable")
    videos = [cast("Mapping[str, Any]", item) for item in cast("list[Any]", items) if isinstance(item, dict)]
    return {str(video.get("id")): video for video in videos}


def describe_video(video: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a video; what it does not tell is left out. Its pictures are not: showing them would tell its host who looks."""
    snippet, details, status, player = (_part(video, name) for name in ("snippet", "contentDetails", "status", "player"))
    duration = _text(details.get("duration"))
    found = {
        "title": _text(snippet.get("title")),
        "description": _text(snippet.get("description")),
        "published_at": _text(snippet.get("publishedAt")),
        "duration": duration,
        "duration_seconds": read_duration(duration or ""),
        "definition": _text(details.get("definition")),
        "licence": _text(status.get("license")),
        "embed_url": read_embed_url(_text(player.get("embedHtml")) or ""),
    }
    return {name: value for name, value in found.items() if value is not None}


def read_duration(text: str) -> int | None:
    """Seconds of a duration of ISO 8601, such as ``PT1H2M3S``; years and months, which have no fixed length, are not read."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    return sum(int(value or 0) * seconds for value, seconds in zip(match.groups(), _UNIT_SECONDS, strict=True))


def read_embed_url(embed_html: str) -> str | None:
    """The address that a player's ``iframe`` shows, on https; ``None`` when it is not one of YouTube's."""
    match = _SOURCE.search(embed_html)
    if match is None:
        return None
    url = re.sub(r"^(?:http:)?//", "https://", html.unescape(match[1]).strip())
    return url if url.startswith("https://") and is_host_of(read_host(url), YOUTUBE_DOMAINS) else None


def _part(video: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = video.get(name)
    return cast("Mapping[str, Any]", part) if isinstance(part, dict) else {}


def _text(value: object) -> str | None:
    return value or None if isinstance(value, str) else None


def _load(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"the answer of the API is no JSON: {str(error)[:100]}", rule="unreadable") from None
    return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _read_reason(body: bytes) -> str:
    """The API's word for its refusal; its sentences are not repeated, since they may repeat the request."""
    try:
        error = _load(body).get("error")
    except RecordError:
        return "unknown"
    errors = cast("Mapping[str, Any]", error).get("errors") if isinstance(error, dict) else None
    words = [cast("Mapping[str, Any]", each).get("reason") for each in cast("list[Any]", errors or []) if isinstance(each, dict)]
    return next((word for word in words if isinstance(word, str) and _REASON.fullmatch(word)), "unknown")
