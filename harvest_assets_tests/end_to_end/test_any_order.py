"""The runs of a backfill come in any order: the first asks for all days, and the sets are those of one day after the other."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from harvest_assets.model.window import midnight
from harvest_assets.stages.documents import fold
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.sets import publish


def run(place: Any, asked: list[date], wanted: date, batch: str) -> None:
    """One run: the days that its backfill asks for in all, and the one that it makes itself."""
    installation = place.installation
    source, commit = installation.catalog.source("press"), installation.store.manifests.commit
    for raw in harvest(installation, Request(source, asked, batch)).values():
        commit(raw.manifest)
    for documents in fold(installation, source, [str(wanted)], batch).values():
        commit(documents.manifest)
    for published in publish(installation, source, [str(wanted)], batch).values():
        commit(published.manifest)


def published(place: Any, day: date) -> dict[str, Any]:
    """What consumers learn of a day: the verdict and the live documents."""
    rows = [row for row in place.rows("documents", "press", day) if row["state"] == "active"]
    manifest = place.manifest("sets", "press", day)
    contributes = manifest.facts["contributes"]
    return {"rows": rows, "verdict": manifest.facts["verdict"], "contributes": contributes and contributes["documents"]["day"]}


def make(make_workplace: Any, name: str, days: list[date]) -> Any:
    """Sixty records, some of them new on each day; one changes on the second."""
    place = make_workplace(name)
    repository = place.add_repository("press", 60, first_day=days[0] - timedelta(days=20), last_day=days[2], seed=5)
    repository.change(repository.identifiers()[0], at=midnight(days[1]) + timedelta(hours=3), title="Changed on the second day")
    return place


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_a_backfill_is_right_in_any_order(make_workplace, today: date, order: tuple[int, ...]):
    days = [today - timedelta(days=count) for count in (3, 2, 1)]
    place = make(make_workplace, "backfill", days)
    place.universe.clear_requests()
    for number in order:
        run(place, days, days[number], "backfill")
    assert place.lists_begun("press") == 1
    found = [published(place, day) for day in days]

    singly = make(make_workplace, "singly", days)
    for day in days:
        run(singly, [day], day, str(day))
    assert found == [published(singly, day) for day in days]
    assert [each["verdict"]["decision"] for each in found] == ["first_run", "accepted", "accepted"]
    assert len(found[0]["rows"]) < len(found[1]["rows"]) < len(found[2]["rows"])
