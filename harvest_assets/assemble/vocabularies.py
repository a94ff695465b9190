"""Terms as a file has them → a vocabulary in which everything fits together.

Terms that come twice are united, links that lead nowhere or in a circle are taken out, other spellings name one term each; all of it is
reported. The order of the terms makes no difference, but for those that come twice.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from harvest_assets.errors import RecordError
from harvest_assets.model.vocabulary import Term, Vocabulary

MAX_TERMS = 200_000
MAX_ANCESTORS = 200
MAX_CHARACTERS = 2_000
MAX_PROBLEMS = 100
VERSION_DIGITS = 16
_SHOWN_CHARACTERS = 80


def build_vocabulary(name: str, terms: Sequence[Term], aliases: Mapping[str, str], problems: Iterable[str] = ()) -> Vocabulary:
    """Unite and mend; ``aliases`` are identifiers by other spellings, ``problems`` what reading the terms brought to light.

    Raises:
        RecordError: There are more than ``MAX_TERMS``.
    """
    if len(terms) > MAX_TERMS:
        raise RecordError(f"it has {len(terms)} terms, at most {MAX_TERMS} are kept; leave out what no task reads", rule="too_large")
    mending = _Mending(list(problems))
    united = mending.unite(terms)
    spelled = mending.settle_aliases(united, aliases)
    linked = mending.link(spelled)
    return Vocabulary.of(name, fingerprint_terms(linked), linked, mending.said())


def fingerprint_terms(terms: Iterable[Term]) -> str:
    """The version of a vocabulary: the same for the same terms on every machine."""
    content = [
        (term.id, dict(term.labels), term.parents, term.aliases, term.years and (term.years.first, term.years.last)) for term in terms
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:VERSION_DIGITS]


@dataclass(slots=True)
class _Mending:
    """What was found wrong on the way."""

    problems: list[str] = field(default_factory=list[str])

    def said(self) -> tuple[str, ...]:
        """The first problems, and how many there are beside them."""
        more = len(self.problems) - MAX_PROBLEMS
        return (*self.problems[:MAX_PROBLEMS], *([f"… and {more} more"] if more > 0 else []))

    def unite(self, terms: Iterable[Term]) -> dict[str, Term]:
        """Terms by identifier, in its order; of one that comes twice the labels that come first count, links and spellings of all."""
        found: dict[str, Term] = {}
        for term in terms:
            earlier = found.get(term.id)
            if len(term.id) > MAX_CHARACTERS:
                self.problems.append(f"{_show(term.id)} has {len(term.id)} characters, at most {MAX_CHARACTERS} are kept; it is left out")
            elif earlier is None:
                found[term.id] = self._shorten(term)
            else:
                self.problems.append(f"{_show(term.id)} comes twice; the labels that come first count, parents and aliases of both")
                found[term.id] = _unite(earlier, self._shorten(term))
        return dict(sorted(found.items()))

    def _shorten(self, term: Term) -> Term:
        labels = {language: text for language, text in sorted(term.labels.items()) if len(text) <= MAX_CHARACTERS}
        for language in sorted(term.labels.keys() - labels.keys()):
            self.problems.append(f"{_show(term.id)}: the label in {language!r} has more than {MAX_CHARACTERS} characters; it is left out")
        return replace(term, labels=labels)

    def settle_aliases(self, terms: Mapping[str, Term], aliases: Mapping[str, str]) -> dict[str, Term]:
        """Every other spelling names one term, and none is an identifier itself."""
        meant: dict[str, set[str]] = {}
        for alias, identifier in (*((alias, term.id) for term in terms.values() for alias in term.aliases), *aliases.items()):
            if identifier in terms:
                meant.setdefault(alias, set()).add(identifier)
            else:
                self.problems.append(f"alias {_show(alias)} is for {_show(identifier)}, which is no term; it is left out")
        settled: dict[str, list[str]] = {}
        for alias, identifiers in sorted(meant.items()):
            if alias in terms:
                self._report_identifier(alias, identifiers)
            elif len(identifiers) > 1:
                named = " and ".join(map(_show, sorted(identifiers)[:2]))
                self.problems.append(f"alias {_show(alias)} is for {named}; it is left out")
            else:
                settled.setdefault(min(identifiers), []).append(alias)
        return {each: replace(term, aliases=tuple(settled.get(each, ()))) for each, term in terms.items()}

    def _report_identifier(self, alias: str, identifiers: set[str]) -> None:
        """An alias that is the identifier of its own term says nothing new; one of another term is a mistake."""
        for identifier in sorted(identifiers - {alias}):
            self.problems.append(f"alias {_show(alias)} of {_show(identifier)} is a term itself; it is left out")

    def link(self, terms: Mapping[str, Term]) -> list[Term]:
        """Terms in order of identifier, with the parents that are there and lead in no circle."""
        whole = {each: replace(term, parents=tuple(self._parents_there(term, terms))) for each, term in terms.items()}
        above: dict[str, frozenset[str]] = {}
        for identifier in _parents_first(whole, cut := set[tuple[str, str]]()):
            kept: list[str] = []
            ancestors: frozenset[str] = frozenset()
            for parent in whole[identifier].parents:
                if (identifier, parent) in cut:
                    self.problems.append(f"{_show(identifier)} is below {_show(parent)}, and above it; the link up is left out")
                elif len(wider := ancestors | above[parent] | {parent}) > MAX_ANCESTORS:
                    self.problems.append(
                        f"{_show(identifier)} would have more than {MAX_ANCESTORS} terms above it; {_show(parent)} is left out"
                    )
                else:
                    ancestors = wider
                    kept.append(parent)
            above[identifier] = ancestors
            whole[identifier] = replace(whole[identifier], parents=tuple(kept))
        return list(whole.values())

    def _parents_there(self, term: Term, terms: Mapping[str, Term]) -> Iterator[str]:
        for parent in sorted(set(term.parents)):
            if parent in terms:
                yield parent
            else:
                self.problems.append(f"{_show(term.id)} is below {_show(parent)}, which is no term; the link is left out")


def _parents_first(terms: Mapping[str, Term], cut: set[tuple[str, str]]) -> Iterator[str]:
    """Identifiers, each after all that is above it; links (child, parent) that close a circle go into ``cut``."""
    open_now: set[str] = set()
    done: set[str] = set()
    for start in terms:
        path = [] if start in done else [(start, iter(terms[start].parents))]
        open_now.update(identifier for identifier, _ in path)
        while path:
            identifier, parents = path[-1]
            parent = next(parents, None)
            if parent is None:
                path.pop()
                open_now.discard(identifier)
                done.add(identifier)
                yield identifier
            elif parent in open_now:
                cut.add((identifier, parent))
            elif parent not in done:
                open_now.add(parent)
                path.append((parent, iter(terms[parent].parents)))


def _unite(first: Term, second: Term) -> Term:
    return Term(
        first.id,
        dict(sorted({**second.labels, **first.labels}.items())),
        tuple(sorted({*first.parents, *second.parents})),
        tuple(sorted({*first.aliases, *second.aliases})),
        first.years or second.years,
    )


def _show(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
