"""What the doctor says of servers that we did not write, and whether the source that it makes harvests them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harvest_assets.config.catalog import load_catalog
from harvest_assets.config.settings import Settings
from harvest_assets.config.sources import Source
from harvest_assets.errors import UnendingListError
from harvest_assets.harvest.budget import HostBudget
from harvest_assets.harvest.http import RequestsClient
from harvest_assets.model.window import Window
from harvest_assets.stages.doctor.diagnosis import diagnose
from harvest_assets.stages.doctor.examined import Wanted
from harvest_assets.stages.doctor.profile_page import render_profile
from harvest_assets.stages.doctor.source_file import write_files
from harvest_assets_tests.end_to_end.real_servers.conftest import Serve
from harvest_assets_tests.end_to_end.real_servers.repository import Catalogue, Repository

LONG_AGO = datetime(2024, 1, 1, 12, tzinfo=UTC)
Findings = dict[str, str]


@pytest.fixture
def examine(tmp_path: Path) -> Callable[[str], tuple[Findings, Source]]:
    """The findings by topic and name, and the source as its written file describes it."""

    def run(url: str) -> tuple[Findings, Source]:
        settings = Settings.from_environ({"HARVEST_STATE": str(tmp_path / "state"), "HARVEST_CONTACT": "https://contact.example/"})
        found = diagnose(Wanted(url, "seen", 2000, ("loopback",), 1000.0, patience_seconds=0.1), settings, {})
        write_files(tmp_path / "config", found, render_profile(found), force=False)
        catalog = load_catalog(tmp_path / "config")
        assert catalog.problems == ()
        return {f"{each.topic}/{each.name}": each.answer for each in found.findings}, catalog.source("seen")

    return run


@pytest.fixture
def walk(tmp_path: Path) -> Callable[[Source, Window], list[str]]:
    def run(source: Source, window: Window) -> list[str]:
        settings = source.http_settings({}, "tests (+https://contact.example/)")
        identifiers: list[str] = []
        with RequestsClient(settings, HostBudget(tmp_path / "state" / "hosts")) as client:
            try:
                for page in source.build_protocol(client, {}).pages(window):
                    identifiers += page.records.column("identifier").to_pylist()
            except UnendingListError:
                pass
        return identifiers

    return run


def fill(repository: Repository) -> None:
    for day in range(3):
        repository.generate(range(day * 100, day * 100 + 100), at=LONG_AGO + timedelta(days=day))
    repository.delete(range(150, 160), at=LONG_AGO + timedelta(days=4))
    repository.save()


def test_pyoai_keeps_the_protocol(serve: Serve, examine, walk) -> None:
    repository = serve("pyoai_server")
    fill(repository)
    findings, source = examine(repository.address)
    assert source.options == {"metadata_prefix": "oai_dc"}
    assert findings["list/resumption token"] == "asked twice, the same page"
    assert findings["list/end"].startswith("reached: 300 records on ")
    assert findings["repository/deletions"] == "declared persistent, 10 deleted records in the sample"
    assert [findings[f"dates/{name}"] for name in ("from in seconds", "from and until in days")] == ["works", "works"]
    assert findings["dates/bounds"] == "inclusive, as the protocol wants"
    assert len(set(walk(source, Window()))) == 300
    assert len(walk(source, Window(start=LONG_AGO + timedelta(days=3)))) == 10


def test_oai_repo_counts_what_it_does_not_send_and_leaves_out_the_last_day(serve: Serve, examine, walk) -> None:
    repository = serve("oai_repo_server")
    fill(repository)
    findings, source = examine(repository.address)
    assert findings["list/total"].startswith("300 announced, 290 received; while it announces more than it sends")
    assert findings["repository/deletions"].startswith("declared persistent, 0 deleted records")
    assert findings["dates/from in seconds"] == "works"
    assert findings["dates/from and until in days"].startswith("until leaves out the day that it names")
    assert source.options == {"metadata_prefix": "oai_dc"}
    assert len(set(walk(source, Window()))) == 290


def test_pycsw_forgets_the_window_wants_its_prefix_again_and_never_ends(catalogue: Catalogue, examine, walk) -> None:
    findings, source = examine(catalogue.address)
    assert source.url == catalogue.address
    assert source.options == {"metadata_prefix": "oai_dc", "repeat_arguments": True, "date_filter": False}
    assert findings["list/follow-up requests"].startswith("refused without the metadata prefix")
    assert "does not end" in findings["list/end"]
    assert findings["dates/from in seconds"] == "holds for the first page only: the token leads to records from outside"
    assert findings["dates/decision"] == "the whole list is asked for every time: options.date_filter is false"
    assert len(set(walk(source, Window()))) == 250
