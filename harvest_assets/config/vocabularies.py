"""``VocabularyFile``: one file of ``vocabularies/``: where the terms of a vocabulary are, and how they are written.

Descriptions are the documentation. What the terms themselves are is read in `extract`, and mended in `assemble`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from harvest_assets.config.addresses import check_web_address
from harvest_assets.config.folders import read_folder
from harvest_assets.config.names import not_one_of
from harvest_assets.config.problems import InvalidFileError, Problem, describe_errors
from harvest_assets.config.sections import Network, Section, Text
from harvest_assets.config.sources import SLUG_PATTERN
from harvest_assets.extract.skos import ENDINGS
from harvest_assets.extract.vocabulary_csv import ALIAS, FROM, ID, LABEL, PARENT, TO, CsvLayout

FOLDER = "vocabularies"
COLUMNS = (ID, PARENT, ALIAS, FROM, TO)


def _check_path(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\\" in text:
        raise ValueError(f"{text!r} is not a path below {FOLDER}/; put the file there and write its name")
    return text


def _check_columns(columns: dict[str, str]) -> dict[str, str]:
    for name in columns:
        if name not in COLUMNS and not (name.startswith(LABEL) and name != LABEL):
            raise ValueError(f"key {not_one_of(name, [*COLUMNS, 'label_nl', 'label_en', 'another label_…'])}")
    return columns


class CsvKeys(Section):
    """How a CSV file is written."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = Field(default=",", description="What stands between cells")
    separator: Annotated[str, Field(min_length=1, max_length=5)] = Field(
        default="|", description="What stands between several parents or aliases in a cell"
    )
    columns: Annotated[dict[str, Text], AfterValidator(_check_columns)] = Field(
        default_factory=dict[str, str],
        description="The file's own names of the columns id, label_nl, label_en, label_…, parent, alias, from and to",
    )


class VocabularyKeys(Section):
    """A controlled vocabulary. The file name, without ``.yaml``, is the name by which tasks know it."""

    title: Text = Field(description="Name of the vocabulary as people know it")
    format: Literal["skos", "csv"] = Field(description="skos (Turtle, RDF/XML or JSON-LD) or csv")
    file: Annotated[Text, AfterValidator(_check_path)] | None = Field(default=None, description="File with the terms, below vocabularies/")
    url: Annotated[str, AfterValidator(check_web_address)] | None = Field(default=None, description="Address of the terms, asked every day")
    csv: CsvKeys = Field(default=CsvKeys(), description="How a CSV file is written, where it differs from the defaults")
    aliases: dict[str, Text] = Field(default_factory=dict[str, str], description="Identifiers of terms, by other spellings of them")
    network: Network = Field(default=Network(), description="What may be reached for the address beyond the public internet")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.file is None) == (self.url is None):
            raise ValueError("it needs one of file and url, and not both; write where the terms are")
        if self.format == "csv" or self.file is None:
            return self
        if self.ending not in ENDINGS:
            raise ValueError(f"file: ending {not_one_of(self.ending, ENDINGS)}; rename the file after what it holds")
        return self

    @property
    def ending(self) -> str:
        """The ending of the file or address, without its dot, in lower case."""
        path = self.file if self.file is not None else urlsplit(self.url or "").path
        return PurePosixPath(path).suffix.removeprefix(".").lower()


class VocabularyFile(VocabularyKeys):
    """A vocabulary that can be loaded."""

    slug: str = Field(pattern=f"^{SLUG_PATTERN}$")

    @property
    def layout(self) -> CsvLayout:
        """How its CSV is written."""
        return CsvLayout(self.csv.delimiter, self.csv.separator, self.csv.columns)


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a folder says: the vocabularies that can be loaded, those whose file is wrong, and what is wrong with them."""

    folder: Path
    vocabularies: Mapping[str, VocabularyFile]
    broken: frozenset[str]
    problems: tuple[Problem, ...]


def vocabulary_file(slug: str) -> str:
    """A vocabulary's file as messages name it."""
    return f"{FOLDER}/{slug}.yaml"


def build_vocabulary_file(slug: str, content: Mapping[str, Any]) -> VocabularyFile:
    """Check what a file holds.

    Raises:
        InvalidFileError: Something is wrong; it has a line for everything that is.
    """
    try:
        return VocabularyFile.model_validate({**VocabularyKeys.model_validate(content).model_dump(), "slug": slug})
    except ValidationError as error:
        raise InvalidFileError(vocabulary_file(slug), describe_errors(error, VocabularyKeys, content)) from None


def read_declarations(config_folder: Path) -> Declarations:
    """Every vocabulary of a configuration folder; a folder that is not there declares none."""
    folder = config_folder / FOLDER
    read = read_folder(folder, build_vocabulary_file)
    return Declarations(folder, read.loaded, frozenset(read.broken), tuple(read.problems))
