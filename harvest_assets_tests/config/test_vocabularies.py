"""Files that declare vocabularies: what they may say, and how what is wrong is told."""

from pathlib import Path

import pytest

from harvest_assets.config.vocabularies import read_declarations
from harvest_assets.extract.vocabulary_csv import CsvLayout

CONFIG = Path(__file__).parents[2] / "config"


def problems(folder: Path, text: str) -> list[str]:
    (folder / "vocabularies").mkdir()
    (folder / "vocabularies" / "things.yaml").write_text(text)
    read = read_declarations(folder)
    assert (dict(read.vocabularies), read.broken) == ({}, {"things"})
    return [str(each) for each in read.problems]


def test_the_vocabularies_that_come_with_the_project_are_those_that_the_tasks_read():
    read = read_declarations(CONFIG)
    assert read.problems == ()
    assert set(read.vocabularies) == {"study_vocabulary", "disciplines", "publisher_years", "consortia"}
    assert all((read.folder / str(each.file)).is_file() for each in read.vocabularies.values())


def test_a_folder_without_vocabularies_declares_none(tmp_path):
    read = read_declarations(tmp_path)
    assert (dict(read.vocabularies), read.problems) == ({}, ())


def test_a_file_says_how_its_csv_is_written(tmp_path):
    (tmp_path / "vocabularies").mkdir()
    (tmp_path / "vocabularies" / "things.yaml").write_text(
        "title: Things\nformat: csv\nfile: lists/things.txt\ncsv: {delimiter: ';', separator: /, columns: {id: code, label_nl: naam}}\n"
    )
    declared = read_declarations(tmp_path).vocabularies["things"]
    assert declared.layout == CsvLayout(";", "/", {"id": "code", "label_nl": "naam"})


def test_an_address_needs_no_ending(tmp_path):
    (tmp_path / "vocabularies").mkdir()
    (tmp_path / "vocabularies" / "things.yaml").write_text("title: Things\nformat: skos\nurl: https://v.example/things?as=TTL\n")
    declared = read_declarations(tmp_path).vocabularies["things"]
    assert (declared.slug, declared.ending, declared.network.allow) == ("things", "", ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("title: T\nformat: csv\nfle: a.csv\n", "vocabularies/things.yaml: 'fle' is not a key; did you mean 'file'?"),
        ("title: T\nformat: skos\nfile: a.ttl\nalias: {}\n", "vocabularies/things.yaml: 'alias' is not a key; did you mean 'aliases'?"),
        ("title: T\nformat: csv\nfile: a.csv\ncsv: {delimeter: ;}\n", "'csv.delimeter' is not a key; did you mean 'csv.delimiter'?"),
        ("title: T\nformat: cvs\nfile: a.csv\n", "format 'cvs' is not one of csv, skos. Did you mean 'csv'?"),
        ("title: T\nformat: csv\n", "it needs one of file and url, and not both; write where the terms are"),
        ("title: T\nformat: csv\nfile: a.csv\nurl: https://v.example/a.csv\n", "it needs one of file and url, and not both"),
        ("title: T\nformat: skos\nfile: a.tll\n", "file: ending 'tll' is not one of json, jsonld, nt, rdf, ttl, xml. Did you mean 'ttl'?"),
        (
            "title: T\nformat: csv\nfile: ../a.csv\n",
            "file '../a.csv' is not a path below vocabularies/; put the file there and write its name",
        ),
        ("title: T\nformat: csv\nfile: /etc/a.csv\n", "file '/etc/a.csv' is not a path below vocabularies/"),
        ("title: T\nformat: csv\nurl: ftp://v.example/a\n", "url 'ftp://v.example/a' is not an address"),
        (
            "title: T\nformat: csv\nfile: a.csv\ncsv: {columns: {labl_nl: naam}}\n",
            "csv.columns key 'labl_nl' is not one of alias, another label_…, from, id, label_en, label_nl, parent, to. Did you mean",
        ),
        ("title: T\nformat: csv\nfile: a.csv\nnetwork: {allow: [lopback]}\n", "Did you mean 'loopback'?"),
    ],
)
def test_what_is_wrong_is_told_with_the_file_the_key_and_what_is_allowed(tmp_path, text, line):
    assert [each for each in problems(tmp_path, text) if line in each]
