"""What the page of a video says of it: the one adapter to yt-dlp, https://github.com/yt-dlp/yt-dlp#embedding-yt-dlp.

yt-dlp only reads pages here. Every request of it goes through our client, so that the guard of addresses, budgets, caps and the
User-Agent hold; it has no other handler of requests, no cookies, cache, plugins, configuration or external programs, and downloads
nothing. This module takes a while to import: import it where it is needed.
"""
# ruff: noqa: E402 - yt-dlp has to find its own clients barred before it is imported

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from itertools import islice
from typing import Any, cast

# These would open sockets, and the first one changes requests and urllib3 for the whole process when it is imported (2026.10.26).
for _name in ("_requests", "_curlcffi", "_websockets"):
    cast("dict[str, Any]", sys.modules)[f"yt_dlp.networking.{_name}"] = None

import yt_dlp.globals
from yt_dlp import YoutubeDL
from yt_dlp.extractor.generic import GenericIE
from yt_dlp.extractor.genericembeds import HTML5MediaEmbedIE
from yt_dlp.extractor.vimeo import VimeoIE
from yt_dlp.extractor.youtube import YoutubeIE
from yt_dlp.networking import Request, RequestHandler
from yt_dlp.networking import Response as Reply
from yt_dlp.networking.common import RequestDirector
from yt_dlp.networking.exceptions import HTTPError, TransportError, UnsupportedRequest
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError

from harvest_assets.derive.video_addresses import VIMEO_DOMAINS, YOUTUBE_DOMAINS, is_host_of, read_host
from harvest_assets.errors import HarvestError, RecordError, TransientError
from harvest_assets.interfaces import HttpClient, HttpStatusError, Response

MAXIMUM_THUMBNAILS = 3
_LONGEST_TITLE = 1_000
_LONGEST_REASON = 300
_MISSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_WITHHELD_HEADERS = frozenset({"cookie", "user-agent", "accept-encoding", "content-type", "content-length", "host"})

# What the extractors say in words only, first match first.
_FAILURES = tuple(
    (failure, re.compile(words, re.IGNORECASE))
    for failure, words in (
        ("rate_limited", r"too many requests|rate.?limit|not a bot|try again later"),
        ("private", r"private|password|log ?in|sign in|registered users|members|authori[sz]|protected|privacy"),
        ("geo", r"your country|your location|geo.?restrict|region"),
        ("unavailable", r"unavailable|not available|removed|deleted|terminated|not exist|not found|no longer|copyright"),
        ("unsupported", r"unsupported|no suitable|unable to extract"),
    )
)

# Nothing is asked for that a thumbnail does not need: no player program, no lists of formats.
_ARGUMENTS = {"youtube": {"player_skip": ["js", "configs"], "skip": ["hls", "dash", "translated_subs"]}}


@dataclass(frozen=True, slots=True)
class VideoPage:
    """Title, length in seconds where it is known, and addresses of pictures, the best first, at most three."""

    title: str | None
    duration_seconds: float | None
    thumbnail_urls: tuple[str, ...]


class VideoPages:
    """Reads pages of videos, one after the other, through one client."""

    def __init__(self, client: HttpClient) -> None:
        yt_dlp.globals.plugin_dirs.value = []
        self._handler = ClientRH(client)
        self._reader = _Reader(self._handler)

    def read(self, url: str) -> VideoPage:
        """What a page says: by the extractor of YouTube or Vimeo for their hosts, by its own markup for any other.

        Raises:
            RecordError: The page tells of no video; ``rule`` is one of rate_limited, private, geo, unavailable, unsupported,
                unreadable, or the class of what went wrong on the network.
        """
        self._handler.troubles.clear()
        try:
            info = self._reader.extract_info(url, download=False, ie_key=_choose_extractor(url), process=False)
        except DownloadError as error:
            raise _explain(url, error, self._handler.troubles) from None
        video = _find_video(info)
        if video is None:
            raise RecordError(f"{url!r}: the page leads to no video of its own", rule="unsupported")
        return VideoPage(_read_title(video), _read_duration(video), _rank_thumbnails(video))


