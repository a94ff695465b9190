"""pyoai over a thousand records: the second date asks for what changed, and the version and its feed hold exactly that."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from harvest_assets.model.window import midnight
from harvest_assets_tests.end_to_end.conftest import Workplace
from harvest_assets_tests.end_to_end.real_servers.conftest import Serve
from harvest_assets_tests.end_to_end.real_servers.published import DATASET, harvest, lists_asked, publish

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
DELETED_BEFORE = range(0, 1000, 50)
CHANGED, GONE, CAME = range(101, 131), range(201, 216), range(1000, 1012)


def srns(numbers: Iterable[int]) -> set[str]:
    return {f"shop:oai:made:{number:05d}" for number in numbers}


def test_two_dates_of_a_thousand_records_become_two_versions_that_differ_by_what_changed(
    workplace: Workplace, serve: Serve, today: date
) -> None:
    yesterday = today - timedelta(days=1)
    repository = serve("pyoai_server")
    repository.generate(range(900), at=LONG_AGO)
    repository.generate(range(900, 1000), at=midnight(today) - timedelta(hours=2))
    repository.delete(DELETED_BEFORE, at=LONG_AGO + timedelta(days=30))
    repository.save()
    workplace.add_source("shop", repository.address)
    workplace.add_dataset(DATASET, ["shop"])

    verdict = harvest(workplace, "shop", yesterday)
    first = publish(workplace, yesterday)

    assert verdict.decision == "first_run"
    assert verdict.evidence.new_live == 980
    raw = workplace.manifest("raw_records", "shop", yesterday)
    assert raw.facts["is_complete"] is True
    assert (raw.facts["completeness"]["pages"], raw.facts["completeness"]["distinct"]) == (10, 1000)
    begun = lists_asked(workplace, "shop", yesterday)[0]
    assert begun == {"verb": "ListRecords", "metadataPrefix": "oai_dc", "until": f"{yesterday}T23:59:59Z"}
    assert first.titles == {f"shop:{name}": title for name, title in repository.live().items()}
    assert first.upserts == srns(range(1000)) - srns(DELETED_BEFORE)
    assert first.deletes == set()
    assert (first.members["shop"].state, first.members["shop"].live) == ("current", 980)

    repository.generate(CHANGED, at=midnight(today) + timedelta(seconds=1), words="wind")
    repository.delete(GONE, at=midnight(today) + timedelta(seconds=2))
    repository.generate(CAME, at=midnight(today) + timedelta(seconds=3))
    repository.save()

    verdict = harvest(workplace, "shop", today)
    second = publish(workplace, today, since=first.last)

    assert verdict.decision == "accepted"
    assert (verdict.evidence.old_live, verdict.evidence.new_live) == (980, 977)
    assert (verdict.evidence.missing, verdict.evidence.added) == (15, 12)
    assert lists_asked(workplace, "shop", today) == [{"verb": "ListRecords", "metadataPrefix": "oai_dc", "from": f"{yesterday}T23:00:00Z"}]
    assert workplace.manifest("raw_records", "shop", today).counts["received"] == 30 + 15 + 12
    assert second.number == first.number + 1
    assert second.titles == {f"shop:{name}": title for name, title in repository.live().items()}
    assert second.upserts == srns([*CHANGED, *CAME])
    assert second.deletes == srns(GONE)
    assert (second.members["shop"].state, second.members["shop"].live) == ("current", 977)


def test_new_datestamps_alone_and_a_night_without_changes_publish_nothing(workplace: Workplace, serve: Serve, today: date) -> None:
    """On the last day pyoai says noRecordsMatch, as the protocol wants: an answer, not a failure."""
    yesterday, before = today - timedelta(days=1), today - timedelta(days=2)
    repository = serve("pyoai_server")
    repository.generate(range(250), at=LONG_AGO)
    repository.save()
    workplace.add_source("shop", repository.address)
    workplace.add_dataset(DATASET, ["shop"])
    harvest(workplace, "shop", before)
    first = publish(workplace, before)
    repository.generate(range(250), at=midnight(yesterday))
    repository.save()

    decisions = [harvest(workplace, "shop", day).decision for day in (yesterday, today)]
    last = publish(workplace, today, since=first.last)

    assert [workplace.manifest("raw_records", "shop", day).counts["received"] for day in (yesterday, today)] == [250, 0]
    assert decisions == ["accepted", "accepted"]
    assert (last.upserts, last.deletes) == (set(), set())
    assert last.titles == first.titles
