"""JSON Schemas of the files, for editors and for checks without us (https://json-schema.org/draft/2020-12).

Made from the models and from the plug-ins that are installed, so that the schema of a source knows the options of its protocol.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import BaseModel

from harvest_assets.config.datasets import DatasetKeys
from harvest_assets.config.plugins import document_tasks, extractors, protocols
from harvest_assets.config.source_keys import SourceKeys
from harvest_assets.interfaces import Extractor

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def json_schema(kind: Literal["source", "dataset"]) -> Schema:
    """The schema of one kind of file; definitions of plug-ins stand under ``$defs`` with the plug-in's name before their own."""
    if kind == "dataset":
        return {"$schema": DIALECT, **DatasetKeys.model_json_schema(), "title": "Dataset"}
    schema: Schema = {"$schema": DIALECT, **SourceKeys.model_json_schema(), "title": "Source"}
    definitions: Schema = schema["$defs"]
    properties: Schema = schema["properties"]
    properties["protocol"]["enum"] = sorted(protocols())
    properties["extract"] = _extract_schema(properties["extract"]["description"], definitions)
    properties["tasks"]["anyOf"][0]["items"] = {"enum": sorted(document_tasks())}
    properties["task_options"] = _tasks_schema(properties["task_options"]["description"], definitions)
    del definitions["Extract"]
    schema["allOf"] = [_protocol_rule(name, definitions) for name in sorted(protocols())]
    return schema


def _protocol_rule(name: str, definitions: Schema) -> Schema:
    """When the protocol is this one, the options are its own, and required when one of them is."""
    protocol = protocols()[name]
    options = _options_schema(protocol.options, f"protocol-{name}-", definitions)
    needed = [
        *(["options"] if options.get("required") else []),
        *(["extract"] if "metadata_prefix" not in protocol.options.model_fields else []),
    ]
    then: Schema = {"properties": {"options": options}, **({"required": needed} if needed else {})}
    return {"if": {"properties": {"protocol": {"const": name}}, "required": ["protocol"]}, "then": then}


def _extract_schema(description: str, definitions: Schema) -> Schema:
    """A bare name where the extractor needs no option, or a mapping with its options."""
    mappings = [_extract_mapping(name, extractor, definitions) for name, extractor in sorted(extractors().items())]
    bare = sorted(_names_without_required(extractors()))
    return {"description": description, "oneOf": [{"enum": bare}, *mappings]}


def _extract_mapping(name: str, extractor: type[Extractor], definitions: Schema) -> Schema:
    options = _options_schema(extractor.options, f"extractor-{name}-", definitions)
    return {
        "type": "object",
        "properties": {"format": {"const": name}, "options": options},
        "required": ["format", "options"] if options.get("required") else ["format"],
        "additionalProperties": False,
    }


def _tasks_schema(description: str, definitions: Schema) -> Schema:
    """The options of each document task under its name."""
    options = {name: _options_schema(task.options, f"task-{name}-", definitions) for name, task in sorted(document_tasks().items())}
    return {"description": description, "type": "object", "properties": options, "additionalProperties": False}


def _names_without_required(known: Mapping[str, type[Extractor]]) -> Iterable[str]:
    return (name for name, extractor in known.items() if not any(key.is_required() for key in extractor.options.model_fields.values()))


def _options_schema(options: type[BaseModel], prefix: str, definitions: Schema) -> Schema:
    """The schema of a plug-in's options, its definitions moved to those of the file under a prefix."""
    schema = options.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    definitions.update({f"{prefix}{name}": definition for name, definition in schema.pop("$defs", {}).items()})
    return schema
