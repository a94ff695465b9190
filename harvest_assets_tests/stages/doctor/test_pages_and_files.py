"""What the doctor writes down: the source's file, which loads, and the profile, in which nothing from outside is markup."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from lxml import html

from harvest_assets.config.catalog import load_catalog
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.doctor.day_chart import draw_days
from harvest_assets.stages.doctor.diagnosis import Diagnosis
from harvest_assets.stages.doctor.findings import Finding, count, tidy
from harvest_assets.stages.doctor.profile import Aside, read_day
from harvest_assets.stages.doctor.profile_page import render_profile
from harvest_assets.stages.doctor.source_file import write_files, write_source_text
from harvest_assets.testing import Faults, Spot, Universe
from harvest_assets_tests.stages.doctor.conftest import Diagnose

HOSTILE = "</title><script>alert(1)</script>\x1b[31m\u202e&amp;\n'\"<img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def kept() -> dict[str, Diagnosis]:
    """Diagnoses that tests of this module share and nobody changes."""
    return {}


@pytest.fixture
def diagnosis(kept: dict[str, Diagnosis], library: Universe, examine: Diagnose) -> Diagnosis:
    """The library, with a total that lies and a record that cannot be read."""
    if "library" not in kept:
        library.faults("library", Faults(lying_total=7, unreadable_record=Spot(2)))
        kept["library"] = examine(library.oai_url("library")).diagnosis
    return kept["library"]


@pytest.fixture
def hostile(diagnosis: Diagnosis) -> Diagnosis:
    """The same, from a server that means ill."""
    aside = Aside(tidy(HOSTILE), 1, tidy(HOSTILE), tidy(HOSTILE), tidy(HOSTILE))
    profile = replace(diagnosis.profile, asides=(aside,), repeated=((tidy(HOSTILE), 2),))
    findings = (*diagnosis.findings, Finding("list", "hostile", tidy(HOSTILE), "warning"))
    content = {**diagnosis.content, "title": HOSTILE.replace("\n", " ").replace("\x1b", "")}
    return replace(diagnosis, profile=profile, findings=findings, content=content)


def test_both_files_are_written_and_the_source_loads_without_problems(diagnosis: Diagnosis, tmp_path: Path) -> None:
    source, profile = write_files(tmp_path / "new" / "config", diagnosis, "<p>page</p>", force=False)
    assert (source, profile) == (tmp_path / "new/config/sources/seen.yaml", tmp_path / "new/config/sources/seen.html")
    catalog = load_catalog(tmp_path / "new" / "config")
    assert catalog.problems == ()
    assert catalog.source("seen").title == "Repository library"
    assert catalog.source("seen").options == {"metadata_prefix": "oai_dc"}
    assert profile.read_text() == "<p>page</p>"
    assert sorted(path.name for path in source.parent.iterdir()) == ["seen.html", "seen.yaml"]


def test_what_is_to_be_seen_to_stands_on_top_of_the_file(diagnosis: Diagnosis) -> None:
    lines = write_source_text(diagnosis).splitlines()
    assert lines[0].startswith("# sources/seen.yaml: written by `harvest doctor` on 20")
    assert lines[1].startswith("# To be seen to: list, total: 67 announced, 60 received; while")
    assert lines[2] == "# To be seen to: list, records set aside: 1 record that cannot be read: no_header (1)"
    assert lines[3] == "title: Repository library"


def test_files_that_are_there_stay_unless_forced(diagnosis: Diagnosis, tmp_path: Path) -> None:
    source, profile = write_files(tmp_path, diagnosis, "first", force=False)
    source.write_text("edited: by hand\n")
    with pytest.raises(ConfigurationError, match=r"seen\.yaml' is there already and stays as it is; choose another --slug or --out"):
        write_files(tmp_path, diagnosis, "second", force=False)
    source.unlink()
    with pytest.raises(ConfigurationError, match=r"seen\.html' is there already"):
        write_files(tmp_path, diagnosis, "second", force=False)
    assert (source.exists(), profile.read_text()) == (False, "first")
    write_files(tmp_path, diagnosis, "third", force=True)
    assert load_catalog(tmp_path).source("seen").slug == "seen"
    assert profile.read_text() == "third"


def test_a_folder_that_cannot_be_written_to_is_one_line(diagnosis: Diagnosis, tmp_path: Path) -> None:
    (tmp_path / "sources").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"sources' cannot be written to \(.*\); name another folder with --out"):
        write_files(tmp_path, diagnosis, "page", force=False)


def test_a_hostile_source_writes_one_title_and_one_comment(hostile: Diagnosis, tmp_path: Path) -> None:
    source, _ = write_files(tmp_path, hostile, "page", force=False)
    catalog = load_catalog(tmp_path)
    assert catalog.problems == ()
    assert catalog.source("seen").title == hostile.content["title"].strip()
    text = source.read_text()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202e]", text)
    assert [line for line in text.splitlines() if "alert(1)" in line and not line.startswith(("#", "title: "))] == []


def test_the_page_shows_what_was_found(diagnosis: Diagnosis) -> None:
    page = html.document_fromstring(render_profile(diagnosis))
    assert page.findtext(".//h1") == "Repository library"
    text = page.text_content()
    for words in ("67 announced, 60 received", "asked twice, the same page", "no_header: 1", "metadata_prefix: oai_dc", "Field coverage"):
        assert words in text
    numbers = {div.findtext("dt"): div.findtext("dd") for div in page.iterfind(".//dl/div")}
    assert (numbers["Records in the sample"], numbers["Set aside"], numbers["Deleted"]) == ("59", "1", "0 (0.0%)")
    meters = page.findall(".//meter")
    assert {meter.get("max") for meter in meters} == {"59"}
    assert len(page.findall(".//rect")) == 30


def test_the_page_needs_nothing_from_elsewhere(diagnosis: Diagnosis) -> None:
    text = render_profile(diagnosis)
    page = html.document_fromstring(text)
    assert page.xpath("//@src | //@href | //@srcset | //script | //link | //iframe") == []
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert "prefers-color-scheme:dark" in text


def test_nothing_from_outside_is_markup_in_the_page(hostile: Diagnosis) -> None:
    text = render_profile(hostile)
    page = html.document_fromstring(text)
    assert page.findall(".//script") == page.findall(".//img") == []
    assert page.xpath("//@*[starts-with(name(), 'on')]") == []
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert page.text_content().count("<script>alert(1)</script>") >= 5


def test_a_sample_without_records_still_makes_a_page(diagnosis: Diagnosis) -> None:
    empty = replace(diagnosis.profile, records=0, distinct=0, documents=0, coverage=(), days=(), sizes=None, asides=())
    text = html.document_fromstring(render_profile(replace(diagnosis, profile=empty))).text_content()
    for words in ("No record has a datestamp that is a day.", "No document was read.", "None: every record of the sample could be read."):
        assert words in text


@pytest.mark.parametrize(
    ("span_days", "unit", "bars"),
    [(1, "day", 1), (124, "day", 124), (125, "month", 5), (3_700, "month", 122), (3_701, "year", 11), (700_000, "year", 124)],
)
def test_the_chart_has_as_many_bars_as_fit(span_days: int, unit: str, bars: int) -> None:
    first = date(2, 1, 1) if span_days > 10_000 else date(2016, 1, 1)
    steps = range(0, span_days, max(1, span_days // 4_000))
    days = [*((first + timedelta(days=step), 1) for step in steps), (first + timedelta(days=span_days - 1), 3)]
    drawn = draw_days(sorted(dict(days).items()))
    assert f"Records by {unit}, " in drawn
    assert drawn.count("<rect") == bars


def test_days_without_records_stay_empty() -> None:
    drawn = draw_days([(date(2026, 1, 1), 2), (date(2026, 1, 11), 5)])
    assert drawn.count("<rect") == 2
    assert "Records by day, 2026-01-01 to 2026-01-11, at most 5." in drawn
    assert "<title>2026-01-11: 5</title>" in drawn


@pytest.mark.parametrize(
    ("datestamp", "day"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-01-31T23:30:00-02:00", date(2026, 2, 1)),
        ("2026-01-31T23:30:00Z", date(2026, 1, 31)),
        ("2026-01-31 12:00", date(2026, 1, 31)),
        ("1767225600", date(2026, 1, 1)),
        ("1767225600000", date(2026, 1, 1)),
        ("1767225600.5", date(2026, 1, 1)),
        ("2026-13-45", None),
        ("2026-01-31Tnonsense", date(2026, 1, 31)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_datestamp_is_read_as_its_day(datestamp: str, day: date | None) -> None:
    assert read_day(datestamp) == day


def test_text_from_outside_is_one_short_line_that_can_be_seen() -> None:
    assert tidy("a\n b\t\x1b[0m\u202ec") == "a b \N{REPLACEMENT CHARACTER}[0m\N{REPLACEMENT CHARACTER}c"
    assert tidy("x" * 400) == "x" * 299 + "…"
    assert tidy("x" * 10**7, 10) == "x" * 9 + "…"
    assert (count(1, "page"), count(2000, "page")) == ("1 page", "2,000 pages")


def test_the_report_is_ready_for_json(diagnosis: Diagnosis) -> None:
    written = orjson.dumps(diagnosis.as_dict()).decode()
    assert '"days":{"2026-01-01":2' in written
    assert '"protocol":"oai-pmh"' in written
