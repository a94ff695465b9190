"""Overrides in YAML and CSV: what is right holds, what is wrong is named, and nothing contradicts itself in silence."""

import os
import re
from datetime import date
from pathlib import Path

import pytest

from harvest_assets.config.catalog import load_catalog
from harvest_assets.config.override_files import MAX_CSV_BYTES
from harvest_assets.config.overrides import Overrides, load_overrides, unused

TODAY = date(2026, 11, 21)


def load(folder: Path, *, sources: set[str] | None = None, **files: str | bytes) -> Overrides:
    for name, content in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_bytes(content.encode() if isinstance(content, str) else content)
    return load_overrides(folder, sources=sources, today=TODAY)


def lines(overrides: Overrides) -> list[str]:
    return [str(each) for each in overrides.problems]


def test_an_entry_may_replace_columns_and_properties_and_hide(tmp_path):
    loaded = load(
        tmp_path,
        a_yaml="""
- srn: lib:oai:1
  reason: typing error
  title: Better
  url: https://example.org/a.pdf
  media_type: application/pdf
  properties: {keywords: [a, b], doi: null, published: 2026-01-02}
- {srn: lib:2, reason: withdrawn, hidden: true, until: 2026-11-21}
""",
    )
    assert lines(loaded) == []
    first, second = loaded.entries["lib:oai:1"], loaded.entries["lib:2"]
    assert (first.title, first.url, first.media_type) == ("Better", "https://example.org/a.pdf", "application/pdf")
    assert first.properties == {"keywords": ["a", "b"], "doi": None, "published": "2026-01-02"}
    assert (first.file, first.reason, first.is_hidden) == ("overrides/a.yaml", "typing error", False)
    assert (second.is_hidden, second.until) == (True, TODAY)


def test_a_csv_has_a_row_for_each_field(tmp_path):
    rows = (
        "srn,field,value,reason,until\r\n"
        "lib:1,title,2020,better,\r\n"
        'lib:1,keywords,"[""a"", ""b""]",better,\r\n'
        "lib:1,publisher_year,2020,checked,\r\n"
        "lib:1,isbn,0123,checked,\r\n"
        "lib:1,edition,1.50,checked,\r\n"
        "lib:1,doi,null,checked,\r\n"
        "lib:2,hidden,TRUE,withdrawn,2026-12-31\r\n"
    )
    loaded = load(tmp_path, a_csv="\ufeff" + rows)
    assert lines(loaded) == []
    assert loaded.entries["lib:1"].title == "2020"
    assert loaded.entries["lib:1"].properties == {
        "keywords": ["a", "b"],
        "publisher_year": 2020,
        "isbn": "0123",
        "edition": "1.50",
        "doi": None,
    }
    assert loaded.entries["lib:1"].reason == "better; checked"
    assert (loaded.entries["lib:2"].is_hidden, loaded.entries["lib:2"].until) == (True, date(2026, 12, 31))


def test_a_csv_of_a_european_spreadsheet_has_semicolons(tmp_path):
    loaded = load(tmp_path, a_csv="srn;field;value;reason\nlib:1;title;One, two;why\n")
    assert loaded.entries["lib:1"].title == "One, two"


def test_what_has_ended_is_left_out_and_is_no_problem(tmp_path):
    loaded = load(tmp_path, a_yaml="- {srn: lib:1, reason: r, title: T, until: 2026-11-20}\n")
    assert (dict(loaded.entries), lines(loaded)) == ({}, [])


