"""``Dataset``: one file of ``datasets/``: which sources are published together, and how.

Descriptions are the documentation: the JSON Schema is made from them.
"""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from harvest_assets.config.names import nearest
from harvest_assets.config.problems import InvalidFileError, describe_errors
from harvest_assets.config.sections import Section, Text, require_unique
from harvest_assets.config.sources import SLUG_PATTERN

EVERY_SOURCE = "*"


def _check_sources(slugs: tuple[str, ...]) -> tuple[str, ...]:
    if EVERY_SOURCE in slugs and len(slugs) > 1:
        raise ValueError(f"has {EVERY_SOURCE!r} beside other sources; '*' is all of them and stands alone")
    return require_unique(slugs)


class DatasetKeys(Section):
    """Sources that are published together. The file name, without ``.yaml``, is the name of the dataset."""

    title: Text = Field(description="Name of the dataset as people know it")
    description: Text | None = Field(default=None, description="What the dataset holds")
    licence: Text | None = Field(default=None, description="Licence of the dataset: an SPDX identifier or an address")
    sources: Annotated[tuple[str, ...], Field(strict=False, min_length=1), AfterValidator(_check_sources)] = Field(
        description="Names of the member sources, or ['*'] for all"
    )
    promote: Literal["auto", "manual"] = Field(default="auto", description="Whether a new version becomes current by itself or by hand")
    exports: Annotated[tuple[Literal["jsonl.gz", "parquet"], ...], Field(strict=False, min_length=1), AfterValidator(require_unique)] = (
        Field(("jsonl.gz", "parquet"), description="File formats that each version is exported to")
    )
    keep_versions: Annotated[int, Field(ge=1)] | None = Field(default=None, description="How many versions to keep; all when left out")


class Dataset(DatasetKeys):
    """A dataset that can be published; ``sources`` is as written, `Catalog.members` has the names."""

    slug: str = Field(pattern=f"^{SLUG_PATTERN}$")

    @property
    def file(self) -> str:
        """The file as messages name it, relative to the configuration folder."""
        return dataset_file(self.slug)


def dataset_file(slug: str) -> str:
    """A dataset's file as messages name it."""
    return f"datasets/{slug}.yaml"


def build_dataset(slug: str, content: Mapping[str, Any], known_sources: Collection[str]) -> Dataset:
    """Check what a file holds against the sources that there are.

    Raises:
        InvalidFileError: Something is wrong; it has a line for everything that is.
    """
    try:
        dataset = Dataset.model_validate({**DatasetKeys.model_validate(content).model_dump(), "slug": slug})
    except ValidationError as error:
        raise InvalidFileError(dataset_file(slug), describe_errors(error, DatasetKeys, content)) from None
    messages = [_unknown_source(name, known_sources) for name in dataset.sources if name not in known_sources and name != EVERY_SOURCE]
    if messages:
        raise InvalidFileError(dataset_file(slug), messages)
    return dataset


def _unknown_source(name: str, known: Collection[str]) -> str:
    suggestion = nearest(name, known)
    ending = f"; did you mean {suggestion!r}?" if suggestion else f"; add sources/{name}.yaml, or take the name out"
    return f"sources: {name!r} is not a source{ending}"
