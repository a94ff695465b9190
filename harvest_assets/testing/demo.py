"""The universe of the demo: a library, a museum and a press, and what happens to them overnight.

The same day gives the same repositories, records and changes on every machine.
"""

from datetime import date, timedelta
from random import Random

from harvest_assets.model.window import midnight
from harvest_assets.testing.faults import Faults
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.universe import Universe

LIBRARY = "demo-library"
MUSEUM = "demo-museum"
PRESS = "demo-press"

_DAYS = 60
_CHANGED = 10
_DELETED = 5
_ADDED = 8


def build_demo(today: date, port: int = 0) -> Universe:
    """A universe, not yet started, whose records changed on the 60 days up to and including yesterday.

    ``demo-library`` (300 records) announces deletions for ever, ``demo-museum`` (120) works in days and announces none, ``demo-press``
    (200) is meant to be read as JSON.
    """
    first_day, last_day = today - timedelta(days=_DAYS), today - timedelta(days=1)
    universe = Universe(port)
    universe.add(Repository.generate(LIBRARY, 300, seed=1, first_day=first_day, last_day=last_day))
    universe.add(
        Repository.generate(MUSEUM, 120, seed=2, first_day=first_day, last_day=last_day, granularity="day", deleted_record="no"),
    )
    universe.add(Repository.generate(PRESS, 200, seed=3, first_day=first_day, last_day=last_day))
    return universe


def second_day(universe: Universe, today: date) -> None:
    """What a night brings, just after midnight: library and press change 10 records, delete 5 and add 8; the museum loses half its list.

    Call it once for a day.
    """
    for name in (LIBRARY, PRESS):
        _pass_night(universe.repository(name), today)
    universe.faults(MUSEUM, Faults(half_list=today.isoformat()))


def _pass_night(repository: Repository, today: date) -> None:
    random = Random(f"{repository.name} {today.isoformat()}")
    chosen = random.sample(repository.identifiers(), _CHANGED + _DELETED)
    moments = (midnight(today) + timedelta(seconds=second) for second in range(1, _CHANGED + _DELETED + _ADDED + 1))
    for identifier in chosen[:_CHANGED]:
        title = repository.record(identifier).content.title
        repository.change(identifier, at=next(moments), title=f"{title} (revised {today.isoformat()})")
    for identifier in chosen[_CHANGED:]:
        repository.delete(identifier, at=next(moments))
    for _ in range(_ADDED):
        repository.add(at=next(moments))
