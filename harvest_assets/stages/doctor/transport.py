"""What every server has: redirects, TLS, compression, conditional requests, rate hints, ``robots.txt``, response times.

https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests, https://www.rfc-editor.org/rfc/rfc9309 and
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

import math
import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from harvest_assets.errors import HarvestError
from harvest_assets.interfaces import HttpStatusError, Response
from harvest_assets.stages.doctor.asking import Answered, Asker
from harvest_assets.stages.doctor.findings import Findings, count, tidy
from harvest_assets.stages.installation import PRODUCT

_NOT_MODIFIED = 304
_OK = 200
_TOO_MANY = frozenset({429, 503})
_ROBOTS_BYTES = 131_072
_SLOW_SECONDS = 10.0
_SLOWEST_RATE = 0.001
_FASTEST_RATE = 1000.0
_POLICY = re.compile(r"(?:^|[;,]\s*)q=(\d{1,9}).{0,40}?;\s*w=(\d{1,9})|(\d{1,9})\s*;\s*w=(\d{1,9})")
_FRACTION = re.compile(r"(?i)^(\s*crawl-delay\s*:\s*)([0-9]{0,9}\.[0-9]{1,9})(?=\s*(?:$|#))")
_LONGEST_LINE = 500
_RATE_HEADERS = ("ratelimit-policy", "ratelimit-limit", "ratelimit", "x-ratelimit-limit", "x-rate-limit-limit")
_SHOWN_HEADERS = re.compile(r"^(x-)?rate-?limit|^retry-after$")


@dataclass(frozen=True, slots=True)
class Robots:
    """What ``robots.txt`` says to us; ``delay_seconds`` between two requests, when it says so."""

    delay_seconds: float | None
    is_allowed: bool


def examine_answer(asker: Asker, url: str, response: Response, findings: Findings) -> None:
    """Redirects, TLS, compression and conditional requests: from one answer, and two more requests for what it brought."""
    hops = response.exchange.hops
    if hops:
        kinds = ", ".join(str(hop.status) for hop in hops)
        findings.add("redirects", f"{kinds}, to {response.exchange.final_url}; the source file has {url}", "note")
    is_safe = urlsplit(url).scheme == "https"
    findings.add("encryption", "https" if is_safe else "none, the address is http", "good" if is_safe else "note")
    try:
        whole = asker.get(response.url)
    except HttpStatusError as error:
        whole = error.response
    except HarvestError as error:
        findings.add("compression", f"not found out: {error}", "unknown")
        return
    packed = whole.headers.get("content-encoding", "")
    findings.add("compression", packed or "none: answers are sent as they are", "good" if packed else "note")
    _try_conditions(asker, whole, findings)


def _try_conditions(asker: Asker, whole: Response, findings: Findings) -> None:
    """Ask for the resource again under the condition that it changed."""
    conditions = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    sent = {conditions[name]: whole.headers[name] for name in conditions if _is_plain(whole.headers.get(name))}
    if not sent:
        findings.add("conditional requests", "no ETag and no Last-Modified", "note")
        return
    names = " and ".join(name for name in ("ETag", "Last-Modified") if name.lower() in whole.headers)
    try:
        status = asker.get(whole.url, headers=sent).status
    except HttpStatusError as error:
        status = error.response.status
    except HarvestError as error:
        findings.add("conditional requests", f"not found out: {error}", "unknown")
        return
    if status == _NOT_MODIFIED:
        findings.add("conditional requests", f"{names}; what did not change is answered with status 304")
    else:
        findings.add("conditional requests", f"{names}, but the same request again is answered with status {status}", "note")


def _is_plain(value: str | None) -> bool:
    return bool(value) and str(value).isascii() and str(value).isprintable()


def read_robots(asker: Asker, url: str, findings: Findings) -> Robots:
    """Ask for ``robots.txt`` of the origin; one that is not there allows everything."""
    try:
        response = asker.fetch_start(urljoin(url, "/robots.txt"), size=_ROBOTS_BYTES)
    except HarvestError as error:
        findings.add("robots.txt", f"not found out: {error}", "unknown")
        return Robots(None, is_allowed=True)
    text = response.body.decode(errors="replace")
    if response.status != _OK or text.lstrip().startswith("<"):
        findings.add("robots.txt", "none")
        return Robots(None, is_allowed=True)
    robots = parse_robots(text, url)
    delay = f"crawl-delay {robots.delay_seconds:g} s" if robots.delay_seconds else "no crawl-delay"
    if robots.is_allowed:
        findings.add("robots.txt", f"allows the address, {delay}")
    else:
        findings.add("robots.txt", f"disallows the address for robots, {delay}; ask the owner of the source", "warning")
    return robots


def parse_robots(text: str, url: str) -> Robots:
    """What the file says to a client of our name, or else to every client."""
    parser = RobotFileParser()
    parser.parse([_whole_seconds(line) for line in text.splitlines()[:2_000] if _is_readable(line)])
    agent = PRODUCT.partition("/")[0]
    delay = parser.crawl_delay(agent)
    rate = parser.request_rate(agent)
    seconds = float(delay) if delay is not None else rate.seconds / rate.requests if rate and rate.requests else None
    return Robots(seconds, parser.can_fetch(agent, url))


def _whole_seconds(line: str) -> str:
    """A line of which the library reads the delay too when it is a fraction: rounded up."""
    return _FRACTION.sub(lambda found: f"{found[1]}{math.ceil(float(found[2]))}", line)


def _is_readable(line: str) -> bool:
    """Whether the library takes a line alone; it fails on some addresses and digits."""
    try:
        RobotFileParser().parse(["User-agent: *", line])
    except ValueError:
        return False
    return len(line) <= _LONGEST_LINE


def find_rate(answers: list[Answered], robots: Robots, findings: Findings) -> float | None:
    """Requests per second that the server asks for by any of its hints, the lowest of them; None when it gives none that can be counted."""
    hints = [1 / robots.delay_seconds] if robots.delay_seconds else []
    hints += [rate for answered in answers for rate in read_rates(answered.headers)]
    shown = {name: answered.headers[name] for answered in answers for name in answered.headers if _SHOWN_HEADERS.match(name)}
    busy = sum(answered.status in _TOO_MANY for answered in answers)
    said = ", ".join(f"{name}: {tidy(value, 60)}" for name, value in sorted(shown.items())[:6])
    rate = max(_SLOWEST_RATE, round(min([*hints, _FASTEST_RATE]), 4)) if hints else None
    if rate is not None:
        findings.add("rate", f"{rate:g} requests per second at most, as robots.txt or headers ask{f' ({said})' if said else ''}", "note")
    else:
        findings.add("rate", said or "no hint: no Retry-After, no RateLimit header, no crawl-delay", "note" if said else "good")
    if busy:
        findings.add("busy", f"{count(busy, 'answer')} with status 429 or 503; ask more slowly", "warning")
    return rate


def read_rates(headers: Mapping[str, str]) -> list[float]:
    """Requests per second that headers allow: a quota and its window. A quota without a window says nothing of a rate."""
    found: list[float] = []
    for name in _RATE_HEADERS:
        for quota, window, quota_first, window_first in _POLICY.findall(headers.get(name, "")[:500]):
            requests, seconds = int(quota or quota_first), int(window or window_first)
            if requests and seconds:
                found.append(requests / seconds)
    return found


def examine_times(answers: list[Answered], findings: Findings) -> None:
    """Median and 95th percentile of what the server took."""
    seconds = sorted(answered.seconds for answered in answers if answered.seconds is not None)
    if not seconds:
        return
    late = seconds[min(len(seconds) - 1, round(0.95 * (len(seconds) - 1)))]
    words = f"median {statistics.median(seconds):.3f} s, 95 % within {late:.3f} s, {count(len(seconds), 'answer')}"
    findings.add("response time", words, "warning" if late > _SLOW_SECONDS else "good")
