"""Vocabularies that do not fit together, and how they are mended."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_assets.assemble import vocabularies
from harvest_assets.assemble.vocabularies import build_vocabulary
from harvest_assets.errors import RecordError
from harvest_assets.model.vocabulary import Term, Vocabulary, YearSpan


def build(*terms: Term, **aliases: str) -> Vocabulary:
    return build_vocabulary("things", terms, aliases)


def parents(vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    return {identifier: term.parents for identifier, term in vocabulary.terms.items()}


def test_a_circle_is_opened_at_the_same_place_whatever_the_order():
    terms = [Term("a", parents=("c",)), Term("b", parents=("a",)), Term("c", parents=("b",))]
    one, other = build(*terms), build(*reversed(terms))
    assert parents(one) == {"a": ("c",), "b": (), "c": ("b",)}
    assert one == other
    assert one.problems == ("'b' is below 'a', and above it; the link up is left out",)
    assert [each.id for each in one.with_ancestors("a")] == ["a", "c", "b"]


def test_a_term_that_is_above_itself_stays_and_is_a_root():
    vocabulary = build(Term("a", parents=("a",)))
    assert (parents(vocabulary), vocabulary.problems) == ({"a": ()}, ("'a' is below 'a', and above it; the link up is left out",))


def test_an_orphan_becomes_a_root_and_its_other_parents_stay():
    vocabulary = build(Term("a", parents=("gone", "top")), Term("top"))
    assert parents(vocabulary) == {"a": ("top",), "top": ()}
    assert vocabulary.problems == ("'a' is below 'gone', which is no term; the link is left out",)


def test_a_term_that_comes_twice_keeps_the_labels_that_come_first_and_the_links_of_both():
    vocabulary = build(
        Term("a", {"nl": "Een"}, ("x",), ("1",)), Term("a", {"nl": "Twee", "en": "Two"}, ("y",), ("2",), YearSpan(0)), Term("x"), Term("y")
    )
    assert vocabulary.terms["a"] == Term("a", {"en": "Two", "nl": "Een"}, ("x", "y"), ("1", "2"), YearSpan(0))
    assert vocabulary.problems == ("'a' comes twice; the labels that come first count, parents and aliases of both",)


def test_another_spelling_names_one_term():
    vocabulary = build(Term("a", aliases=("a", "both", "b", "mine")), Term("b", aliases=("both",)), given="b", lost="gone")
    assert vocabulary.aliases == {"mine": "a", "given": "b"}
    assert vocabulary.problems == (
        "alias 'lost' is for 'gone', which is no term; it is left out",
        "alias 'b' of 'a' is a term itself; it is left out",
        "alias 'both' is for 'a' and 'b'; it is left out",
    )


def test_nothing_is_below_more_terms_than_anyone_reads(monkeypatch):
    monkeypatch.setattr(vocabularies, "MAX_ANCESTORS", 2)
    vocabulary = build(Term("a"), *(Term(text, parents=(above,)) for text, above in ("ba", "cb", "dc")))
    assert parents(vocabulary) == {"a": (), "b": ("a",), "c": ("b",), "d": ()}
    assert vocabulary.problems == ("'d' would have more than 2 terms above it; 'c' is left out",)


def test_a_chain_of_many_terms_is_walked_without_running_out_of_stack():
    many = 20_000
    terms = [Term(f"{number:05d}", parents=(f"{number + 1:05d}",)) for number in range(many)]
    vocabulary = build(*terms)
    assert len(vocabulary.terms) == many
    assert max(len(vocabulary.with_ancestors(each.id)) for each in terms[:500]) <= vocabularies.MAX_ANCESTORS + 1


def test_texts_that_are_too_long_are_left_out_and_told_in_short():
    vocabulary = build(Term("a", {"nl": "x" * 2001, "en": "short"}), Term("y" * 2001))
    assert list(vocabulary.terms.values()) == [Term("a", {"en": "short"})]
    assert vocabulary.problems == (
        "'a': the label in 'nl' has more than 2000 characters; it is left out",
        f"'{'y' * 80}…' has 2001 characters, at most 2000 are kept; it is left out",
    )


def test_of_very_many_problems_the_first_are_told_and_the_rest_counted():
    vocabulary = build(*(Term(f"{number:03d}", parents=("gone",)) for number in range(130)))
    assert len(vocabulary.problems) == 101
    assert vocabulary.problems[-1] == "… and 30 more"


def test_there_is_an_end_to_terms(monkeypatch):
    monkeypatch.setattr(vocabularies, "MAX_TERMS", 1)
    with pytest.raises(RecordError, match="it has 2 terms, at most 1 are kept; leave out what no task reads"):
        build(Term("a"), Term("b"))


@pytest.mark.parametrize(
    "changed",
    [
        Term("a", {"nl": "Ander"}),
        Term("a", {"nl": "Een"}, ("b",)),
        Term("a", {"nl": "Een"}, (), ("x",)),
        Term("a", {"nl": "Een"}, years=YearSpan(0)),
    ],
)
def test_the_version_changes_with_whatever_a_term_says_and_only_then(changed):
    first = build(Term("a", {"nl": "Een"}), Term("b"))
    assert build(Term("b"), Term("a", {"nl": "Een"})).version == first.version
    assert build(changed, Term("b")).version != first.version


@settings(max_examples=100, deadline=None)
@given(
    links=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefghz")), max_size=25), shuffled=st.permutations("abcdefgh")
)
def test_any_tangle_becomes_the_same_vocabulary_without_circles(links: list[tuple[str, str]], shuffled: list[str]):
    terms = {each: Term(each, parents=tuple(sorted({above for below, above in links if below == each}))) for each in "abcdefgh"}
    vocabulary = build(*terms.values())
    assert build(*(terms[each] for each in shuffled)) == vocabulary
    for identifier, term in vocabulary.terms.items():
        assert set(term.parents) <= vocabulary.terms.keys()
        assert all(identifier not in {each.id for each in vocabulary.with_ancestors(above)} for above in term.parents)
        assert vocabulary.roots(identifier)
