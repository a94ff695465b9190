"""``languages``: the language that a description is written in, beside the one that its record declares.

By lingua, which is right about titles of two words where others guess (https://github.com/pemistahl/lingua-py). Its models are part of the
package; they are loaded when the first text comes, once per process, and stay: some 25 MiB a language, so a source names those it expects.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, ClassVar, cast

import lingua
import orjson
from pydantic import Field, field_validator

from harvest_assets.derive.language_codes import is_same_language, read_language
from harvest_assets.interfaces import DocumentTask, Options, TaskInput
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply

MIN_LETTERS = 20
MAX_CHARACTERS = 2_000

DETECTABLE: Mapping[str, lingua.Language] = {language.iso_code_639_1.name.lower(): language for language in lingua.Language.all()}
_DEFAULT = ("nl", "en", "de", "fr", "es", "it", "pt", "da", "sv", "nb")
_FIELDS = ("title", "subtitle", "description", "abstract", "goal")
_MARKUP = re.compile(r"<[^<>]{0,1000}>|&#?\w{1,10};")
_ADDRESS_SIGNS = ("@", "://", "www.")
_TOO_LONG = 4 * MAX_CHARACTERS


class LanguageOptions(Options):
    """``languages``: what texts may be in, as codes of two letters; the fewer and the less alike, the surer the answer."""

    languages: tuple[str, ...] = Field(default=_DEFAULT, min_length=2)

    @field_validator("languages")
    @classmethod
    def _know_all(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [code for code in codes if code not in DETECTABLE]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of the languages that can be detected: {', '.join(sorted(DETECTABLE))}")
        return tuple(sorted(set(codes)))


class Languages(DocumentTask):
    """The language of title and description as detected, beside the declared one.

    The output has ``declared`` (primary subtags of BCP 47, in the order of the record; what is no language is left out), ``detected``,
    ``confidence`` (0 to 1, among the languages that are looked for) and ``agrees``, which is null where nothing is declared that could have
    been detected.
    """

    name: ClassVar[str] = "languages"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset({"product", "project"})
    options: ClassVar[type[Options]] = LanguageOptions

    def applies_to(self, document: TaskInput) -> Applicability:
        """Documents that say enough to tell a language by."""
        letters = sum(1 for _ in islice(filter(str.isalpha, _read_text(document)), MIN_LETTERS))
        if letters == MIN_LETTERS:
            return APPLIES
        return does_not_apply(f"title and description have {letters} letters; a language is told from {MIN_LETTERS} on")

    def fingerprint(self, document: TaskInput) -> str:
        """The text that is looked at, what is declared, and which languages are looked for."""
        read = [_read_text(document), _read_declared(document), self._codes]
        return hashlib.sha256(orjson.dumps(read)).hexdigest()

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """N documents → n results, in order."""
        detector = _build_detector(self._codes)
        for document in batch:
            yield Derivative(document.srn, "succeeded", self._describe(document, detector))

    @property
    def _codes(self) -> tuple[str, ...]:
        return cast("LanguageOptions", self.settings).languages

    def _describe(self, document: TaskInput, detector: lingua.LanguageDetector) -> dict[str, Any]:
        likeliest = detector.compute_language_confidence_values(_read_text(document))[0]
        detected, declared = likeliest.language.iso_code_639_1.name.lower(), _read_declared(document)
        comparable = [code for code in declared if any(is_same_language(code, known) for known in self._codes)]
        return {
            "declared": declared,
            "detected": detected if likeliest.value > 0 else None,
            "confidence": round(likeliest.value, 2),
            "agrees": any(is_same_language(code, detected) for code in comparable) if comparable else None,
        }


@lru_cache(maxsize=1)
def _build_detector(codes: tuple[str, ...]) -> lingua.LanguageDetector:
    return lingua.LanguageDetectorBuilder.from_languages(*(DETECTABLE[code] for code in codes)).build()


def _read_text(document: TaskInput) -> str:
    """What a person wrote about the document, without tags, addresses and entities, up to 2,000 characters."""
    properties = document.properties
    texts = [text for name in _FIELDS for text in _list_texts(properties.get(name))] or _list_texts(document.title)
    joined = "\n".join(texts)[:_TOO_LONG]
    words = _MARKUP.sub(" ", joined).split()
    if any(sign in joined for sign in _ADDRESS_SIGNS):
        words = [word for word in words if not any(sign in word for sign in _ADDRESS_SIGNS)]
    return " ".join(words)[:MAX_CHARACTERS]


def _read_declared(document: TaskInput) -> list[str]:
    codes = (read_language(text) for text in _list_texts(document.properties.get("language")))
    return list(dict.fromkeys(code for code in codes if code))


def _list_texts(value: object) -> list[str]:
    """A property that is a text or a list of texts, depending on where the document is from."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]
