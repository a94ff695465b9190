"""The integrity check: whether what a harvest left of a source may replace its last accepted set.

Put here: the rules and the words of a verdict. Keep out: reading sets, counting, streaks of absence; they arrive as ``Evidence``. Pure:
equal evidence gives an equal verdict, whether it comes from an update, a full reset or a backfill. Limits are compared exactly, as
fractions, because sources sit on the boundaries (100 → 95 is a loss of 5/95, not of 5 %).
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from harvest_assets.errors import ConfigurationError, IntegrityError
from harvest_assets.model.verdict import Decision, Evidence, Verdict

BY_HAND = "with: harvest accept SOURCE --date DATE --reason REASON"
KEPT = "The last accepted set stays in use."


@dataclass(frozen=True)
class IntegrityPolicy:
    """When a complete harvest is too different to be believed.

    ``minimum_history``: live documents that the accepted set must have for the limits to bind. ``maximum_loss``: net loss, as a share of
    what arrived, from which a harvest is not accepted. ``maximum_turnover``: share of the accepted documents that may be gone, even when
    others took their place. ``confirmations``: complete harvests in a row that must miss a document before its loss is believed.
    """

    minimum_history: int = 50
    maximum_loss: float = 0.05
    maximum_turnover: float = 0.25
    confirmations: int = 3

    def __post_init__(self) -> None:
        """Refuse limits that would accept everything or nothing.

        Raises:
            ConfigurationError: A number is outside its range.
        """
        for name in ("minimum_history", "confirmations"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"integrity policy: {name} is {getattr(self, name)!r}; give a whole number from 1")
        for name in ("maximum_loss", "maximum_turnover"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigurationError(
                    f"integrity policy: {name} is {getattr(self, name)!r}; give a share above 0, at most 1 (0.05 is 5 %)"
                )


def judge(evidence: Evidence, policy: IntegrityPolicy) -> Verdict:
    """Decide whether the received state becomes the source's set.

    Losses that ``policy.confirmations`` complete harvests in a row agree on are believed; an empty source never is, nor an incomplete
    harvest that removed something.

    Raises:
        IntegrityError: The numbers of the evidence contradict each other.
    """
    _require_consistent(evidence)
    if not evidence.has_history:
        return _judge_first(evidence)
    if not evidence.is_complete:
        return _judge_incomplete(evidence)
    return _judge_complete(evidence, policy)


def override(verdict: Verdict, reason: str) -> Verdict:
    """Accept by hand what the check decided otherwise; the evidence stays as it was.

    Raises:
        ConfigurationError: The reason is blank.
    """
    if not reason.strip():
        raise ConfigurationError(
            f"harvest accept: the reason is {reason!r}; say in a few words why this harvest is right, it is kept with the verdict"
        )
    words = f"Accepted by hand: {reason.strip()} (the integrity check had decided {verdict.decision!r}: {verdict.words})"
    return replace(verdict, decision="overridden", words=words, reason=reason.strip())


def _require_consistent(evidence: Evidence) -> None:
    """Numbers that cannot be true would forgive losses; they are a defect of whoever counted."""
    numbers = (evidence.old_live, evidence.new_live, evidence.missing, evidence.missing_confirmed, evidence.added)
    if min(numbers) < 0 or not evidence.missing_confirmed <= evidence.missing <= evidence.old_live:
        raise IntegrityError(
            f"integrity check: the evidence contradicts itself: {evidence!r}; "
            "needed is 0 <= missing_confirmed <= missing <= old_live; run the set again"
        )


def _judge_first(evidence: Evidence) -> Verdict:
    if evidence.is_complete and not evidence.new_live:
        words = (
            "The first harvest left no document: the list was empty, or none of its records could be read (harvest quarantine list). "
            f"The first one with documents is accepted by itself; if the source is really empty, accept it {BY_HAND}"
        )
        return Verdict("held", words, evidence)
    if evidence.is_complete:
        return Verdict(
            "first_run", f"{_documents(evidence.new_live)} arrived in the first harvest; there is nothing to compare with.", evidence
        )
    words = (
        f"The first harvest is not complete ({_reasons(evidence)}) and there is no accepted set to fall back on, so nothing is published. "
        f"The next complete harvest is accepted by itself; what arrived, {_documents(evidence.new_live)}, is accepted {BY_HAND}"
    )
    return Verdict("held", words, evidence)


def _judge_incomplete(evidence: Evidence) -> Verdict:
    because = _reasons(evidence)
    if evidence.missing or evidence.new_live < evidence.old_live:
        words = (
            f"The harvest is not complete ({because}), and yet {evidence.missing} of {_documents(evidence.old_live)} are gone and "
            f"{evidence.new_live} are left. Without proof that the list was seen to its end nothing may be removed. {KEPT} "
            "The next complete harvest decides; report this as a defect if it comes back."
        )
        return Verdict("fell_back", words, evidence)
    words = (
        f"The harvest is not complete: {because}. What arrived is used ({evidence.added} new) and nothing was removed: "
        f"{_documents(evidence.new_live)} now, {evidence.old_live} before. The missing part is asked for again by the next harvest."
    )
    return Verdict("accepted_with_warning", words, evidence)


def _judge_complete(evidence: Evidence, policy: IntegrityPolicy) -> Verdict:
    fallback = _reason_to_fall_back(evidence, policy)
    if fallback:
        return Verdict("fell_back", fallback, evidence)
    warnings = _warnings(evidence, policy)
    decision: Decision = "accepted_with_warning" if warnings else "accepted"
    words = f"{_documents(evidence.new_live)} now, {evidence.old_live} before: {evidence.added} new, {evidence.missing} gone."
    return Verdict(decision, " ".join((words, *warnings)), evidence)


def _reason_to_fall_back(evidence: Evidence, policy: IntegrityPolicy) -> str | None:
    """The first rule that fires, in words; ``None`` when no rule does, or when there is too little history to judge."""
    if evidence.old_live < policy.minimum_history:
        return None
    if evidence.new_live == 0:
        return (
            f"None of {_documents(evidence.old_live)} arrived: the list was empty. {KEPT} An empty list is never accepted by itself, "
            f"however often it comes. If the source is really empty, accept it {BY_HAND}"
        )
    if _loses_too_many(evidence, policy):
        return _loss_in_words(evidence, policy)
    if _exchanges_too_many(evidence, policy):
        return _turnover_in_words(evidence, policy)
    return None


def _unexplained(evidence: Evidence) -> int:
    return evidence.missing - evidence.missing_confirmed


def _net_loss(evidence: Evidence) -> int:
    """How many fewer there are than before, losses that were confirmed not counted."""
    return evidence.old_live - evidence.missing_confirmed - evidence.new_live


def _loses_too_many(evidence: Evidence, policy: IntegrityPolicy) -> bool:
    """``lost / new >= limit`` without the division: what is lost of nothing is always too much."""
    lost = _net_loss(evidence)
    return lost > 0 and lost >= _exact(policy.maximum_loss) * evidence.new_live


def _exchanges_too_many(evidence: Evidence, policy: IntegrityPolicy) -> bool:
    return 0 < _unexplained(evidence) >= _exact(policy.maximum_turnover) * evidence.old_live


def _loss_in_words(evidence: Evidence, policy: IntegrityPolicy) -> str:
    lost = _net_loss(evidence)
    return (
        f"{_documents(evidence.new_live)} arrived where {evidence.old_live} were before: a loss of {_percent(lost, evidence.new_live)} "
        f"of what arrived (limit {_limit(policy.maximum_loss)}){_confirmed_aside(evidence)}. "
        f"A loss of this size is usually a fault of the source. {KEPT} {_way_out(policy)}"
    )


def _turnover_in_words(evidence: Evidence, policy: IntegrityPolicy) -> str:
    return (
        f"{_unexplained(evidence)} of {_documents(evidence.old_live)} are gone and {evidence.added} others came: "
        f"{_percent(_unexplained(evidence), evidence.old_live)} were exchanged (limit {_limit(policy.maximum_turnover)})"
        f"{_confirmed_aside(evidence)}. So many at once are usually new identifiers of the same documents, or another list. "
        f"{KEPT} {_way_out(policy)}"
    )


def _warnings(evidence: Evidence, policy: IntegrityPolicy) -> list[str]:
    """What an owner should look at although the harvest is accepted; sentences, most important first."""
    found: list[str] = []
    has_enough_history = evidence.old_live >= policy.minimum_history
    if not has_enough_history and _loses_too_many(evidence, policy):
        found.append(
            f"Accepted although {evidence.old_live - evidence.new_live} fewer arrived, because a set of fewer than "
            f"{_documents(policy.minimum_history)} is too small for the loss limit ({_limit(policy.maximum_loss)}). "
            "Please check the source."
        )
    if has_enough_history and 0 < _unexplained(evidence) >= _exact(policy.maximum_loss) * evidence.old_live:
        found.append(
            f"{_percent(_unexplained(evidence), evidence.old_live)} of the documents were exchanged for others "
            f"(limit {_limit(policy.maximum_turnover)}). Please check that the source did not change its identifiers."
        )
    if evidence.missing_confirmed:
        found.append(
            f"{_documents(evidence.missing_confirmed)} gone for good: {_harvests_in_a_row(policy)} did not have them, "
            "so their loss is accepted."
        )
    if has_enough_history and evidence.new_live > 2 * evidence.old_live:
        found.append("The source more than doubled. Please check that the selection is still the intended one.")
    return found


def _way_out(policy: IntegrityPolicy) -> str:
    again = _harvests_in_a_row(policy)
    return f"If the loss is real, it is accepted by itself after {again} that miss the same documents, or at once {BY_HAND}"


def _harvests_in_a_row(policy: IntegrityPolicy) -> str:
    return "1 complete harvest" if policy.confirmations == 1 else f"{policy.confirmations} complete harvests in a row"


def _confirmed_aside(evidence: Evidence) -> str:
    return f", not counting {evidence.missing_confirmed} whose loss is confirmed" if evidence.missing_confirmed else ""


def _reasons(evidence: Evidence) -> str:
    return "; ".join(evidence.incomplete_because) or "the harvest gave no reason"


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count} documents"


def _exact(share: float) -> Fraction:
    """The share as it was written: 0.05 is 1/20, not the nearest binary number."""
    return Fraction(str(share))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _limit(share: float) -> str:
    return f"{100 * share:g} %"
