"""Failed ranges of past days are tried again, once an hour at most, until they are received or their source is left alone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.model.window import DAY
from harvest_assets.stages.gaps import find_gaps
from harvest_assets.stages.harvest_ledger import HarvestLedger, HarvestRow
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.reschedules import put_off, waiting
from harvest_assets.stages.standing import find_refusal

PAUSE = timedelta(hours=1)
# What trying again does not change is left to a person: a wrong file, a refusal, a broken protocol.
WORTH_TRYING = frozenset({"TransientError", "PausedError", "BusyError", "UnreadablePageError", "Interrupted", "Stuck"})


def close_gaps(installation: Installation, now: datetime) -> list[str]:
    """Put off a harvest of every gap whose time has come, to be started like others that were put off; says which, in words."""
    taken = {put.source for put in waiting(installation.store)}
    said: list[str] = []
    for source in installation.catalog.sources.values():
        if source.slug in taken or find_refusal(installation, source, now, RunParameters()) is not None:
            continue
        gaps = _due_gaps(installation, source, now)
        if not gaps or not _asks_by_date(installation, source):
            continue
        for row in gaps[:1]:  # one after the other: they would only wait for each other
            put_off(installation.store, source, _days(row), RunParameters(optimize=True), now)
            said.append(f"{source.slug}: {row.start} to {row.end} is asked for again")
    return said


def _due_gaps(installation: Installation, source: Source, now: datetime) -> Sequence[HarvestRow]:
    """Gaps of days that are past; today's list is asked for again by its own schedule."""
    today = now.astimezone(UTC).date().isoformat()
    rows = find_gaps(HarvestLedger(installation.store).rows(source.slug))
    return [row for row in rows if row.part_of is None and row.end is not None and row.end <= today and _is_due(row, source, now)]


def _asks_by_date(installation: Installation, source: Source) -> bool:
    """Whether past days can be asked for; what cannot be asked at all is told by its own harvest."""
    try:
        with installation.client(source) as client:
            return source.build_protocol(client, installation.environ).filters_by_date()
    except ConfigurationError:
        return False


def _is_due(row: HarvestRow, source: Source, now: datetime) -> bool:
    is_same = (row.source_version, row.protocol_version) == (source.version, source.protocol_version)
    ended_at = datetime.fromisoformat(row.ended_at or row.created_at)
    return is_same and row.error in WORTH_TRYING and now - ended_at >= PAUSE


def _days(row: HarvestRow) -> list[date]:
    first, end = date.fromisoformat(str(row.start)), date.fromisoformat(str(row.end))
    return [first + number * DAY for number in range((end - first).days)]
