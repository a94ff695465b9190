"""``validity``: whether a document, as it would be published, is what its schema asks for.

The schemas are files that people edit (``config/schemas/<entity>.json``). The record is looked at again whenever anything in it, or the
schema, changes. https://json-schema.org/draft/2020-12
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar, cast

import jsonschema_rs
import orjson
from pydantic import Field

from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import DocumentTask, Finding, Options, TaskInput
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply
from harvest_assets.model.schema import build_validator

MOST_ERRORS = 20
MOST_CHARACTERS = 300
# Beyond these an error is not even looked at, so that a hostile record costs no more than any other.
MOST_LOOKED_AT = 1_000


class ValidityOptions(Options):
    """Which schema is asked for which kind of document."""

    schemas: dict[str, str] = Field(
        default_factory=dict[str, str], description="Name of the schema by kind of document, where it is not that of the kind itself"
    )


class Validity(DocumentTask):
    """Whether the record as it is published fits its schema.

    The output has ``state``: ``active``, or ``inactive`` with ``errors``, of each its ``path`` (a JSON pointer) and its ``message``.

    The record that is validated has the fields of a published one; its ``derivatives`` are the results of the tasks in ``after``.
    """

    name: ClassVar[str] = "validity"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset()
    after: ClassVar[tuple[str, ...]] = (
        *("overrides", "study_vocabularies", "disciplines", "publisher_years", "consortia", "licences", "languages"),
    )
    options: ClassVar[type[Options]] = ValidityOptions

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return cast("ValidityOptions", self.settings).schemas

    @cached_property
    def _schemas(self) -> Mapping[str, "_Schema"]:
        return {name: _Schema(content) for name, content in self.tools.schemas.items()}

    def basis(self) -> str:
        """Of all schemas."""
        return _fingerprint({name: each.fingerprint for name, each in self._schemas.items()})

    def applies_to(self, document: TaskInput) -> Applicability:
        """Documents of a kind that has a schema, or that the source has chosen one for."""
        if document.entity in self._names or document.entity in self._schemas:
            return APPLIES
        return does_not_apply(f"there is no schema for {document.entity!r}")

    def fingerprint(self, document: TaskInput) -> str:
        """Of the whole record and its schema."""
        schema = self._schemas.get(self._name_of(document))
        return _fingerprint([self._record(document), None if schema is None else schema.fingerprint])

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """Without a schema that can be used nothing is said of a document: cancelled, never valid."""
        for document in batch:
            name = self._name_of(document)
            schema = self._schemas.get(name)
            if schema is None:
                yield _cancel(document, f"the schema {name!r} is not one of {', '.join(sorted(self._schemas)) or '(there is none)'}")
            elif isinstance(schema.validator, str):
                yield _cancel(document, schema.validator)
            else:
                yield _judge(document.srn, _find_errors(schema.validator, self._record(document)))

    def _name_of(self, document: TaskInput) -> str:
        return self._names.get(document.entity, document.entity)

    def _record(self, document: TaskInput) -> dict[str, Any]:
        return {
            "srn": document.srn,
            "source": self.tools.source,
            "entity": document.entity,
            "parent": document.parent,
            "title": document.title,
            "url": document.url,
            "media_type": document.media_type,
            "datestamp": document.datestamp,
            "properties": document.properties,
            "derivatives": {
                name: _as_published(each)
                for name, each in sorted(document.findings.items())
                if name in self.after and each.status != "not_applicable"
            },
        }


class _Schema:
    """One schema with its fingerprint; the validator, or why there is none, is made when it is first wanted."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = dict(content)
        self.fingerprint = _fingerprint(self._content)

    @cached_property
    def validator(self) -> "jsonschema_rs.Validator | str":
        try:
            return build_validator(self._content)
        except ConfigurationError as error:
            return str(error)


def _as_published(finding: Finding) -> dict[str, Any]:
    return {"status": finding.status, "output": dict(finding.output), "reason": finding.reason}


def _find_errors(validator: jsonschema_rs.Validator, record: dict[str, Any]) -> list[dict[str, str]]:
    """What is wrong with a record, the same each time: in order of place, then of message."""
    found = ((_point_to(error.instance_path), _cut(error.message)) for error in islice(validator.iter_errors(record), MOST_LOOKED_AT))
    return [{"path": path, "message": message} for path, message in sorted(set(found))[:MOST_ERRORS]]


def _judge(srn: str, errors: list[dict[str, str]]) -> Derivative:
    if not errors:
        return Derivative(srn, "succeeded", {"state": "active"})
    first = errors[0]
    words = f"{first['path'] or 'the record'}: {first['message']}" + (f", and {len(errors) - 1} more" if errors[1:] else "")
    return Derivative(srn, "succeeded", {"state": "inactive", "errors": errors}, words, withholds=True)


def _cancel(document: TaskInput, reason: str) -> Derivative:
    return Derivative(document.srn, "cancelled", {}, reason)


def _point_to(path: Sequence[str | int]) -> str:
    """A JSON pointer: https://www.rfc-editor.org/rfc/rfc6901."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def _cut(message: str) -> str:
    """A message in one line, without the whole of a long value."""
    text = " ".join(message.split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _fingerprint(content: object) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
