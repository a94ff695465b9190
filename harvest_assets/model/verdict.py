"""``Evidence`` and ``Verdict``: what the integrity check looked at and what it decided."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Decision = Literal["accepted", "accepted_with_warning", "held", "fell_back", "first_run", "overridden"]

ACCEPTING: frozenset[Decision] = frozenset({"accepted", "accepted_with_warning", "first_run", "overridden"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers that a verdict rests on; nothing else may influence it.

    ``old_live`` and ``new_live`` count live documents of the last accepted set and of the received state. ``missing`` are live documents of
    the accepted set that the received state lacks; ``missing_confirmed`` those of them that the same number of complete harvests in a row
    lacked as the policy asks for. ``added`` are live now and were not before. ``has_history`` is false when nothing was ever accepted.
    """

    has_history: bool
    is_complete: bool
    old_live: int
    new_live: int
    missing: int
    missing_confirmed: int
    added: int
    incomplete_because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, its evidence, and the reason in words that a source owner understands."""

    decision: Decision
    words: str
    evidence: Evidence
    reason: str | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the received documents become the source's set."""
        return self.decision in ACCEPTING

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form, as manifests and tables hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Verdict":
        """The verdict that ``as_dict`` wrote."""
        evidence: dict[str, Any] = dict(fields["evidence"])
        evidence["incomplete_because"] = tuple(evidence["incomplete_because"])
        return cls(fields["decision"], fields["words"], Evidence(**evidence), fields["reason"])
