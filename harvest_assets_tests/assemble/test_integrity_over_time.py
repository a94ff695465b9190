"""The integrity check over weeks: sources that shrink, flicker, swap, grow and go empty, harvested every day."""

from collections.abc import Iterable
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.assemble.integrity import IntegrityPolicy, judge
from harvest_assets.model.verdict import Evidence, Verdict

POLICY = IntegrityPolicy()


class Follower:
    """What the graph remembers of a source: the accepted identifiers, and since how many complete harvests each was missed."""

    def __init__(self, policy: IntegrityPolicy = POLICY) -> None:
        self.policy = policy
        self.accepted: set[str] | None = None
        self.streaks: dict[str, int] = {}

    def evidence(self, received: set[str]) -> Evidence:
        """What a complete harvest of ``received`` shows, this harvest included in the streaks."""
        accepted = self.accepted or set()
        missing = accepted - received
        self.streaks = {identifier: self.streaks.get(identifier, 0) + 1 for identifier in missing}
        confirmed = sum(streak >= self.policy.confirmations for streak in self.streaks.values())
        return Evidence(
            has_history=self.accepted is not None,
            is_complete=True,
            old_live=len(accepted),
            new_live=len(received),
            missing=len(missing),
            missing_confirmed=confirmed,
            added=len(received - accepted),
        )

    def harvest(self, received: Iterable[str]) -> Verdict:
        state = set(received)
        verdict = judge(self.evidence(state), self.policy)
        if verdict.is_accepted:
            self.accepted = state
            self.streaks = {}
        return verdict


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - histories that can be played again, no secrets


def identifiers(count: int, prefix: str = "record") -> list[str]:
    return [f"{prefix}-{number}" for number in range(count)]


def follow(first: Iterable[str], policy: IntegrityPolicy = POLICY) -> Follower:
    follower = Follower(policy)
    assert follower.harvest(first).decision == "first_run"
    return follower


