"""``harvest quarantine``: what a person sees of records that could not be read, and how they are read again."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result

from harvest_assets.cli.quarantine import escape
from harvest_assets.model.quarantine import Moment
from harvest_assets.stages.installation import Installation
from harvest_assets.testing import Faults, Spot, Universe
from harvest_assets.testing.demo import LIBRARY, PRESS, build_demo
from harvest_assets_tests.cli.conftest import Folder

Harvest = Callable[..., Result]

HOSTILE = "\x1b]0;owned\x07 \x9b31m \N{RIGHT-TO-LEFT OVERRIDE} [bold]"
TITLE, BODY = "title: /title", "title: /id"


@pytest.fixture
def universe(folder: Folder) -> Iterator[Universe]:
    """The demo's servers; two records of the press have something else than a text for a title, one of them hostile."""
    with build_demo(datetime.now(UTC).date(), folder.port) as started:
        repository = started.repository(PRESS)
        at = datetime.now(UTC) - timedelta(days=2)
        for identifier, title in zip(repository.identifiers(), ([HOSTILE], {"de": HOSTILE}), strict=False):
            repository.change(identifier, at=at, title=title)  # pyright: ignore[reportArgumentType] - that is what is wrong with it
        yield started


@pytest.fixture
def harvested(folder: Folder, universe: Universe, harvest: Harvest) -> Folder:
    """The press and the library, harvested; a record of the library has no header."""
    path = folder.path / "config" / "sources" / f"{PRESS}.yaml"
    path.write_text(path.read_text().replace("creators: /creators", "name: {pointer: /title, type: string}").replace(TITLE, BODY))
    universe.faults(LIBRARY, Faults(unreadable_record=Spot(1)))
    found = harvest("run", PRESS, LIBRARY)
    assert found.exit_code == 0
    assert f"  next: harvest quarantine list {PRESS}; " in found.stdout
    return folder


def test_records_are_counted_listed_shown_and_read_again(harvested: Folder, harvest: Harvest, universe: Universe) -> None:
    groups = json.loads(harvest("quarantine", "list", "--json").stdout)
    assert [(each["source"], each["stage"], each["error"], each["rule"], each["records"]) for each in groups] == [
        (LIBRARY, "harvest", "RecordError", "no_header", 1),
        (PRESS, "extract", "RecordError", "field_type", 2),
    ]
    assert "field_type" in harvest("quarantine", "list").stdout
    rows = json.loads(harvest("quarantine", "list", PRESS, "--json").stdout)
    repository = universe.repository(PRESS)
    assert {row["id"] for row in rows} == {
        each for each in repository.identifiers() if not isinstance(repository.record(each).content.title, str)
    }
    assert "is a list, declared as string" in harvest("quarantine", "list", PRESS).stdout
    assert json.loads(harvest("quarantine", "list", PRESS, "--rule", "not_json", "--json").stdout) == []
    assert json.loads(harvest("quarantine", "list", "--stage", "harvest", "--json").stdout)[0]["source"] == LIBRARY

    shown = harvest("quarantine", "show", PRESS, rows[0]["id"]).stdout
    assert not any(each in shown for each in ("\x1b", "\x07", "\x9b", "\N{RIGHT-TO-LEFT OVERRIDE}"))
    assert f'"id":"{rows[0]["id"]}"' in shown
    assert "attempts" in shown
    raw = harvest("quarantine", "show", PRESS, rows[0]["id"], "--raw").stdout_bytes
    assert json.loads(raw)["id"] == rows[0]["id"]
    assert len(raw) == rows[0]["body_bytes"]

    again = harvest("quarantine", "retry", PRESS)
    assert again.exit_code == 0
    assert f"{PRESS} {datetime.now(UTC).date()}: 2 read again, 0 released, 0 gone, 2 still wait" in again.stdout
    assert "1 for: field 'name' at /title is a list, declared as string" in again.stdout

    path = harvested.path / "config" / "sources" / f"{PRESS}.yaml"
    path.write_text(path.read_text().replace("{pointer: /title, type: string}", "/title"))
    mended = harvest("quarantine", "retry", "--json")
    assert mended.exit_code == 0
    done = {each["source"]: each for each in json.loads(mended.stdout)}
    assert (done[PRESS]["released"], done[PRESS]["waiting"], done[PRESS]["decision"]) == (2, 0, "first_run")
    assert done[LIBRARY]["not_asked"] == ["1 without an identifier cannot be asked for alone; they wait for the next harvest"]
    assert json.loads(harvest("quarantine", "list", PRESS, "--json").stdout) == []
    assert {row["state"] for row in json.loads(harvest("quarantine", "list", PRESS, "--all", "--json").stdout)} == {"released"}
    assert "released by" in harvest("quarantine", "show", PRESS, rows[0]["id"]).stdout
    assert harvest("quarantine", "retry", PRESS).stdout == "nothing waits\n"


def test_a_source_that_cannot_be_replayed_is_named_and_left_alone(folder: Folder, harvest: Harvest) -> None:
    aside = {"stage": "extract", "identifier": "a", "error": "RecordError", "rule": "not_json", "reason": "it is not", "body": b"x" * 5_000}
    for source in (LIBRARY, PRESS):
        with Installation.open().store.quarantine.edit(source) as edit:
            rows = [{**aside, "identifier": f"id {number}"} for number in range(102)]
            edit.fail(rows, Moment("2026-11-01", "2026-11-01T00:00:00.000000+00:00"))
    sources = folder.path / "config" / "sources"
    (sources / f"{PRESS}.yaml").unlink()
    library = sources / f"{LIBRARY}.yaml"
    library.write_text(library.read_text() + "\nfrozen: true\n")
    result = harvest("quarantine", "retry")
    assert result.stdout.splitlines() == [
        f"{LIBRARY}: left alone, it is frozen",
        f"{PRESS}: left alone, it is no longer configured",
        "nothing waits",
    ]
    refused = harvest("quarantine", "retry", LIBRARY)
    assert refused.exit_code == 2
    assert f"sources/{LIBRARY}.yaml: 'frozen' keeps the last accepted set as it is; take the key out to read again" in refused.stderr
    assert len(json.loads(harvest("quarantine", "list", PRESS, "--json").stdout)) == 102
    assert harvest("quarantine", "list", PRESS).stdout.splitlines()[-1] == "2 more; --json prints all"
    assert harvest("quarantine", "show", PRESS, "id 7").stdout.splitlines()[-1] == "… 1000 more bytes; --raw writes all of them"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "nowhere"], "'nowhere' is not a source"),
        (["show", PRESS, "x"], f"'x' of source '{PRESS}' is not in quarantine; see: harvest quarantine list {PRESS} --all"),
        (["retry", "nowhere"], "'nowhere' is not a source"),
        (["list", "--stage", "publish"], "'publish' is not one of 'harvest', 'extract'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(folder: Folder, harvest: Harvest, arguments: list[str], message: str) -> None:
    assert folder.path.is_dir()
    result = harvest("quarantine", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<a>\n\x1b[31m\r\x00</a>", "<a>\n\\x1b[31m\\r\\x00</a>"),
        ("\u202e\u200b\x9b".encode(), "\\u202e\\u200b\\x9b"),
        (b"caf\xe9 \xff", "caf\\xe9 \\xff"),
        ("Größe 漢".encode(), "Größe 漢"),
        (b"", ""),
    ],
)
def test_bytes_are_shown_without_doing_anything_to_a_terminal(body: bytes, text: str) -> None:
    assert escape(body) == text
