"""The demo's two days."""

from datetime import date

from harvest_assets.model.window import Window, midnight
from harvest_assets.testing import Repository, Universe
from harvest_assets.testing.demo import LIBRARY, MUSEUM, PRESS, build_demo, second_day

TODAY = date(2026, 6, 15)


def contents(repository: Repository) -> list[object]:
    return [(r.identifier, r.datestamp, r.deleted, r.content) for r in repository.records()]


def test_the_first_day_lies_in_the_sixty_days_before_today() -> None:
    universe = build_demo(TODAY)
    for name, count in ((LIBRARY, 300), (MUSEUM, 120), (PRESS, 200)):
        days = {record.datestamp[:10] for record in universe.repository(name).records()}
        assert len(universe.repository(name).identifiers()) == count
        assert (min(days), max(days), len(days)) == ("2026-04-16", "2026-06-14", 60)
    assert universe.repository(MUSEUM).policy.granularity == "day"
    assert universe.repository(MUSEUM).policy.deleted_record == "no"
    assert universe.repository(LIBRARY).policy.deleted_record == "persistent"


def test_the_night_changes_deletes_and_adds_with_datestamps_of_today() -> None:
    universe = build_demo(TODAY)
    before = {name: set(universe.repository(name).identifiers()) for name in (LIBRARY, PRESS)}
    second_day(universe, TODAY)
    for name in (LIBRARY, PRESS):
        repository = universe.repository(name)
        today = [repository.record_at(number) for number in repository.select(Window(start=midnight(TODAY)))]
        assert all(record.datestamp.startswith("2026-06-15T00:00:") for record in today)
        assert sum(record.deleted for record in today) == 5
        assert sum("(revised 2026-06-15)" in record.content.title for record in today) == 10
        assert len({record.identifier for record in today} - before[name]) == 8
        assert len(repository.identifiers()) == len(before[name]) + 8 - 5


def test_the_museum_loses_about_half_its_list_overnight() -> None:
    with build_demo(TODAY) as universe:
        second_day(universe, TODAY)
        assert universe.url
        assert 40 < len(universe.repository(MUSEUM).select(Window(), salt="2026-06-15")) < 80
        assert len(universe.repository(MUSEUM).identifiers()) == 120


def test_the_same_day_gives_the_same_demo() -> None:
    def night() -> Universe:
        universe = build_demo(TODAY)
        second_day(universe, TODAY)
        return universe

    one, other = night(), night()
    for name in (LIBRARY, MUSEUM, PRESS):
        assert contents(one.repository(name)) == contents(other.repository(name))
    assert contents(one.repository(LIBRARY)) != contents(build_demo(date(2026, 6, 16)).repository(LIBRARY))
