"""``task_day`` under trouble: harvests of the same day, results that stand, tasks that break, time that is up."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from harvest_assets.config.plugins import find_document_task
from harvest_assets.errors import ConfigurationError
from harvest_assets.model.derivative import APPLIES, Derivative

TASKS = "tasks: [url_checks]\n"
UrlChecks = find_document_task("url_checks")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Addresses that the task looked at, in any order; those with ``broken`` in them fail."""
    seen: list[str] = []

    def derive(_self, documents):
        for each in documents:
            name = each.url.rsplit("/", 1)[-1]
            seen.append(name)
            if "broken" in name:
                yield Derivative(each.srn, "failed", {"name": name}, "no answer", "timeout")
            else:
                yield Derivative(each.srn, "succeeded", {"name": name})

    monkeypatch.setattr(UrlChecks, "derive", derive)
    return seen


def add_files(world, at, *names, keys=TASKS):
    repository = world.add_source(count=0, keys=keys)
    return repository, repository.add(at=at(-1), files=names)


def found(world, number=0):
    """Rows of a day, by the title of the document, which is the name of its file."""
    titles = {row["srn"]: row["title"] for row in world.documents(number).values()}
    return {titles[row["srn"]]: row for row in world.derive(number).table().to_pylist()}


def test_a_second_harvest_of_a_day_builds_on_the_first(world, at, asked):
    repository, identifier = add_files(world, at, "one.pdf", "broken.pdf")
    world.run(0)
    repository.change(identifier, at=at(0), files=("one.pdf", "broken.pdf", "two.pdf"))
    world.run(0)
    assert sorted(asked) == ["broken.pdf", "one.pdf", "two.pdf"]
    rows = found(world)
    assert {name: (row["status"], row["attempts"]) for name, row in rows.items()} == {
        "one.pdf": ("succeeded", 1),
        "two.pdf": ("succeeded", 1),
        "broken.pdf": ("failed", 1),
    }
    assert world.manifest("url_checks", 0).counts["calls"] == 1


def test_a_day_that_is_run_again_builds_on_what_was_found_last(world, at, asked):
    repository, identifier = add_files(world, at, "one.pdf")
    world.run(0)
    repository.change(identifier, at=at(1), files=("one.pdf", "two.pdf"))
    world.run(1)
    asked.clear()
    world.run(1)
    assert asked == []
    assert sorted(found(world, 1)) == ["one.pdf", "two.pdf"]


def test_an_earlier_day_that_was_made_since_is_what_a_day_builds_on(world, at, asked, monkeypatch):
    add_files(world, at, "one.pdf")
    world.run(0)
    world.run(1)
    monkeypatch.setattr(UrlChecks, "version", "next")
    world.run(0)
    asked.clear()
    world.run(1)
    assert asked == []
    assert {row["task_version"] for row in found(world, 1).values()} == {"next"}


def test_a_result_stands_when_looking_at_it_again_is_cancelled(world, at, monkeypatch):
    seen = []

    def derive(_self, documents):
        for each in documents:
            seen.append(each.earlier and each.earlier.output)
            if len(seen) == 2:
                yield Derivative(each.srn, "cancelled", {}, "the quota is used")
            else:
                yield Derivative(each.srn, "succeeded", {"count": len(seen)}, again_after=timedelta())

    monkeypatch.setattr(UrlChecks, "derive", derive)
    add_files(world, at, "one.pdf")
    world.run(0)
    world.run(1)
    assert found(world, 1)["one.pdf"]["output"] == '{"count":1}'
    world.run(2)
    assert seen == [None, {"count": 1}, {"count": 1}]
    assert found(world, 2)["one.pdf"]["output"] == '{"count":3}'


def test_a_result_does_not_stand_for_another_input(world, at, monkeypatch):
    def derive(self, documents):
        for each in documents:
            yield Derivative(each.srn, self.version, {"name": each.title}, "the quota is used")

    monkeypatch.setattr(UrlChecks, "derive", derive)
    monkeypatch.setattr(UrlChecks, "version", "succeeded")
    add_files(world, at, "one.pdf")
    world.run(0)
    monkeypatch.setattr(UrlChecks, "version", "cancelled")
    world.run(1)
    assert found(world, 1)["one.pdf"]["status"] == "cancelled"


