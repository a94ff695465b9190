"""Plug-ins of a stranger, in a package that the interpreter finds as it finds any other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harvest_assets.config.plugins import forget_plug_ins

SHELF_MODULE = '''
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import DocumentTask, Extraction, Extractor, Options, Protocol, Remote


class Cursor(BaseModel):
    model_config = ConfigDict(extra="forbid")
    style: Literal["cursor"]
    parameter: str


class Numbered(BaseModel):
    model_config = ConfigDict(extra="forbid")
    style: Literal["numbered"]
    first: int = 1


class ShelfOptions(Options):
    """What a shelf accepts."""

    shelf: Annotated[str, Field(alias="row", description="Which row of the shelf")]
    size: int = Field(default=10, ge=1)
    paging: Annotated[Cursor | Numbered, Field(discriminator="style")] | None = None
    parameters: dict[str, str] = Field(default_factory=dict)
    labels: list[str] = []
    api_key: Annotated[str, Field(max_length=30)] | None = None

    @field_validator("shelf")
    @classmethod
    def not_the_top(cls, value):
        if value == "top":
            raise ValueError("'top' is out of reach; write another row")
        if value == "bottom":
            raise ConfigurationError("row 'bottom' is under water")
        return value


class _Silent(Protocol):
    version = "1"

    def filters_by_date(self):
        return False

    def identify(self):
        return Remote()

    def list_contents(self):
        return iter(())

    def pages(self, window, *, position=None, number=1):
        return iter(())


class Shelf(_Silent):
    name = "shelf"
    options = ShelfOptions


class PrefixedOptions(Options):
    metadata_prefix: str = "plain"


class Prefixed(_Silent):
    name = "prefixed"
    options = PrefixedOptions


class Corner(Options):
    height: float
    lit: bool
    names: list[str]


class DemandingOptions(Options):
    """Options of every shape, all of them required."""

    kind: Literal["round", "square"]
    corner: Corner
    paging: Annotated[Cursor | Numbered, Field(discriminator="style")]
    width: Annotated[int, Field(examples=[7])]
    depth: int | str


class Demanding(_Silent):
    name = "demanding"
    options = DemandingOptions


class _Reader(Extractor):
    version = "1"

    def extract(self, records):
        return Extraction(())


class CardOptions(Options):
    title: str
    number: int | None = None


class Cards(_Reader):
    name = "cards"
    options = CardOptions


class Plain(_Reader):
    name = "plain"
    options = Options


class Reading(DocumentTask):
    name = "reading"
    version = "1"

    def applies_to(self, document):
        return False

    def fingerprint(self, document):
        return ""

    def derive(self, documents, client, blobs):
        return iter(())


NOT_A_CLASS = 7
'''

SHELF_ENTRIES = """
[harvest_assets.protocols]
shelf = stranger_shelf:Shelf
prefixed = stranger_shelf:Prefixed
demanding = stranger_shelf:Demanding

[harvest_assets.extractors]
cards = stranger_shelf:Cards
plain = stranger_shelf:Plain

[harvest_assets.document_tasks]
reading = stranger_shelf:Reading
"""


def put_distribution(folder: Path, name: str, module: str, entries: str) -> None:
    """A package as an installer would leave it: a module, its metadata and its entry points."""
    (folder / f"{name}.py").write_text(module)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(entries)


@pytest.fixture(scope="session")
def write_distribution() -> Callable[[Path, str, str, str], None]:
    return put_distribution


@pytest.fixture(scope="session")
def shelf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    put_distribution(folder, "stranger_shelf", SHELF_MODULE, SHELF_ENTRIES)
    return folder


@pytest.fixture(autouse=True)
def shelf_plug_ins(shelf_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stranger's package is installed during each test of this folder, and gone after it."""
    monkeypatch.syspath_prepend(shelf_folder)
    forget_plug_ins()
    yield
    monkeypatch.undo()
    forget_plug_ins()
