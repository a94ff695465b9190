"""``disciplines``: the disciplines of learning material, each as the topmost one above it, in two languages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from harvest_assets.derive.vocabulary_terms import Found, VocabularyTask, describe_terms
from harvest_assets.model.vocabulary import Term, Vocabulary


class Disciplines(VocabularyTask):
    """The top of every discipline, labelled.

    Each root once; ``is_given`` says that it was given itself. See `describe_terms` for the output.
    """

    name: ClassVar[str] = "disciplines"
    version: ClassVar[str] = "1"
    needs: ClassVar[tuple[str, ...]] = ("disciplines",)
    key: ClassVar[str] = "disciplines"
    vocabulary_name: ClassVar[str] = "disciplines"

    def resolve(self, vocabulary: Vocabulary, term: Term) -> Iterable[Term]:
        """The topmost terms above it."""
        return vocabulary.roots(term.id)

    def describe(self, known: Mapping[str, Found], unknown: Sequence[str]) -> dict[str, Any]:
        """See `describe_terms`."""
        return describe_terms(known, unknown)
