"""What the tasks that look terms up have in common: which terms a document was given, and what a vocabulary says of exactly these.

A result rests on the labels and the ancestors of the document's own terms, so a changed vocabulary touches no other document. Terms that
the vocabulary does not know are kept and listed under ``unknown``.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import orjson
from pydantic import Field

from harvest_assets.interfaces import DocumentTask, Options, TaskInput, Tools
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply
from harvest_assets.model.vocabulary import Term, Vocabulary

VOCABULARIES = "vocabularies"
SHOWN_BYTES = 200


class VocabularyOptions(Options):
    """Which vocabulary a task looks terms up in."""

    vocabulary: str = Field(default="", description="Name of the vocabulary; that of the task when left out")


@dataclass(frozen=True, slots=True)
class Described:
    """One term with the labels that people read."""

    id: str
    nl: str | None
    en: str | None

    @classmethod
    def of(cls, term: Term) -> "Described":
        """A term of a vocabulary."""
        return cls(term.id, term.label("nl"), term.label("en"))


@dataclass(frozen=True, slots=True)
class Found:
    """What a text stands for: the term's own identifier, the terms that the task makes of it, and a digest of all of these."""

    term: str
    described: tuple[Described, ...]
    digest: bytes


class VocabularyTask(DocumentTask):
    """Looks up the terms under ``key`` of ``learning_material``, or of the document itself where a source has no such section."""

    entities: ClassVar[frozenset[str]] = frozenset({"product"})
    reads: ClassVar[tuple[str, ...]] = (VOCABULARIES,)
    options: ClassVar[type[Options]] = VocabularyOptions
    key: ClassVar[str]
    vocabulary_name: ClassVar[str]

    def __init__(self, settings: Options, tools: Tools) -> None:
        super().__init__(settings, tools)
        self._name = cast("VocabularyOptions", settings).vocabulary or self.vocabulary_name
        self._vocabulary = tools.vocabularies.get(self._name)
        self._found: dict[str, Found] = {}

    def basis(self) -> str:
        """The version of the vocabulary."""
        return f"{self._name} {self._vocabulary.version if self._vocabulary else 'is not loaded'}"

    def applies_to(self, document: TaskInput) -> Applicability:
        """Documents with a term, where there is a vocabulary."""
        if self._vocabulary is None:
            return does_not_apply(no_vocabulary(self._name))
        return APPLIES if read_given(document.properties, self.key) else does_not_apply(f"it has no {self.key}")

    def fingerprint(self, document: TaskInput) -> str:
        """The given terms, and what the vocabulary says of these."""
        given = sorted(read_given(document.properties, self.key))
        return hashlib.sha256(b"".join(map(self._digest, given))).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """One result a document; those with unknown terms succeed, too."""
        for document in batch:
            given = sorted(read_given(document.properties, self.key))
            known: dict[str, Found] = {}
            unknown: list[str] = []
            for text in given:
                found = self._find(text)
                if found is None:
                    unknown.append(text)
                else:
                    known[found.term] = found
            yield Derivative(document.srn, "succeeded", self.describe(known, unknown))

    def _digest(self, text: str) -> bytes:
        found = self._find(text)
        return _digest(["unknown", text]) if found is None else found.digest

    def _find(self, text: str) -> Found | None:
        """What a text stands for; looked up once. Texts that are not known are not kept, for there is no end of them."""
        found = self._found.get(text)
        if found is None and self._vocabulary is not None:
            term = self._vocabulary.find(text)
            if term is not None:
                described = tuple(Described.of(each) for each in self.resolve(self._vocabulary, term))
                digest = _digest(["known", text, term.id, *((each.id, each.nl, each.en) for each in described)])
                found = self._found[text] = Found(term.id, described, digest)
        return found

    @abstractmethod
    def resolve(self, vocabulary: Vocabulary, term: Term) -> Iterable[Term]:
        """The terms of the vocabulary that the task makes of a given one."""

    @abstractmethod
    def describe(self, known: Mapping[str, Found], unknown: Sequence[str]) -> dict[str, Any]:
        """The output for the terms of a document: those that are known by identifier, and the texts that are not, in order of text."""


def describe_terms(known: Mapping[str, Found], unknown: Sequence[str]) -> dict[str, Any]:
    """``terms``: one entry each, in order of identifier, those that are unknown at the end.

    ``keyword``, ``nl`` and ``en`` are the identifiers and labels of the known ones, in the same order; ``unknown`` the other texts.
    """
    by_id = {each.id: each for found in known.values() for each in found.described}
    described = [by_id[identifier] for identifier in sorted(by_id)]
    return {
        "terms": [
            *({"id": each.id, "nl": each.nl, "en": each.en, "is_given": each.id in known, "is_known": True} for each in described),
            *({"id": text, "nl": None, "en": None, "is_given": True, "is_known": False} for text in unknown),
        ],
        "keyword": [each.id for each in described],
        "nl": [each.nl for each in described],
        "en": [each.en for each in described],
        "unknown": list(unknown),
    }


def read_given(properties: Mapping[str, Any], key: str) -> set[str]:
    """The texts under a key of ``learning_material``, or else of the document; what is no text, as JSON, for nothing is dropped."""
    section = properties.get("learning_material")
    value = cast("Mapping[str, Any]", section).get(key) if isinstance(section, dict) else None
    if value is None:
        value = properties.get(key)
    values = cast("list[Any]", value) if isinstance(value, list) else [value]
    return {text for each in values if each is not None and (text := as_text(each))}


def as_text(value: object) -> str:
    """A value as a term is looked up: stripped text, anything else as the beginning of its JSON."""
    if isinstance(value, str):
        return value.strip()
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)[:SHOWN_BYTES].decode(errors="replace")


def no_vocabulary(name: str) -> str:
    """Why a task has nothing to look terms up in."""
    return f"there is no vocabulary {name!r}; add vocabularies/{name}.yaml, or see why it could not be loaded"


def _digest(content: list[Any]) -> bytes:
    return hashlib.sha256(orjson.dumps(content)).digest()
