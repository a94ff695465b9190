"""``Catalog``: a configuration folder as a whole, ``sources/<slug>.yaml`` and ``datasets/<slug>.yaml``.

Everything that is right is loaded, everything that is wrong is a ``Problem``. A source whose file is wrong stays a member of its
datasets: a typing error must not take its documents out of what is published.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from harvest_assets.config.datasets import EVERY_SOURCE, Dataset, build_dataset
from harvest_assets.config.names import nearest
from harvest_assets.config.plugins import plug_in_problems
from harvest_assets.config.problems import InvalidFileError, Problem
from harvest_assets.config.secrets import missing_message
from harvest_assets.config.sources import SLUG_PATTERN, Source, build_source, source_file
from harvest_assets.config.yaml_files import read_yaml
from harvest_assets.errors import ConfigurationError

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Catalog:
    """Sources and datasets by slug, in order of slug, and what is wrong with the rest.

    ``broken_sources`` are the slugs of source files that are there and cannot be used.
    """

    sources: Mapping[str, Source]
    datasets: Mapping[str, Dataset]
    problems: tuple[Problem, ...]
    broken_sources: frozenset[str] = frozenset()

    def source(self, slug: str) -> Source:
        """One source.

        Raises:
            ConfigurationError: There is no such file, or it is wrong.
        """
        if slug in self.broken_sources:
            own = [problem for problem in self.problems if problem.file == source_file(slug)]
            raise InvalidFileError(source_file(slug), [problem.message for problem in own])
        if slug not in self.sources:
            raise ConfigurationError(_not_there("source", slug, self.sources))
        return self.sources[slug]

    def dataset(self, slug: str) -> Dataset:
        """One dataset.

        Raises:
            ConfigurationError: There is no such dataset, or its file is wrong.
        """
        if slug not in self.datasets:
            raise ConfigurationError(_not_there("dataset", slug, self.datasets))
        return self.datasets[slug]

    def members(self, dataset_slug: str) -> tuple[str, ...]:
        """Slugs of a dataset's sources, in order; those whose file is wrong, or that are not enabled, among them.

        Raises:
            ConfigurationError: There is no such dataset, or its file is wrong.
        """
        dataset = self.dataset(dataset_slug)
        everything = EVERY_SOURCE in dataset.sources
        return tuple(sorted({*self.sources, *self.broken_sources} if everything else dataset.sources))

    def check(self, environ: Mapping[str, str]) -> tuple[Problem, ...]:
        """Everything that is wrong, and every environment variable that an enabled source refers to and that is not set."""
        missing = [
            Problem(source.file, missing_message(reference))
            for source in self.sources.values()
            if source.enabled
            for reference in source.missing_variables(environ)
        ]
        return (*self.problems, *missing)


def load_catalog(folder: Path) -> Catalog:
    """Read every file of a configuration folder, plug-ins included; problems are in order of file.

    Raises:
        ConfigurationError: The folder is not there. An empty one is fine.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{str(folder)!r} is not a folder; set HARVEST_CONFIG to one with sources/ and datasets/ in it")
    sources = _read_folder(folder / "sources", build_source)
    known = {*sources.loaded, *sources.broken}
    datasets = _read_folder(folder / "datasets", lambda slug, content: build_dataset(slug, content, known))
    return Catalog(
        sources=MappingProxyType(sources.loaded),
        datasets=MappingProxyType(datasets.loaded),
        problems=(*plug_in_problems(), *sources.problems, *datasets.problems),
        broken_sources=frozenset(sources.broken),
    )


@dataclass
class _Read(Generic[Item]):
    """What a folder gave: items by slug, and the slugs and lines of files that are wrong."""

    loaded: dict[str, Item] = field(default_factory=dict[str, Item])
    broken: set[str] = field(default_factory=set[str])
    problems: list[Problem] = field(default_factory=list[Problem])


def _read_folder(folder: Path, build: Callable[[str, Mapping[str, Any]], Item]) -> _Read[Item]:
    read = _Read[Item]()
    for path in _yaml_paths(folder):
        file = f"{folder.name}/{path.name}"
        try:
            _require_slug(path)
            read.loaded[path.stem] = _read_file(path, file, build)
        except InvalidFileError as error:
            read.problems.extend(error.problems)
            read.broken.add(path.stem)
        except ConfigurationError as error:
            read.problems.append(Problem(file, str(error)))
            read.broken.add(path.stem)
    return read


def _yaml_paths(folder: Path) -> Iterator[Path]:
    """Files that look like configuration, in order of name; notes and what editors leave behind are passed over."""
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if path.suffix in {".yaml", ".yml"} and not path.name.startswith("."))


def _require_slug(path: Path) -> None:
    if path.suffix != ".yaml":
        raise ConfigurationError(f"the ending {path.suffix!r} is not read; rename the file to {path.stem}.yaml")
    if not re.fullmatch(SLUG_PATTERN, path.stem):
        raise ConfigurationError(
            f"{path.stem!r} is not a name; rename the file: a-z, 0-9, '_' and '-', at most 63, beginning with a letter or digit"
        )


def _read_file(path: Path, file: str, build: Callable[[str, Mapping[str, Any]], Item]) -> Item:
    """One file, checked; what is wrong with its keys as YAML comes before what they say."""
    content = read_yaml(path)
    try:
        item = build(path.stem, content.mapping)
    except InvalidFileError as error:
        raise InvalidFileError(file, [*content.messages, *(problem.message for problem in error.problems)]) from None
    if content.messages:
        raise InvalidFileError(file, content.messages)
    return item


def _not_there(kind: str, slug: str, known: Mapping[str, object]) -> str:
    suggestion = nearest(slug, known)
    ending = (
        f"; did you mean {suggestion!r}?" if suggestion else f"; add {kind}s/{slug}.yaml, or choose one of: {', '.join(known) or 'none'}"
    )
    return f"{slug!r} is not a {kind}{ending}"
