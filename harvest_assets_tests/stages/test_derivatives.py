"""``derivatives``: what is looked at, what is carried forward, what is dropped."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from harvest_assets.config.plugins import find_document_task
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.derivative import APPLIES, Derivative, does_not_apply
from harvest_assets.stages import task_rows

TASKS = "tasks: [url_checks]\n"
UrlChecks = find_document_task("url_checks")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Addresses that the task looked at, in any order; those with ``broken`` in them fail, those with ``bomb`` break the task."""
    seen: list[str] = []

    def derive(_self, documents):
        for each in documents:
            name = each.url.rsplit("/", 1)[-1]
            if "bomb" in name:
                raise RuntimeError("it went off")
            seen.append(name)
            if "broken" in name:
                yield Derivative(each.srn, "failed", {"name": name}, "no answer", "timeout")
            elif "silent" not in name:
                yield Derivative(each.srn, "succeeded", {"name": name})

    monkeypatch.setattr(UrlChecks, "derive", derive)
    return seen


@pytest.fixture
def at_once(monkeypatch):
    """A failure is tried again with every run."""
    monkeypatch.setattr(task_rows, "INTERVALS", (timedelta(),) * len(task_rows.INTERVALS))


def outputs(snapshot):
    return sorted((row["output"], row["status"], row["attempts"]) for row in snapshot.table().to_pylist())


def row_of(snapshot, name):
    return next(row for row in snapshot.table().to_pylist() if f'"{name}"' in row["output"])


def test_results_are_carried_forward_and_only_what_changed_is_looked_at(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    one = repository.add(at=at(-1), files=("one.pdf",))
    repository.add(at=at(-1), files=("two.pdf",))
    world.run(0)
    assert sorted(asked) == ["one.pdf", "two.pdf"]
    asked.clear()
    repository.change(one, at=at(1), files=("one.pdf", "three.pdf"))
    world.run(1)
    assert asked == ["three.pdf"]
    names = [f'{{"name":"{name}.pdf"}}' for name in ("one", "three", "two")]
    assert [output for output, _, _ in outputs(world.derive(1))] == names
    assert world.manifest("url_checks", 1).counts["calls"] == 1


def test_a_change_that_the_task_does_not_read_costs_no_call(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    one = repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    repository.change(one, at=at(1), title="Other words", files=("one.pdf",))
    world.run(1)
    assert asked == ["one.pdf"]
    assert [output for output, _, _ in outputs(world.derive(1))] == ['{"name":"one.pdf"}']


def test_a_new_version_of_a_task_looks_at_everything_again(world, at, asked, monkeypatch):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "two.pdf"))
    world.run(0)
    asked.clear()
    monkeypatch.setattr(UrlChecks, "version", "next")
    world.run(1)
    assert sorted(asked) == ["one.pdf", "two.pdf"]
    assert world.manifest("url_checks", 1).code_version == "next"
    world.run(2)
    assert len(asked) == 2


def test_another_basis_compares_all_fingerprints_and_derives_only_what_differs(world, at, asked, monkeypatch):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "two.pdf"))
    world.run(0)
    asked.clear()
    monkeypatch.setattr(UrlChecks, "basis", lambda _self: "another vocabulary")
    monkeypatch.setattr(UrlChecks, "fingerprint", lambda _self, document: document.url if "two" in document.url else "one")
    world.run(1)
    assert sorted(asked) == ["one.pdf", "two.pdf"]
    asked.clear()
    monkeypatch.setattr(UrlChecks, "basis", lambda _self: "a third vocabulary")
    monkeypatch.setattr(UrlChecks, "fingerprint", lambda _self, document: document.url if "two" in document.url else "another")
    world.run(2)
    assert asked == ["one.pdf"]


