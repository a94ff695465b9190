"""oai-repo counts deleted records and does not send them; it excludes the day of a date without a time."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from harvest_assets.model.window import midnight
from harvest_assets.stages.decisions import accept
from harvest_assets_tests.end_to_end.conftest import Workplace
from harvest_assets_tests.end_to_end.real_servers.conftest import Serve
from harvest_assets_tests.end_to_end.real_servers.published import DATASET, harvest, lists_asked, publish

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
WENT = range(300, 330)


def srns(numbers: Iterable[int]) -> set[str]:
    return {f"shop:oai:made:{number:05d}" for number in numbers}


def test_in_a_full_list_that_holds_all_that_it_announces_what_is_absent_is_gone(workplace: Workplace, serve: Serve, today: date) -> None:
    yesterday = today - timedelta(days=1)
    repository = serve("oai_repo_server")
    repository.deleted_record = "no"
    repository.generate(range(999), at=LONG_AGO)
    repository.generate([999], at=midnight(today) - timedelta(seconds=1))
    repository.save()
    workplace.add_source("shop", repository.address, mode="full")
    workplace.add_dataset(DATASET, ["shop"])

    harvest(workplace, "shop", yesterday)
    first = publish(workplace, yesterday)
    repository.forget(WENT)
    repository.generate(range(1000, 1004), at=midnight(today))
    repository.save()
    verdict = harvest(workplace, "shop", today)
    second = publish(workplace, today, since=first.last)

    assert lists_asked(workplace, "shop", yesterday)[0]["until"] == f"{yesterday}T23:59:59Z"
    assert first.titles.keys() == srns(range(1000)), "a record of the last second of the day is there"
    facts = workplace.manifest("raw_records", "shop", today).facts
    assert (facts["is_complete"], facts["proves_absence"], facts["completeness"]["announced_total"]) == (True, True, 974)
    assert verdict.decision == "accepted"
    assert (verdict.evidence.missing, verdict.evidence.added) == (30, 4)
    assert second.titles == {f"shop:{name}": title for name, title in repository.live().items()}
    assert second.deletes == srns(WENT)
    assert second.upserts == srns(range(1000, 1004))


def test_a_list_that_announces_more_than_it_sends_is_never_a_reason_to_remove(workplace: Workplace, serve: Serve, today: date) -> None:
    """It begins with a decision of a person, because nothing tells records that are held back from records that were lost."""
    yesterday = today - timedelta(days=1)
    repository = serve("oai_repo_server")
    repository.deleted_record = "transient"
    repository.generate(range(1000), at=LONG_AGO)
    repository.delete(range(20), at=LONG_AGO)
    repository.save()
    workplace.add_source("shop", repository.address, mode="full")
    workplace.add_dataset(DATASET, ["shop"])

    held = harvest(workplace, "shop", yesterday)
    accept(workplace.installation.store, "shop", str(yesterday), "the provider counts its deleted records")
    assert workplace.publish_again("shop", yesterday).succeeded
    first = publish(workplace, yesterday)
    repository.delete(WENT, at=midnight(today))
    repository.generate(range(1000, 1004), at=midnight(today))
    repository.save()
    verdict = harvest(workplace, "shop", today)
    second = publish(workplace, today, since=first.last)

    assert held.decision == "held"
    assert held.evidence.incomplete_because == ("980 distinct records of 1000 announced were received",)
    assert first.titles.keys() == srns(range(20, 1000))
    assert workplace.manifest("raw_records", "shop", today).facts["proves_absence"] is False
    assert verdict.decision == "accepted_with_warning"
    assert verdict.evidence.incomplete_because == ("954 distinct records of 1004 announced were received",)
    assert (verdict.evidence.missing, verdict.evidence.added) == (0, 4)
    assert "nothing was removed: 984 documents now, 980 before" in verdict.words
    assert second.titles.keys() == srns(range(20, 1004))
    assert second.deletes == set()
    assert second.upserts == srns(range(1000, 1004))


def test_pages_that_hold_only_records_that_are_not_sent_do_not_end_the_list(workplace: Workplace, serve: Serve, today: date) -> None:
    """Six pages in a row are empty; what comes after them is asked for, because the repository announces more than it sent."""
    repository = serve("oai_repo_server")
    repository.generate(range(1000), at=LONG_AGO)
    repository.delete(range(600), at=LONG_AGO)
    repository.save()
    workplace.add_source("shop", repository.address)

    verdict = harvest(workplace, "shop", today)

    assert len(lists_asked(workplace, "shop", today)) == 10
    assert verdict.evidence.new_live == 400
    assert verdict.evidence.incomplete_because == ("400 distinct records of 1000 announced were received",)
    assert verdict.decision == "held"
