"""A new source's file: what is required as lines, what may be said as comments with their defaults.

Made from the schemas of the keys and of the plug-ins' options, so that it cannot say anything else than they do.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from harvest_assets.config.addresses import check_web_address
from harvest_assets.config.plugins import extractors, find_extractor, find_protocol
from harvest_assets.config.source_keys import SourceKeys
from harvest_assets.config.sources import SLUG_PATTERN, source_file
from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import Options

Schema = dict[str, Any]

_EMPTY = {"array": (), "object": {}, "boolean": True, "integer": 1, "number": 1.0}


def write_source_template(slug: str, protocol: str, url: str) -> str:
    """The text of a file for a new source; required options get a placeholder of the right shape and a remark.

    Raises:
        ConfigurationError: The slug, the protocol or the address cannot be used.
    """
    if not re.fullmatch(SLUG_PATTERN, slug):
        raise ConfigurationError(f"{slug!r} is not a name for a source; use a-z, 0-9, '_' and '-', at most 63")
    try:
        title = {
            "title": slug.replace("-", " ").replace("_", " ").strip().capitalize(),
            "protocol": protocol,
            "url": check_web_address(url),
        }
    except ValueError as error:
        raise ConfigurationError(f"url {error}") from None
    try:
        options = find_protocol(protocol).options
    except ConfigurationError as error:
        raise ConfigurationError(f"protocol {error}") from None
    heading = f"# {source_file(slug)}: one source. A key behind '#' may be left out and is shown with its default.\n"
    return heading + "".join(f"\n{block}\n" for block in _blocks(title, options))


def _blocks(written: dict[str, str], options: type[Options]) -> Iterator[str]:
    """One block for every key of a source: what it means, and the key itself."""
    schema = SourceKeys.model_json_schema()
    for name, key_schema in schema["properties"].items():
        if name in written:
            lines = [_dump(name, written[name])]
        elif name == "options":
            lines = _options_lines(options, name)
        elif name == "extract" and "metadata_prefix" not in options.model_fields:
            lines = ["extract:", *_indent(_extract_lines())]
        else:
            lines = _comment([_dump(name, _default(key_schema))])
        yield "\n".join([f"# {key_schema['description']}", *lines])


def _extract_lines() -> list[str]:
    """The extractor that can be told how to read anything, or else the first by name."""
    name = "mapping" if "mapping" in extractors() else min(extractors(), default="mapping")
    return [_dump("format", name), *_options_lines(find_extractor(name).options, "options")]


def _options_lines(options: type[Options], name: str) -> list[str]:
    """The options as a block; a comment as a whole when none is required, for a key without a value is refused."""
    schema = options.model_json_schema()
    required = set(schema.get("required", ()))
    properties: dict[str, Schema] = schema.get("properties", {})
    needed = [f"{_dump(key, _placeholder(key, properties[key], schema))}  # required: correct it" for key in properties if key in required]
    free = [_dump(key, _default(properties[key])) for key in properties if key not in required]
    if needed:
        return [f"{name}:", *_indent([*needed, *_comment(free)])]
    return _comment([f"{name}:", *_indent(free)])


def _comment(lines: Iterable[str]) -> list[str]:
    return [f"# {line}" for line in lines]


def _indent(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _dump(key: str, value: object) -> str:
    """One line of YAML; nothing after the colon for None."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**31)
    written = text.removesuffix("\n").removesuffix("\n...")
    return f"{key}:" if value is None else f"{key}: {written}"


def _default(schema: Schema) -> object:
    return schema["default"] if "default" in schema else _EMPTY.get(str(schema.get("type")))


def _placeholder(name: str, schema: Schema, root: Schema) -> object:
    """A value of the right shape for a key that has no default: its example, or a text that is a JSON pointer too."""
    if "$ref" in schema:
        return _placeholder(name, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    for key in ("examples", "enum"):
        if key in schema:
            return schema[key][0]
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return _placeholder(name, schema[key][0], root)
    if "properties" in schema:
        return {key: _placeholder(key, schema["properties"][key], root) for key in schema.get("required", ())}
    return schema.get("const", _EMPTY.get(str(schema.get("type")), f"/{name}"))
