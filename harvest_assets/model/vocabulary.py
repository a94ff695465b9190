"""``Vocabulary``: the terms of a controlled vocabulary, with their labels and what is above them.

Built once by the loader, which leaves no cycle and no parent that is not there; what it mended is in ``problems``.
https://www.w3.org/TR/skos-reference/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

FIRST_ABSOLUTE_YEAR = 1000


@dataclass(frozen=True, slots=True)
class YearSpan:
    """Years that a term stands for, both ends included; one of them may be open, which is ``None``.

    From 1000 on an end is a year; 0 is the current year and -4 the year four years before it, so that nobody has to move an end in January.
    """

    first: int | None = None
    last: int | None = None

    def resolve(self, current_year: int) -> tuple[int, int]:
        """First and last year as they are in the current year; an open beginning is the year 1000, an open end the current year."""
        first = FIRST_ABSOLUTE_YEAR if self.first is None else _absolute(self.first, current_year)
        return first, current_year if self.last is None else _absolute(self.last, current_year)


def _absolute(end: int, current_year: int) -> int:
    return end if end >= FIRST_ABSOLUTE_YEAR else current_year + end


@dataclass(frozen=True, slots=True)
class Term:
    """One term: its identifier, its labels by language (nl, en, …; ``und`` when not said), and the terms directly above it.

    Parents and aliases, which are other spellings of the identifier, are in order of text. ``years`` makes it a bucket of years.
    """

    id: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    years: YearSpan | None = None

    def label(self, language: str) -> str | None:
        """The label in a language, or else one that readers of it may understand: nl, en, not said, then any, in order of language."""
        for each in (language, "nl", "en", "und", *sorted(self.labels)):
            if each in self.labels:
                return self.labels[each]
        return None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Terms by identifier. ``version`` is a fingerprint of all of them; ``aliases`` are other spellings of an identifier."""

    name: str
    version: str
    terms: Mapping[str, Term]
    aliases: Mapping[str, str]
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, version: str, terms: Iterable[Term], problems: tuple[str, ...] = ()) -> Self:
        """A vocabulary of terms that fit together: no identifier or alias twice, every parent there, no cycle."""
        by_id = {term.id: term for term in terms}
        aliases = {alias: term.id for term in by_id.values() for alias in term.aliases}
        return cls(name, version, by_id, aliases, problems)

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
