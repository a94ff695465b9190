"""pycsw as an OAI-PMH server: every page names a next one, for ever, and a token is refused without the metadata prefix beside it.

Such a list proves nothing, so nothing is ever removed by it, and what it brings is used once a person has accepted the source.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from harvest_assets.stages.decisions import accept
from harvest_assets.stages.promotion import find_current
from harvest_assets.stages.versions import read_version
from harvest_assets_tests.end_to_end.conftest import Workplace
from harvest_assets_tests.end_to_end.real_servers.published import DATASET, Release, harvest, lists_asked, publish
from harvest_assets_tests.end_to_end.real_servers.repository import Catalogue, catalogue_identifier

REPEATING = {"metadata_prefix": "oai_dc", "repeat_arguments": True}
LOST = range(40, 100)


def srns(numbers: Iterable[int]) -> set[str]:
    return {f"geo:{catalogue_identifier(number)}" for number in numbers}


@pytest.fixture
def accepted(workplace: Workplace, catalogue: Catalogue, today: date) -> Release:
    """The catalogue as it was yesterday, accepted by hand and released."""
    yesterday = today - timedelta(days=1)
    workplace.add_source("geo", catalogue.address, options=REPEATING)
    workplace.add_dataset(DATASET, ["geo"])
    verdict = harvest(workplace, "geo", yesterday)
    assert verdict.decision == "held"
    accept(workplace.installation.store, "geo", str(yesterday), "this server never ends a list")
    outcome = workplace.publish_again("geo", yesterday)
    assert outcome.succeeded, outcome.reason
    released = publish(workplace, yesterday)
    assert released.titles == {f"geo:{catalogue_identifier(number)}": f"Dataset {number}" for number in range(250)}
    return released


def test_a_list_without_end_is_left_soon_and_held_with_the_reason(workplace: Workplace, catalogue: Catalogue, today: date) -> None:
    workplace.add_source("geo", catalogue.address, options=REPEATING)
    workplace.add_dataset(DATASET, ["geo"])

    verdict = harvest(workplace, "geo", today)
    assert workplace.release(DATASET, today).succeeded
    store = workplace.installation.store

    assert [each.get("resumptionToken") for each in lists_asked(workplace, "geo", today)] == [None, "101", "201", "0"]
    (reason,) = verdict.evidence.incomplete_because
    assert "the page repeats the records of an earlier page: the list does not end" in reason
    assert verdict.decision == "held"
    assert verdict.evidence.new_live == 250
    facts = workplace.manifest("raw_records", "geo", today).facts
    assert (facts["is_complete"], facts["proves_absence"]) == (False, False)
    (member,) = read_version(store, DATASET, 1).members
    assert (member.state, member.live) == ("missing", 0)
    assert find_current(store, DATASET) is None, "a version to which no source contributes is not promoted by itself"


def test_records_that_a_list_without_end_lacks_stay_and_what_it_brings_is_used(
    workplace: Workplace, catalogue: Catalogue, accepted: Release, today: date
) -> None:
    catalogue.lose(LOST)
    catalogue.rename(7, "Dataset seven")

    verdict = harvest(workplace, "geo", today)
    released = publish(workplace, today, since=accepted.last)

    assert len(lists_asked(workplace, "geo", today)) <= 10
    assert verdict.decision == "accepted_with_warning"
    assert (verdict.evidence.missing, verdict.evidence.old_live, verdict.evidence.new_live) == (0, 250, 250)
    assert "does not end" in verdict.words
    assert "nothing was removed: 250 documents now, 250 before" in verdict.words
    assert released.titles == {**accepted.titles, f"geo:{catalogue_identifier(7)}": "Dataset seven"}
    assert released.upserts == srns([7])
    assert released.deletes == set()


def test_a_follow_up_that_the_server_refuses_fails_the_harvest_and_loses_nothing(
    workplace: Workplace, catalogue: Catalogue, accepted: Release, today: date
) -> None:
    catalogue.lose(LOST)
    workplace.add_source("geo", catalogue.address)

    outcome = workplace.harvest("geo", today)
    released = publish(workplace, today, since=accepted.last)

    assert not outcome.succeeded
    assert outcome.reason is not None
    assert "geo: page 2: the repository answered badArgument: 'Missing metadataPrefix parameter'" in outcome.reason
    assert released.members["geo"].state == "failed"
    assert "badArgument" in released.members["geo"].words
    assert released.titles == accepted.titles
    assert (released.upserts, released.deletes) == (set(), set())
