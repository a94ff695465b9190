"""The rules of the integrity check, one by one, with their boundaries."""

import dataclasses
import re

import pytest

from harvest_assets.assemble.integrity import IntegrityPolicy, judge, override
from harvest_assets.errors import ConfigurationError, IntegrityError
from harvest_assets.model.verdict import Evidence, Verdict

POLICY = IntegrityPolicy()


def complete(old: int, new: int, *, missing: int | None = None, confirmed: int = 0) -> Evidence:
    """Evidence of a complete harvest; without ``missing`` the counts differ by plain loss or plain growth."""
    gone = max(old - new, 0) if missing is None else missing
    return Evidence(
        has_history=True,
        is_complete=True,
        old_live=old,
        new_live=new,
        missing=gone,
        missing_confirmed=confirmed,
        added=new - (old - gone),
    )


def incomplete(old: int, new: int, *, missing: int = 0, because: tuple[str, ...] = ("page 7 of 9 failed",)) -> Evidence:
    return dataclasses.replace(complete(old, new, missing=missing), added=max(new - old, 0), is_complete=False, incomplete_because=because)


def first(*, is_complete: bool, new: int = 20) -> Evidence:
    evidence = complete(0, new)
    return dataclasses.replace(
        evidence, has_history=False, is_complete=is_complete, incomplete_because=() if is_complete else ("page 2 failed",)
    )


@pytest.mark.parametrize(
    ("old", "new", "decision"),
    [
        (100, 96, "accepted"),
        (100, 95, "fell_back"),
        (50, 48, "accepted"),
        (50, 47, "fell_back"),
        (49, 1, "accepted_with_warning"),
        (49, 0, "accepted_with_warning"),
        (50, 0, "fell_back"),
        (100, 0, "fell_back"),
        (1000, 953, "accepted"),
        (1000, 952, "fell_back"),
        (105, 100, "fell_back"),  # exactly 5 %
        (2_100_000, 2_000_000, "fell_back"),  # exactly 5 %, where binary fractions would differ
        (2_099_999, 2_000_000, "accepted"),
        (100, 100, "accepted"),
        (100, 150, "accepted"),
        (100, 200, "accepted"),
        (100, 201, "accepted_with_warning"),
        (40, 4000, "accepted"),  # a young source may grow
        (0, 0, "accepted"),
        (0, 10, "accepted"),
    ],
)
def test_a_loss_is_measured_against_what_arrived(old: int, new: int, decision: str) -> None:
    assert judge(complete(old, new), POLICY).decision == decision


@pytest.mark.parametrize(
    ("old", "new", "missing", "decision"),
    [
        (100, 100, 4, "accepted"),
        (100, 100, 5, "accepted_with_warning"),
        (100, 100, 24, "accepted_with_warning"),
        (100, 100, 25, "fell_back"),
        (99, 99, 33, "fell_back"),
        (100, 400, 25, "fell_back"),  # growth does not hide an exchange
        (49, 49, 49, "accepted"),
    ],
)
def test_an_exchange_at_an_equal_count_is_held_like_a_loss(old: int, new: int, missing: int, decision: str) -> None:
    assert judge(complete(old, new, missing=missing), POLICY).decision == decision


def test_a_loss_that_is_confirmed_is_accepted_and_counted_in_words() -> None:
    verdict = judge(complete(100, 40, confirmed=60), POLICY)
    assert verdict.decision == "accepted_with_warning"
    assert "60 documents gone for good: 3 complete harvests in a row did not have them" in verdict.words


@pytest.mark.parametrize(("new", "decision"), [(39, "accepted_with_warning"), (38, "fell_back")])
def test_a_confirmed_loss_forgives_no_more_than_itself(new: int, decision: str) -> None:
    verdict = judge(complete(100, new, confirmed=60), POLICY)
    assert verdict.decision == decision
    assert ("not counting 60 whose loss is confirmed" in verdict.words) is (decision == "fell_back")


def test_an_empty_source_is_never_believed_even_when_confirmed() -> None:
    verdict = judge(complete(100, 0, confirmed=100), POLICY)
    assert verdict.decision == "fell_back"
    assert re.search(r"None of 100 documents arrived.* never accepted by itself.*harvest accept SOURCE --date DATE --reason", verdict.words)


def test_the_words_of_a_loss_hold_numbers_limit_and_way_out() -> None:
    assert judge(complete(100, 95), POLICY).words == (
        "95 documents arrived where 100 were before: a loss of 5.3 % of what arrived (limit 5 %). "
        "A loss of this size is usually a fault of the source. The last accepted set stays in use. "
        "If the loss is real, it is accepted by itself after 3 complete harvests in a row that miss the same documents, "
        "or at once with: harvest accept SOURCE --date DATE --reason REASON"
    )


def test_the_words_of_an_exchange_hold_numbers_and_limit() -> None:
    words = judge(complete(90, 90, missing=30), POLICY).words
    assert "30 of 90 documents are gone and 30 others came: 33.3 % were exchanged (limit 25 %)" in words
    assert "harvest accept" in words


def test_the_words_of_warnings_say_what_to_check() -> None:
    assert "fewer than 50 documents is too small for the loss limit (5 %)" in judge(complete(49, 1), POLICY).words
    assert "10.0 % of the documents were exchanged for others" in judge(complete(100, 100, missing=10), POLICY).words
    assert "more than doubled" in judge(complete(100, 201), POLICY).words