def test_another_option_of_a_task_makes_its_results_again(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    world.configure(keys=TASKS + "task_options: {url_checks: {recheck_after_days: 2}}\n")
    world.run(1)
    assert asked == ["one.pdf", "one.pdf"]


@pytest.mark.usefixtures("at_once")
def test_a_failure_is_tried_again_up_to_a_limit_and_its_result_stays(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("broken.pdf",))
    for number in range(8):
        world.run(number)
    assert asked == ["broken.pdf"] * task_rows.MAX_ATTEMPTS
    row = row_of(world.derive(7), "broken.pdf")
    assert (row["status"], row["attempts"], row["retry_at"]) == ("failed", 6, None)
    assert row["reason"] == "given up after 6 attempts: no answer"


def test_a_failure_waits_for_its_time(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("broken.pdf",))
    world.run(0)
    world.run(1)
    assert asked == ["broken.pdf"]
    row = row_of(world.derive(1), "broken.pdf")
    assert (row["failure"], row["attempts"]) == ("timeout", 1)
    assert row["retry_at"] is not None


@pytest.mark.usefixtures("at_once")
def test_a_failure_that_is_final_is_not_tried_again(world, at, asked, monkeypatch):
    def derive(_self, documents):
        for each in documents:
            asked.append(each.srn)
            yield Derivative(each.srn, "failed", {}, "needs a password", "encrypted", is_final=True)

    monkeypatch.setattr(UrlChecks, "derive", derive)
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    world.run(1)
    assert len(asked) == 1


def test_a_success_is_looked_at_again_when_its_task_says_so(world, at, asked, monkeypatch):
    def derive(_self, documents):
        for each in documents:
            asked.append(each.earlier and each.earlier.output["count"])
            yield Derivative(each.srn, "succeeded", {"count": 1 + (asked[-1] or 0)}, again_after=timedelta())

    monkeypatch.setattr(UrlChecks, "derive", derive)
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    for number in range(3):
        world.run(number)
    assert asked == [None, 1, 2]
    assert [(output, attempts) for output, _, attempts in outputs(world.derive(2))] == [('{"count":3}', 1)]


def test_a_document_that_breaks_the_task_costs_no_other_its_result(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "two.pdf", "bomb.pdf", "three.pdf", "four.pdf"))
    world.run(0)
    assert sorted(asked) == ["four.pdf", "one.pdf", "three.pdf", "two.pdf"]
    failed = [row for row in world.derive(0).table().to_pylist() if row["status"] == "failed"]
    assert [row["failure"] for row in failed] == ["defect"]
    assert re.fullmatch(
        r"the task broke: RuntimeError: it went off \(test_derivatives\.py, line \d+, in derive; report this defect of 'url_checks'\)",
        failed[0]["reason"],
    )
    assert world.manifest("url_checks", 0).facts["failures"] == {"defect": 1}


@pytest.mark.usefixtures("asked")
def test_a_document_of_which_the_task_says_nothing_has_a_failure_that_says_so(world, at):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("silent.pdf", "one.pdf"))
    world.run(0)
    failed = [row for row in world.derive(0).table().to_pylist() if row["status"] == "failed"]
    assert [row["reason"] for row in failed] == ["task 'url_checks' said nothing of it; report this as a defect of the task"]


def test_a_task_that_cannot_work_before_a_person_acts_stops_with_its_reason(world, at, monkeypatch):
    def derive(_self, _documents):
        raise ConfigurationError("set HARVEST_SOMETHING")

    monkeypatch.setattr(UrlChecks, "derive", derive)
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.receive(0)
    world.fold(0)
    world.derive(0, "overrides")
    with pytest.raises(ConfigurationError, match="set HARVEST_SOMETHING"):
        world.derive(0)


def test_when_the_time_is_up_the_rest_is_cancelled_and_the_next_run_goes_on(world, at, asked, monkeypatch):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "two.pdf", "three.pdf"))
    left = iter([False, False])  # asked before the first document, and after each
    monkeypatch.setattr("harvest_assets.stages.task_day._Look.is_over", lambda _self: next(left, True))
    world.run(0)
    assert len(asked) == 2
    counts = world.manifest("url_checks", 0).counts
    assert (counts["succeeded"], counts["cancelled"]) == (2, 1)
    monkeypatch.undo()
    world.run(1)
    assert [row["status"] for row in world.derive(1).table().to_pylist() if row["status"] == "cancelled"] == []


