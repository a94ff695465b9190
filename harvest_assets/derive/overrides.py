"""``overrides``: what a curator says of a document instead of its source, made visible, and whether it is hidden.

The graph reads the corrections out of its results, before any other task reads a document and where it is published
(``model.override.correct``); so they are carried and compared like every other result.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import orjson

from harvest_assets.interfaces import DocumentTask, TaskInput
from harvest_assets.model.derivative import APPLIES, Applicability, Derivative, does_not_apply


class OverriddenFields(DocumentTask):
    """What curators say of documents instead of their sources.

    The output has ``reason``, ``file`` and what is said of ``title``, ``url``, ``media_type``, ``properties``, ``hidden``, ``until``. A
    document that is hidden is kept from being published, with the curator's reason. What a file said stands while it cannot be read: a
    typing error must not publish what somebody hid.
    """

    name: ClassVar[str] = "overrides"
    version: ClassVar[str] = "1"
    entities: ClassVar[frozenset[str]] = frozenset()

    def basis(self) -> str:
        """Of all entries, with their content, and of the files that cannot be read."""
        entries = {srn: asdict(entry) for srn, entry in self.tools.overrides.items()}
        return _fingerprint([entries, sorted(self.tools.broken_overrides)])

    def applies_to(self, document: TaskInput) -> Applicability:
        """Documents that somebody wrote an entry for."""
        return APPLIES if self._find(document) is not None else does_not_apply("no curator says anything of it")

    def fingerprint(self, document: TaskInput) -> str:
        """Of the entry alone: the document itself is not read."""
        return _fingerprint(self._find(document))

    def derive(self, batch: Sequence[TaskInput]) -> Iterator[Derivative]:
        """What the entries say; n documents → n results, in order."""
        for document in batch:
            said = self._find(document) or {}
            reason = f"hidden: {said['reason']}" if said.get("hidden") else None
            yield Derivative(document.srn, "succeeded", dict(said), reason, withholds=bool(said.get("hidden")))

    def _find(self, document: TaskInput) -> Mapping[str, Any] | None:
        """What is said of a document now, or was said in a file that cannot be read now."""
        entry, earlier = self.tools.overrides.get(document.srn), document.earlier
        if entry is not None:
            return entry.as_output()
        if earlier is not None and earlier.status == "succeeded" and self.tools.broken_overrides & {*earlier.output["file"].split(", ")}:
            return earlier.output
        return None


def _fingerprint(content: object) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
