"""References to secrets: ``${ENV:NAME}`` in a file stands for an environment variable.

Files hold references, never values. They are resolved at the moment of use, so that no value reaches a dump, a log or an event.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from harvest_assets.errors import ConfigurationError

REFERENCE = re.compile(r"\$\{ENV:([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_NAME = re.compile(r"authorization|cookie|token|key|secret|password|credential|signature", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of an environment variable: the key path in the file, and the variable's name."""

    key: str
    variable: str


def is_secret_name(name: str) -> bool:
    """Whether a header or key of this name usually carries a secret, so that its value is neither written out nor shown."""
    return _SECRET_NAME.search(name) is not None


def find_references(value: object, key: str) -> Iterator[Reference]:
    """Every reference in a value and what it contains, in the order of the file; ``key`` is where the value stands."""
    if isinstance(value, str):
        yield from (Reference(key, found[1]) for found in REFERENCE.finditer(value))
    for place, part in _parts(value):
        yield from find_references(part, f"{key}.{place}")


def find_malformed(value: object, key: str) -> Iterator[str]:
    """Key paths of texts with a ``${`` that does not begin a reference: it would be sent as it stands."""
    if isinstance(value, str) and "${" in REFERENCE.sub("", value):
        yield key
    for place, part in _parts(value):
        yield from find_malformed(part, f"{key}.{place}")


def resolve(value: Any, environ: Mapping[str, str], *, file: str, key: str) -> Any:  # noqa: ANN401 - any value that YAML can hold
    """A copy of a value with every reference replaced by what the environment holds.

    Raises:
        ConfigurationError: A variable is not set or is empty, or holds control characters (a line break at the end of a pasted
            token would otherwise be refused further on, in a message that shows the token).
    """
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _look_up(Reference(key, found[1]), environ, file), value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {name: resolve(part, environ, file=file, key=f"{key}.{name}") for name, part in entries.items()}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [resolve(part, environ, file=file, key=f"{key}.{number}") for number, part in enumerate(items)]
    return value


def missing_message(reference: Reference) -> str:
    """What to tell a person whose environment lacks a variable; the file is named by whoever reports it."""
    return f"{reference.key} refers to the environment variable {reference.variable!r}, which is not set; set it, or correct its name"


def _look_up(reference: Reference, environ: Mapping[str, str], file: str) -> str:
    content = environ.get(reference.variable)
    if not content:
        raise ConfigurationError(f"{file}: {missing_message(reference)}")
    if _CONTROL.search(content):
        raise ConfigurationError(
            f"{file}: {reference.key} refers to the environment variable {reference.variable!r}, which holds a line break or another"
            " control character; set it without"
        )
    return content


def _parts(value: object) -> Iterator[tuple[object, object]]:
    if isinstance(value, Mapping):
        yield from cast("Mapping[object, object]", value).items()
    elif isinstance(value, list | tuple):
        yield from enumerate(cast("list[object]", value))
