"""Several lists one after the other: each set and metadata prefix of a source is a list of its own.

A position names the list that it belongs to, and what was received of it, so that every list proves itself: the sum of what they announce
means nothing where a record is in several of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from harvest_assets.errors import PositionExpiredError
from harvest_assets.harvest.oai_pmh.arguments import Selection
from harvest_assets.harvest.oai_pmh.record_list import RecordList
from harvest_assets.model.record import Page


@dataclass(slots=True)
class _Tally:
    """What was received of one list: a number per identifier, so that ten million of them cost 80 MB.

    ``before`` counts the records of an earlier attempt, each of them, for their identifiers are not known any more.
    """

    before: int = 0
    announced: int | None = None
    _received: int = 0
    _set_aside: int = 0
    _identifiers: list[NDArray[np.int64]] = field(default_factory=list[NDArray[np.int64]])

    def add(self, page: Page) -> None:
        identifiers = page.records.column("identifier").to_pylist()
        self._identifiers.append(np.fromiter(map(hash, identifiers), np.int64, len(identifiers)))
        self._received += len(identifiers)
        self._set_aside += len(page.set_aside)
        self.announced = page.announced_total if page.announced_total is not None else self.announced

    def received(self) -> int:
        return self.before + self._received + self._set_aside

    def distinct(self) -> int:
        return self.before + len(np.unique(np.concatenate(self._identifiers))) + self._set_aside


@dataclass(frozen=True, slots=True)
class _Place:
    """Where to go on: in which list, at which token (``None``: at its beginning), after how many records."""

    list_number: int = 0
    token: str | None = None
    received: int = 0
    announced: int | None = None


@dataclass(frozen=True, slots=True)
class SeveralLists:
    """The lists of a source; ``open_list`` makes the walk of one of them."""

    source: str
    selections: Sequence[Selection]
    open_list: Callable[[Selection], RecordList]

    def pages(self, position: str | None, number: int) -> Iterator[Page]:
        """Pages of all lists, numbered through; the last page of each but the last leads to the next list.

        Raises:
            PositionExpiredError: The position belongs to no list of this source.
        """
        place = _Place() if position is None else self._read(position)
        for list_number in range(place.list_number, len(self.selections)):
            tally = _Tally(place.received, place.announced)
            records = self.open_list(self.selections[list_number])
            pages = records.begin(number) if place.token is None else records.resume(place.token, number)
            for page in pages:
                tally.add(page)
                number = page.number + 1
                yield self._adapt(page, list_number, tally)
            place = _Place()

    def _adapt(self, page: Page, list_number: int, tally: _Tally) -> Page:
        selection = self.selections[list_number]
        announced, holes, position = tally.announced, page.holes, None
        if page.next_position is not None:
            position = self._write(selection, page.next_position, tally.received(), announced)
        else:
            if announced is not None and (distinct := tally.distinct()) < announced:
                holes += (f"{selection}: {distinct} distinct records of {announced} announced were received",)
            if list_number + 1 < len(self.selections):
                position = self._write(self.selections[list_number + 1], None, 0, None)
        return add_suffix(replace(page, next_position=position, announced_total=None, holes=holes), selection)

    def _write(self, selection: Selection, token: str | None, received: int, announced: int | None) -> str:
        return orjson.dumps([selection.metadata_prefix, selection.set_spec, token, received, announced]).decode()

    def _read(self, position: str) -> _Place:
        known = [(each.metadata_prefix, each.set_spec) for each in self.selections]
        try:
            prefix, set_spec, token, received, announced = orjson.loads(position)
            return _Place(known.index((prefix, set_spec)), token, received, announced)
        except (ValueError, TypeError) as error:
            raise PositionExpiredError(
                f"{self.source}: the position {position[:80]!r} belongs to none of the lists of this source; start again"
            ) from error


def add_suffix(page: Page, selection: Selection) -> Page:
    """The page with what tells its records from those of the first metadata prefix behind their identifiers."""
    suffix = selection.suffix
    if not suffix:
        return page
    identifiers = pa.array([each + suffix for each in page.records.column("identifier").to_pylist()], pa.string())
    records = pa.RecordBatch.from_arrays([identifiers, *page.records.columns[1:]], schema=page.records.schema)
    set_aside = tuple(replace(each, identifier=each.identifier and each.identifier + suffix) for each in page.set_aside)
    return replace(page, records=records, set_aside=set_aside)
