"""What a source with ``protocol: files`` says: which files, of what format, and where in them the records are."""

import codecs
import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from harvest_assets.harvest.contents.globs import Globs
from harvest_assets.interfaces import Options

Format = Literal["json", "jsonl", "xml", "csv"]

_NAME = re.compile(r"[^\W\d][\w.-]*")
_SUFFIXES: dict[str, Format] = {
    "json": "json",
    "geojson": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "xml": "xml",
    "rdf": "xml",
    "csv": "csv",
    "tsv": "csv",
}


class FilesOptions(Options):
    """Which files are read, and how.

    ``include`` are globs over the names of files in an archive or a folder; without it, those whose suffix tells a format that fits.
    ``format`` is that of every file; without it, the suffix tells. ``records`` leads to the records of a file: a JSON pointer to a list,
    ``""`` for a file that is one, or the name of the XML elements; without it the whole file is one record. ``identifier`` and
    ``datestamp`` are read of each record: JSON pointers, names of XML elements or ``@`` and the name of an attribute, or names of
    columns. Without ``identifier`` it is the name of the file, with a number where it holds several records.
    """

    format: Format | None = None
    records: str | None = None
    identifier: Annotated[str, Field(min_length=1)] | None = None
    datestamp: Annotated[str, Field(min_length=1)] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: str = "utf-8"
    include: Globs = ()
    max_files: Annotated[int, Field(ge=1)] = 10_000
    max_file_bytes: Annotated[int, Field(ge=1)] = 64 * 1024 * 1024
    max_total_bytes: Annotated[int, Field(ge=1)] = 1024 * 1024 * 1024

    @field_validator("encoding")
    @classmethod
    def _must_be_known(cls, name: str) -> str:
        try:
            is_text = codecs.lookup(name)._is_text_encoding  # noqa: SLF001 - what ``bytes.decode`` asks itself
        except LookupError:
            is_text = False
        if not is_text:
            raise ValueError(f"{name!r} is no encoding of text, such as 'utf-8', 'latin-1' or 'cp1252'")
        return name

    @model_validator(mode="after")
    def _must_fit_the_format(self) -> Self:
        if self.records is not None and self.format in {"jsonl", "csv"}:
            raise ValueError(f"records {self.records!r} means nothing for {self.format}: there, each line or row is a record; leave it out")
        mistake = None if self.format is None else find_mistake(self.format, self)
        if mistake is not None:
            raise ValueError(mistake)
        return self


def find_mistake(told: Format, options: FilesOptions) -> str | None:
    """What an option says that cannot be in a file of a format, as words."""
    places = {"records": options.records, "identifier": options.identifier, "datestamp": options.datestamp}
    for key, value in places.items():
        if value is None or told == "csv" or (told == "jsonl" and key == "records"):
            continue
        if told in {"json", "jsonl"} and value and not value.startswith("/"):
            return f"{key} {value!r} is no JSON pointer: it must begin with '/', as in '/metadata/id'"
        if told == "xml" and not _NAME.fullmatch(value if key == "records" else value.removeprefix("@")):
            return f"{key} {value!r} is no name of an XML element, such as 'title' (without prefix), or of an attribute, such as '@id'"
    return None


def tell_format(name: str, options: FilesOptions) -> Format | None:
    """The format of a file: as the source says, or else as its suffix does."""
    return options.format or _SUFFIXES.get(_suffix(name))


def fits(name: str, options: FilesOptions) -> bool:
    """Whether a suffix tells a format, and no other than the source's."""
    told = _SUFFIXES.get(_suffix(name))
    return told is not None and options.format in {None, told}


def tell_delimiter(name: str, options: FilesOptions) -> str:
    """What stands between columns: as the source says, or else a tab in ``.tsv`` and a comma everywhere else."""
    return options.delimiter or ("\t" if _suffix(name) == "tsv" else ",")


def _suffix(name: str) -> str:
    return name.lower().partition("?")[0].removesuffix(".gz").rpartition(".")[2]
