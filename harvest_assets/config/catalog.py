"""``Catalog``: a configuration folder as a whole: sources, datasets, what curators say of documents, and schemas.

Everything that is right is loaded, everything that is wrong is a ``Problem``. A source whose file is wrong stays a member of its
datasets: a typing error must not take its documents out of what is published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from harvest_assets.config.datasets import EVERY_SOURCE, Dataset, build_dataset
from harvest_assets.config.folders import read_folder
from harvest_assets.config.names import nearest
from harvest_assets.config.overrides import Overrides, load_overrides
from harvest_assets.config.plugins import plug_in_problems
from harvest_assets.config.problems import InvalidFileError, Problem
from harvest_assets.config.schemas import Schemas, load_schemas
from harvest_assets.config.secrets import missing_message
from harvest_assets.config.sources import Source, build_source, source_file
from harvest_assets.config.vocabularies import read_declarations
from harvest_assets.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Catalog:
    """Sources and datasets by slug, in order of slug, and what is wrong with the rest.

    ``broken_sources`` are the slugs of source files that are there and cannot be used.
    """

    sources: Mapping[str, Source]
    datasets: Mapping[str, Dataset]
    problems: tuple[Problem, ...]
    broken_sources: frozenset[str] = frozenset()
    overrides: Overrides = field(default_factory=Overrides)
    schemas: Schemas = field(default_factory=Schemas)

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
    sources = read_folder(folder / "sources", build_source)
    known = {*sources.loaded, *sources.broken}
    datasets = read_folder(folder / "datasets", lambda slug, content: build_dataset(slug, content, known))
    overrides = load_overrides(folder / "overrides", sources=known)
    schemas = load_schemas(folder / "schemas")
    vocabularies = read_declarations(folder)
    return Catalog(
        sources=MappingProxyType(sources.loaded),
        datasets=MappingProxyType(datasets.loaded),
        problems=(
            *plug_in_problems(),
            *sources.problems,
            *datasets.problems,
            *overrides.problems,
            *schemas.problems,
            *vocabularies.problems,
        ),
        broken_sources=frozenset(sources.broken),
        overrides=overrides,
        schemas=schemas,
    )


def _not_there(kind: str, slug: str, known: Mapping[str, object]) -> str:
    suggestion = nearest(slug, known)
    ending = (
        f"; did you mean {suggestion!r}?" if suggestion else f"; add {kind}s/{slug}.yaml, or choose one of: {', '.join(known) or 'none'}"
    )
    return f"{slug!r} is not a {kind}{ending}"
