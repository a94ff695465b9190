"""What stands against a harvest, as the ledgers and the source's file say: refused, forced, reset; the same words everywhere."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError, RefusedError
from harvest_assets.model.parameters import RunParameters
from harvest_assets.stages.attempts import KIND as ATTEMPTS
from harvest_assets.stages.availability import KIND as LOOKS
from harvest_assets.stages.availability import Availability
from harvest_assets.stages.harvest_ledger import HarvestLedger, HarvestRow
from harvest_assets.stages.health import check_source, is_source_due, name_next_try
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.ranges import Request
from harvest_assets.stages.releases import is_release_due
from harvest_assets.stages.source_reports import report_source
from harvest_assets.stages.standing import RESETS, breaker_words, closes_at, find_refusal, require_standing, reset
from harvest_assets.store.manifests import Manifest, new_generation

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PLAIN = RunParameters()
LEFT_ALONE = "is left alone since the last 5 harvests with the same versions failed (until 2026-11-09 11:30 UTC, or `harvest reset lib`)"


class Library:
    """An installation with one source, ``lib``, whose ledgers a test fills in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "config" / "sources").mkdir(parents=True)
        (folder / "config" / "datasets").mkdir()
        self.configure()

    def configure(self, slug: str = "lib", **keys: Any) -> None:
        content = {
            "title": slug,
            "protocol": "oai-pmh",
            "url": f"https://{slug}.example/oai",
            "options": {"metadata_prefix": "oai_dc"},
            "tasks": [],
            **keys,
        }
        (self.folder / "config" / "sources" / f"{slug}.yaml").write_text(json.dumps(content))
        self.installation = Installation.open(
            {
                "HARVEST_CONFIG": str(self.folder / "config"),
                "HARVEST_STORE": str(self.folder / "store"),
                "HARVEST_STATE": str(self.folder / "state"),
                "HARVEST_CONTACT": "tests@example.org",
            }
        )

    @property
    def source(self) -> Source:
        return self.installation.catalog.source("lib")

    def attempt(self, status: str, started_at: datetime, *, days: int = 0, **facts: Any) -> None:
        """An attempt of half an hour that asked for its own day, or for one so many ``days`` before."""
        source, day = self.source, str((started_at - days * DAY).date())
        entry = {
            "started_at": started_at.isoformat(),
            "days": [day, day],
            "source_version": source.version,
            "protocol_version": source.protocol_version,
            "status": status,
            "ended_at": (started_at + HOUR / 2).isoformat(),
            **facts,
        }
        kept = {name: value for name, value in entry.items() if value is not ...}
        self.installation.store.ledger.write(ATTEMPTS, "lib", f"{started_at:%Y%m%dT%H%M%S%f}", kept)

    def fail(self, times: int, first: datetime = NOW - 2 * DAY, **facts: Any) -> None:
        for number in range(times):
            self.attempt("failed", first + number * HOUR, **facts)

    def look(self, *, is_up: bool, at: datetime = NOW - HOUR / 2) -> None:
        look = Availability("lib", at, is_up, at, 0.1, None if is_up else "status 503")
        self.installation.store.ledger.write(LOOKS, "lib", f"{at:%Y%m%dT%H%M%S%f}", look.as_dict())

    def refusal(self, parameters: RunParameters = PLAIN, now: datetime = NOW) -> str | None:
        return find_refusal(self.installation, self.source, now, parameters)

    def request(self, parameters: RunParameters = PLAIN, **more: Any) -> Request:
        return Request(self.source, [NOW.date()], parameters=parameters, **more)

    def row(self) -> HarvestRow:
        return HarvestLedger(self.installation.store).find(self.source, str(NOW.date()), str((NOW + DAY).date()))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path)


def test_nothing_stands_against_a_new_source(library: Library) -> None:
    assert library.refusal() is None
    require_standing(library.installation, library.request(), NOW)
    assert library.row().status == "created", "nothing is written"


def test_five_failed_harvests_stop_a_source_and_four_do_not(library: Library) -> None:
    library.fail(4)
    assert library.refusal() is None
    assert breaker_words(library.installation, library.source, NOW) == "closed: 4 of 5 failed"
    library.attempt("failed", NOW - DAY - HOUR)
    assert library.refusal() == LEFT_ALONE
    assert breaker_words(library.installation, library.source, NOW) == "open until 2026-11-09 11:30 UTC: 5 failed"


def test_failures_of_past_days_count_like_any_other(library: Library) -> None:
    library.fail(5, NOW - 29 * HOUR, days=100)
    assert library.refusal() == LEFT_ALONE