def test_a_broken_file_is_named_and_stops_nothing_else(tmp_path):
    loaded = load(tmp_path, a_yaml="- [", b_csv=b"\xff", c_yaml="- {srn: lib:1, reason: r, title: T}\n", d_yaml="", e_txt="no overrides")
    assert list(loaded.entries) == ["lib:1"]
    first, second = lines(loaded)
    assert re.fullmatch(r"overrides/a\.yaml: line \d+, column \d+: .*; correct the YAML", first)
    assert second == "overrides/b.csv: byte 1 is not UTF-8; save the file as UTF-8"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{srn: lib:1, title: T}", "'reason' is required: why the source is overruled, for those who read the result"),
        ("{srn: lib:1, reason: r, titel: T}", "'titel' is not a key; did you mean 'title'?"),
        ("{srn: lib:1, reason: r}", "changes nothing; write one of title, url, media_type, properties, or hidden: true"),
        ("{srn: lib:1, reason: r, hidden: false}", "changes nothing; write one of title, url, media_type, properties, or hidden: true"),
        ("{srn: lib:1, reason: r, properties: {url: x}}", "properties.url is written as 'url', beside srn; move it there"),
        ("{srn: lib:1, reason: r, title: T, until: soon}", "until 'soon' is not a day; write it as 2024-01-31"),
        ("{srn: lib:1, reason: r, url: 'ftp://x'}", "url 'ftp://x' is not an address; write http:// or https:// and a host"),
        ("{srn: lib:1, reason: r, properties: {a: .nan}}", None),
        ("{srn: lib, reason: r, title: T}", "srn 'lib' should match pattern "),
        ("just text", "'just text' is not an entry; write srn, reason and what is to be replaced"),
    ],
)
def test_a_wrong_entry_is_named_and_stops_no_other(tmp_path, entry, message):
    loaded = load(tmp_path, a_yaml=f"- {entry}\n- {{srn: lib:2, reason: r, title: T}}\n")
    assert "lib:2" in loaded.entries
    if message is None:
        assert loaded.entries["lib:1"].properties == {"a": None}  # JSON has no other word for it
    else:
        assert list(loaded.entries) == ["lib:2"]
        assert lines(loaded)[0].startswith(f"overrides/a.yaml: entry 1: {message}")


def test_properties_that_are_no_json_are_named(tmp_path):
    loaded = load(tmp_path, a_yaml=f"- {{srn: lib:1, reason: r, properties: {{a: {2**80}}}}}\n")
    assert lines(loaded) == ["overrides/a.yaml: entry 1: properties cannot be written as JSON: Integer exceeds 64-bit range; correct them"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("srn,field,reason\n", "column 'value' is missing; the first line names the columns srn, field, value, reason"),
        ("", "column 'srn' is missing; the first line names the columns srn, field, value, reason"),
        (
            "srn,field,value,reason,untill\n",
            "column 'untill' is not one of field, reason, srn, until, value. Did you mean 'until'?",
        ),
        ('srn,field,value,reason\nlib:1,title,"T" x,r\n', "line 2: ',' expected after '\"'; correct the CSV"),
        ("srn,field,value,reason\nlib:1,title\n", "line 2: it has more or fewer values than the first line has columns; correct it"),
        ("srn,field,value,reason\nlib:1,title,T,r,x\n", "line 2: it has more or fewer values than the first line has columns; correct it"),
        (
            "srn,field,value,reason\nlib:1,title,,r\n",
            "line 2: field or value is empty; write both, and null as the value to take a property away",
        ),
        ("srn,field,value,reason\nlib:1,hidden,maybe,r\n", "line 2: hidden 'maybe' should be true or false"),
    ],
)
def test_a_wrong_table_or_row_is_named(tmp_path, text, message):
    loaded = load(tmp_path, a_csv=text)
    assert lines(loaded)[0].startswith(f"overrides/a.csv: {message}")
    assert dict(loaded.entries) == {}


def test_a_table_beyond_the_cap_is_refused(tmp_path):
    loaded = load(tmp_path, a_csv=b"x" * (MAX_CSV_BYTES + 1))
    assert lines(loaded) == [f"overrides/a.csv: the file is larger than {MAX_CSV_BYTES} bytes; divide it into several"]


def test_a_file_that_holds_keys_and_not_a_list_is_refused(tmp_path):
    loaded = load(tmp_path, a_yaml="srn: lib:1\n")
    assert lines(loaded) == ["overrides/a.yaml: the file holds keys and values; write a list, each entry beginning with '- '"]


def test_what_cannot_be_opened_is_named(tmp_path):
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "folder.csv").mkdir()
    assert lines(load(tmp_path)) == [
        "overrides/folder.csv: the file cannot be read (Is a directory); allow this user to read it",
        "overrides/gone.csv: the file cannot be read (No such file or directory); allow this user to read it",
    ]


