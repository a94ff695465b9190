"""Vocabularies as tables, as people write them."""

import pytest

from harvest_assets.errors import RecordError
from harvest_assets.extract.vocabulary_csv import CsvLayout, read_vocabulary_csv
from harvest_assets.model.vocabulary import Term, YearSpan


def test_a_row_is_a_term_with_labels_parents_other_spellings_and_years():
    content = "id,label_nl,label_en,label_de,parent,alias,from,to,note\n a , Boom ,Tree,,b|c|b, x | y ,-4,0,seen\n\nb,,,,,,,,\n".encode(
        "utf-8-sig"
    )
    terms, problems = read_vocabulary_csv(content, CsvLayout())
    assert terms == (Term("a", {"en": "Tree", "nl": "Boom"}, ("b", "c"), ("x", "y"), YearSpan(-4, 0)), Term("b"))
    assert problems == ()


def test_a_file_keeps_its_own_names_and_marks():
    layout = CsvLayout(";", "/", {"id": "code", "label_nl": "naam", "parent": "boven"})
    terms, _ = read_vocabulary_csv(b"id;code;naam;boven;label_en\n7;a;Boom;b/c;Tree\n", layout)
    assert terms == (Term("a", {"en": "Tree", "nl": "Boom"}, ("b", "c")),)


def test_a_row_without_identifier_is_told_and_the_others_stay():
    terms, problems = read_vocabulary_csv(b"id,label_nl\n,Boom\nb,Eik\n", CsvLayout())
    assert (terms, problems) == ((Term("b", {"nl": "Eik"}),), ("line 2 has no identifier and is left out",))


@pytest.mark.parametrize("cells", ["20x1,", "5,", ",+3", ",-1000", "2021.0,", "\u0662\u0660\u0662\u0661,"])
def test_what_is_no_year_makes_no_bucket_and_is_told(cells):
    terms, problems = read_vocabulary_csv(f"id,from,to\na,{cells}\n".encode(), CsvLayout())
    assert terms == (Term("a"),)
    assert problems == (
        f"line 2: {cells.strip(',')!r} is no year from 1000 to 9999 and no count of years back from 0 to -999; 'a' is no bucket of years",
    )


def test_rows_that_are_too_short_or_too_long_are_read_as_far_as_they_go():
    assert read_vocabulary_csv(b"id,label_nl\na\nb,Eik,more,and more\n", CsvLayout())[0] == (Term("a"), Term("b", {"nl": "Eik"}))


@pytest.mark.parametrize(
    ("content", "layout", "words"),
    [
        (b"name\nx\n", CsvLayout(), "it has no column 'id'; its columns are 'name'; correct csv.columns or the file"),
        (b"", CsvLayout(), "it has no column 'id'; its columns are none"),
        (b"id\nx\n", CsvLayout(columns={"label_nl": "naam"}), "it has no column 'naam'"),
        (b"id\n", CsvLayout(), "it has no row with an identifier; write one a term"),
        (b"id\n\xff\n", CsvLayout(), "byte 4 is not UTF-8; save the file as UTF-8"),
        (b'id\n"a" b\n', CsvLayout(), "line 2 is not CSV: "),
        (b"id\n" + b"x" * 200_000 + b"\n", CsvLayout(), "line 2 is not CSV: field larger than field limit"),
    ],
)
def test_what_is_no_such_table_says_why(content, layout, words):
    with pytest.raises(RecordError, match=words):
        read_vocabulary_csv(content, layout)
