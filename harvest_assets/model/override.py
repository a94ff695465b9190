"""``Override``: what a curator says of a document instead of its source. It is kept apart from what was harvested, and survives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

COLUMNS = ("title", "url", "media_type")


@dataclass(frozen=True, slots=True)
class Override:
    """One document's corrections.

    ``properties`` replace those of the same name, null takes one away. ``title``, ``url`` and ``media_type`` replace the columns of these
    names. ``is_hidden`` keeps the document from being published. ``file`` is where it was written, ``until`` the last day that it holds.
    """

    srn: str
    reason: str
    file: str
    properties: Mapping[str, Any]
    title: str | None = None
    url: str | None = None
    media_type: str | None = None
    is_hidden: bool = False
    until: date | None = None

    def columns(self) -> dict[str, str]:
        """The columns that it replaces, with what they are to be."""
        return {name: value for name in COLUMNS if (value := getattr(self, name)) is not None}

    def fields(self) -> tuple[str, ...]:
        """Names of all that it replaces or takes away, columns first, then properties in order of name, then ``hidden``."""
        return (*self.columns(), *sorted(self.properties), *(("hidden",) if self.is_hidden else ()))

    def as_output(self) -> dict[str, Any]:
        """What it says, as the result of the task ``overrides`` holds it and ``correct`` reads it; what it does not say is left out."""
        said: dict[str, Any] = {"reason": self.reason, "file": self.file, **self.columns()}
        if self.properties:
            said["properties"] = dict(self.properties)
        if self.is_hidden:
            said["hidden"] = True
        if self.until is not None:
            said["until"] = self.until.isoformat()
        return said


def correct(fields: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document with what the result of the task ``overrides`` says instead.

    A property of the name of a replaced column says the same thing: it follows, and stays a list where it was one.
    """
    columns = {name: output[name] for name in COLUMNS if output.get(name) is not None}
    properties = {**fields["properties"], **output.get("properties", {})}
    for name in columns.keys() & properties.keys():
        properties[name] = [columns[name]] if isinstance(properties[name], list) else columns[name]
    return {**fields, **columns, "properties": {name: value for name, value in properties.items() if value is not None}}
