"""``harvest demo`` from beginning to end, what the other commands say about the data that it leaves, and what they change."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import Result

from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.listening import find_listener, listening
from harvest_assets.stages.raw_records import Request
from harvest_assets.testing.demo import LIBRARY, MUSEUM, PRESS, build_demo
from harvest_assets_tests.cli.conftest import HARVEST, Folder, clean_environ, free_port

Harvest = Callable[..., Result]


@pytest.mark.slow
def test_the_demo_publishes_two_versions_and_says_what_fell_back(demo: Folder) -> None:
    done = json.loads((demo.path / "done.json").read_text())
    assert (done["code"], done["stderr"]) == (0, "")
    assert "demo: version 1, current" in done["stdout"]
    assert "demo: version 2, current" in done["stdout"]
    assert f"{MUSEUM}, fell back to {demo.days()[0]}: 93 documents arrived where 181 were before" in done["stdout"]
    assert "The first of 53 changes" in done["stdout"]
    assert "is published in" in done["stdout"]
    assert "http://127.0.0.1:3000" in done["stdout"]


@pytest.mark.slow
def test_status_knows_sources_datasets_and_hosts(looked_at: Folder, harvest: Harvest) -> None:
    first, second = looked_at.days()
    found = json.loads(harvest("status", "--json").stdout)
    assert {each["source"]: each["accepted_day"] for each in found["sources"]} == {LIBRARY: second, MUSEUM: first, PRESS: second}
    (dataset,) = found["datasets"]
    assert (dataset["current_version"], dataset["last_version"]) == (2, 2)
    assert [(each["source"], each["state"]) for each in dataset["not_current"]] == [(MUSEUM, "fell_back")]
    assert f"demo: {MUSEUM} fell back: 93 documents" in harvest("status").stdout
    (host,) = {each["host"] for each in json.loads(harvest("status", "--hosts", "--json").stdout)}
    assert host == "127.0.0.1"
    assert "127.0.0.1" in harvest("status", "--hosts").stdout


@pytest.mark.slow
def test_status_of_a_source_has_its_proof_and_its_verdicts(looked_at: Folder, harvest: Harvest) -> None:
    first, second = looked_at.days()
    found = json.loads(harvest("status", MUSEUM, "--json").stdout)
    assert [each["status"] for each in found["attempts"]] == ["succeeded", "succeeded"]
    assert (found["last_harvest"]["day"], found["last_harvest"]["is_complete"], found["last_harvest"]["pages"]) == (second, True, 1)
    assert [(each["day"], each["decision"]) for each in found["verdicts"]] == [(second, "fell_back"), (first, "first_run")]
    assert (found["set_aside"], found["stale_days"]) == ([], [])
    assert f"Last harvest, {second}" in harvest("status", MUSEUM).stdout


@pytest.mark.slow
def test_changes_go_on_where_a_consumer_left_off(looked_at: Folder, harvest: Harvest) -> None:
    assert looked_at.days()
    first = harvest("changes", "--limit", "3", "--json")
    rows = [json.loads(line) for line in first.stdout.splitlines()]
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    assert first.stderr == "next: harvest changes demo --since 3\n"
    rest = [json.loads(line)["sequence"] for line in harvest("changes", "demo", "--since", "3", "--json").stdout.splitlines()]
    assert rest == list(range(4, 968))
    assert "next: harvest changes demo --since 967" in harvest("changes", "--since", "960").stdout
    assert "next: harvest changes demo --since 967" in harvest("changes", "--since", "967").stdout


@pytest.mark.slow
def test_a_file_is_explained_back_to_the_request_that_brought_its_record(looked_at: Folder, harvest: Harvest) -> None:
    rows = [json.loads(line) for line in harvest("changes", "--json").stdout.splitlines()]
    srn = next(
        row["srn"] for row in rows if row["source"] == PRESS and row["operation"] == "upsert" and row["document"]["entity"] == "file"
    )
    found = json.loads(harvest("explain", srn, "--json").stdout)
    assert (found["version"]["number"], found["version"]["state"], found["set"]["decision"]) == (2, "current", "accepted")
    assert found["document"]["owner"] == f"{PRESS}:{found['record']['identifier']}"
    assert json.loads(found["record"]["body"])["id"] == found["record"]["identifier"]
    assert found["record"]["bytes"] == len(found["record"]["body"].encode())
    assert found["request"]["url"].startswith(f"http://127.0.0.1:{looked_at.port}/json/{PRESS}/next")
    assert (found["request"]["page"], found["request"]["status"]) == (found["record"]["page"], 200)
    assert found["derivatives"]["url_checks"]["status"] == "succeeded"
    shown = harvest("explain", srn, "--dataset", "demo").stdout
    assert "read from the raw record" in shown
    assert "that this request brought" in shown


@pytest.mark.slow
def test_what_is_not_published_is_not_explained(looked_at: Folder, harvest: Harvest) -> None:
    assert looked_at.days()
    stranger, unknown = harvest("explain", "elsewhere:1"), harvest("explain", f"{PRESS}:none")
    assert (stranger.exit_code, unknown.exit_code) == (1, 1)
    assert f"'elsewhere:1' begins with no source; an SRN is SOURCE:IDENTIFIER with one of: {LIBRARY}, {MUSEUM}, {PRESS}" in stranger.stderr
    assert f"'{PRESS}:none' is not among the 298 documents of '{PRESS}'" in unknown.stderr


@pytest.mark.slow
def test_a_dataset_without_the_source_does_not_explain_it(changed: Folder, harvest: Harvest) -> None:
    (changed.path / "config" / "datasets" / "other.yaml").write_text(f"title: Other\nsources: [{MUSEUM}]\n")
    result = harvest("explain", f"{PRESS}:1", "--dataset", "other")
    assert (result.exit_code, f"the current version of dataset 'other' has nothing of '{PRESS}'" in result.stderr) == (1, True)


@pytest.mark.slow
def test_a_document_that_left_the_versions_is_explained_from_its_last_accepted_set(changed: Folder, harvest: Harvest) -> None:
    row = json.loads(harvest("changes", "--limit", "1", "--json").stdout)
    shutil.rmtree(changed.store / "current")
    found = json.loads(harvest("explain", row["srn"], "--json").stdout)
    assert found["version"] is None
    assert found["set"]["documents_of"] == changed.days()[1]
    assert "in no current version" in harvest("explain", row["srn"]).stdout


@pytest.mark.slow
def test_verify_finds_a_changed_and_a_missing_file(changed: Folder, harvest: Harvest) -> None:
    before = harvest("verify")
    assert (before.exit_code, before.stdout.endswith(" files read, no problems\n")) == (0, True)
    rows, index = (next((changed.store / "data" / "documents" / PRESS).rglob(f"{name}*.parquet")) for name in ("rows", "index"))
    content = bytearray(rows.read_bytes())
    content[len(content) // 2] ^= 1
    rows.write_bytes(content)
    spoilt = harvest("verify", "--source", PRESS)
    assert spoilt.exit_code == 1
    assert f"{rows.relative_to(changed.store)}: SHA-256" in spoilt.stdout
    for path in (changed.store / "data" / "documents" / PRESS).rglob(index.name):
        path.unlink()
    found = json.loads(harvest("verify", "--json").stdout)
    assert any("is missing from the store" in problem for problem in found["problems"])
    assert harvest("verify", "--source", MUSEUM).exit_code == 0


@pytest.mark.slow
def test_rollback_and_promotion_move_the_current_version(changed: Folder, harvest: Harvest) -> None:
    assert changed.days()
    back = json.loads(harvest("rollback", "demo", "--json").stdout)
    assert (back["before"], back["version"], back["sequence"]) == (2, 1, 967 + back["upserts"] + back["deletes"])
    assert "version 1 was current already" in harvest("promote", "demo", "--version", "1").stdout
    forward = harvest("promote", "demo", "--version", "2", "--reason", "the press was right")
    assert "demo: version 2 is current (before: 1)" in forward.stdout


@pytest.mark.slow
def test_a_harvest_is_accepted_by_hand_once_and_its_set_published(changed: Folder) -> None:
    day = changed.days()[1]
    command = ("accept", MUSEUM, "--date", day, "--reason", "half of the objects were given away")
    done = changed.harvest(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{MUSEUM} {day}: Accepted by hand: half of the objects were given away")
    again = json.loads(changed.harvest(*command, "--json").stdout)
    assert (again["is_new"], again["words"][:16]) == (False, "Accepted by hand")
    release = json.loads(changed.harvest("release", "--date", day, "--json").stdout)
    members = {each["source"]: (each["state"], each["live"]) for each in release["members"]}
    assert (release["version"], release["is_current"], members[MUSEUM]) == (3, True, ("current", 93))


@pytest.mark.slow
def test_a_decision_needs_documents_and_a_reason_and_keeps_an_acceptance(changed: Folder) -> None:
    store, (first, second) = Installation.open().store, changed.days()
    with pytest.raises(ConfigurationError, match=f"has no documents of 2020-01-01; the last harvested days are {first}, {second}"):
        accept(store, MUSEUM, "2020-01-01", "right")
    with pytest.raises(ConfigurationError, match="the reason is ' '"):
        accept(store, MUSEUM, second, " ")
    assert store.ledger.find("decisions", MUSEUM, second) is None
    kept = accept(store, MUSEUM, first, "right")
    assert (kept.is_new, kept.is_published, kept.verdict.decision) == (False, True, "first_run")
    made = accept(store, MUSEUM, second, "right")
    assert (made.is_new, made.is_published, made.verdict.decision) == (True, False, "overridden")
    repeated = accept(store, MUSEUM, second, "again")
    assert (repeated.is_new, repeated.is_published, repeated.verdict.reason) == (False, False, "right")


@pytest.mark.usefixtures("port_alone")
@pytest.mark.slow
def test_a_past_day_that_runs_again_names_the_days_that_it_did_not_change(changed: Folder, harvest: Harvest) -> None:
    first, second = changed.days()
    with build_demo(date.fromisoformat(second), changed.port):
        done = changed.harvest("run", LIBRARY, "--date", first, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (report,) = json.loads(done.stdout)
    assert (report["succeeded"], report["days"][0]["received"], report["not_changed"]) == (True, 300, [second])
    assert f"harvest run {LIBRARY} --from {second} --to {second}" in report["next"]
    stale = json.loads(harvest("status", LIBRARY, "--json").stdout)["stale_days"]
    assert stale == [{"day": second, "because": f"it was built on {first}, which was made again afterwards"}]
    assert f"{second} is stale" in harvest("status", LIBRARY).stdout


@pytest.mark.usefixtures("port_alone")
@pytest.mark.slow
def test_a_failed_harvest_says_why_and_ends_with_1(changed: Folder) -> None:
    path = changed.path / "config" / "sources" / f"{PRESS}.yaml"
    path.write_text(path.read_text().replace("/json/demo-press/next", "/json/nothing/next"))
    with build_demo(date.fromisoformat(changed.days()[1]), changed.port):
        done = changed.harvest("run", PRESS)
    assert done.returncode == 1
    assert f"{PRESS}: FAILED: sources/{PRESS}.yaml:" in done.stdout
    assert "404" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.usefixtures("port_alone")
@pytest.mark.slow
def test_the_demo_runs_again_on_the_same_store_and_changes_nothing(changed: Folder) -> None:
    done = changed.harvest("demo", "--port", str(changed.port))
    assert (done.returncode, done.stderr) == (0, "")
    assert "The store has harvests already" in done.stdout
    assert "demo: version 3, not current, version 2 of a later day is" in done.stdout
    assert "demo: version 4, current" in done.stdout
    assert "The last promotion brought no change" in done.stdout


def test_a_port_in_use_is_one_line(folder: Folder, harvest: Harvest) -> None:
    with build_demo(date(2026, 1, 1), folder.port):
        taken, dev = harvest("demo", "--port", str(folder.port)), harvest("dev", "--port", str(folder.port))
    assert (taken.exit_code, dev.exit_code) == (1, 1)
    assert taken.stderr.startswith(f"harvest: port {folder.port} of 127.0.0.1 is in use")
    assert dev.stderr.startswith(f"harvest: port {folder.port} of 127.0.0.1 is in use")


def test_a_listener_hears_of_harvests_that_begin_while_it_listens(folder: Folder) -> None:
    source = Installation.open().catalog.source(PRESS)
    heard: list[tuple[int, int, int | None]] = []
    with listening(lambda *told: heard.append(told)):
        Request(source, [date(2026, 1, 1)]).on_page(1, 100, 200)
    Request(source, [date(2026, 1, 1)]).on_page(2, 200, 200)
    find_listener()(3, 200, 200)
    assert heard == [(1, 100, 200)]
    assert folder.path.is_dir()


@pytest.mark.slow
def test_dev_serves_the_ui_and_the_universe_and_stops_both(folder: Folder) -> None:
    port = free_port()
    with subprocess.Popen(
        [str(HARVEST), "dev", "--port", str(port)],
        cwd=folder.path,
        env=clean_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as dev:
        try:
            assert "dagster_version" in _wait_for(f"http://127.0.0.1:{port}/server_info")
            assert LIBRARY in _wait_for(f"http://127.0.0.1:{folder.port}/")
        finally:
            os.kill(dev.pid, signal.SIGTERM)
        assert dev.wait(60) == 0
    for closed in (port, folder.port):
        with pytest.raises(URLError):
            urlopen(f"http://127.0.0.1:{closed}/", timeout=2)


def _wait_for(url: str) -> str:
    end = time.monotonic() + timedelta(seconds=90).total_seconds()
    while time.monotonic() < end:
        with suppress(OSError), urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of this test
            return answer.read().decode()
        time.sleep(0.3)
    return ""
