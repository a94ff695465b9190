"""``diagnose``: what is at an address, what it can do, what its records look like, and the source file that follows from that.

Put here: the order of an examination. What each step finds out is in the modules beside this one.
"""

import re
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from harvest_assets.config.addresses import check_network, check_web_address
from harvest_assets.config.plugins import find_protocol
from harvest_assets.config.settings import Settings
from harvest_assets.config.sources import SLUG_PATTERN, build_source
from harvest_assets.errors import ConfigurationError, PermanentError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.harvest.redaction import Redactor
from harvest_assets.stages.doctor.asking import Asker, Bounds, Clock
from harvest_assets.stages.doctor.examined import Examined, Session, Wanted
from harvest_assets.stages.doctor.findings import Finding, Findings, count
from harvest_assets.stages.doctor.json_api import examine_json
from harvest_assets.stages.doctor.plain import examine_plain
from harvest_assets.stages.doctor.profile import Profile
from harvest_assets.stages.doctor.recognition import Recognised, recognise
from harvest_assets.stages.doctor.repository import examine_repository
from harvest_assets.stages.doctor.transport import examine_answer, examine_times, find_rate, read_robots
from harvest_assets.stages.installation import user_agent

POLITE_REQUESTS_PER_SECOND = 2.0

_EXAMINERS: Mapping[str, Callable[[Session, Recognised], Examined]] = {"oai-pmh": examine_repository, "json": examine_json}
# An examination is no harvest: it gives up sooner.
_IMPATIENT = {"connect_timeout_seconds": 10.0, "read_timeout_seconds": 30.0, "response_timeout_seconds": 60.0, "max_attempts": 2}
_LONGEST_WAIT_SECONDS = 30.0
_MOST_BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A source as the doctor saw it; ``content`` is what its file says."""

    slug: str
    url: str
    protocol: str
    examined_at: datetime
    seconds: float
    requests: int
    content: dict[str, Any]
    findings: tuple[Finding, ...]
    profile: Profile

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, without the examples of records."""
        profile = {**asdict(self.profile), "days": {str(day): number for day, number in self.profile.days}}
        return {
            "slug": self.slug,
            "url": self.url,
            "protocol": self.protocol,
            "examined_at": self.examined_at.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 3),
            "requests": self.requests,
            "source": self.content,
            "findings": [asdict(each) for each in self.findings],
            "profile": profile,
        }


def diagnose(wanted: Wanted, settings: Settings, environ: Mapping[str, str], bounds: Bounds | None = None) -> Diagnosis:
    """Examine what is at an address, within bounds; nothing is written.

    Raises:
        ConfigurationError: The address, the name or a network cannot be used.
        PermanentError: Nothing is recognised there, or it cannot be harvested, or may not be reached.
        TransientError: Nothing answers.
    """
    _check(wanted)
    began, examined_at = time.monotonic(), datetime.now(UTC)
    with _open_asker(wanted, settings, environ, bounds or Bounds()) as asker:
        session = Session(wanted, asker, environ)
        found = recognise(asker, wanted.url)
        about, transport = Findings("address"), Findings("transport")
        about.add("recognised", f"{found.kind}, {found.found}: {found.url}")
        examined = _find_examiner(found.kind)(session, found)
        rate = _examine_transport(asker, found, transport)
    content = examined.draft.as_content(wanted, _choose_rate(wanted, rate))
    build_source(wanted.slug, content)
    findings = (*about, *examined.findings, *transport)
    seconds = time.monotonic() - began
    return Diagnosis(
        wanted.slug, found.url, found.kind, examined_at, seconds, asker.asked, content, findings, examined.sample.profile
    )  # fmt: skip


def choose_slug(url: str) -> str:
    """A name for a source out of its address: the host, and the last part of the path that is not a usual one."""
    parts = urlsplit(url)
    usual = re.compile(r"(?i)^(oai2?d?|oai-?pmh|request|cgi|api|v\d+|index|\w+\.(php|xml|json|cgi|asp|aspx|jsp)|next|)$")
    own = [part for part in parts.path.split("/") if not usual.match(part)][-1:]
    words = re.sub(r"[^a-z0-9]+", "-", "-".join([(parts.hostname or "source").removeprefix("www."), *own]).lower())
    return words.strip("-")[:63].strip("-") or "source"


def _check(wanted: Wanted) -> None:
    try:
        check_web_address(wanted.url)
        for network in wanted.allow:
            check_network(network)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    if not re.fullmatch(SLUG_PATTERN, wanted.slug):
        raise ConfigurationError(f"{wanted.slug!r} is not a name for a source; use a-z, 0-9, '_' and '-', at most 63")
    shown = Redactor().clean(wanted.url)
    if shown != wanted.url:
        raise ConfigurationError(
            f"{shown!r} has a secret in its query, which would be written to the source's file; leave it out, and send it as a header:"
            " {Authorization: '${ENV:NAME}'} in a file of your own"
        )


@contextmanager
def _open_asker(wanted: Wanted, settings: Settings, environ: Mapping[str, str], bounds: Bounds) -> Generator[Asker]:
    """The network as a source at this address may use it, and no longer or more often than the bounds say."""
    http: dict[str, Any] = {
        **_IMPATIENT,
        "requests_per_second": float(wanted.requests_per_second or POLITE_REQUESTS_PER_SECOND),
        "max_body_bytes": _MOST_BODY_BYTES,
        "retry_after_cap_seconds": _LONGEST_WAIT_SECONDS,
        "response_timeout_seconds": min(60.0, bounds.seconds),
        "read_timeout_seconds": min(30.0, bounds.seconds),
    }
    content = {"title": wanted.slug, "protocol": "oai-pmh", "url": wanted.url, "http": http, "network": {"allow": list(wanted.allow)}}
    source = build_source(wanted.slug, content)
    clock = Clock(bounds.seconds)
    budget = HostBudget(settings.state_folder / "hosts")
    with RequestsClient(source.http_settings(environ, user_agent(settings)), budget, sleep=clock.sleep) as client:
        yield Asker(client, clock, bounds.requests)


def _find_examiner(kind: str) -> Callable[[Session, Recognised], Examined]:
    try:
        find_protocol(kind)
    except ConfigurationError as error:
        raise PermanentError(f"what is there is read with protocol {kind!r}, and that cannot be used here: {error}") from None
    return _EXAMINERS.get(kind, examine_plain)


def _examine_transport(asker: Asker, found: Recognised, findings: Findings) -> float | None:
    robots = read_robots(asker, found.url, findings)
    examine_answer(asker, found.url, found.response, findings)
    rate = find_rate(asker.answers, robots, findings)
    examine_times(asker.answers, findings)
    findings.add("requests", f"{count(asker.asked, 'request')} for this examination")
    return rate


def _choose_rate(wanted: Wanted, hinted: float | None) -> float | None:
    """What the file says of pace: the hint of the server, or what a person asked for, whichever is slower."""
    known = [rate for rate in (hinted, wanted.requests_per_second) if rate is not None]
    return min(known) if known else None