@pytest.mark.parametrize(
    "facts",
    [{"status": "cancelled"}, {"status": "down"}, {"source_version": "other"}, {"protocol_version": "other"}, {"source_version": ...}],
)
def test_what_is_no_failure_of_these_versions_does_not_count(library: Library, facts: dict[str, Any]) -> None:
    for number in range(9):
        library.attempt(**{"status": "failed", "started_at": NOW - 2 * DAY + number * HOUR, **facts})
    assert library.refusal() is None


def test_a_file_that_selects_other_records_begins_anew(library: Library) -> None:
    library.fail(5, NOW - 29 * HOUR)
    library.configure(breaker={"failures": 5}, title="Another title")
    assert library.refusal() == LEFT_ALONE
    library.configure(url="https://moved.example/oai")
    assert library.refusal() is None


def test_a_reset_lifts_the_breaker_and_says_what_it_lifted(library: Library) -> None:
    library.fail(5, NOW - 29 * HOUR)
    done = reset(library.installation, library.source, "their server is repaired", NOW)
    assert (done.failures, done.lifted) == (5, LEFT_ALONE)
    assert library.refusal() is None
    assert is_source_due(library.installation, library.source, NOW).is_due
    (entry,) = library.installation.store.ledger.all(RESETS, "lib")
    assert (entry["reason"], entry["lifted"], entry["reset_at"]) == ("their server is repaired", LEFT_ALONE, NOW.isoformat())
    again = reset(library.installation, library.source, "once more", NOW)
    assert (again.failures, again.lifted) == (0, None)
    assert len(library.installation.store.ledger.all(RESETS, "lib")) == 1
    library.fail(5, NOW + HOUR)
    assert library.refusal(now=NOW + DAY) is not None


def test_a_reset_without_a_reason_is_refused(library: Library) -> None:
    with pytest.raises(ConfigurationError, match="reason '  ' says nothing; write why lib is worth another try"):
        reset(library.installation, library.source, "  ", NOW)


@pytest.mark.parametrize(
    ("keys", "words", "way"),
    [
        ({"enabled": False, "disabled_reason": "moved"}, "is disabled: moved", "--ignore-disabled"),
        ({"frozen": True}, "is frozen: its last accepted set stays as it is", "take 'frozen' out of sources/lib.yaml"),
        ({"hours": ["20:00-06:00"]}, "is outside its hours, 20:00-06:00 UTC (next at 2026-11-03 20:00 UTC)", "--force REASON"),
    ],
)
def test_a_refusal_says_what_stands_against_it_and_how_to_harvest_all_the_same(
    library: Library, keys: dict[str, Any], words: str, way: str
) -> None:
    library.configure(**keys)
    assert library.refusal() == words
    with pytest.raises(RefusedError) as refused:
        require_standing(library.installation, library.request(), NOW)
    assert str(refused.value) == f"lib {words}; to harvest it all the same: {way}"
    row = library.row()
    assert (row.status, row.reason, row.attempts) == ("skipped", words, 0)
    assert is_source_due(library.installation, library.source, NOW).because == words
    assert check_source(library.installation, library.source, NOW).due_because == words


def test_a_range_that_has_succeeded_stays_succeeded_when_it_is_turned_away(library: Library) -> None:
    library.look(is_up=False)
    ledger = HarvestLedger(library.installation.store)
    ledger.mark(ledger.mark(library.row(), "started"), "succeeded")
    with pytest.raises(RefusedError, match="lib is down since"):
        require_standing(library.installation, library.request(), NOW)
    row = library.row()
    assert (row.status, row.completions, row.turned_away_at is None) == ("succeeded", 1, False)


def test_a_sign_of_life_is_no_attempt(library: Library) -> None:
    ledger = HarvestLedger(library.installation.store)
    with library.installation.store.hold(f"harvest-{library.source.slug}"):
        started = ledger.mark(library.row(), "started")
        beaten = ledger.beat(started, pages=3, records=70)
        assert (beaten.attempts, beaten.started_at, beaten.pages, beaten.records) == (1, started.started_at, 3, 70)
        assert library.row() == beaten


def test_force_puts_aside_what_is_not_for_a_person_to_decide_in_the_file(library: Library) -> None:
    library.fail(5, NOW - 29 * HOUR)
    library.look(is_up=False)
    library.configure(hours=["20:00-06:00"])
    assert library.refusal() == LEFT_ALONE
    assert library.refusal(RunParameters(force="the owner asked for it")) is None
    library.configure(frozen=True)
    assert str(library.refusal(RunParameters(force="now", ignore_disabled=True))).startswith("is frozen")
    library.configure(enabled=False, disabled_reason="moved")
    assert library.refusal(RunParameters(force="now")) == "is disabled: moved"
    assert library.refusal(RunParameters(force="now", ignore_disabled=True)) is None
    assert library.refusal(RunParameters(ignore_disabled=True)) == LEFT_ALONE


