"""``derivatives``: what is looked at, what is carried forward, what is dropped."""

from collections.abc import Iterator

import pytest

from harvest_assets.derive.url_checks import UrlChecks
from harvest_assets.model.derivative import Derivative
from harvest_assets.stages import derivatives as derivatives_module

TASKS = "tasks: [url_checks]\n"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Addresses that the task looked at, in any order; those with ``broken`` in them fail."""
    seen: list[str] = []

    def derive(_self, documents, _client, _blobs):
        for each in documents:
            name = each.url.rsplit("/", 1)[-1]
            seen.append(name)
            if "broken" in name:
                yield Derivative(each.srn, "failed", {"name": name}, "no answer")
            else:
                yield Derivative(each.srn, "succeeded", {"name": name})

    monkeypatch.setattr(UrlChecks, "derive", derive)
    return seen


def outputs(snapshot):
    return sorted((row["output"], row["status"], row["attempts"]) for row in snapshot.table().to_pylist())


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


def test_a_new_version_of_a_task_looks_at_everything_again(world, at, asked, monkeypatch):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "two.pdf"))
    world.run(0)
    asked.clear()
    monkeypatch.setattr(UrlChecks, "version", "2")
    world.run(1)
    assert sorted(asked) == ["one.pdf", "two.pdf"]
    assert world.manifest("url_checks", 1).code_version == "2"
    world.run(2)
    assert len(asked) == 2


def test_a_failure_is_tried_again_up_to_a_limit_and_its_result_stays(world, at, asked, monkeypatch):
    monkeypatch.setattr(derivatives_module, "MAX_ATTEMPTS", 3)
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("broken.pdf",))
    for number in range(5):
        world.run(number)
    assert asked == ["broken.pdf"] * 3
    assert outputs(world.derive(4)) == [('{"name":"broken.pdf"}', "failed", 3)]


def test_a_result_goes_with_its_document(world, at, asked):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf",))
    gone = repository.add(at=at(-1), files=("two.pdf",))
    world.run(0)
    repository.delete(gone, at=at(1))
    world.run(1)
    assert [output for output, _, _ in outputs(world.derive(1))] == ['{"name":"one.pdf"}']
    assert sorted(asked) == ["one.pdf", "two.pdf"]


def test_a_document_that_the_task_no_longer_applies_to_loses_its_result(world, at, asked, monkeypatch):
    repository = world.add_source(count=0, keys=TASKS)
    repository.add(at=at(-1), files=("one.pdf", "broken.pdf"))
    world.run(0)
    monkeypatch.setattr(UrlChecks, "version", "2")
    monkeypatch.setattr(UrlChecks, "applies_to", lambda _self, document: document.url.endswith("broken.pdf"))
    world.run(1)
    assert [output for output, _, _ in outputs(world.derive(1))] == ['{"name":"broken.pdf"}']
    assert sorted(asked) == ["broken.pdf", "broken.pdf", "one.pdf"]


def test_a_failure_that_was_given_up_stays_until_its_document_changes(world, at, asked, monkeypatch):
    monkeypatch.setattr(derivatives_module, "MAX_ATTEMPTS", 1)
    repository = world.add_source(count=0, keys=TASKS)
    identifier = repository.add(at=at(-1), files=("broken.pdf",))
    world.run(0)
    repository.change(identifier, at=at(1), title="Other words")
    world.run(1)
    assert asked == ["broken.pdf"]
    assert [status for _, status, _ in outputs(world.derive(1))] == ["failed"]


def test_a_task_that_a_source_does_not_name_gives_no_results(world, at, asked):
    repository = world.add_source(count=0)
    repository.add(at=at(-1), files=("one.pdf",))
    world.run(0)
    assert outputs(world.derive(0)) == []
    assert asked == []
    assert all(row["derivatives"] == {} for row in world.published(0).values())


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
