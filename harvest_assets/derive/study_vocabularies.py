"""``study_vocabularies``: the terms of a study vocabulary that learning material has, with everything above them, in two languages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from harvest_assets.derive.vocabulary_terms import Found, VocabularyTask, describe_terms
from harvest_assets.model.vocabulary import Term, Vocabulary


class StudyVocabularies(VocabularyTask):
    """Terms of the study vocabulary with all terms above them, labelled.

    ``is_given`` tells the given ones from those above. See `describe_terms` for the output.
    """

    name: ClassVar[str] = "study_vocabularies"
    version: ClassVar[str] = "1"
    needs: ClassVar[tuple[str, ...]] = ("study_vocabulary",)
    key: ClassVar[str] = "study_vocabulary"
    vocabulary_name: ClassVar[str] = "study_vocabulary"

    def resolve(self, vocabulary: Vocabulary, term: Term) -> Iterable[Term]:
        """The term and all above it."""
        return vocabulary.with_ancestors(term.id)

    def describe(self, known: Mapping[str, Found], unknown: Sequence[str]) -> dict[str, Any]:
        """See `describe_terms`."""
        return describe_terms(known, unknown)
