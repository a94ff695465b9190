"""SKOS → terms: concepts of an RDF file with their labels, what is above them, and their notations.

Reads Turtle, RDF/XML and JSON-LD. Nothing is ever fetched: a JSON-LD context has to be in the file. Concepts without an address of
their own are left out, for nobody can name them. https://www.w3.org/TR/skos-reference/
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyoxigraph as rdf

from harvest_assets.errors import RecordError
from harvest_assets.model.vocabulary import Term

MAX_STATEMENTS = 5_000_000

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_NOT_TERMS = frozenset(f"{_SKOS}{name}" for name in ("ConceptScheme", "Collection", "OrderedCollection"))
_ALIASES = frozenset({f"{_SKOS}notation", "http://purl.org/dc/terms/identifier"})
_FORMATS = {
    "ttl": rdf.RdfFormat.TURTLE,
    "nt": rdf.RdfFormat.TURTLE,
    "rdf": rdf.RdfFormat.RDF_XML,
    "xml": rdf.RdfFormat.RDF_XML,
    "jsonld": rdf.RdfFormat.JSON_LD,
    "json": rdf.RdfFormat.JSON_LD,
}
ENDINGS = tuple(sorted(_FORMATS))
_DTD = re.compile(rb"<!doctype", re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_skos(content: bytes, ending: str) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """The concepts of a file in order of identifier, and what was left out; ``ending`` is one of ``ENDINGS``.

    Raises:
        RecordError: It cannot be parsed, has a DTD, refers to a context elsewhere, is too large, or has no concept.
    """
    if _FORMATS[ending] == rdf.RdfFormat.RDF_XML and _DTD.search(content):
        raise RecordError("the RDF/XML has a DTD, whose entities can unfold without end; save it without one, or as Turtle", rule="dtd")
    concepts = _Concepts()
    for quad in _parse(content.removeprefix(_BYTE_ORDER_MARK), _FORMATS[ending]):
        concepts.add(quad)
    terms = tuple(concepts.terms())
    if not terms:
        raise RecordError("it has no skos:Concept with an address; check that it is SKOS", rule="no_terms")
    return terms, tuple(concepts.problems())


def _parse(content: bytes, serialisation: rdf.RdfFormat) -> Iterator[rdf.Quad]:
    try:
        for number, quad in enumerate(rdf.parse(input=content, format=serialisation)):
            if number >= MAX_STATEMENTS:
                raise RecordError(
                    f"it has more than {MAX_STATEMENTS} statements; split it, or leave out what no task reads", rule="too_large"
                )
            yield quad
    except (SyntaxError, ValueError) as error:
        said = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())[:200]
        if "LoadDocumentCallback" in said:
            raise RecordError(
                "its JSON-LD context is elsewhere and is not fetched; write the context into the file", rule="remote"
            ) from None
        raise RecordError(f"it is not {serialisation.name}: {said}", rule="not_well_formed") from None


@dataclass(slots=True)
class _Concepts:
    """What the statements of a file say of concepts so far."""

    typed: set[str] = field(default_factory=set[str])
    others: set[str] = field(default_factory=set[str])
    labels: dict[str, dict[str, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    parents: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    aliases: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    nameless: set[str] = field(default_factory=set[str])

    def add(self, quad: rdf.Quad) -> None:
        """Take up one statement; what says nothing of a concept is passed over."""
        said, about = quad.object, quad.subject
        if isinstance(about, rdf.BlankNode):
            self._add_nameless(quad, about)
        elif isinstance(about, rdf.NamedNode) and isinstance(said, rdf.NamedNode):
            self._add_relation(about.value, quad.predicate.value, said.value)
        elif isinstance(about, rdf.NamedNode) and isinstance(said, rdf.Literal):
            self._add_text(about.value, quad.predicate.value, said)

    def _add_nameless(self, quad: rdf.Quad, about: rdf.BlankNode) -> None:
        if quad.predicate.value == _TYPE and isinstance(quad.object, rdf.NamedNode) and quad.object.value == f"{_SKOS}Concept":
            self.nameless.add(about.value)

    def _add_relation(self, about: str, predicate: str, other: str) -> None:
        if predicate == f"{_SKOS}broader":
            self.parents[about].add(other)
        elif predicate == f"{_SKOS}narrower":
            self.parents[other].add(about)
        elif predicate == _TYPE and other == f"{_SKOS}Concept":
            self.typed.add(about)
        elif predicate == _TYPE and other in _NOT_TERMS:
            self.others.add(about)

    def _add_text(self, about: str, predicate: str, text: rdf.Literal) -> None:
        if predicate == f"{_SKOS}prefLabel":
            language = (text.language or "und").partition("-")[0].lower()
            self.labels[about][language].append(text.value)
        elif predicate in _ALIASES:
            self.aliases[about].add(text.value)

    def terms(self) -> Iterator[Term]:
        """The concepts, and what has a label and is nothing else; the label that sorts first counts."""
        for each in sorted(self.typed | (self.labels.keys() - self.others)):
            labels = {language: min(texts) for language, texts in sorted(self.labels.get(each, {}).items())}
            yield Term(each, labels, tuple(sorted(self.parents.get(each, ()))), tuple(sorted(self.aliases.get(each, ()))))

    def problems(self) -> Iterator[str]:
        """What was left out."""
        if self.nameless:
            yield f"{len(self.nameless)} concepts have no address and are left out; give each an address"
        for each, labels in sorted(self.labels.items()):
            for language, texts in sorted(labels.items()):
                if len(set(texts)) > 1:
                    yield f"{each[:200]!r} has {len(set(texts))} labels in {language!r}; {min(texts)[:80]!r} counts"
