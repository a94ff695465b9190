"""``Problem``: one line about one file, and how refusals by pydantic become such lines.

A line names the key by its path in the file, what is written there, and what is allowed. Values that may be secret are not shown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from harvest_assets.config.names import nearest, not_one_of, shorten
from harvest_assets.config.secrets import is_secret_name
from harvest_assets.errors import ConfigurationError

_SUBJECT = re.compile(r"^(Input|String|List|Tuple|Dictionary|Value|Number|Integer|URL) should ")
# What pydantic calls by the names of Python, in the words of YAML.
_YAML_WORDS = (
    (re.compile(r"a valid dictionary( or instance of \w+)?"), "a mapping"),
    (re.compile(r"a valid (tuple|list)"), "a list"),
    (re.compile(r"a valid string"), "text"),
    (re.compile(r"a valid boolean"), "true or false"),
    (re.compile(r"a valid integer"), "a whole number"),
    (re.compile(r"a valid number"), "a number"),
)
_QUOTED = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, or with a plug-in; ``str`` gives the line that people read."""

    file: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}"


class InvalidFileError(ConfigurationError):
    """One file is wrong; ``problems`` has a line for each reason, and the text is all of them, a line each."""

    def __init__(self, file: str, messages: Sequence[str]) -> None:
        self.problems = tuple(Problem(file, message) for message in dict.fromkeys(messages))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SeveralReasonsError(ValueError):
    """What a validator raises that has more than one thing to say about a value."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)

    @classmethod
    def raise_for(cls, reasons: Sequence[str]) -> None:
        """Do nothing when there is no reason.

        Raises:
            SeveralReasonsError: There is one.
        """
        if reasons:
            raise cls(reasons)


def describe_errors(error: ValidationError, model: type[BaseModel], content: object, prefix: str = "") -> list[str]:
    """The refusals of one model, a line each, in the order of its fields.

    ``content`` is what was validated and ``prefix`` the key path at which it stands in the file.
    """
    found = error.errors(include_url=False)
    places = [(tuple(_written_path(details["loc"], content, details["type"])), details["type"]) for details in found]
    return [
        line
        for details, (path, kind) in zip(found, places, strict=True)
        if not _follows_from_others(path, kind, places)
        for line in _describe(details, model, ".".join([*([prefix] if prefix else []), *path]))
    ]


def unknown_key(path: str, known: Sequence[str]) -> str:
    """``'protcol' is not a key; did you mean 'protocol'?``, with the allowed names when none is near."""
    parent, _, name = path.rpartition(".")
    suggestion = nearest(name, known)
    if suggestion:
        return f"{path!r} is not a key; did you mean {f'{parent}.{suggestion}'.lstrip('.')!r}?"
    return f"{path!r} is not a key; allowed are {', '.join(known) or 'no keys'}"


def _follows_from_others(path: tuple[str, ...], kind: str, places: Sequence[tuple[tuple[str, ...], str]]) -> bool:
    """Whether a refusal only repeats another: a list is too short when its items were refused, a value is not of every type of a union."""
    inner = [other for place, other in places if place[: len(path)] == path and (place, other) != (path, kind)]
    return bool(inner) if kind == "too_short" else kind.endswith("_type") and not all(other.endswith("_type") for other in inner)


def _describe(details: ErrorDetails, model: type[BaseModel], path: str) -> list[str]:
    kind, location = details["type"], details["loc"]
    if kind == "extra_forbidden":
        return [unknown_key(path, _known_keys(model, location[:-1]))]
    if kind == "missing":
        return [f"{path!r} is required: {_purpose(model, location)}"]
    if kind == "union_tag_not_found":
        discriminator = _QUOTED.findall(details["msg"])[0]
        return [f"{f'{path}.{discriminator}'!r} is required: it says which keys are allowed beside it"]
    return [f"{path} {reason}".strip() for reason in _reasons(details, hidden=_may_be_secret(path))]


def _reasons(details: ErrorDetails, *, hidden: bool) -> Sequence[str]:
    error = details.get("ctx", {}).get("error")
    if isinstance(error, SeveralReasonsError):
        return error.reasons
    if details["input"] is None:
        return ["has no value; leave the key out, or write one"]
    if hidden:
        return ["has a value that is not allowed; it may be secret and is not shown"]
    return [_one_line(str(error)) if isinstance(error, Exception) else _rephrase(details)]


def _rephrase(details: ErrorDetails) -> str:
    kind, message, context = details["type"], details["msg"], details.get("ctx", {})
    if kind in {"literal_error", "enum", "union_tag_invalid"}:
        written = context.get("tag", details["input"])
        return not_one_of(written, _QUOTED.findall(str(context.get("expected_tags", context.get("expected")))))
    for pattern, words in _YAML_WORDS:
        message = pattern.sub(words, message)
    if _SUBJECT.match(message):
        return f"{shorten(details['input'])} {_SUBJECT.sub('should ', message)}"
    return f"{shorten(details['input'])} is not allowed: {message}"


def _may_be_secret(path: str) -> bool:
    return path.startswith("headers") or any(is_secret_name(part) for part in path.split("."))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _written_path(location: tuple[int | str, ...], content: object, kind: str) -> Iterator[str]:
    """The parts of a location that stand in the file; pydantic adds names of its own for the members of a union."""
    for index, part in enumerate(location):
        is_last = index == len(location) - 1
        if isinstance(content, Mapping) and part in content:
            content = cast("Mapping[object, object]", content)[part]
        elif isinstance(content, list) and isinstance(part, int):
            content = cast("list[object]", content)[part]
        elif not (is_last and kind == "missing"):
            continue
        yield str(part)


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    return [key for owner in _models_at(model, location) for key in _keys(owner)]


def _purpose(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """What a required key is for, out of its description."""
    for owner in _models_at(model, location[:-1]):
        description = _keys(owner)[str(location[-1])].description if str(location[-1]) in _keys(owner) else None
        if description:
            return f"{description[0].lower()}{description[1:]}"
    return "add it"


def _models_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """The models that may stand at a place: one, or the members of a union that the location's tags leave."""
    models = [model]
    for part in location:
        inner = [found for owner in models if part in _keys(owner) for found in _models_in(_keys(owner)[str(part)].annotation)]
        tagged = [owner for owner in models if part == owner.__name__ or _has_tag(owner, part)]
        models = inner or tagged or models
    return models


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields under the names that a file uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _has_tag(model: type[BaseModel], tag: int | str) -> bool:
    return any(tag in get_args(field.annotation) for field in model.model_fields.values())
