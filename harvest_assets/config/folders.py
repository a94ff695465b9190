"""One folder of YAML files, ``<slug>.yaml`` each: what is right is loaded, what is wrong has lines of its own."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from harvest_assets.config.problems import InvalidFileError, Problem
from harvest_assets.config.sources import SLUG_PATTERN
from harvest_assets.config.yaml_files import read_yaml
from harvest_assets.errors import ConfigurationError

Item = TypeVar("Item")


@dataclass
class FolderContent(Generic[Item]):
    """What a folder gave: items by slug, and the slugs and lines of files that are wrong."""

    loaded: dict[str, Item] = field(default_factory=dict[str, Item])
    broken: set[str] = field(default_factory=set[str])
    problems: list[Problem] = field(default_factory=list[Problem])


def read_folder(folder: Path, build: Callable[[str, Mapping[str, Any]], Item]) -> FolderContent[Item]:
    """Every file of a folder that looks like configuration; a file that is wrong keeps none of the others from being read.

    ``build`` makes an item of a slug and what its file holds, and raises ``ConfigurationError`` for what is wrong.
    """
    read = FolderContent[Item]()
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
