"""``schemas/*.json``: what a published record has to look like, one JSON Schema for each kind of document, or for a source's own kind.

A file that cannot be used is a ``Problem``, and stays as a schema that says so: no document is taken to be valid because of a comma.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import orjson

from harvest_assets.config.problems import Problem
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.schema import broken_schema, build_validator

FOLDER = "schemas"
MAX_BYTES = 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@dataclass(frozen=True, slots=True)
class Schemas:
    """Schemas by the name of their file, without ``.json``, those that cannot be used among them, and what is wrong with these."""

    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    problems: tuple[Problem, ...] = ()


def load_schemas(folder: Path) -> Schemas:
    """Every JSON file of a folder, in order of name; a folder that is not there has none."""
    documents, problems = dict[str, Mapping[str, Any]](), list[Problem]()
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        if path.suffix != ".json" or path.name.startswith("."):
            continue
        try:
            documents[path.stem] = _read(path, *_state(path))
        except ConfigurationError as error:
            problems.append(Problem(f"{FOLDER}/{path.name}", str(error)))
            documents[path.stem] = broken_schema(str(problems[-1]))
    return Schemas(MappingProxyType(documents), tuple(problems))


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(error) from None
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=64)
def _read(path: Path, changed_at: int, size: int) -> Mapping[str, Any]:
    """One file, read once for each state of it: catalogues are loaded again and again."""
    del changed_at
    if not _NAME.fullmatch(path.stem):
        raise ConfigurationError(f"{path.stem!r} is not a name; rename the file after the kind of document, such as product.json")
    if size > MAX_BYTES:
        raise ConfigurationError(f"the file is larger than {MAX_BYTES} bytes; keep to what a record has to fulfil")
    try:
        content: object = orjson.loads(path.read_bytes())
    except OSError as error:
        raise _unreadable(error) from None
    except orjson.JSONDecodeError as error:
        raise ConfigurationError(f"line {error.lineno}, column {error.colno}: {error.msg}; correct the JSON") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"the file holds a {type(content).__name__}; write a JSON Schema as an object")
    schema = cast("dict[str, Any]", content)
    build_validator(schema)
    return MappingProxyType(schema)


def _unreadable(error: OSError) -> ConfigurationError:
    return ConfigurationError(f"the file cannot be read ({error.strerror}); allow this user to read it")