@given(old=st.integers(50, 400), share=st.fractions(0, 1), confirmations=st.integers(1, 6), shuffle=st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_a_true_shrink_that_repeats_is_accepted_by_the_last_confirmation(
    old: int, share: Fraction, confirmations: int, shuffle: Random
) -> None:
    everything = identifiers(old)
    kept = shuffle.sample(everything, max(1, int(old * share)))
    follower = follow(everything, IntegrityPolicy(confirmations=confirmations))
    is_small = Fraction(old - len(kept), len(kept)) < Fraction(1, 20)

    verdicts = [follower.harvest(kept).is_accepted for _ in range(confirmations)]

    assert verdicts == ([True] * confirmations if is_small else [False] * (confirmations - 1) + [True])
    assert follower.accepted == set(kept)


@given(old=st.integers(50, 400), days=st.integers(1, 40))
@settings(max_examples=50, deadline=None)
def test_an_empty_source_is_not_accepted_however_long_it_stays_empty(old: int, days: int) -> None:
    follower = follow(identifiers(old))
    assert {follower.harvest([]).decision for _ in range(days)} == {"fell_back"}
    assert follower.accepted == set(identifiers(old))


@pytest.mark.parametrize("seed", range(40))
def test_random_half_lists_are_never_accepted_in_a_month(seed: int) -> None:
    """By chance an eighth is missed three days in a row; the rest of the loss stays unexplained."""
    random = seeded(seed)
    everything = identifiers(random.randrange(100, 1000))
    follower = follow(everything)
    decisions = [follower.harvest(random.sample(everything, len(everything) // 2)).decision for _ in range(30)]
    assert set(decisions) == {"fell_back"}
    assert follower.harvest(everything).decision == "accepted"


def test_a_document_that_comes_back_once_starts_its_count_anew() -> None:
    everything = identifiers(100)
    follower = follow(everything)
    days = [everything[:60], everything[:60], everything, everything[:60], everything[:60]]
    assert [follower.harvest(day).is_accepted for day in days] == [False, False, True, False, False]
    assert follower.harvest(everything[:60]).decision == "accepted_with_warning"


def test_a_shrink_is_believed_while_new_documents_keep_coming() -> None:
    everything = identifiers(100)
    follower = follow(everything)
    days = [everything[:50] + identifiers(day, "new") for day in (1, 2, 3)]
    assert [follower.harvest(day).is_accepted for day in days] == [False, False, True]
    assert follower.accepted == set(days[-1])


def test_a_swap_of_every_identifier_is_believed_when_it_repeats() -> None:
    follower = follow(identifiers(200))
    renamed = identifiers(200, "renamed")
    assert [follower.harvest(renamed).decision for _ in range(3)] == ["fell_back", "fell_back", "accepted_with_warning"]


def next_day(random: Random, truth: set[str], day: int) -> tuple[set[str], set[str]]:
    """How a source of identifiers goes on: what it truly holds now, and what it sends today."""
    ordered = sorted(truth)
    event = random.choice(["same", "shrink", "half", "swap", "growth", "empty"])
    if event == "shrink":
        truth = set(random.sample(ordered, random.randint(min(1, len(ordered)), len(ordered))))
    elif event == "swap":
        gone = random.randint(0, len(ordered) // 2)
        truth = set(ordered[gone:]) | set(identifiers(gone, f"swap-{day}"))
    elif event == "growth":
        truth = truth | set(identifiers(random.randrange(300), f"day-{day}"))
    sent = {"half": set(random.sample(ordered, len(ordered) // 2)), "empty": set[str]()}.get(event, truth)
    return truth, sent


@pytest.mark.parametrize("seed", range(300))
def test_no_harvest_loses_much_at_once_that_was_not_confirmed(seed: int) -> None:
    random = seeded(seed)
    truth = set(identifiers(random.randrange(1, 300)))
    follower = follow(truth)
    for day in range(40):
        truth, sent = next_day(random, truth, day)
        before = set(follower.accepted or ())
        verdict = follower.harvest(sent)
        if not verdict.is_accepted:
            assert follower.accepted == before
            continue
        evidence = verdict.evidence
        unconfirmed = evidence.missing - evidence.missing_confirmed
        if len(before) >= 50:
            assert evidence.new_live > 0
            assert 20 * (len(before) - evidence.missing_confirmed - evidence.new_live) < evidence.new_live
            assert 4 * unconfirmed < len(before)
            assert verdict.decision == "accepted_with_warning" or 20 * unconfirmed < len(before)


@pytest.mark.parametrize("seed", range(40))
def test_after_any_history_a_source_that_stays_the_same_is_accepted(seed: int) -> None:
    random = seeded(seed)
    truth = set(identifiers(200))
    follower = follow(truth)
    for day in range(20):
        truth, sent = next_day(random, truth, day)
        follower.harvest(sent)
    final = truth or {"the last one"}
    assert [follower.harvest(final).is_accepted for _ in range(POLICY.confirmations)][-1]
    assert follower.accepted == final


@pytest.mark.parametrize("seed", range(20))
def test_renamed_identifiers_in_another_order_get_the_same_verdicts(seed: int) -> None:
    random = seeded(seed)
    truth = set(identifiers(150))
    one, other = follow(truth), follow(f"z-{identifier[::-1]}" for identifier in truth)
    for day in range(25):
        truth, sent = next_day(random, truth, day)
        renamed = [f"z-{identifier[::-1]}" for identifier in random.sample(sorted(sent), len(sent))]
        assert one.harvest(sent) == other.harvest(renamed)


numbers = st.integers(0, 500)


@given(old=numbers, gone=numbers, confirmed=numbers, added=numbers, is_complete=st.booleans(), has_history=st.booleans())
@settings(max_examples=500, deadline=None)
def test_a_verdict_rests_on_its_evidence_alone(
    *, old: int, gone: int, confirmed: int, added: int, is_complete: bool, has_history: bool
) -> None:
    """A reset that fetched everything anew shows the same evidence as an update, and gets the same verdict."""
    missing = min(gone, old)

    def evidence() -> Evidence:
        return Evidence(
            has_history=has_history,
            is_complete=is_complete,
            old_live=old,
            new_live=old - missing + added,
            missing=missing,
            missing_confirmed=min(confirmed, missing),
            added=added,
        )

    verdict = judge(evidence(), POLICY)
    assert verdict == judge(evidence(), IntegrityPolicy())
    assert verdict.evidence == evidence()
    assert verdict.reason is None
    assert verdict.words.count("harvest accept") == (0 if verdict.is_accepted or (not is_complete and has_history) else 1)
