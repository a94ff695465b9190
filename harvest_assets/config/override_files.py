"""One file of ``overrides/``: a YAML list of entries, or a CSV table with a row for each field (srn, field, value, reason, until).

An entry that is wrong is a ``Problem`` and takes no other with it.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, cast

import orjson
from pydantic import AfterValidator, Field, ValidationError, model_validator

from harvest_assets.config.addresses import check_web_address
from harvest_assets.config.days import Day
from harvest_assets.config.names import not_one_of, shorten
from harvest_assets.config.problems import InvalidFileError, Problem, describe_errors
from harvest_assets.config.sections import Section, Text
from harvest_assets.config.sources import SLUG_PATTERN
from harvest_assets.config.yaml_files import read_yaml_list
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.override import COLUMNS, Override

FOLDER = "overrides"
MAX_CSV_BYTES = 16 * 1024 * 1024

_REQUIRED_COLUMNS = ("srn", "field", "value", "reason")
_CSV_COLUMNS = (*_REQUIRED_COLUMNS, "until")

Entry = tuple[str, Override]


class OverrideKeys(Section):
    """One entry: the document, the reason, and what is said of it."""

    srn: Annotated[str, Field(pattern=rf"^{SLUG_PATTERN}:\S(.*\S)?$")] = Field(description="The document: source, ':' and identifier")
    reason: Text = Field(description="Why the source is overruled, for those who read the result")
    title: Text | None = Field(default=None, description="Title in place of the source's")
    url: Annotated[str, AfterValidator(check_web_address)] | None = Field(default=None, description="Address of the file")
    media_type: Annotated[str, Field(pattern=r"^[a-z0-9.+-]+/[a-z0-9.+-]+$")] | None = Field(
        default=None, description="Media type of the file, such as application/pdf"
    )
    properties: dict[str, Any] = Field(default_factory=dict[str, Any], description="Properties by name; null takes one away")
    hidden: bool = Field(default=False, description="Keep the document from being published")
    until: Day | None = Field(default=None, description="The last day on which this holds")

    @model_validator(mode="after")
    def _says_something(self) -> "OverrideKeys":
        twice = [name for name in COLUMNS if name in self.properties]
        if twice:
            raise ValueError(f"properties.{twice[0]} is written as {twice[0]!r}, beside srn; move it there")
        if not (self.hidden or self.properties or any(getattr(self, name) is not None for name in COLUMNS)):
            raise ValueError(f"changes nothing; write one of {', '.join(COLUMNS)}, properties, or hidden: true")
        return self


@dataclass(frozen=True, slots=True)
class OverrideFile:
    """What one file says: entries with the words for their place, and what is wrong with the rest."""

    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def read_override_file(path: Path) -> OverrideFile:
    """The entries of a file, in order; it is read once for each state of it, because catalogues are loaded again and again.

    Raises:
        ConfigurationError: Nothing can be read. The message does not name the file.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise ConfigurationError(f"the file cannot be read ({error.strerror}); allow this user to read it") from None
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, changed_at: int, size: int) -> OverrideFile:
    del changed_at, size  # a file that differs in them is another one
    if path.suffix == ".csv":
        return _build_all(f"{FOLDER}/{path.name}", _read_csv(path), _build_row)
    content = read_yaml_list(path)
    read = _build_all(f"{FOLDER}/{path.name}", ((f"entry {number}", each) for number, each in enumerate(content.items, 1)), _build)
    messages = (Problem(f"{FOLDER}/{path.name}", each) for each in content.messages)
    return OverrideFile(read.entries, (*messages, *read.problems))


def _build_all(file: str, placed: Iterator[tuple[str, Any]], build: Callable[[Any, str], Override]) -> OverrideFile:
    entries, problems = list[Entry](), list[Problem]()
    for place, content in placed:
        try:
            entries.append((place, build(content, file)))
        except InvalidFileError as error:
            problems += [Problem(file, f"{place}: {each.message}") for each in error.problems]
        except ConfigurationError as error:
            problems.append(Problem(file, f"{place}: {error}"))
    return OverrideFile(tuple(entries), tuple(problems))


def _build(content: object, file: str) -> Override:
    if not isinstance(content, Mapping):
        raise ConfigurationError(f"{shorten(content)} is not an entry; write srn, reason and what is to be replaced")
    try:
        keys = OverrideKeys.model_validate(content)
    except ValidationError as error:
        raise InvalidFileError(file, describe_errors(error, OverrideKeys, cast("object", content))) from None
    return Override(
        srn=keys.srn,
        reason=keys.reason,
        file=file,
        properties=_as_json(keys.properties),
        title=keys.title,
        url=keys.url,
        media_type=keys.media_type,
        is_hidden=keys.hidden,
        until=keys.until,
    )


def _as_json(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties as the rest of the project holds them: what YAML takes for a date is text there."""
    try:
        return cast("dict[str, Any]", orjson.loads(orjson.dumps(properties)))
    except orjson.JSONEncodeError as error:
        raise ConfigurationError(f"properties cannot be written as JSON: {error}; correct them") from None


def _read_csv(path: Path) -> Iterator[tuple[str, Mapping[str | None, Any]]]:
    """Rows with their lines; commas or, where the heading has none, semicolons are between the columns."""
    text = _read_text(path)
    heading = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in heading and "," not in heading else ",", strict=True)
    try:
        _check_columns(list(reader.fieldnames or ()))
        rows = [(f"line {reader.line_num}", row) for row in reader]
    except csv.Error as error:
        raise ConfigurationError(f"line {reader.reader.line_num}: {error}; correct the CSV") from None
    yield from cast("list[tuple[str, Mapping[str | None, Any]]]", rows)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_CSV_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the file cannot be read ({error.strerror}); allow this user to read it") from None
    if len(content) > MAX_CSV_BYTES:
        raise ConfigurationError(f"the file is larger than {MAX_CSV_BYTES} bytes; divide it into several")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None


def _check_columns(names: list[str]) -> None:
    for name in _REQUIRED_COLUMNS:
        if name not in names:
            raise ConfigurationError(f"column {name!r} is missing; the first line names the columns {', '.join(_REQUIRED_COLUMNS)}")
    for name in names:
        if name not in _CSV_COLUMNS:
            raise ConfigurationError(f"column {not_one_of(name, _CSV_COLUMNS)}")


def _build_row(row: Mapping[str | None, Any], file: str) -> Override:
    """A row as an entry of one field."""
    if None in row or any(row[name] is None for name in _REQUIRED_COLUMNS):
        raise ConfigurationError("it has more or fewer values than the first line has columns; correct it")
    name, text, until = row["field"].strip(), row["value"].strip(), (row.get("until") or "").strip()
    if not name or not text:
        raise ConfigurationError("field or value is empty; write both, and null as the value to take a property away")
    entry: dict[str, Any] = {"srn": row["srn"].strip(), "reason": row["reason"]}
    if until:
        entry["until"] = until
    if name == "hidden":
        entry[name] = {"true": True, "false": False}.get(text.lower(), text)
    else:
        entry |= {name: text} if name in COLUMNS else {"properties": {name: _read_value(text)}}
    return _build(entry, file)


def _read_value(text: str) -> object:
    """The value of a property: JSON where it is JSON and means the same as the text, text otherwise (``1.50`` is no number)."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if isinstance(value, int | float) and not isinstance(value, bool) and str(value) != text else value
