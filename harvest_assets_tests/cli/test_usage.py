"""How the command line begins and ends: wrong usage, errors in one line, what is imported, where Dagster's instance lies."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from harvest_assets.cli.environment import find_project_file, prepare_dagster_home
from harvest_assets.cli.output import plain, print_table
from harvest_assets.cli.starting import days_between
from harvest_assets.errors import ConfigurationError
from harvest_assets_tests.cli.conftest import PROJECT, Folder

Harvest = Callable[..., Result]


def test_dagster_is_not_imported_before_a_run_starts() -> None:
    code = "import sys, harvest_assets.cli; sys.exit('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_names_every_command(harvest: Harvest) -> None:
    shown = harvest("--help")
    assert shown.exit_code == 0
    for command in (
        "accept",
        "changes",
        "demo",
        "dev",
        "doctor",
        "explain",
        "plan",
        "preview",
        "promote",
        "quarantine",
        "release",
        "rollback",
        "run",
        "sources",
        "status",
        "verify",
    ):
        assert f"\n  {command} " in shown.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["preview", "demo-pres"], "'demo-pres' is not a source; did you mean 'demo-press'?"),
        (["status", "nowhere"], "'nowhere' is not a source"),
        (["status", "nowhere", "--hosts"], "'nowhere' is not a source"),
        (["status", "--ledger", "--hosts"], "say either --ledger or --hosts"),
        (["run", "demo-press", "--force", " "], "--force ' ' is no reason; say why the source is harvested all the same"),
        (["plan", "demo-press", "--force", ""], "--force '' is no reason; say why the source is harvested all the same"),
        (["verify", "--source", "nowhere"], "'nowhere' is not a source"),
        (["changes", "nowhere"], "'nowhere' is not a dataset"),
        (["run"], "name the sources to harvest, or say --all"),
        (["run", "demo-press", "--all"], "name the sources to harvest, or say --all"),
        (["run", "demo-press", "--from", "2026-01-01"], "say either --date DAY, or --from DAY --to DAY"),
        (["run", "demo-press", "--from", "2026-01-02", "--to", "2026-01-01"], "--to 2026-01-01 is before --from 2026-01-02; exchange them"),
        (["promote", "demo", "--version", "3"], "dataset 'demo' has no version 3; the last one is none"),
        (["rollback", "demo"], "has no version before the first to go back to"),
        (
            ["accept", "demo-press", "--date", "2026-01-01", "--reason", "right"],
            "source 'demo-press' has no documents of 2026-01-01; harvest",
        ),
        (["demo", "--port", "9"], "asks port"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(folder: Folder, harvest: Harvest, arguments: list[str], message: str) -> None:
    assert folder.path.is_dir()
    result = harvest(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("harvest: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_day_that_is_none_is_wrong_usage(folder: Folder, harvest: Harvest) -> None:
    assert folder.path.is_dir()
    result = harvest("run", "demo-press", "--date", "yesterday")
    assert (result.exit_code, "'yesterday' does not match the format" in result.stderr) == (2, True)


def test_days_out_of_reach_are_wrong_usage(folder: Folder) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    late, early = folder.harvest("run", "demo-press", "--date", str(tomorrow)), folder.harvest("run", "demo-press", "--date", "2024-12-31")
    assert (late.returncode, early.returncode) == (2, 2)
    assert f"{tomorrow} is still to come" in late.stderr
    assert "2024-12-31 is before the first day, 2025-01-01; set HARVEST_FIRST_DAY" in early.stderr


def test_a_frozen_source_is_not_harvested(folder: Folder, harvest: Harvest) -> None:
    with (folder.path / "config" / "sources" / "demo-press.yaml").open("a") as file:
        file.write("frozen: true\n")
    result = harvest("run", "demo-press")
    assert (result.exit_code, "'frozen' keeps the last accepted set as it is" in result.stderr) == (2, True)


def test_one_of_several_datasets_has_to_be_named(folder: Folder, harvest: Harvest) -> None:
    (folder.path / "config" / "datasets" / "other.yaml").write_text("title: Other\nsources: [demo-press]\n")
    result = harvest("changes")
    assert (result.exit_code, result.stderr) == (2, "harvest: which dataset? name one of: demo, other\n")


def test_nothing_was_ever_accepted_of_a_new_source(folder: Folder, harvest: Harvest) -> None:
    assert folder.path.is_dir()
    result = harvest("explain", "demo-press:1")
    assert result.exit_code == 1
    assert "no harvest of 'demo-press' was ever accepted" in result.stderr


def test_the_default_instance_follows_the_project_and_a_chosen_one_keeps_its_own_file(folder: Folder, tmp_path: Path) -> None:
    default = prepare_dagster_home({}) / "dagster.yaml"
    assert default == folder.path / ".harvest" / "dagster" / "dagster.yaml"
    default.write_text("telemetry: {enabled: true}\n")
    prepare_dagster_home({})
    assert default.read_text() == (PROJECT / "dagster.yaml").read_text()
    chosen = prepare_dagster_home({"DAGSTER_HOME": str(tmp_path / "own")}) / "dagster.yaml"
    assert chosen.read_text() == (PROJECT / "dagster.yaml").read_text()
    chosen.write_text("telemetry: {enabled: false}\n")
    prepare_dagster_home({"DAGSTER_HOME": str(tmp_path / "own")})
    assert chosen.read_text() == "telemetry: {enabled: false}\n"


def test_a_file_of_the_project_that_is_nowhere_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'no-such\.yaml' is neither in .* nor beside the package"):
        find_project_file("no-such.yaml")


def test_days_between_have_no_gap() -> None:
    assert days_between(date(2026, 2, 27), date(2026, 3, 1)) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]


def test_what_a_source_says_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert plain("a\x1b[31mb\x07\nc") == "a�[31mb�\nc"
    print_table("T\x1b", ["name"], [["[red]\x1b]0;title"], [None], [True]])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "[red]�]0;title" in shown