@pytest.mark.parametrize("method", ["applies_to", "fingerprint"])
def test_a_document_that_breaks_the_task_before_it_is_derived_costs_no_other_its_result(world, at, asked, monkeypatch, method):
    def broken(_self, document):
        if "bomb" in document.url:
            raise AttributeError("'int' object has no attribute 'strip'")
        return APPLIES if method == "applies_to" else document.url

    monkeypatch.setattr(UrlChecks, method, broken)
    add_files(world, at, "one.pdf", "bomb.pdf")
    world.run(0)
    row = found(world)["bomb.pdf"]
    assert (row["status"], row["failure"], row["attempts"]) == ("failed", "defect", 1)
    assert row["reason"].startswith("the task broke: AttributeError: 'int' object has no attribute 'strip' (test_task_days.py, line ")
    assert row["retry_at"] is not None
    assert asked == ["one.pdf"]


def test_what_a_person_has_to_change_stops_a_task_that_examines_documents(world, at, monkeypatch):
    def stop(_self, _document):
        raise ConfigurationError("set HARVEST_SOMETHING")

    monkeypatch.setattr(UrlChecks, "applies_to", stop)
    add_files(world, at, "one.pdf")
    with pytest.raises(ConfigurationError, match="set HARVEST_SOMETHING"):
        world.run(0)


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (("succeeded", {"text": "\ud800"}), "surrogates not allowed"),
        (("succeeded", {"text": object()}), "not JSON serializable"),
        (("failed", {}, "no answer from \ud800"), "surrogates not allowed"),
        (("done", {}), "its status 'done' is not one of succeeded, failed, not_applicable, cancelled"),
    ],
)
def test_a_result_that_cannot_be_written_down_is_a_defect_of_its_document_alone(world, at, monkeypatch, result, told):
    def derive(_self, documents):
        for each in documents:
            yield Derivative(each.srn, *(result if "bad" in each.url else ("succeeded", {})))

    monkeypatch.setattr(UrlChecks, "derive", derive)
    add_files(world, at, "one.pdf", "bad.pdf")
    world.run(0)
    rows = found(world)
    assert rows["one.pdf"]["status"] == "succeeded"
    assert (rows["bad.pdf"]["status"], rows["bad.pdf"]["failure"]) == ("failed", "defect")
    assert told in rows["bad.pdf"]["reason"]


def test_no_portion_is_begun_when_the_time_is_up(world, at, asked, monkeypatch):
    monkeypatch.setattr(UrlChecks, "portion", 2)
    monkeypatch.setattr("harvest_assets.stages.task_day._Look.is_over", lambda _self: len(asked) >= 2)
    add_files(world, at, *(f"{number}.pdf" for number in range(10)))
    world.run(0)
    assert len(asked) == 2
    counts = world.manifest("url_checks", 0).counts
    assert (counts["succeeded"], counts["cancelled"]) == (2, 8)


@pytest.mark.usefixtures("asked")
def test_results_of_a_task_that_the_source_no_longer_names_are_not_read(world, at, monkeypatch):
    monkeypatch.setattr(UrlChecks, "after", ("languages",))
    add_files(world, at, "one.pdf", keys="tasks: [languages, url_checks]\n")
    world.run(0)
    read = {each.asset for each in world.manifest("url_checks", 0).inputs}
    world.configure(keys=TASKS)
    world.run(0)
    assert read - {each.asset for each in world.manifest("url_checks", 0).inputs} == {"languages"}


def test_days_that_are_made_again_together_call_the_task_for_nothing_that_it_knows(world, at, asked):
    repository, _ = add_files(world, at, "one.pdf")
    repository.add(at=at(1), files=("broken.pdf",))
    repository.add(at=at(2), files=("two.pdf",))
    for batch in ("first", "second"):
        world.receive(0, 1, 2, today=3, batch=batch)
        world.fold(2)
        for task in world.source().task_names:
            world.derive(2, task)
    assert sorted(asked) == ["broken.pdf", "one.pdf", "two.pdf"]
    rows = found(world, 2)
    assert {name: (row["status"], row["attempts"]) for name, row in rows.items()} == {
        "one.pdf": ("succeeded", 1),
        "two.pdf": ("succeeded", 1),
        "broken.pdf": ("failed", 1),
    }
    assert sorted(found(world, 1)) == ["broken.pdf", "one.pdf"]
