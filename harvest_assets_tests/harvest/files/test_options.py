"""Options of files: what is refused before anything is asked, and which names count."""

import pytest
from pydantic import ValidationError

from harvest_assets.harvest.files import FilesOptions
from harvest_assets.harvest.files.names import Choice, choose, find_danger
from harvest_assets.harvest.files.options import tell_delimiter, tell_format


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "json", "records": "items"}, "records 'items' is no JSON pointer: it must begin with '/', as in '/metadata/id'"),
        ({"format": "jsonl", "identifier": "id"}, "identifier 'id' is no JSON pointer"),
        (
            {"format": "csv", "records": "/items"},
            "records '/items' means nothing for csv: there, each line or row is a record",
        ),
        ({"format": "xml", "records": "dc:record"}, "records 'dc:record' is no name of an XML element, such as 'title'"),
        ({"format": "xml", "records": "@record"}, "records '@record' is no name of an XML element"),
        ({"format": "xml", "identifier": "a/b[1]"}, "identifier 'a/b"),
        ({"encoding": "utf-9"}, "'utf-9' is no encoding of text, such as 'utf-8', 'latin-1' or 'cp1252'"),
        ({"encoding": "base64"}, "'base64' is no encoding of text"),
        ({"delimiter": ";;"}, "at most 1 character"),
        ({"format": "xls"}, "Input should be 'json', 'jsonl', 'xml' or 'csv'"),
        ({"include": ["a" * 501]}, "at most 500 characters"),
        ({"recordz": "x"}, "Extra inputs are not permitted"),
    ],
    ids=range(12),
)
def test_an_option_that_cannot_be_meant_is_refused_in_words(options, message):
    with pytest.raises(ValidationError, match=message.replace("[", r"\[").replace("(", r"\(")):
        FilesOptions.model_validate(options)


@pytest.mark.parametrize(
    "options",
    [
        {"format": "json", "records": "", "identifier": "/id"},
        {"format": "xml", "records": "record", "identifier": "@id", "datestamp": "datestamp"},
        {"format": "csv", "identifier": "any column"},
        {"records": "anything"},
        {"encoding": "cp1252"},
    ],
    ids=range(5),
)
def test_options_that_fit_are_accepted(options):
    assert FilesOptions.model_validate(options).model_dump(exclude_unset=True) == options


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.JSON", "json"),
        ("a.ndjson.gz", "jsonl"),
        ("b/c.rdf", "xml"),
        ("a.tsv", "csv"),
        ("https://a.example/x.csv?y=1.2", "csv"),
        ("a", None),
    ],
)
def test_a_suffix_tells_a_format(name, told):
    assert tell_format(name, FilesOptions()) == told
    assert tell_format(name, FilesOptions(format="xml")) == "xml"


def test_a_suffix_tells_a_delimiter_unless_the_source_does():
    assert [tell_delimiter(name, FilesOptions()) for name in ("a.csv", "a.tsv", "a")] == [",", "\t", ","]
    assert tell_delimiter("a.tsv", FilesOptions(delimiter=";")) == ";"


@pytest.mark.parametrize(
    ("name", "options", "choice"),
    [
        ("a.json", {}, Choice.READ),
        ("a.json", {"format": "csv"}, Choice.OTHER),
        ("a.txt", {"format": "csv"}, Choice.OTHER),
        ("a.txt", {"format": "csv", "include": ["*.txt"]}, Choice.READ),
        ("deep/er/a.txt", {"include": ["*/a.*"]}, Choice.READ),
        ("A.json", {"include": ["a.json"]}, Choice.OTHER),
        ("__MACOSX/a.json", {}, Choice.OTHER),
        (".hidden/a.json", {}, Choice.OTHER),
        (".hidden/a.json", {"include": [".hidden/*"]}, Choice.READ),
        ("a.zip", {}, Choice.PACKED),
        ("a.json.GZ", {}, Choice.PACKED),
        ("a.zip", {"include": ["*.json"]}, Choice.OTHER),
    ],
    ids=range(12),
)
def test_names_say_which_files_count(name, options, choice):
    assert choose(name, FilesOptions.model_validate(options)) is choice


@pytest.mark.parametrize(
    ("name", "danger"),
    [
        ("a/b.json", None),
        ("a..b/c..json", None),
        ("../a", "it leads out of the archive"),
        ("a/../b", "it leads out of the archive"),
        ("a\\..\\b", "it leads out of the archive"),
        ("/a", "it is an absolute path"),
        ("\\\\host\\a", "it is an absolute path"),
        ("c:a", "it is an absolute path"),
        ("", "it is empty, longer than 1024 characters, or has control characters"),
        ("a\nb", "it is empty, longer than 1024 characters, or has control characters"),
        ("a" * 1025, "it is empty, longer than 1024 characters, or has control characters"),
    ],
    ids=range(11),
)
def test_names_that_are_traps_are_told(name, danger):
    assert find_danger(name) == danger
