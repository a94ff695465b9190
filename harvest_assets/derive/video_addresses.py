"""Which addresses are those of one video, and of which: YouTube and Vimeo in all the shapes in which people copy them.

Pure. Channels, playlists and searches are no videos.
"""

import re
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

YOUTUBE_DOMAINS = ("youtube.com", "youtu.be", "youtube-nocookie.com")
VIMEO_DOMAINS = ("vimeo.com",)

_SHORT_DOMAIN = "youtu.be"
_LIST_PARAMETERS = frozenset({"list", "index"})
_YOUTUBE_ID = re.compile(r"[\w-]{11}", re.ASCII)
_YOUTUBE_PATH = re.compile(r"/(?:embed|v|e|shorts|live|u/[\w-]{1,30})/([\w-]{11})(?![\w-])", re.ASCII)
_SHORT_PATH = re.compile(r"/([\w-]{11})(?![\w-])", re.ASCII)
_WATCH_PATH = re.compile(r"/watch/?|/attribution_link|/")
_VIMEO_PATH = re.compile(r"/(?:[\w/-]{1,200}/)?(\d{1,12})(?:/[0-9a-f]{1,20})?/?", re.ASCII)


def read_youtube_id(url: str | None) -> str | None:
    """The id of the video that an address of YouTube leads to; ``None`` for channels, playlists and other hosts."""
    parts = _split(url)
    if parts is None or not is_host_of(parts.hostname, YOUTUBE_DOMAINS):
        return None
    if is_host_of(parts.hostname, (_SHORT_DOMAIN,)):
        match = _SHORT_PATH.match(parts.path)
        return match[1] if match else None
    if match := _YOUTUBE_PATH.match(parts.path):
        return None if match[1] == "videoseries" else match[1]
    if not _WATCH_PATH.fullmatch(parts.path):
        return None
    found = parse_qs(parts.query, max_num_fields=100).get("v", [""])[0]
    return found if _YOUTUBE_ID.fullmatch(found) else None


def read_vimeo_id(url: str | None) -> str | None:
    """The number of the video that an address of Vimeo or of its player leads to."""
    parts = _split(url)
    if parts is None or not is_host_of(parts.hostname, VIMEO_DOMAINS):
        return None
    match = _VIMEO_PATH.fullmatch(parts.path)
    return match[1] if match else None


def is_host_of(host: str | None, domains: tuple[str, ...]) -> bool:
    """Whether a host is one of the domains or lies in one: www.youtube.com in youtube.com, notyoutube.com in none."""
    return any(host == domain or (host or "").endswith(f".{domain}") for domain in domains)


def drop_list(url: str) -> str:
    """The address of the video alone where it is one of a list of YouTube; any other address as it is."""
    parts = urlsplit(url)
    if not is_host_of(parts.hostname, YOUTUBE_DOMAINS):
        return url
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in _LIST_PARAMETERS]
    return urlunsplit(parts._replace(query=urlencode(query)))


def read_host(url: str | None) -> str | None:
    """The host of an http or https address, in lower case."""
    parts = _split(url)
    return parts.hostname if parts else None


def _split(url: str | None) -> SplitResult | None:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return parts if parts.scheme in {"http", "https"} else None