class _Silence:
    """Takes what yt-dlp logs; what matters of it is raised."""

    def debug(self, message: str) -> None: ...
    def warning(self, message: str) -> None: ...
    def error(self, message: str) -> None: ...
    def stdout(self, message: str) -> None: ...
    def stderr(self, message: str) -> None: ...


# As anything: the stubs of yt-dlp name its own class here, of which nothing but these methods is used.
_SILENCE: Any = _Silence()


class _Reader(YoutubeDL):
    """yt-dlp with four extractors and one handler of requests."""

    def __init__(self, handler: RequestHandler) -> None:
        self._handler = handler
        params: Any = {
            "logger": _SILENCE,
            "quiet": True,
            "no_warnings": True,
            "cachedir": False,
            "proxy": "",
            "skip_download": True,
            "noplaylist": True,
            "ignore_no_formats_error": True,
            "ignoreerrors": True,  # so that every error, of whatever kind, comes to `trouble`
            "extractor_retries": 0,
            "extractor_args": _ARGUMENTS,
            "js_runtimes": {},
            "remote_components": (),
        }
        super().__init__(params, auto_init=False)
        extractors: tuple[Any, ...] = (YoutubeIE(), VimeoIE(), HTML5MediaEmbedIE(), GenericIE())
        for extractor in extractors:
            self.add_info_extractor(extractor)

    def build_request_director(self, handlers: Any, preferences: Any = None) -> RequestDirector:  # noqa: ANN401 - not used
        """Our handler in place of those that open sockets."""
        del handlers, preferences
        director = RequestDirector(logger=_SILENCE)
        director.add_handler(self._handler)
        return director

    def trouble(self, message: str | None = None, tb: Any = None, is_error: bool = True) -> None:  # noqa: ANN401, FBT001, FBT002 - the signature of yt-dlp
        """Raise where yt-dlp would print, with what it was about as the cause."""
        del tb
        if is_error:
            raise DownloadError(message or "", cast("Any", sys.exc_info()))


class ClientRH(RequestHandler):
    """Answers the requests of yt-dlp with what our client brings; ``troubles`` are its errors, of which extractors swallow some."""

    _SUPPORTED_URL_SCHEMES = ("http", "https")
    _SUPPORTED_PROXY_SCHEMES = None
    _SUPPORTED_FEATURES = None

    def __init__(self, client: HttpClient) -> None:
        super().__init__(logger=_SILENCE)
        self.troubles: list[BaseException] = []
        self._client = client

    def _check_extensions(self, extensions: dict[str, Any]) -> None:
        """Take every extension: they are about sockets and cookies, of which there are none."""
        extensions.clear()

    def _send(self, request: Request) -> Reply:
        try:
            reply = _as_reply(self._ask(request))
        except HttpStatusError as error:
            reply = _as_reply(error.response)
        except HarvestError as error:
            if not isinstance(error, TransientError) or error.status is None:
                self.troubles.append(error)
                raise TransportError(str(error), cause=error) from error
            reply = Reply(BytesIO(), request.url, {}, error.status)
        if reply.status >= HTTPStatus.BAD_REQUEST:
            self.troubles.append(HTTPError(reply))
            raise HTTPError(reply)
        return reply

    def _ask(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _WITHHELD_HEADERS}
        if request.method == "GET":
            return self._client.get(request.url, headers=headers)
        if request.method == "HEAD":
            return self._client.head(request.url)
        if request.method == "POST" and isinstance(request.data, bytes):
            content_type = request.headers.get("Content-Type", "application/octet-stream")
            return self._client.post(request.url, body=request.data, content_type=content_type, headers=headers)
        raise UnsupportedRequest(f"method {request.method!r} is not one of GET, HEAD, POST with bytes")