def test_a_result_goes_with_its_document(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    gone = repository.add(at=at(-1), files=("two.pdf",))
    world.run(0)
    repository.delete(gone, at=at(1))
    world.run(1)
    assert [output for output, _, _ in outputs(world.derive(1))] == ['{"name":"one.pdf"}']
    assert sorted(asked) == ["one.pdf", "two.pdf"]


@pytest.mark.usefixtures("asked")
def test_a_document_that_the_task_no_longer_applies_to_is_not_applicable_and_says_why(world, at, monkeypatch):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "two.pdf"))
    world.run(0)
    monkeypatch.setattr(UrlChecks, "version", "next")
    monkeypatch.setattr(
        UrlChecks, "applies_to", lambda _self, document: APPLIES if document.url.endswith("two.pdf") else does_not_apply("not two")
    )
    world.run(1)
    found = {(row["status"], row["reason"], row["output"]) for row in world.derive(1).table().to_pylist()}
    assert found == {("succeeded", None, '{"name":"two.pdf"}'), ("not_applicable", "not two", "{}")}
    shown = [row["derivatives"].get("url_checks") for row in world.published(1).values() if row["entity"] == "file"]
    assert sorted(each is None for each in shown) == [False, True]


def test_a_document_without_what_the_task_needs_is_not_applicable_unseen(world, at, asked, monkeypatch):
    monkeypatch.setattr(UrlChecks, "needs", ("page_count",))
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    assert asked == []
    rows = world.derive(0).table().to_pylist()
    assert [(row["status"], row["reason"]) for row in rows] == [("not_applicable", "its properties have none of: page_count")]


@pytest.mark.usefixtures("at_once")
def test_a_failure_that_was_given_up_stays_until_what_the_task_reads_changes(world, at, asked, monkeypatch):
    monkeypatch.setattr(task_rows, "MAX_ATTEMPTS", 1)
    repository = world.add_source(count=0, keys=TASKS)
    identifier = repository.add(at=at(-1), files=("broken.pdf",))
    world.run(0)
    repository.change(identifier, at=at(1), title="Other words", files=("broken.pdf",))
    world.run(1)
    assert asked == ["broken.pdf"]
    assert [status for _, status, _ in outputs(world.derive(1))] == ["failed"]


def test_a_task_that_a_source_does_not_name_gives_no_results(world, at, asked):
    repository = world.add_source(count=0, keys="tasks: []\n")
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    assert outputs(world.derive(0)) == []
    assert asked == []
    assert all(row["derivatives"] == {} for row in world.published(0).values())


@pytest.mark.usefixtures("asked")
def test_results_of_a_task_that_a_source_no_longer_names_go(world, at):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    world.configure(keys="tasks: []\n")
    world.run(1)
    assert outputs(world.derive(1)) == []


def test_what_a_batch_has_derived_stays(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    made = world.manifest("url_checks", 0).generation
    assert world.derive(0).manifest.generation == made
    assert asked == ["one.pdf"]


def test_a_real_check_is_published_with_its_file(world, at):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    results = [row["derivatives"] for row in world.published(0).values() if row["entity"] == "file"]
    assert [each["url_checks"]["status"] for each in results] == ["succeeded"]
    assert results[0]["url_checks"]["output"]["outcome"] == "ok"


def test_what_changes_on_the_last_of_several_days_is_compared_with_days_that_are_not_committed_yet(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    one = repository.add(at=at(-1), files=("one.pdf",))
    repository.add(at=at(-1), files=("two.pdf",))
    repository.change(one, at=at(2), files=("one.pdf", "three.pdf"))
    world.receive(0, 1, 2, today=3)
    world.fold(2)
    world.derive(2)
    assert sorted(asked) == ["one.pdf", "three.pdf", "two.pdf"]