@pytest.mark.parametrize("force", ["", "  \n"])
def test_force_needs_a_reason(library: Library, force: str) -> None:
    with pytest.raises(ConfigurationError, match="is no reason; say why lib is harvested all the same"):
        library.refusal(RunParameters(force=force))


def test_a_source_that_is_down_is_refused_until_a_look_finds_it_up(library: Library) -> None:
    library.look(is_up=False)
    words = "is down since 2026-11-03 11:30 UTC: status 503 (next look at 2026-11-03 12:30 UTC)"
    assert library.refusal() == words
    health = check_source(library.installation, library.source, NOW)
    assert (health.is_up, health.down_since, health.is_due, health.due_because) == (False, "2026-11-03T11:30:00+00:00", False, words)
    library.look(is_up=True, at=NOW)
    assert library.refusal() is None
    health = check_source(library.installation, library.source, NOW)
    assert (health.is_up, health.down_since, health.is_due) == (True, None, True)


def test_a_release_does_not_wait_for_a_source_that_is_down(library: Library) -> None:
    library.configure("other")
    (library.folder / "config" / "datasets" / "all.yaml").write_text("title: All\nsources: [lib, other]\n")
    library.configure()
    facts = {"verdict": {}, "contributes": None, "batch": ""}
    library.installation.store.manifests.commit(
        Manifest("sets", "other", "2026-11-03", new_generation(), "", counts={"live": 0}, facts=facts)
    )
    entry = {"started_at": NOW.isoformat(), "days": ["2026-11-03"] * 2, "status": "succeeded", "ended_at": NOW.isoformat()}
    library.installation.store.ledger.write(ATTEMPTS, "other", "1", entry)
    assert is_release_due(library.installation, "all", NOW, ()).because == "waits for lib"
    library.look(is_up=False)
    assert is_release_due(library.installation, "all", NOW, ()).is_due
    library.attempt("down", NOW)
    assert is_release_due(library.installation, "all", NOW, ()).is_due
    library.look(is_up=True, at=NOW + HOUR)
    assert is_release_due(library.installation, "all", NOW + HOUR, ()).because == "waits for lib"


def test_the_next_try_has_another_name_after_each_attempt_and_each_time_it_was_turned_away(library: Library) -> None:
    names = [name_next_try(library.installation, library.source, NOW)]
    assert names == ["first"]
    library.look(is_up=False)
    for _ in range(2):
        with pytest.raises(RefusedError):
            require_standing(library.installation, library.request(), NOW)
        names.append(name_next_try(library.installation, library.source, NOW))
    library.attempt("failed", NOW)
    names.append(name_next_try(library.installation, library.source, NOW))
    assert names[-1].startswith(NOW.isoformat())
    assert len({*names[:2], names[-1]}) == 3


def test_a_harvest_that_was_put_off_is_due_again_at_its_time(library: Library) -> None:
    ledger = HarvestLedger(library.installation.store)
    day, end = str(NOW.date()), str((NOW + DAY).date())
    ledger.turn_away(library.source, day, end, "rescheduled", reason="another run", retry_at=(NOW + HOUR).isoformat())
    decided = is_source_due(library.installation, library.source, NOW)
    assert decided.because == "was put off while another run was at it; next at 2026-11-03 13:00 UTC"
    assert is_source_due(library.installation, library.source, NOW + HOUR).is_due


def test_health_and_the_report_show_ledger_gaps_and_looks(library: Library) -> None:
    ledger = HarvestLedger(library.installation.store)
    first = ledger.mark(ledger.find(library.source, "2026-10-01", "2026-10-02"), "started")
    ledger.mark(first, "failed", error="TransientError", reason="status 500")
    second = ledger.mark(ledger.find(library.source, "2026-10-05", "2026-10-06"), "started")
    ledger.mark(second, "succeeded", window_start="2026-10-05", is_complete=True, records=12)
    library.look(is_up=True)
    health = check_source(library.installation, library.source, NOW)
    assert (health.gaps, health.ledger_status, health.breaker) == (1, "succeeded", "closed")
    report = report_source(library.installation.store, "lib").as_dict()
    assert [(each["start"], each["status"], each["records"]) for each in report["ledger"]] == [
        ("2026-10-05", "succeeded", 12),
        ("2026-10-01", "failed", 0),
    ]
    assert [each["start"] for each in report["gaps"]] == ["2026-10-01"]
    assert report["availability"]["uptime"] == 1.0


def test_hours_that_are_open_close(library: Library) -> None:
    assert closes_at(library.source, NOW) is None
    library.configure(hours=["20:00-06:00", "06:00-14:00"])
    assert closes_at(library.source, NOW) == NOW + 2 * HOUR
    assert closes_at(library.source, NOW + 9 * HOUR) == NOW + DAY + 2 * HOUR
