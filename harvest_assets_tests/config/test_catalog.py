"""A configuration folder as a whole: what is right is loaded, what is wrong is named."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from harvest_assets.config.catalog import Catalog, load_catalog
from harvest_assets.config.problems import InvalidFileError, Problem
from harvest_assets.errors import ConfigurationError

SHELF = """
    title: A shelf
    protocol: shelf
    url: http://127.0.0.1/
    options: {row: a}
    extract: plain
"""


@dataclass(frozen=True)
class ConfigurationFolder:
    """A configuration folder to write files into and to load."""

    path: Path

    def source(self, slug: str, text: str) -> None:
        self.write(f"sources/{slug}.yaml", text)

    def dataset(self, slug: str, text: str) -> None:
        self.write(f"datasets/{slug}.yaml", text)

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def load(self) -> Catalog:
        return load_catalog(self.path)

    def lines(self) -> list[str]:
        """What the catalog says of files; plug-ins apart."""
        return [str(problem) for problem in self.load().problems if not problem.file.startswith("entry point")]


@pytest.fixture
def folder(tmp_path: Path) -> ConfigurationFolder:
    return ConfigurationFolder(tmp_path)


def test_good_files_are_loaded_under_their_names_in_order(folder: ConfigurationFolder) -> None:
    for slug in ("zoo", "a_1", "0-museum"):
        folder.source(slug, SHELF)
    folder.dataset("all", "title: All\nsources: ['*']\n")
    catalog = folder.load()
    assert list(catalog.sources) == ["0-museum", "a_1", "zoo"]
    assert catalog.source("zoo").slug == "zoo"
    assert catalog.dataset("all").slug == "all"
    assert folder.lines() == []


def test_one_wrong_file_stops_nothing_else(folder: ConfigurationFolder) -> None:
    folder.source("good", SHELF)
    folder.source("broken", "title: [\n")
    folder.source("wrong", SHELF.replace("url:", "ulr:"))
    folder.dataset("all", "title: All\nsources: ['*']\n")
    catalog = folder.load()
    assert list(catalog.sources) == ["good"]
    assert list(catalog.datasets) == ["all"]
    assert catalog.broken_sources == {"broken", "wrong"}
    [broken, required, unknown] = folder.lines()
    assert re.fullmatch(r"sources/broken\.yaml: line 2, column 1: .*; correct the YAML", broken)
    assert required.startswith("sources/wrong.yaml: 'url' is required: ")
    assert unknown == "sources/wrong.yaml: 'ulr' is not a key; did you mean 'url'?"


def test_keys_that_come_twice_are_told_with_everything_else(folder: ConfigurationFolder) -> None:
    folder.source("twice", "title: A\ntitle: B\nprotocol: shelf\nurl: http://127.0.0.1/\noptions: {row: a}\nextract: plain\nmode: x\n")
    folder.source("only-twice", "title: A\ntitle: B\nprotocol: shelf\nurl: http://127.0.0.1/\noptions: {row: a}\nextract: plain\n")
    assert folder.lines() == [
        "sources/only-twice.yaml: line 2: 'title' is written twice, first in line 1; keep one of them",
        "sources/twice.yaml: line 2: 'title' is written twice, first in line 1; keep one of them",
        "sources/twice.yaml: mode 'x' is not one of auto, full, incremental",
    ]


def test_a_file_name_that_is_no_slug_is_named(folder: ConfigurationFolder) -> None:
    for name in ("Zenodo.yaml", "-a.yaml", "a b.yaml", "ä.yaml", f"{'a' * 64}.yaml"):
        folder.write(f"sources/{name}", SHELF)
    folder.write("sources/old.yml", SHELF)
    folder.source("a" * 63, SHELF)
    assert list(folder.load().sources) == ["a" * 63]
    lines = folder.lines()
    assert "sources/old.yml: the ending '.yml' is not read; rename the file to old.yaml" in lines
    message = "is not a name; rename the file: a-z, 0-9, '_' and '-', at most 63, beginning with a letter or digit"
    assert f"sources/Zenodo.yaml: 'Zenodo' {message}" in lines
    assert len(lines) == 6


def test_notes_and_what_editors_leave_behind_are_passed_over(folder: ConfigurationFolder) -> None:
    for name in ("README.md", ".a.yaml", "a.yaml~", "a.yaml.swp", "old/a.yaml"):
        folder.write(f"sources/{name}", "[")
    assert (dict(folder.load().sources), folder.lines()) == ({}, [])


def test_a_folder_that_is_not_there_is_an_error_and_an_empty_one_is_not(tmp_path: Path) -> None:
    assert dict(load_catalog(tmp_path).sources) == {}
    with pytest.raises(ConfigurationError, match=r"absent' is not a folder; set HARVEST_CONFIG to one with sources/ and datasets/ in it$"):
        load_catalog(tmp_path / "absent")


def test_an_unknown_source_or_dataset_is_answered_with_the_nearest(folder: ConfigurationFolder) -> None:
    folder.source("zenodo", SHELF)
    folder.dataset("open", "title: Open\nsources: [zenodo]\n")
    catalog = folder.load()
    with pytest.raises(ConfigurationError, match=r"^'zendo' is not a source; did you mean 'zenodo'\?$"):
        catalog.source("zendo")
    with pytest.raises(ConfigurationError, match=r"^'x' is not a source; add sources/x\.yaml, or choose one of: zenodo$"):
        catalog.source("x")
    with pytest.raises(ConfigurationError, match=r"^'opne' is not a dataset; did you mean 'open'\?$"):
        catalog.dataset("opne")


def test_a_source_whose_file_is_wrong_is_refused_with_its_reasons(folder: ConfigurationFolder) -> None:
    folder.source("wrong", SHELF.replace("title: A shelf", "title: 1") + "    mode: x\n")
    with pytest.raises(InvalidFileError) as caught:
        folder.load().source("wrong")
    assert str(caught.value).split("\n") == [
        "sources/wrong.yaml: title 1 should be text",
        "sources/wrong.yaml: mode 'x' is not one of auto, full, incremental",
    ]


def test_a_catalog_does_not_change(folder: ConfigurationFolder) -> None:
    with pytest.raises(TypeError, match="does not support item assignment"):
        folder.load().sources["a"] = None


def test_variables_that_enabled_sources_lack_are_told_by_the_check(folder: ConfigurationFolder) -> None:
    header = "    headers: {Authorization: 'Bearer ${ENV:TOKEN}'}\n"
    folder.source("on", SHELF + header)
    folder.source("off", SHELF + header + "    enabled: false\n")
    catalog = folder.load()
    message = "headers.Authorization refers to the environment variable 'TOKEN', which is not set; set it, or correct its name"
    assert catalog.check({})[len(catalog.problems) :] == (Problem("sources/on.yaml", message),)
    assert catalog.check({"TOKEN": "t"}) == catalog.problems


# -- datasets ----------------------------------------------------------------------------------------------------------------------


def test_a_dataset_has_its_defaults_and_everything_can_be_said(folder: ConfigurationFolder) -> None:
    folder.source("a", SHELF)
    folder.source("b", SHELF)
    folder.dataset("few", "title: Few\nsources: [b, a]\n")
    folder.dataset(
        "more", "title: M\ndescription: d\nlicence: CC0-1.0\nsources: [a]\npromote: manual\nexports: [parquet]\nkeep_versions: 3\n"
    )
    few, more = folder.load().dataset("few"), folder.load().dataset("more")
    assert (few.promote, few.exports, few.keep_versions) == ("auto", ("jsonl.gz", "parquet"), None)
    assert (more.promote, more.exports, more.keep_versions, more.file) == ("manual", ("parquet",), 3, "datasets/more.yaml")
    assert folder.load().members("few") == ("a", "b")


def test_a_source_whose_file_is_wrong_or_that_is_not_enabled_stays_a_member(folder: ConfigurationFolder) -> None:
    folder.source("a", SHELF)
    folder.source("broken", "title: [\n")
    folder.source("off", SHELF + "    enabled: false\n")
    folder.dataset("all", "title: All\nsources: ['*']\n")
    folder.dataset("named", "title: Named\nsources: [broken, a]\n")
    catalog = folder.load()
    assert catalog.members("all") == ("a", "broken", "off")
    assert catalog.members("named") == ("a", "broken")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: X\nsources: [zendo]\n", "sources: 'zendo' is not a source; did you mean 'zenodo'?"),
        ("title: X\nsources: [other]\n", "sources: 'other' is not a source; add sources/other.yaml, or take the name out"),
        ("title: X\nsources: []\n", "sources [] should have at least 1 item after validation, not 0"),
        ("title: X\nsources: ['*', zenodo]\n", "sources has '*' beside other sources; '*' is all of them and stands alone"),
        ("title: X\nsources: [zenodo, zenodo]\n", "sources 'zenodo' is written twice; keep one of them"),
        ("title: X\nsources: zenodo\n", "sources 'zenodo' should be a list"),
        ("title: X\n", "'sources' is required: names of the member sources, or ['*'] for all"),
        ("title: X\nsorces: ['*']\nsources: ['*']\n", "'sorces' is not a key; did you mean 'sources'?"),
        ("title: X\nsources: ['*']\npromote: always\n", "promote 'always' is not one of auto, manual"),
        ("title: X\nsources: ['*']\nexports: [csv]\n", "exports.0 'csv' is not one of jsonl.gz, parquet"),
        ("title: X\nsources: ['*']\nexports: [parquet, parquet]\n", "exports 'parquet' is written twice; keep one of them"),
        ("title: X\nsources: ['*']\nkeep_versions: 0\n", "keep_versions 0 should be greater than or equal to 1"),
    ],
)
def test_a_wrong_dataset_is_one_line_that_says_what_is_allowed(folder: ConfigurationFolder, text: str, message: str) -> None:
    folder.source("zenodo", SHELF)
    folder.dataset("x", text)
    assert folder.lines() == [f"datasets/x.yaml: {message}"]
    with pytest.raises(ConfigurationError, match=r"^'x' is not a dataset"):
        folder.load().members("x")


def test_all_unknown_sources_of_a_dataset_are_named(folder: ConfigurationFolder) -> None:
    folder.dataset("x", "title: X\nsources: [one, two]\n")
    assert len(folder.lines()) == 2


def test_a_vocabulary_whose_file_is_wrong_is_named_beside_sources_and_datasets(folder: ConfigurationFolder) -> None:
    folder.write("vocabularies/terms.yaml", "title: Terms\nformat: rdf\nfile: terms.ttl\n")
    (problem,) = load_catalog(folder.path).problems
    assert problem.file == "vocabularies/terms.yaml"
    assert "'rdf' is not one of" in problem.message