def test_a_plain_acceptance_says_what_changed() -> None:
    assert judge(complete(100, 102, missing=1), POLICY).words == "102 documents now, 100 before: 3 new, 1 gone."


def test_a_first_run_is_accepted_when_it_is_complete() -> None:
    verdict = judge(first(is_complete=True), POLICY)
    assert verdict.decision == "first_run"
    assert verdict.is_accepted
    assert verdict.words.startswith("20 documents arrived in the first harvest")


def test_a_first_run_that_is_incomplete_is_held_with_its_reason() -> None:
    verdict = judge(first(is_complete=False, new=1), POLICY)
    assert verdict.decision == "held"
    assert not verdict.is_accepted
    assert "not complete (page 2 failed)" in verdict.words
    assert "1 document, is accepted with: harvest accept" in verdict.words


@pytest.mark.parametrize("new", [100, 101, 900])
def test_an_incomplete_harvest_that_removed_nothing_is_accepted_with_its_reasons(new: int) -> None:
    verdict = judge(incomplete(100, new, because=("page 7 failed", "90 of 120 announced were received")), POLICY)
    assert verdict.decision == "accepted_with_warning"
    assert "not complete: page 7 failed; 90 of 120 announced were received." in verdict.words


@pytest.mark.parametrize(("old", "new", "missing"), [(100, 99, 1), (100, 120, 1), (10, 9, 1), (100, 99, 0)])
def test_an_incomplete_harvest_that_removed_something_falls_back(old: int, new: int, missing: int) -> None:
    verdict = judge(incomplete(old, new, missing=missing), POLICY)
    assert verdict.decision == "fell_back"
    assert "nothing may be removed" in verdict.words


def test_an_incomplete_harvest_without_a_reason_says_so() -> None:
    assert "the harvest gave no reason" in judge(incomplete(10, 10, because=()), POLICY).words


def test_the_policy_moves_every_limit() -> None:
    strict = IntegrityPolicy(minimum_history=10, maximum_loss=0.01, maximum_turnover=0.02, confirmations=1)
    assert judge(complete(10, 9), strict).decision == "fell_back"
    assert judge(complete(100, 100, missing=2), strict).decision == "fell_back"
    assert judge(complete(100, 99), IntegrityPolicy(maximum_loss=0.5)).decision == "accepted"
    assert "after 1 complete harvest that" in judge(complete(10, 9), strict).words


@pytest.mark.parametrize("percent", range(1, 101))
def test_a_limit_binds_exactly_where_it_was_written(percent: int) -> None:
    """Multiplied as a binary number, 0.07 x 100 is more than 7."""
    policy = IntegrityPolicy(maximum_loss=percent / 100, maximum_turnover=1)
    assert judge(complete(100 + percent, 100), policy).decision == "fell_back"
    assert judge(complete(100 + percent - 1, 100), policy).is_accepted


def test_no_line_break_is_in_any_words() -> None:
    words = [
        judge(evidence, POLICY).words for evidence in (complete(100, 0), complete(100, 50), incomplete(9, 9), first(is_complete=False))
    ]
    assert not [text for text in words if "\n" in text or "  " in text]


@pytest.mark.parametrize(
    "numbers", [{"missing_confirmed": 6}, {"missing": 101}, {"added": -1}, {"missing": -1, "missing_confirmed": -1}, {"new_live": -1}]
)
def test_evidence_that_contradicts_itself_is_refused(numbers: dict[str, int]) -> None:
    with pytest.raises(IntegrityError, match=r"integrity check: the evidence contradicts itself: .*run the set again"):
        judge(dataclasses.replace(complete(100, 95), **numbers), POLICY)


@pytest.mark.parametrize("field", ["minimum_history", "confirmations"])
def test_a_policy_without_history_or_confirmations_is_refused(field: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"integrity policy: {field} is 0; give a whole number from 1"):
        IntegrityPolicy(**{field: 0})


@pytest.mark.parametrize("share", [0, -0.1, 5, float("nan")])
def test_a_limit_that_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ConfigurationError, match=r"integrity policy: maximum_loss is .*give a share above 0, at most 1"):
        IntegrityPolicy(maximum_loss=share)
    with pytest.raises(ConfigurationError, match=r"integrity policy: maximum_turnover is .*give a share above 0, at most 1"):
        IntegrityPolicy(maximum_turnover=share)


def test_an_override_keeps_the_evidence_and_says_who_was_overruled() -> None:
    verdict = judge(complete(100, 40), POLICY)
    accepted = override(verdict, " the archive was closed \n")
    assert (accepted.decision, accepted.reason) == ("overridden", "the archive was closed")
    assert accepted.is_accepted
    assert accepted.evidence == verdict.evidence
    assert accepted.words.startswith("Accepted by hand: the archive was closed (the integrity check had decided 'fell_back': 40 documents")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_an_override_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(ConfigurationError, match=r"harvest accept: the reason is .*; say in a few words why"):
        override(judge(complete(100, 40), POLICY), reason)


def test_a_verdict_survives_its_manifest() -> None:
    verdict = override(judge(incomplete(100, 90, missing=10), POLICY), "known")
    assert Verdict.from_dict(verdict.as_dict()) == verdict
