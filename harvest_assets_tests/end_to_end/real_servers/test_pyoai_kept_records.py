"""Records that a DSpace repository really sent in 2003 and 2004, served by pyoai: its source distribution keeps them for its own tests."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from harvest_assets.model.window import midnight
from harvest_assets_tests.end_to_end.conftest import Workplace
from harvest_assets_tests.end_to_end.real_servers.conftest import Serve
from harvest_assets_tests.end_to_end.real_servers.published import DATASET, harvest, lists_asked, publish
from harvest_assets_tests.end_to_end.real_servers.repository import Record, read_samples, stamp

FIRST, SECOND = "fake1/00005.xml", "fake2/00002.xml"
DELETED = {"kept:hdl:1765/1160", "kept:hdl:1765/1161"}


def titles_of(records: list[Record]) -> dict[str, str | None]:
    return {f"kept:{record.identifier}": record.title for record in records if record.metadata is not None}


def products(titles: dict[str, str | None]) -> dict[str, str | None]:
    """Without the files that records link to, whose names go on after the name of their record."""
    return {srn: title for srn, title in titles.items() if srn.count(":") == 2}


def test_what_was_sent_on_two_dates_is_read_whole_and_deletions_of_the_unknown_publish_nothing(
    workplace: Workplace, serve: Serve, samples: Path, today: date
) -> None:
    yesterday = today - timedelta(days=1)
    before, after = read_samples(samples / FIRST), read_samples(samples / SECOND)
    repository = serve("pyoai_server")
    repository.put(before)
    repository.save()
    workplace.add_source("kept", repository.address)
    workplace.add_dataset(DATASET, ["kept"])

    first_verdict = harvest(workplace, "kept", yesterday)
    first = publish(workplace, yesterday)
    arrived = (midnight(today) + timedelta(seconds=second) for second in range(1, 100))
    repository.put(replace(record, datestamp=stamp(at)) for record, at in zip(after, arrived, strict=False))
    repository.save()
    second_verdict = harvest(workplace, "kept", today)
    second = publish(workplace, today, since=first.last)

    assert (len(before), len(after)) == (16, 81)
    assert first_verdict.decision == "first_run"
    assert products(first.titles) == titles_of(before)
    assert second_verdict.is_accepted
    assert lists_asked(workplace, "kept", today)[0]["from"] == f"{yesterday}T23:00:00Z"
    assert workplace.manifest("raw_records", "kept", today).counts["received"] == 81
    assert {f"kept:{row['identifier']}" for row in workplace.rows("raw_records", "kept", today) if row["deleted"]} == DELETED
    assert products(second.titles) == titles_of([*before, *after])
    assert len(products(second.titles)) == 95
    assert second.upserts == second.titles.keys() - first.titles.keys()
    assert second.deletes == set()
    for day in (yesterday, today):
        assert workplace.side_table("raw_records", "kept", day, "set_aside") == []
        assert "set_aside" not in workplace.manifest("documents", "kept", day).tables


def test_with_the_datestamps_of_then_a_full_list_takes_the_place_of_the_one_before(
    workplace: Workplace, serve: Serve, samples: Path, today: date
) -> None:
    """The second list shares no record with the first; so small a set is replaced at once, with a warning."""
    yesterday = today - timedelta(days=1)
    before, after = read_samples(samples / FIRST), read_samples(samples / SECOND)
    repository = serve("pyoai_server")
    repository.deleted_record = "no"
    repository.put(before)
    repository.save()
    workplace.add_source("kept", repository.address)
    workplace.add_dataset(DATASET, ["kept"])

    harvest(workplace, "kept", yesterday)
    first = publish(workplace, yesterday)
    repository.records.clear()
    repository.put(after)
    repository.save()
    verdict = harvest(workplace, "kept", today)
    second = publish(workplace, today, since=first.last)

    assert lists_asked(workplace, "kept", today)[0].keys() == {"verb", "metadataPrefix"}
    assert verdict.is_accepted
    assert verdict.evidence.missing == len(first.titles)
    assert products(second.titles) == titles_of(after)
    assert second.deletes == set(first.titles)
    assert second.upserts == set(second.titles)
