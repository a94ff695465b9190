"""``robots.txt`` of the sites that a source asks to respect: what may be asked for, and how fast.

Only `http` uses this module, and gives it the way to fetch. A site's file is asked for once a day; what it said is kept in a folder
that all processes share, under a lock, so that one of them asks. https://www.rfc-editor.org/rfc/rfc9309, and Crawl-delay and
Request-rate as ``urllib.robotparser`` reads them.
"""

import fcntl
import hashlib
import logging
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

import orjson

from harvest_assets.errors import PermanentError, TransientError
from harvest_assets.harvest.retries import RETRIED_STATUSES
from harvest_assets.interfaces import Response

logger = logging.getLogger(__name__)

# RFC 9309 section 2.5 asks to read at least 500 KiB; what comes after that is not read.
ROBOTS_BYTES = 512_000
_KEPT_SECONDS = 86_400.0
_UNKNOWN_SECONDS = 3_600.0
# A pause that is longer than this lets no harvest come to its end; a person has to decide.
_LONGEST_PAUSE_SECONDS = 600.0
_KNOWN_SITES = 256
_SERVER_ERROR = 500
_OK = range(200, 300)
_ENDLESS_SECONDS = 10**9
_FRACTION = re.compile(r"(?i)^(\s*crawl-delay\s*:\s*)([0-9]{0,9}\.[0-9]{1,9})(?=\s*(?:$|#))")


@dataclass(frozen=True, slots=True)
class _Rules:
    """What one site's file says to everybody; ``until`` is when it is asked for again."""

    parser: RobotFileParser | None
    until: float


class Robots:
    """What sites allow a robot of this product token."""

    def __init__(self, folder: Path, token: str, fetch: Callable[[str], Response], *, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._token = token
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, _Rules] = {}

    def limit_rate(self, url: str, requests_per_second: float) -> float:
        """Requests per second to the host of an address that are neither more than these nor more than its site asks for.

        Raises:
            PermanentError: The site does not allow the address, or asks for a pause with which no harvest ends; the message names no
                more of the address than its site.
        """
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        parser = self._read_rules(site).parser
        if parser is None:
            return requests_per_second
        if not _allows(parser, self._token, url):
            raise PermanentError(
                f"robots.txt of {site!r} does not allow {self._token!r} to ask for this address; ask the publisher, or another address"
            )
        pause_seconds = _read_pause(parser, self._token)
        if pause_seconds > _LONGEST_PAUSE_SECONDS:
            raise PermanentError(
                f"robots.txt of {site!r} asks for {pause_seconds:g} s between two requests, more than {_LONGEST_PAUSE_SECONDS:g}; "
                "ask the publisher, or leave 'http.robots' out"
            )
        return min(requests_per_second, 1 / pause_seconds) if pause_seconds else requests_per_second

    def _read_rules(self, site: str) -> _Rules:
        known = self._known.get(site)
        if known is None or not self._is_current(known.until):
            if len(self._known) >= _KNOWN_SITES:
                self._known.clear()
            self._known[site] = known = self._share_rules(site)
        return known

    def _is_current(self, until: float) -> bool:
        return 0 < until - self._clock() <= _KEPT_SECONDS

    def _share_rules(self, site: str) -> _Rules:
        """Take the rules from the file that processes share, or ask for them while the others wait."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{hashlib.sha256(site.encode()).hexdigest()[:16]}.json").open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text, until = _read_stored(file.read())
            if not self._is_current(until):
                text, until, is_shared = self._ask(site)
                file.truncate(0)
                if is_shared:
                    file.write(orjson.dumps({"site": site, "until": until, "text": text}))
        return _Rules(None if text is None else _parse(text), until)

    def _ask(self, site: str) -> tuple[str | None, float, bool]:
        """Ask a site: its text if it has one, until when that counts, and whether it counts for others too."""
        now = self._clock()
        try:
            response = self._fetch(f"{site}/robots.txt")
        except TransientError as error:
            logger.warning("robots.txt of %r: no delay known, asked again in an hour: %s", site, error)
            return None, now + _UNKNOWN_SECONDS, True
        except PermanentError as error:
            # This source may not go there or not get through; another one may.
            logger.warning("robots.txt of %r: no delay known: %s", site, error)
            return None, now + _UNKNOWN_SECONDS, False
        if response.status >= _SERVER_ERROR or response.status in RETRIED_STATUSES:
            logger.warning("robots.txt of %r: status %d; no delay known, asked again in an hour", site, response.status)
            return None, now + _UNKNOWN_SECONDS, True
        text = response.body[:ROBOTS_BYTES].decode("utf-8-sig", "replace") if response.status in _OK else None
        return text, now + _KEPT_SECONDS, True


def _allows(parser: RobotFileParser, token: str, url: str) -> bool:
    try:
        return parser.can_fetch(token, url)
    except ValueError:  # an address that the library cannot take apart
        return False


def _read_pause(parser: RobotFileParser, token: str) -> float:
    """Seconds between two requests that a file asks for; 0 when it does not."""
    delay, rate = parser.crawl_delay(token), parser.request_rate(token)
    between = min(rate.seconds, _ENDLESS_SECONDS) / min(rate.requests, _ENDLESS_SECONDS) if rate is not None and rate.requests else 0.0
    return max(float(min(int(delay or 0), _ENDLESS_SECONDS)), between)


def _parse(text: str) -> RobotFileParser:
    """Read a file; a line on which the library fails counts for nothing, and a pause of half a second counts as a whole one."""
    lines = [_FRACTION.sub(lambda found: f"{found[1]}{math.ceil(float(found[2]))}", line) for line in text.splitlines()]
    parser = RobotFileParser()
    parser.parse([line for line in lines if _is_readable(line)])
    return parser


def _is_readable(line: str) -> bool:
    try:
        RobotFileParser().parse(["User-agent: *", line])
    except ValueError:  # out of the address of a rule, or out of a number of other digits than ours
        return False
    return True


def _read_stored(content: bytes) -> tuple[str | None, float]:
    """What the shared file holds; one that was cut or overwritten is as good as none."""
    try:
        stored: Any = orjson.loads(content)
        return (None if stored["text"] is None else str(stored["text"])), float(stored["until"])
    except (ValueError, KeyError, TypeError):
        return None, 0.0
