"""``Repository``: records in the order of their datestamps, generated where nobody touched them, kept where somebody did.

Datestamps of generated records grow with their number, so the list of a window is a ``range`` until records change; a million records
cost no memory. Datestamps are whole seconds inside; windows are half-open, as everywhere.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from math import ceil, floor
from threading import RLock
from typing import Literal, Self, TypedDict, Unpack

from harvest_assets.errors import ConfigurationError
from harvest_assets.model.window import Window
from harvest_assets.testing.records import Content, Fields, Generator, Record, Size, is_in_half

Granularity = Literal["seconds", "day"]
DeletedRecord = Literal["persistent", "transient", "no"]

_DAY_SECONDS = 86_400
_CACHED_LISTS = 16


class Shape(TypedDict, total=False):
    """How a generated repository looks; everything has a default."""

    first_day: date
    last_day: date
    granularity: Granularity
    deleted_record: DeletedRecord
    size: Size
    sets: tuple[str, ...]
    page_size: int
    kept_records: int


@dataclass(frozen=True, slots=True)
class Policy:
    """The defaults of ``Shape``, filled in."""

    first_day: date = date(2026, 1, 1)
    last_day: date = date(2026, 3, 1)
    granularity: Granularity = "seconds"
    deleted_record: DeletedRecord = "persistent"
    size: Size = "small"
    sets: tuple[str, ...] = ("articles", "books", "images")
    page_size: int = 100
    kept_records: int = 16_384  # of at most 2 kB: 32 MB


@dataclass(frozen=True, slots=True)
class _Touched:
    """State of a record that differs from what the generator makes; ``content`` is ``None`` while that is still the generated one."""

    datestamp: int
    content: Content | None
    deleted: bool = False
    revision: int = 0


class Repository:
    """Records by identifier, with a history that tests write. Safe to change while it is being served."""

    def __init__(self, name: str, *, count: int = 0, seed: int = 0, policy: Policy | None = None) -> None:
        self.name = name
        self.policy = policy or Policy()
        self.page_size = self.policy.page_size
        self._count = count
        self._generator = Generator(name, seed, size=self.policy.size, sets=self.policy.sets)
        self._start = _second_of(self.policy.first_day)
        self._span = _second_of(self.policy.last_day) + _DAY_SECONDS - self._start
        self._touched: dict[int, _Touched] = {}
        self._vanished: set[int] = set()
        self._added: list[str] = []
        self._numbers: dict[str, int] = {}
        self._revision = 0
        self._lists: dict[tuple[Window, str | None, str | None], Sequence[int]] = {}
        self._lock = RLock()

    @classmethod
    def generate(cls, name: str, count: int, seed: int = 0, **shape: Unpack[Shape]) -> Self:
        """``count`` records spread evenly over the days ``first_day`` to ``last_day``, both included; the same for the same arguments.

        With ``size="full"`` a record is about 2 kB of XML, otherwise about 1 kB. ``sets=()`` makes a repository without sets.
        ``kept_records`` is how many rendered records the server keeps: a second walk over them is about eight times as fast as the first.
        """
        return cls(name, count=count, seed=seed, policy=Policy(**shape))

    # -- history -------------------------------------------------------------------------------------------------------------------

    def add(self, identifier: str | None = None, *, at: datetime, **fields: Unpack[Fields]) -> str:
        """A new record, generated except for ``fields``; returns its identifier."""
        with self._lock:
            number = self._count + len(self._added)
            chosen = identifier or self._build_identifier(number)
            if self._find(chosen) is not None:
                raise ConfigurationError(
                    f"repository {self.name!r}: a record {chosen!r} exists already; change it, or add another identifier"
                )
            content = replace(self._generator.content(number), **fields)
            self._added.append(chosen)
            self._numbers[chosen] = number
            self._touch(number, _Touched(self._second(at), content))
            return chosen

    def change(self, identifier: str, *, at: datetime, **fields: Unpack[Fields]) -> None:
        """New content for a record, with a new datestamp."""
        with self._lock:
            number = self._number(identifier)
            content = replace(self.record_at(number).content, **fields)
            self._touch(number, replace(self._state(number), datestamp=self._second(at), content=content))

    def delete(self, identifier: str, *, at: datetime) -> None:
        """Mark a record as deleted; a repository whose ``deleted_record`` is ``"no"`` stops listing it without a word."""
        with self._lock:
            number = self._number(identifier)
            self._touch(number, replace(self._state(number), datestamp=self._second(at), deleted=True))

    def restore(self, identifier: str, *, at: datetime) -> None:
        """Bring a deleted record back with the content that it had."""
        with self._lock:
            number = self._number(identifier)
            self._touch(number, replace(self._state(number), datestamp=self._second(at), deleted=False))

    def redate(self, identifier: str, *, at: datetime) -> None:
        """A new datestamp for the same content, as repositories do after an index rebuild."""
        with self._lock:
            number = self._number(identifier)
            self._touch(number, replace(self._state(number), datestamp=self._second(at)))

    def vanish(self, identifier: str) -> None:
        """Forget a record without a trace, whatever ``deleted_record`` promises."""
        with self._lock:
            self._vanished.add(self._number(identifier))
            self._changed()

    # -- reading -------------------------------------------------------------------------------------------------------------------

    def select(self, window: Window, set_spec: str | None = None, *, salt: str | None = None) -> Sequence[int]:
        """Numbers of the records whose datestamp is in the window, by datestamp and then identifier.

        ``salt`` leaves only the half of the records that it stands for. A set holds the records of the sets below it: ``a`` those of
        ``a:b``.
        """
        with self._lock:
            key = (window, set_spec, salt)
            if key not in self._lists:
                if len(self._lists) >= _CACHED_LISTS:
                    self._lists.clear()
                self._lists[key] = self._select(window, set_spec, salt)
            return self._lists[key]

    def record(self, identifier: str) -> Record:
        """A record as it is now, deleted or not."""
        with self._lock:
            return self.record_at(self._number(identifier))

    def record_at(self, number: int) -> Record:
        """The record with a number out of ``select``."""
        with self._lock:
            state = self._state(number)
            content = state.content or self._generator.content(number)
            return Record(number, self._identifier(number), self.format_second(state.datestamp), state.deleted, content)

    def revision(self, number: int) -> int:
        """Grows when the record changes, so that what was rendered of it can be kept until then."""
        touched = self._touched.get(number)
        return touched.revision if touched else 0

    def has(self, identifier: str) -> bool:
        """Whether the repository would answer for this identifier; deleted records count where deletions are announced."""
        with self._lock:
            number = self._find(identifier)
            return number is not None and not self._is_hidden(number)

    def records(self) -> Iterator[Record]:
        """Everything that a list of all times shows, in its order."""
        return (self.record_at(number) for number in self.select(Window()))

    def identifiers(self) -> list[str]:
        """Identifiers of the records that are not deleted, in the order of the list."""
        return [record.identifier for record in self.records() if not record.deleted]

    def earliest_datestamp(self) -> str:
        """A datestamp that no record precedes."""
        with self._lock:
            return self.format_second(min([self._start, *(state.datestamp for state in self._touched.values())]))

    def format_second(self, second: int) -> str:
        """A datestamp as this repository writes it: UTC, in whole seconds or days."""
        text = datetime.fromtimestamp(second, UTC).isoformat()
        return text[:10] if self.policy.granularity == "day" else f"{text[:19]}Z"

    # -- inside --------------------------------------------------------------------------------------------------------------------

    def _select(self, window: Window, set_spec: str | None, salt: str | None) -> Sequence[int]:
        numbers = self._merge(window)
        if set_spec is not None:
            below = set_spec + ":"
            numbers = [n for n in numbers if any(s == set_spec or s.startswith(below) for s in self._set_specs(n))]
        if salt is not None:
            numbers = [n for n in numbers if is_in_half(salt, n)]
        return numbers

    def _merge(self, window: Window) -> Sequence[int]:
        start = self._bound(window.start) if window.start else None
        end = self._bound(window.end) if window.end else None
        every = range(self._count)
        first = 0 if start is None else bisect_left(every, start, key=self._generated_second)
        last = self._count if end is None else bisect_left(every, end, key=self._generated_second)
        if not self._touched and not self._vanished:
            return every[first:last]
        merged = array("l")
        for datestamp, identifier, number in self._touched_between(start, end):
            cut = bisect_left(every, (datestamp, identifier), lo=first, hi=max(first, last), key=self._generated_key)
            merged.extend(n for n in every[first:cut] if n not in self._touched and n not in self._vanished)
            merged.append(number)
            first = cut
        merged.extend(n for n in every[first:last] if n not in self._touched and n not in self._vanished)
        return merged

    def _touched_between(self, start: int | None, end: int | None) -> list[tuple[int, str, int]]:
        return sorted(
            (state.datestamp, self._identifier(number), number)
            for number, state in self._touched.items()
            if (start is None or state.datestamp >= start) and (end is None or state.datestamp < end) and not self._is_hidden(number)
        )

    def _is_hidden(self, number: int) -> bool:
        return number in self._vanished or (self.policy.deleted_record == "no" and self._state(number).deleted)

    def _set_specs(self, number: int) -> tuple[str, ...]:
        touched = self._touched.get(number)
        return touched.content.set_specs if touched and touched.content else self._generator.set_specs(number)

    def _state(self, number: int) -> _Touched:
        return self._touched.get(number) or _Touched(self._generated_second(number), None)

    def _touch(self, number: int, state: _Touched) -> None:
        self._changed()
        self._touched[number] = replace(state, revision=self._revision)

    def _changed(self) -> None:
        self._revision += 1
        self._lists.clear()

    def _generated_second(self, number: int) -> int:
        second = self._start + self._span * number // max(1, self._count)
        return second - second % _DAY_SECONDS if self.policy.granularity == "day" else second

    def _generated_key(self, number: int) -> tuple[int, str]:
        return self._generated_second(number), self._build_identifier(number)

    def _build_identifier(self, number: int) -> str:
        return f"oai:{self.name}.example:{number:07d}"

    def _identifier(self, number: int) -> str:
        return self._build_identifier(number) if number < self._count else self._added[number - self._count]

    def _find(self, identifier: str) -> int | None:
        if identifier in self._numbers:
            return self._numbers[identifier]
        local = identifier.rpartition(":")[2]
        number = int(local) if local.isdecimal() else self._count
        return number if number < self._count and identifier == self._build_identifier(number) else None

    def _number(self, identifier: str) -> int:
        number = self._find(identifier)
        if number is None or number in self._vanished:
            raise ConfigurationError(f"repository {self.name!r}: no record {identifier!r}; see identifiers() for those that exist")
        return number

    def _second(self, at: datetime) -> int:
        second = floor(self._timestamp(at))
        return second - second % _DAY_SECONDS if self.policy.granularity == "day" else second

    def _bound(self, at: datetime) -> int:
        return ceil(self._timestamp(at))

    def _timestamp(self, at: datetime) -> float:
        if at.tzinfo is None:
            raise ConfigurationError(f"repository {self.name!r}: time {at.isoformat()!r} has no zone; give an aware UTC time")
        return at.timestamp()


def _second_of(day: date) -> int:
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp())
