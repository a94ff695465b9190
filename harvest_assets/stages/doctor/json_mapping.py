"""The ``mapping`` extractor's options for records of a shape: every field that they have, their title and their files. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from harvest_assets.stages.doctor.findings import tidy
from harvest_assets.stages.doctor.json_shape import (
    FILE_ADDRESSES,
    FILES,
    MEDIA_TYPES,
    Json,
    Shape,
    children,
    fold,
    look_up,
    name_of,
)

_MOST_FIELDS = 40
_LOOKED_AT = 50


def map_records(shape: Shape) -> dict[str, Any]:
    """What ``extract`` says in the source's file."""
    beside = {shape.identifier, shape.datestamp, shape.deleted, shape.title}
    files = _find_files(shape)
    beside.add(files["records"] if files else None)
    base = "/attributes" if shape.is_json_api else ""
    fields = {_name(pointer): pointer for pointer in _list_fields(shape, base) if pointer not in beside}
    options: dict[str, Any] = {"fields": dict(list(fields.items())[:_MOST_FIELDS])}
    if shape.title is not None:
        options = {"title": shape.title, **options}
    if files:
        options["files"] = files
    return {"format": "mapping", "options": options}


def _list_fields(shape: Shape, base: str) -> list[str]:
    """Pointers to what records have under a key, those that most of them have first."""
    found: Counter[str] = Counter()
    for item in shape.items[:_LOOKED_AT]:
        inside = look_up(item, base)
        if isinstance(inside, dict):
            found.update(pointer for pointer, _ in children(inside, base))
    return [pointer for pointer, _ in found.most_common()]


def _name(pointer: str) -> str:
    return tidy(name_of(pointer), 60)


def _find_files(shape: Shape) -> dict[str, str] | None:
    """A list of objects with addresses, under a name that lists of files have."""
    for item in shape.items[:_LOOKED_AT]:
        for base in ("", "/attributes"):
            inside = look_up(item, base)
            for pointer, value in children(inside, base) if isinstance(inside, dict) else ():
                if fold(name_of(pointer)) in FILES and isinstance(value, list) and value and isinstance(value[0], dict):
                    options = _describe_file(pointer, value[0])
                    if options:
                        return options
    return None


def _describe_file(pointer: str, file: Mapping[str, Json]) -> dict[str, str] | None:
    by_name = {fold(name_of(place)): (place, value) for place, value in reversed(list(children(dict(file))))}
    addresses = [by_name[name] for name in FILE_ADDRESSES if name in by_name]
    url = next((place for place, value in addresses if isinstance(value, str) and value.startswith(("http://", "https://"))), None)
    if url is None:
        return None
    kinds = [by_name[name] for name in MEDIA_TYPES if name in by_name]
    kind = next((place for place, value in kinds if isinstance(value, str) and "/" in value), None)
    return {"records": pointer, "url": url, **({"media_type": kind} if kind else {})}
