"""What a release published, as a consumer sees it, and what a harvest asked of its server."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlsplit

from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.history import read_verdict
from harvest_assets.stages.promotion import find_current, read_changes
from harvest_assets.stages.versions import Member, open_version, read_version
from harvest_assets_tests.end_to_end.conftest import Workplace

DATASET = "everything"


@dataclass(frozen=True, slots=True)
class Release:
    """The current version, and the changes that lead to it: SRNs of upserts and deletes, and the last sequence number."""

    number: int
    members: dict[str, Member]
    titles: dict[str, str | None]
    upserts: set[str]
    deletes: set[str]
    last: int


def publish(workplace: Workplace, day: date, since: int = 0) -> Release:
    """Release the dataset of all sources on a day, and read it back with the changes after a sequence number."""
    outcome = workplace.release(DATASET, day)
    assert outcome.succeeded, outcome.reason
    store = workplace.installation.store
    number = find_current(store, DATASET)
    assert number is not None
    version = read_version(store, DATASET, number)
    assert version.day == str(day)
    changes = list(read_changes(store, DATASET, since))
    assert all(change["version"] == number for change in changes)
    assert [change["sequence"] for change in changes] == list(range(since + 1, since + 1 + len(changes)))
    return Release(
        number=number,
        members={member.source: member for member in version.members},
        titles={row["srn"]: row["title"] for each in open_version(store, version) for batch in each.batches() for row in batch.to_pylist()},
        upserts={change["srn"] for change in changes if change["operation"] == "upsert"},
        deletes={change["srn"] for change in changes if change["operation"] == "delete"},
        last=since + len(changes),
    )


def harvest(workplace: Workplace, source: str, day: date) -> Verdict:
    """Harvest a source on a day, up to its set, in a run that succeeds."""
    outcome = workplace.harvest(source, day)
    assert outcome.succeeded, outcome.reason
    return read_verdict(workplace.installation.store, workplace.manifest("documents", source, day))


def lists_asked(workplace: Workplace, source: str, day: date) -> list[dict[str, str]]:
    """The arguments of the ListRecords requests of a harvest, in order."""
    sent = [dict(parse_qsl(urlsplit(row["url"]).query)) for row in workplace.side_table("raw_records", source, day, "requests")]
    return [arguments for arguments in sent if arguments["verb"] == "ListRecords"]
