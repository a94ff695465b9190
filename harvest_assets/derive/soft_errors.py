"""Answers that look like a success and may be none: a page that says "not found", a login page, a page in place of a file.

Put here: signs that are suspicions, and said as such. Keep out: what a suspicion leads to; it changes no outcome. What is read is a
stranger's page, so every pattern has a bound and nothing is parsed as a tree.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

SOFT_404 = "soft_404"
LOGIN_PAGE = "login_page"
UNEXPECTED_TYPE = "unexpected_type"

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Addresses that end so lead to files, whatever serves them; pages that end in .php, .aspx or .html do not.
_FILE_ENDINGS = frozenset(
    (
        *(".pdf", ".doc", ".docx", ".odt", ".rtf", ".epub", ".txt", ".csv", ".tsv", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".odp"),
        *(".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".tif", ".tiff", ".svg", ".bmp", ".mp3", ".wav", ".ogg", ".m4a", ".flac"),
        *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".wmv", ".zip", ".gz", ".tgz", ".7z", ".rar", ".tar", ".json", ".xml", ".rdf"),
    )
)

_HEADING = re.compile(r"<(title|h1)\b[^>]{0,300}>(.{0,300}?)</\1", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,300}>")
_PASSWORD_FIELD = re.compile(r"<input\b[^>]{0,500}\btype\s{0,5}=\s{0,5}[\"']?password\b", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s{0,5}=\s{0,5}[\"']?([\w-]{1,30})", re.IGNORECASE)
# Encodings of pages; other codecs of the language do more than decode.
_ENCODINGS = re.compile(
    r"utf-?8|utf-?16|us-ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d|koi8-[ru]|shift_jis|euc-(?:jp|kr)|gb2312|gbk|gb18030|big5"
)

# Titles and first headings of error pages, in the languages of the repositories that we know.
_NOT_FOUND = re.compile(
    r"(?:^|[^\w\s.,]|error|fout|fehler|erreur|http)\W{0,3}404\b|"
    r"not (?:be )?found\b|no longer (?:available|exists)|does(?: not|n.t) exist|"
    r"niet (?:meer )?(?:gevonden|beschikbaar)|bestaat niet|"
    r"nicht (?:mehr )?(?:gefunden|verfügbar|vorhanden)|existiert nicht|"
    r"introuvable|n.existe (?:pas|plus)|non trouvée?|"
    r"no (?:se ha )?encontrad[ao]|no existe|não (?:foi )?encontrad[ao]|non (?:è stata )?trovat[ao]|"
    r"(?:ikke|inte|ej) (?:blev )?(?:fundet|funnet|hittad|hittades)|(?:hittades|findes|finnes) (?:inte|ikke)|ei löy(?:dy|tynyt)|"
    r"nie (?:została )?znalezion[ao]|nenalezen[ao]|bulunamad|не найден|見つかりません|未找到|找不到",
    re.IGNORECASE,
)
_ERROR_SEGMENT = re.compile(r"(?:error|page)?[-_]?(?:404|not[-_]?found)(?:error)?|errors?|niet[-_]gevonden|pagenotfound", re.IGNORECASE)
_HOME_SEGMENT = re.compile(r"index|home|homepage|default|start|[a-z]{2}(?:-[a-z]{2})?", re.IGNORECASE)
_LOGIN_SEGMENT = re.compile(
    r"log[-_]?[io]n|sign[-_]?in|inloggen|aanmelden|anmeldung|connexion|sso|single[-_]sign[-_]on|idp|saml2?|shibboleth(?:\.sso)?|wayf|cas|oauth2?|adfs|openid-connect",
    re.IGNORECASE,
)
_LOGIN_HOST = re.compile(r"(?:login|signin|sso|idp|auth|accounts?)\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a request ended: the address asked for and the final one, the media type, what the page begins with, and what it asks for."""

    asked_url: str
    final_url: str
    media_type: str | None
    page: str = ""
    www_authenticate: str | None = None


def find_suspicions(landing: Landing) -> list[str]:
    """Signs that an answer is not what was asked for, sorted: ``login_page``, ``soft_404``, ``unexpected_type``."""
    found: set[str] = set()
    if _is_error_page(landing):
        found.add(SOFT_404)
    if _is_login_page(landing):
        found.add(LOGIN_PAGE)
    if expects_file(landing.asked_url) and landing.media_type in HTML_TYPES:
        found.add(UNEXPECTED_TYPE)
    return sorted(found)


def expects_file(url: str) -> bool:
    """Whether an address ends like that of a file, so that a web page is a surprise."""
    return PurePosixPath(urlsplit(url).path).suffix.lower() in _FILE_ENDINGS


def decode_page(start: bytes, content_type: str) -> str:
    """The start of a page as text, by the encoding that its header or itself names; what cannot be read is replaced."""
    declared = _CHARSET.search(content_type) or _CHARSET.search(start[:1024].decode("latin-1"))
    name = declared[1].lower() if declared else "utf-8"
    try:
        return start.decode(name if _ENCODINGS.fullmatch(name) else "utf-8", "replace")
    except LookupError:
        return start.decode("utf-8", "replace")


def _is_error_page(landing: Landing) -> bool:
    if any(_NOT_FOUND.search(heading) for heading in _read_headings(landing.page)):
        return True
    asked, final = _segments(landing.asked_url), _segments(landing.final_url)
    if landing.asked_url == landing.final_url or asked == final:
        return False
    return any(is_sign(final) and not is_sign(asked) for is_sign in (_is_home, _names_error))


def _is_login_page(landing: Landing) -> bool:
    if landing.www_authenticate or _PASSWORD_FIELD.search(landing.page):
        return True
    asked, final = urlsplit(landing.asked_url), urlsplit(landing.final_url)
    if _has(_LOGIN_SEGMENT, _segments(landing.final_url)) and not _has(_LOGIN_SEGMENT, _segments(landing.asked_url)):
        return True
    return asked.hostname != final.hostname and bool(_LOGIN_HOST.match(final.hostname or ""))


def _read_headings(page: str) -> list[str]:
    return [" ".join(html.unescape(_TAG.sub(" ", match[2])).split()) for match in _HEADING.finditer(page)]


def _segments(url: str) -> list[str]:
    """Parts of the path, decoded and without their endings."""
    return [re.sub(r"\.(?:\w{1,5})$", "", part) for part in unquote(urlsplit(url).path).split("/") if part]


def _is_home(segments: Sequence[str]) -> bool:
    return all(_HOME_SEGMENT.fullmatch(segment) for segment in segments)


def _names_error(segments: Sequence[str]) -> bool:
    return _has(_ERROR_SEGMENT, segments)


def _has(pattern: re.Pattern[str], segments: Sequence[str]) -> bool:
    return any(pattern.fullmatch(segment) for segment in segments)
