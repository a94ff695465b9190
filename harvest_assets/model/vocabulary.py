"""``Vocabulary``: the terms of a controlled vocabulary, with their labels and what is above them.

Built once by the loader, which leaves no cycle and no parent that is not there; what it mended is in ``problems``.
https://www.w3.org/TR/skos-reference/
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its identifier, its labels by language (nl, en, …), and the terms directly above it, in order of identifier."""

    id: str
    labels: Mapping[str, str]
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms by identifier. ``version`` is a fingerprint of all of them; ``aliases`` are other spellings of an identifier."""

    name: str
    version: str
    terms: Mapping[str, Term]
    aliases: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def find(self, text: str) -> Term | None:
        """The term that a text names, by identifier or alias."""
        return self.terms.get(text) or self.terms.get(self.aliases.get(text, ""))

    def with_ancestors(self, identifier: str) -> tuple[Term, ...]:
        """The term and everything above it, each once, nearest first, then in order of identifier."""
        found: dict[str, Term] = {}
        level: tuple[str, ...] = (identifier,)
        while level:
            found |= {each: self.terms[each] for each in level}
            above = {parent for each in level for parent in self.terms[each].parents}
            level = tuple(sorted(above - found.keys()))
        return tuple(found.values())

    def roots(self, identifier: str) -> tuple[Term, ...]:
        """The topmost terms above a term, itself when nothing is above it."""
        return tuple(each for each in self.with_ancestors(identifier) if not each.parents)
