"""What is at an address: an OAI-PMH repository, a JSON list, a sitemap, a feed or files, told by content and never by name alone.

A page for people is searched for links to a repository, and a few usual places on the same origin are tried.
http://www.openarchives.org/OAI/openarchivesprotocol.html#HTTPRequestFormat
"""

import html
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from harvest_assets.errors import HarvestError, PermanentError, RefusedError, TransientError
from harvest_assets.interfaces import Response
from harvest_assets.stages.doctor.asking import Asker
from harvest_assets.stages.doctor.content import describe_content, recognise_content
from harvest_assets.stages.doctor.findings import tidy

OAI_PMH = "oai-pmh"
OAI_ARGUMENTS = frozenset({"verb", "metadataPrefix", "set", "from", "until", "identifier", "resumptionToken"})
USUAL_PLACES = ("oai", "oai/request", "oai2d", "cgi/oai2", "OAIHandler")

_PERMANENT = frozenset({301, 308})
_LOOKED_AT_BYTES = 262_144
_MOST_PLACES = 12
_LINK = re.compile(r"""href\s*=\s*["']([^"'<>\s]{1,500})["']""", re.IGNORECASE)
_LINK_TO_OAI = re.compile(r"verb=identify|[/.]oai\b|oai2d?\b|oaihandler|/oai[-_]?pmh", re.IGNORECASE)
_FEED = re.compile(r"""<link\b[^>]{0,300}application/(?:rss|atom)\+xml[^>]{0,600}>""", re.IGNORECASE)
_FIRST_BAD_STATUS = 400
_FIRST_SERVER_ERROR = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What is there, and the address to ask it at; ``arguments`` are those of OAI-PMH that stood in the address that was given."""

    kind: str
    url: str
    response: Response
    found: str
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])


def recognise(asker: Asker, url: str) -> Recognised:
    """Find out what an address leads to; one request, and up to 12 more where it leads to none of what we read.

    Raises:
        PermanentError: Nothing is recognised; it says what was tried and seen. Or the address may not be reached.
        TransientError: Nothing answers, or nothing but server errors.
    """
    base, arguments = split_arguments(url)
    first = asker.fetch_start(url, size=_LOOKED_AT_BYTES)
    kind = recognise_content(first.body)
    if kind == OAI_PMH:
        return Recognised(kind, settle(base, first), first, "by the answer at the address", arguments)
    if kind is not None and first.status < _FIRST_BAD_STATUS:
        return Recognised(kind, settle(url, first), first, "by the answer at the address")
    seen: Counter[str] = Counter()
    for place in _places(base, first):
        answer = _ask_identify(asker, place, seen)
        if answer is not None:
            return Recognised(OAI_PMH, settle(place, answer), answer, f"by trying {tidy(place)}", arguments)
    raise _build_error(url, first, seen)


def _build_error(url: str, first: Response, seen: Counter[str]) -> HarvestError:
    """What was seen at the address, and how often what was seen where else."""
    what = f"{url!r}: {describe_content(first)}"
    if first.status >= _FIRST_SERVER_ERROR:
        return TransientError(f"{what}; the server does not work now, try again later")
    tried = ", ".join(f"{words} ({times} times)" if times > 1 else words for words, times in seen.most_common(3))
    feeds = "".join(f"; the page names the feed {tidy(each)!r}, try that" for each in _name_feeds(first))
    return PermanentError(
        f"{what}: none of what can be harvested; looked for OAI-PMH at {seen.total()} usual places there and found {tried}{feeds};"
        " check the address"
    )


def settle(asked: str, response: Response) -> str:
    """The address to use from now on: where permanent redirects led, without what was asked there; otherwise the one that was asked."""
    hops = response.exchange.hops
    if not hops or any(hop.status not in _PERMANENT for hop in hops):
        return asked
    return split_arguments(response.url)[0] if split_arguments(asked)[0] == asked else response.url


def split_arguments(url: str) -> tuple[str, dict[str, str]]:
    """An address without the arguments of OAI-PMH, and those arguments; everything else of its query stays as it is written."""
    parts = urlsplit(url)
    pieces = [piece for piece in parts.query.split("&") if piece]
    kept = [piece for piece in pieces if piece.split("=", 1)[0] not in OAI_ARGUMENTS]
    taken = dict(parse_qsl("&".join(piece for piece in pieces if piece not in kept)))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "&".join(kept), "")), taken


def with_query(url: str, **arguments: str) -> str:
    """An address with arguments added to its query."""
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(arguments)}"


def _ask_identify(asker: Asker, place: str, seen: Counter[str]) -> Response | None:
    """The answer of a repository; None when there is none, with a note of what there is."""
    try:
        answer = asker.fetch_start(with_query(place, verb="Identify"), size=_LOOKED_AT_BYTES)
    except RefusedError:
        raise
    except HarvestError as error:
        seen["no answer"] += 1
        logger.info("%s: %s", place, error)
        return None
    if recognise_content(answer.body) == OAI_PMH:
        return answer
    seen[f"status {answer.status}"] += 1
    return None


def _places(base: str, first: Response) -> list[str]:
    """Where a repository may be, the likeliest first: here, where the page links to, and in the usual places; all on one origin."""
    root = urljoin(base, "/")
    folder = base.split("?", 1)[0].rstrip("/") + "/"
    usual = [place + name for place in dict.fromkeys((folder, root)) for name in USUAL_PLACES]
    found = [base, *_linked(base, first), *usual]
    return list(dict.fromkeys(found))[:_MOST_PLACES]


def _linked(base: str, first: Response) -> Iterator[str]:
    """Addresses in a page that look like a repository's."""
    for link in _LINK.findall(_text(first)):
        if _LINK_TO_OAI.search(link):
            address = _join(base, html.unescape(link))
            if address is not None:
                yield split_arguments(address)[0]


def _name_feeds(first: Response) -> list[str]:
    tags = _FEED.findall(_text(first))
    return [html.unescape(link) for tag in tags[:2] for link in _LINK.findall(tag)]


def _text(response: Response) -> str:
    return response.body.decode(errors="replace")


def _join(base: str, link: str) -> str | None:
    """A link made absolute; None when it leads to another origin, or nowhere."""
    try:
        address, here = urlsplit(urljoin(base, link)), urlsplit(base)
        is_ours = (address.scheme, address.hostname, address.port) == (here.scheme, here.hostname, here.port)
    except ValueError:
        return None
    return urlunsplit(address._replace(fragment="")) if is_ours else None
