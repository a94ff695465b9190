"""``Overrides``: what curators say of single documents, out of all files of ``overrides/``, and where they contradict each other.

Put here: how entries come together. Reading a file is `override_files`. Which documents there are is not known here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from harvest_assets.config.names import nearest
from harvest_assets.config.override_files import FOLDER, read_override_file
from harvest_assets.config.problems import Problem
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.override import COLUMNS, Override


@dataclass(frozen=True, slots=True)
class Overrides:
    """What holds today, by SRN in order, and what is wrong with the rest."""

    entries: Mapping[str, Override] = field(default_factory=dict[str, Override])
    problems: tuple[Problem, ...] = ()

    def of(self, source: str) -> dict[str, Override]:
        """Those for the documents of one source."""
        return {srn: entry for srn, entry in self.entries.items() if srn.partition(":")[0] == source}


def load_overrides(folder: Path, *, sources: Collection[str] | None = None, today: date | None = None) -> Overrides:
    """Read every file of a folder, in order of name; what its ``until`` has ended by ``today`` (UTC) is left out.

    What two entries say of the same field of the same document is a problem; the first stands. With ``sources``, so is an entry for a
    document of any other.
    """
    day = today or datetime.now(UTC).date()
    loading = _Loading(sources)
    for path in _paths(folder):
        try:
            read = read_override_file(path)
        except ConfigurationError as error:
            loading.problems.append(Problem(f"{FOLDER}/{path.name}", str(error)))
            continue
        loading.problems += read.problems
        for place, entry in read.entries:
            if entry.until is None or entry.until >= day:
                loading.add(place, entry)
    return Overrides(MappingProxyType(dict(sorted(loading.entries.items()))), tuple(loading.problems))


def unused(overrides: Mapping[str, Override], known: Collection[str]) -> tuple[Problem, ...]:
    """A line for every entry whose document is not among those that there are."""
    lost = (entry for srn, entry in overrides.items() if srn not in known)
    return tuple(Problem(entry.file, f"{entry.srn!r} is no document of its source; correct it, or take the entry out") for entry in lost)


@dataclass(slots=True)
class _Loading:
    """Entries on their way together."""

    sources: Collection[str] | None
    entries: dict[str, Override] = field(default_factory=dict[str, Override])
    problems: list[Problem] = field(default_factory=list[Problem])
    _said: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def add(self, place: str, entry: Override) -> None:
        """Put an entry to what is known of its document."""
        self._check_source(place, entry)
        kept = self._without_repeated(place, entry)
        if not kept.fields():
            return
        known = self.entries.get(entry.srn)
        self.entries[entry.srn] = kept if known is None else _merge(known, kept)

    def _without_repeated(self, place: str, entry: Override) -> Override:
        repeated: set[str] = set()
        for name in entry.fields():
            first = self._said.setdefault((entry.srn, name), f"{entry.file}, {place}")
            if first != f"{entry.file}, {place}":
                repeated.add(name)
                self.problems.append(Problem(entry.file, f"{place}: {entry.srn!r} has its {name!r} in {first} already; keep one of them"))
        return replace(
            entry,
            properties={name: value for name, value in entry.properties.items() if name not in repeated},
            is_hidden=entry.is_hidden and "hidden" not in repeated,
            **{name: None for name in COLUMNS if name in repeated},
        )

    def _check_source(self, place: str, entry: Override) -> None:
        source = entry.srn.partition(":")[0]
        if self.sources is not None and source not in self.sources:
            suggestion = nearest(source, self.sources)
            ending = f"; did you mean {suggestion!r}?" if suggestion else "; correct it, or take the entry out"
            self.problems.append(Problem(entry.file, f"{place}: {source!r} is not a source{ending}"))


def _merge(one: Override, other: Override) -> Override:
    """Two entries for the same document, which differ in their fields."""
    ends = [each.until for each in (one, other) if each.until is not None]
    return Override(
        srn=one.srn,
        reason=_add(one.reason, other.reason, "; "),
        file=_add(one.file, other.file, ", "),
        properties={**one.properties, **other.properties},
        **{name: getattr(one, name) or getattr(other, name) for name in COLUMNS},
        is_hidden=one.is_hidden or other.is_hidden,
        until=min(ends, default=None),
    )


def _add(known: str, more: str, separator: str) -> str:
    return known if more in known.split(separator) else f"{known}{separator}{more}"


def _paths(folder: Path) -> Iterator[Path]:
    """Files of the folder, in order of name, but notes and what editors leave behind."""
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if path.suffix in {".yaml", ".yml", ".csv"} and path.name[0] != ".")
