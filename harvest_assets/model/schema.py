"""JSON Schemas of published records, ready for use: formats are checked, nothing is fetched.

A schema file that cannot be used is passed on as what says so, so that nothing counts as valid because of it.
https://json-schema.org/draft/2020-12
"""

from collections.abc import Mapping
from typing import Any, NoReturn

import jsonschema_rs

from harvest_assets.errors import ConfigurationError

BROKEN = "x-broken"
_ADVICE = ". Adjust configuration to ignore unrecognized formats"  # which nobody here can


def broken_schema(reason: str) -> dict[str, Any]:
    """What stands for a schema that cannot be used."""
    return {BROKEN: reason}


def build_validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """The validator of a schema, of the draft that its ``$schema`` names, 2020-12 without one.

    Raises:
        ConfigurationError: It is no JSON Schema, refers to another address, or names a format that is not known.
    """
    if BROKEN in schema:
        raise ConfigurationError(str(schema[BROKEN]))
    try:
        return jsonschema_rs.validator_for(dict(schema), validate_formats=True, ignore_unknown_formats=False, retriever=_refuse)
    except ValueError as error:
        place = "".join(f"/{part}" for part in getattr(error, "instance_path", ()))
        reason = " ".join(str(getattr(error, "message", error)).split()).removesuffix(_ADVICE)
        raise ConfigurationError(f"{place or 'the schema'}: {reason[:300]}; correct the schema") from None


def _refuse(address: str) -> NoReturn:
    raise ValueError(f"{address!r} is not part of the file, and nothing is fetched; write it under $defs")