def _as_reply(response: Response) -> Reply:
    headers = {name: value for name, value in response.headers.items() if name not in {"content-encoding", "content-length"}}
    return Reply(BytesIO(response.body), response.url, headers, response.status)


def _choose_extractor(url: str) -> str:
    host = read_host(url)
    if is_host_of(host, YOUTUBE_DOMAINS):
        return YoutubeIE.ie_key()
    return VimeoIE.ie_key() if is_host_of(host, VIMEO_DOMAINS) else GenericIE.ie_key()


def _find_video(info: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - what an extractor returns
    """The video of a page, or the first of several; ``None`` where it only points to another page, without a picture."""
    if not isinstance(info, dict):
        return None
    found = cast("dict[str, Any]", info)
    kind = found.get("_type", "video")
    if kind in {"playlist", "multi_video"}:
        return next((video for entry in islice(found.get("entries") or (), 1) if (video := _find_video(entry))), None)
    return found if kind == "video" or found.get("thumbnail") or found.get("thumbnails") else None


def _read_title(video: Mapping[str, Any]) -> str | None:
    title = video.get("title")
    return " ".join(title.split())[:_LONGEST_TITLE] or None if isinstance(title, str) else None


def _read_duration(video: Mapping[str, Any]) -> float | None:
    duration = video.get("duration")
    return float(duration) if isinstance(duration, (int, float)) and duration > 0 else None


def _rank_thumbnails(video: Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses on the web, by the extractor's preference and then by size, the best first; some of them are guesses."""
    listed = [each for each in video.get("thumbnails") or () if isinstance(each, dict)]
    ranked = sorted(listed, key=lambda each: (each.get("preference") or 0, each.get("width") or 0, each.get("height") or 0), reverse=True)
    urls = [video.get("thumbnail"), *(each.get("url") for each in ranked)]
    usable = [url for url in urls if isinstance(url, str) and read_host(url)]
    return tuple(dict.fromkeys(usable))[:MAXIMUM_THUMBNAILS]


def _explain(url: str, error: DownloadError, troubles: Sequence[BaseException]) -> RecordError:
    """What went wrong: by the types of the errors where they say it, by words where they do not, and at last by the first trouble."""
    chain = list(_unroll(error.exc_info[1] if error.exc_info else None))
    words = str(getattr(chain[0], "orig_msg", None) or chain[0] if chain else error)
    line = re.sub(r"\s+", " ", words).strip()[:_LONGEST_REASON]
    is_limited = any(isinstance(each, HTTPError) and each.status == HTTPStatus.TOO_MANY_REQUESTS for each in troubles)
    failure = "rate_limited" if is_limited else _classify(chain) or _read_words(chain, line) or _classify(troubles) or "unreadable"
    return RecordError(f"{url!r}: {line}", rule=failure)


def _unroll(error: BaseException | str | None) -> Iterable[BaseException]:
    """An error and what it came from; yt-dlp keeps that beside Python's own chain."""
    seen: set[int] = set()
    while isinstance(error, BaseException) and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = getattr(error, "cause", None) or error.__cause__


def _classify(errors: Iterable[BaseException]) -> str | None:
    for error in errors:
        if isinstance(error, HTTPError):
            return _classify_status(error.status)
        if isinstance(error, HarvestError):
            return error.failure or "unreachable"
        if isinstance(error, (GeoRestrictedError, UnsupportedError)):
            return "geo" if isinstance(error, GeoRestrictedError) else "unsupported"
    return None


def _read_words(chain: Sequence[BaseException], words: str) -> str | None:
    if not chain or not isinstance(chain[0], ExtractorError):
        return None
    return next((failure for failure, pattern in _FAILURES if pattern.search(words)), None)


def _classify_status(status: int) -> str:
    if status in _MISSING:
        return "unavailable"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
