"""YAML as data and nothing more: small files, plain values, every key once (https://yaml.org/spec/1.1/).

Anchors, aliases and tags are refused: a few lines of them can unfold to gigabytes or build objects. Depth and size are capped.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from harvest_assets.errors import ConfigurationError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 30
_TEXT_TAG = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class YamlContent:
    """The mapping that a file holds, and what is wrong with its keys, one line each, in order."""

    mapping: dict[str, Any]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YamlList:
    """The list that a file holds, and what is wrong with the keys in it, one line each, in order."""

    items: tuple[Any, ...]
    messages: tuple[str, ...]


def read_yaml(path: Path) -> YamlContent:
    """Read one file that holds one mapping; when a key comes twice, the last value stands and a message says so.

    Raises:
        ConfigurationError: Nothing can be read: the file is unreadable, too large, not UTF-8, not YAML, or not a mapping. The
            message does not name the file.
    """
    content, messages = _read(path)
    if content is None:
        raise ConfigurationError("the file is empty; write keys and values, one 'key: value' a line")
    if not isinstance(content, dict):
        raise ConfigurationError(f"the file holds {_kind(content)}; write keys and values, one 'key: value' a line")
    return YamlContent(cast("dict[str, Any]", content), messages)


def read_yaml_list(path: Path) -> YamlList:
    """Read one file that holds one list; nothing at all is a list without items.

    Raises:
        ConfigurationError: Nothing can be read, as in ``read_yaml``, or it is not a list.
    """
    content, messages = _read(path)
    if not isinstance(content, list | None):
        raise ConfigurationError(f"the file holds {_kind(content)}; write a list, each entry beginning with '- '")
    return YamlList(tuple(cast("list[Any]", content or [])), messages)


def _read(path: Path) -> tuple[object, tuple[str, ...]]:
    text = _read_text(path)
    try:
        loader = _PlainLoader(text)
        content = loader.get_single_data()
    except (yaml.MarkedYAMLError, ReaderError) as error:
        raise ConfigurationError(_describe(error)) from None
    return content, tuple(loader.messages)


class _PlainLoader(yaml.SafeLoader):
    """A safe loader that also refuses what unfolds, and remembers keys that are written twice or are not text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.messages: list[str] = []
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if getattr(event, "anchor", None) is not None:
            raise ComposerError(None, None, "anchors and aliases are not supported; write the value out", event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise ComposerError(None, None, "tags are not supported; write the plain value", event.start_mark)
        if self._depth >= MAX_DEPTH:
            raise ComposerError(None, None, f"values are nested deeper than {MAX_DEPTH} levels", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - signature of PyYAML
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            message = f"a value looks like a date or a number and is not one ({error}); put it in quotes if it is text"
            raise ConstructorError(None, None, message, node.start_mark) from None

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - signature of PyYAML
        first_lines: dict[str, int] = {}
        for key_node, _ in node.value:
            self._check_key(key_node, first_lines)
        return super().construct_mapping(node, deep)

    def _check_key(self, key_node: yaml.Node, first_lines: dict[str, int]) -> None:
        line = key_node.start_mark.line + 1
        if key_node.tag != _TEXT_TAG:
            raise ConstructorError(None, None, "a key is not text; put it in quotes", key_node.start_mark)
        key = str(key_node.value)
        if key in first_lines:
            self.messages.append(f"line {line}: {key!r} is written twice, first in line {first_lines[key]}; keep one of them")
        first_lines.setdefault(key, line)


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise ConfigurationError("it is not a file that can be read; replace it by a text file")
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"the file cannot be read ({error.strerror}); allow this user to read it") from None
    if len(content) > MAX_BYTES:
        raise ConfigurationError(
            f"the file is larger than {MAX_BYTES} bytes; a source or dataset needs a few lines, overrides may be divided into several files"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None


def _describe(error: yaml.MarkedYAMLError | ReaderError) -> str:
    if isinstance(error, ReaderError):
        return f"character {error.position + 1} is a control character; remove it"
    mark = error.problem_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    context = f" {error.context}" if error.context else ""
    return f"{place}{error.problem}{context}; correct the YAML"


def _kind(content: object) -> str:
    kinds = {dict: "keys and values", list: "a list"}
    return next((words for kind, words in kinds.items() if isinstance(content, kind)), f"a single value of type {type(content).__name__}")
