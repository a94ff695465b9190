"""Terms and their lineage, labels that stand in for others, and spans of years that move by themselves."""

import pytest

from harvest_assets.model.vocabulary import Term, Vocabulary, YearSpan

TERMS = [Term("top"), Term("other"), Term("middle", parents=("top",)), Term("leaf", parents=("middle", "other"), aliases=("blad",))]
VOCABULARY = Vocabulary.of("things", "1", TERMS)


def test_a_term_is_found_by_its_identifier_and_by_another_spelling():
    assert [VOCABULARY.find(text) for text in ("leaf", "blad", "steel", "")] == [TERMS[3], TERMS[3], None, None]


def test_what_is_above_a_term_comes_once_and_nearest_first():
    assert [each.id for each in VOCABULARY.with_ancestors("leaf")] == ["leaf", "middle", "other", "top"]


def test_a_term_with_two_parents_has_two_roots_and_a_root_is_its_own():
    assert [each.id for each in VOCABULARY.roots("leaf")] == ["other", "top"]
    assert VOCABULARY.roots("top") == (TERMS[0],)


@pytest.mark.parametrize(
    ("labels", "nl", "en"),
    [
        ({"nl": "Blad", "en": "Leaf"}, "Blad", "Leaf"),
        ({"nl": "Blad"}, "Blad", "Blad"),
        ({"en": "Leaf"}, "Leaf", "Leaf"),
        ({"und": "L", "de": "Blatt"}, "L", "L"),
        ({"fr": "Feuille", "de": "Blatt"}, "Blatt", "Blatt"),
        ({}, None, None),
    ],
)
def test_a_label_that_is_not_there_is_the_one_that_readers_understand_best(labels, nl, en):
    term = Term("leaf", labels)
    assert (term.label("nl"), term.label("en")) == (nl, en)


@pytest.mark.parametrize(
    ("span", "in_2026", "in_2027"),
    [
        (YearSpan(-4, 0), (2022, 2026), (2023, 2027)),
        (YearSpan(None, -5), (1000, 2021), (1000, 2022)),
        (YearSpan(1990, 1999), (1990, 1999), (1990, 1999)),
        (YearSpan(2020), (2020, 2026), (2020, 2027)),
    ],
)
def test_ends_that_count_back_move_with_the_year_and_the_others_stay(span, in_2026, in_2027):
    assert (span.resolve(2026), span.resolve(2027)) == (in_2026, in_2027)
