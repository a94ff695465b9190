"""Standing: why a harvest of a source is refused now, whoever starts it, and how a person lifts that.

The facts come from the source's file and the ledgers; the rules and the words are in `assemble.obstacles`. Sensors, the command line and
``source_health`` say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harvest_assets.assemble.obstacles import (
    Attempt,
    Breaker,
    Obstacle,
    Standing,
    describe_breaker,
    find_failures,
    find_obstacles,
    next_closing,
)
from harvest_assets.config.pacing import parse_hours
from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError, RefusedError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.attempts import recent_attempts
from harvest_assets.stages.availability import find_outage
from harvest_assets.stages.harvest_ledger import HarvestLedger
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.ranges import Request
from harvest_assets.store.store import Store

RESETS = "resets"


@dataclass(frozen=True, slots=True)
class Reset:
    """What a reset did: how many failures are forgotten, and what stood against the source, in words."""

    source: str
    failures: int
    lifted: str | None


def find_refusal(installation: Installation, source: Source, now: datetime, parameters: RunParameters) -> str | None:
    """Why a harvest is refused right now, in words that follow the source's name; ``None`` when nothing stands against it.

    Raises:
        ConfigurationError: ``force`` gives no reason.
    """
    found = _find_obstacle(installation, source, now, parameters)
    return None if found is None else found.because


def require_standing(installation: Installation, request: Request, now: datetime | None = None) -> None:
    """Go on only when nothing stands against the harvest; else its row in the ledger says why it was skipped.

    To be called before the source's lock is taken.

    Raises:
        RefusedError: Something does.
        ConfigurationError: ``force`` gives no reason.
    """
    source = request.source
    found = _find_obstacle(installation, source, now or datetime.now(UTC), request.parameters)
    if found is None:
        return
    HarvestLedger(installation.store).turn_away(source, request.start, request.end, "skipped", reason=found.because)
    ways = {"disabled": "--ignore-disabled", "frozen": f"take 'frozen' out of {source.file}"}
    raise RefusedError(f"{source.slug} {found.because}; to harvest it all the same: {ways.get(found.kind, '--force REASON')}")


def read_standing(installation: Installation, source: Source, now: datetime) -> Standing:
    """What may stand against a harvest of a source, as its file and the ledgers say."""
    return Standing(
        source=source.slug,
        is_enabled=source.enabled,
        disabled_reason=source.disabled_reason,
        is_frozen=source.frozen,
        hours=tuple(parse_hours(each) for each in source.hours),
        breaker=Breaker(source.breaker.failures, source.breaker.pause, (source.version, source.protocol_version)),
        reset_at=_last_reset(installation.store, source.slug),
        outage=find_outage(installation.store, source, now),
    )


def read_tries(entries: Sequence[dict[str, Any]]) -> list[Attempt]:
    """Entries of the ledger of attempts as the rules read them."""
    return [_read_try(entry) for entry in entries]


def breaker_words(installation: Installation, source: Source, now: datetime) -> str:
    """The state of a source's breaker, for tables."""
    tries = read_tries(recent_attempts(installation.store, source.slug))
    return describe_breaker(read_standing(installation, source, now), tries, now)


def closes_at(source: Source, now: datetime) -> datetime | None:
    """When the hours end in which the source may be harvested; ``None`` when they do not."""
    return next_closing([parse_hours(each) for each in source.hours], now)


def reset(installation: Installation, source: Source, reason: str, now: datetime) -> Reset:
    """Forget the failures of a source, so that it is harvested again; nothing is written when there are none.

    Raises:
        ConfigurationError: The reason is blank.
    """
    if not reason.strip():
        raise ConfigurationError(f"reason {reason!r} says nothing; write why {source.slug} is worth another try")
    standing, tries = read_standing(installation, source, now), read_tries(recent_attempts(installation.store, source.slug))
    failures = len(find_failures(standing, tries))
    lifted = next((each.because for each in find_obstacles(standing, tries, now) if each.kind == "failing"), None)
    if failures:
        entry = {"reset_at": now.isoformat(), "reason": reason, "failures": failures, "lifted": lifted}
        installation.store.ledger.write(RESETS, source.slug, f"{now:%Y%m%dT%H%M%S%f}", entry)
    return Reset(source.slug, failures, lifted)


def _find_obstacle(installation: Installation, source: Source, now: datetime, parameters: RunParameters) -> Obstacle | None:
    """The first that the parameters do not put aside."""
    if parameters.force is not None and not parameters.force.strip():
        raise ConfigurationError(f"force {parameters.force!r} is no reason; say why {source.slug} is harvested all the same")
    aside = {"disabled"} if parameters.ignore_disabled else set[str]()
    aside |= {"failing", "down", "hours"} if parameters.force is not None else set()
    tries = read_tries(recent_attempts(installation.store, source.slug))
    found = find_obstacles(read_standing(installation, source, now), tries, now)
    return next((each for each in found if each.kind not in aside), None)


def _read_try(entry: dict[str, Any]) -> Attempt:
    """Entries of earlier versions name no versions: nothing is known of theirs."""
    versions = (entry["source_version"], entry["protocol_version"]) if "source_version" in entry else None
    return Attempt(
        datetime.fromisoformat(entry["started_at"]),
        datetime.fromisoformat(entry["ended_at"]) if entry["ended_at"] else None,
        "paused" if entry.get("error") == "PausedError" else entry["status"],
        versions,
        is_past=entry["days"][-1] < entry["started_at"][:10],
    )


def _last_reset(store: Store, source: str) -> datetime | None:
    entry = next(iter(store.ledger.latest(RESETS, source, 1)), None)
    return None if entry is None else datetime.fromisoformat(entry["reset_at"])
