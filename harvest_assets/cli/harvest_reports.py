"""What a run of a source brought, day by day, and what to do next."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from harvest_assets.cli.output import say
from harvest_assets.stages.history import read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.source_reports import describe_harvest, find_stale_days
from harvest_assets.store.store import Store

NOT_FAILED = {"RefusedError": "REFUSED", "BusyError": "PUT OFF", "PausedError": "PAUSED"}


@dataclass(frozen=True, slots=True)
class HarvestReport:
    """A run of one source. ``not_changed`` are later days that were built on what stood before this run."""

    source: str
    succeeded: bool
    reason: str | None
    run_id: str
    days: list[dict[str, Any]]
    not_changed: list[str]
    next: list[str]
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


def report_success(
    installation: Installation, source: str, days: Sequence[date], run_id: str, *, has_documents: bool = True
) -> HarvestReport:
    """What a run that succeeded left in the store; ``has_documents`` unless it stopped after the raw records."""
    described = [_describe_day(installation.store, source, str(day), has_documents=has_documents) for day in days]
    later = [each.day for each in find_stale_days(installation.store, source) if each.day > str(days[-1])]
    steps = [_next_step(installation, source, described[-1]) if has_documents else f"harvest run {source} --date {days[-1]}"]
    if described[-1].get("set_aside"):
        steps.insert(0, f"harvest quarantine list {source}")
    if later:
        steps.append(f"harvest run {source} --from {later[0]} --to {later[-1]}")
    return HarvestReport(source, succeeded=True, reason=None, run_id=run_id, days=described, not_changed=later, next=steps)


def report_failure(source: str, reason: str | None, run_id: str, error: str | None = None) -> HarvestReport:
    """A run that failed, was refused or was put off; what was received stays staged for the next one."""
    steps = [f"harvest status {source}"] if error in NOT_FAILED else [f"harvest run {source}", f"harvest status {source}"]
    return HarvestReport(source, succeeded=False, reason=reason, run_id=run_id, days=[], not_changed=[], next=steps, error=error)


def print_report(report: HarvestReport) -> None:
    """The report for people, a few lines."""
    if not report.succeeded:
        say(f"{report.source}: {NOT_FAILED.get(report.error or '', 'FAILED')}: {report.reason}")
        if report.error != "RefusedError":
            say("  What was received is kept; the next attempt goes on where it can. Nothing that was accepted is changed.")
    for day in report.days:
        _print_day(report.source, day)
    if report.not_changed:
        say(f"  not changed: {', '.join(report.not_changed)}, built on what stood before; the run below redoes them in order")
    say(f"  next: {'; '.join(report.next)}")


def _describe_day(store: Store, source: str, day: str, *, has_documents: bool) -> dict[str, Any]:
    raw, documents = store.manifests.find("raw_records", source, day), store.manifests.find("documents", source, day)
    if raw is None or (has_documents and documents is None):
        return {"day": day}
    harvested = {**describe_harvest(raw), "received_this_day": raw.counts["received"]}
    if documents is None or not has_documents:
        return harvested
    verdict = read_verdict(store, documents)
    return {
        **harvested,
        **{name: documents.counts[name] for name in ("live", "added", "removed", "retracted", "set_aside")},
        "decision": verdict.decision,
        "is_accepted": verdict.is_accepted,
        "words": verdict.words,
    }


def _print_day(source: str, day: dict[str, Any]) -> None:
    if "distinct" not in day:
        say(f"{source} {day['day']}: nothing is stored")
        return
    announced = f" of {day['announced']} announced" if day["announced"] is not None else ""
    proof = "complete" if day["is_complete"] else f"not complete: {'; '.join(day['incomplete_because'])}"
    say(
        f"{source} {day['day']}: {day['distinct']} records{announced} on {day['pages']} {'page' if day['pages'] == 1 else 'pages'}, {proof}"
    )
    for note in day["notes"]:
        say(f"  note: {note}")
    if "decision" not in day:
        return
    say(f"  {day['live']} live, {day['added']} added, {day['removed']} gone, {day['set_aside']} set aside")
    say(f"  {day['decision']}: {day['words']}")


def _next_step(installation: Installation, source: str, last: dict[str, Any]) -> str:
    if not last.get("is_accepted", True):
        return f"harvest accept {source} --date {last['day']} --reason REASON, if the source is right"
    datasets = [slug for slug in installation.catalog.datasets if source in installation.catalog.members(slug)]
    return "; ".join(f"harvest release {slug} --date {last['day']}" for slug in datasets) or "add the source to a file in datasets/"
