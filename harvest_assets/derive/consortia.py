"""``consortia``: the consortium that made learning material, with its name in two languages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from harvest_assets.derive.vocabulary_terms import Found, VocabularyTask
from harvest_assets.model.vocabulary import Term, Vocabulary


class Consortia(VocabularyTask):
    """The consortium behind a document, labelled.

    The output has ``keyword``, ``nl``, ``en`` and ``unknown``; a consortium that is not known keeps its text as the keyword.
    Where a source names several, the one that sorts first counts, and one that is known before one that is not.
    """

    name: ClassVar[str] = "consortia"
    version: ClassVar[str] = "1"
    needs: ClassVar[tuple[str, ...]] = ("consortium",)
    key: ClassVar[str] = "consortium"
    vocabulary_name: ClassVar[str] = "consortia"

    def resolve(self, vocabulary: Vocabulary, term: Term) -> Iterable[Term]:
        """The term alone."""
        del vocabulary
        return (term,)

    def describe(self, known: Mapping[str, Found], unknown: Sequence[str]) -> dict[str, Any]:
        """One consortium."""
        if not known:
            return {"keyword": unknown[0], "nl": None, "en": None, "unknown": list(unknown)}
        (term,) = known[min(known)].described
        return {"keyword": term.id, "nl": term.nl, "en": term.en, "unknown": list(unknown)}