def test_the_same_field_twice_is_a_problem_and_the_first_stands(tmp_path):
    loaded = load(
        tmp_path,
        a_yaml="- {srn: lib:1, reason: one, title: First, properties: {doi: a}}\n",
        b_csv="srn,field,value,reason\nlib:1,title,Second,two\nlib:1,keywords,x,two\nlib:2,hidden,true,a\nlib:2,hidden,true,b\n",
    )
    assert loaded.entries["lib:1"].title == "First"
    assert loaded.entries["lib:1"].properties == {"doi": "a", "keywords": "x"}
    assert (loaded.entries["lib:1"].reason, loaded.entries["lib:1"].file) == ("one; two", "overrides/a.yaml, overrides/b.csv")
    assert lines(loaded) == [
        "overrides/b.csv: line 2: 'lib:1' has its 'title' in overrides/a.yaml, entry 1 already; keep one of them",
        "overrides/b.csv: line 5: 'lib:2' has its 'hidden' in overrides/b.csv, line 4 already; keep one of them",
    ]


def test_the_first_end_of_several_entries_is_that_of_the_document(tmp_path):
    loaded = load(
        tmp_path,
        a_yaml="- {srn: lib:1, reason: r, title: T, until: 2027-05-01}\n- {srn: lib:1, reason: r, hidden: true, until: 2027-02-01}\n",
    )
    assert (loaded.entries["lib:1"].until, loaded.entries["lib:1"].is_hidden) == (date(2027, 2, 1), True)


def test_an_entry_for_a_source_that_is_not_there_is_named(tmp_path):
    loaded = load(tmp_path, sources={"library"}, a_yaml="- {srn: libary:1, reason: r, title: T}\n- {srn: x:1, reason: r, title: T}\n")
    assert lines(loaded) == [
        "overrides/a.yaml: entry 1: 'libary' is not a source; did you mean 'library'?",
        "overrides/a.yaml: entry 2: 'x' is not a source; correct it, or take the entry out",
    ]


def test_a_file_that_changed_is_read_again(tmp_path):
    assert load(tmp_path, a_yaml="- {srn: lib:1, reason: r, title: One}\n").entries["lib:1"].title == "One"
    path = tmp_path / "a.yaml"
    path.write_text("- {srn: lib:1, reason: r, title: Two}\n")
    os.utime(path, ns=(1, 1))
    assert load(tmp_path).entries["lib:1"].title == "Two"


def test_entries_of_a_source_and_those_without_a_document_can_be_told(tmp_path):
    loaded = load(
        tmp_path, a_yaml="- {srn: lib:1, reason: r, title: T}\n- {srn: lib:9, reason: r, title: T}\n- {srn: b:1, reason: r, title: T}\n"
    )
    assert list(loaded.of("lib")) == ["lib:1", "lib:9"]
    assert [str(each) for each in unused(loaded.of("lib"), {"lib:1"})] == [
        "overrides/a.yaml: 'lib:9' is no document of its source; correct it, or take the entry out"
    ]


def test_the_catalog_has_overrides_and_schemas_and_their_problems(tmp_path):
    (tmp_path / "overrides").mkdir()
    (tmp_path / "overrides" / "a.yaml").write_text("- {srn: nobody:1, reason: r, hidden: true}\n- 5\n")
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "product.json").write_text("{")
    catalog = load_catalog(tmp_path)
    said = [str(each) for each in catalog.problems if not each.file.startswith("entry point")]
    assert list(catalog.overrides.entries) == ["nobody:1"]
    assert list(catalog.schemas.documents) == ["product"]
    assert said[0] == "overrides/a.yaml: entry 2: 5 is not an entry; write srn, reason and what is to be replaced"
    assert said[1].startswith("overrides/a.yaml: entry 1: 'nobody' is not a source")
    assert said[2].startswith("schemas/product.json: line 1, column ")


def test_the_examples_of_the_folder_are_right(tmp_path):
    text = (Path(__file__).parents[2] / "config" / "overrides" / "README.md").read_text()
    (yaml_example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    (csv_example,) = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    from_yaml = load(tmp_path, a_yaml=yaml_example)
    (tmp_path / "a.yaml").unlink()
    from_csv = load(tmp_path, b_csv=csv_example)
    assert (lines(from_yaml), lines(from_csv)) == ([], [])
    assert len(from_yaml.entries) == len(from_csv.entries) == 3
