"""The task ``overrides``: what curators say is a result like every other."""

from dataclasses import replace
from datetime import date

import pytest

from harvest_assets.derive.overrides import OverriddenFields
from harvest_assets.interfaces import Finding, TaskInput
from harvest_assets.model.override import Override
from harvest_assets.testing.tools import build_task, build_tools

ENTRY = Override("lib:1", "typing error", "overrides/a.yaml", {"doi": None}, title="Better", until=date(2027, 1, 1))
HIDDEN = Override("lib:2", "withdrawn", "overrides/a.yaml", {}, is_hidden=True)


def document(srn: str) -> TaskInput:
    return TaskInput(srn=srn, entity="product", title="Old", url=None, media_type=None)


@pytest.fixture
def task_for(client):
    def build(*entries: Override) -> OverriddenFields:
        task = build_task(OverriddenFields, build_tools(client, overrides={each.srn: each for each in entries}))
        assert isinstance(task, OverriddenFields)
        return task

    return build


def test_it_applies_to_documents_that_a_curator_says_something_of(task_for):
    task = task_for(ENTRY)
    assert task.applies_to(document("lib:1")).applies
    assert task.applies_to(document("lib:3")).reason == "no curator says anything of it"


def test_the_result_says_what_is_replaced_and_why_and_only_hiding_withholds(task_for):
    first, second = task_for(ENTRY, HIDDEN).derive([document("lib:1"), document("lib:2")])
    assert first.output == {
        "reason": "typing error",
        "file": "overrides/a.yaml",
        "title": "Better",
        "properties": {"doi": None},
        "until": "2027-01-01",
    }
    assert (first.status, first.withholds, first.reason) == ("succeeded", False, None)
    assert (second.status, second.withholds, second.reason) == ("succeeded", True, "hidden: withdrawn")


def test_a_fingerprint_follows_its_own_entry_and_the_basis_all_of_them(task_for):
    before, after = task_for(ENTRY, HIDDEN), task_for(ENTRY, replace(HIDDEN, reason="asked for"))
    assert before.fingerprint(document("lib:1")) == after.fingerprint(document("lib:1"))
    assert before.fingerprint(document("lib:2")) != after.fingerprint(document("lib:2"))
    assert before.basis() != after.basis()
    assert before.basis() == task_for(HIDDEN, ENTRY).basis()


def test_what_a_file_hid_stays_hidden_while_the_file_cannot_be_read(client):
    said = Finding("succeeded", {"reason": "withdrawn", "file": "overrides/a.yaml", "hidden": True})
    before = replace(document("lib:2"), earlier=said)
    task = build_task(OverriddenFields, build_tools(client, broken_overrides=frozenset({"overrides/a.yaml"})))
    assert task.applies_to(before).applies
    (result,) = task.derive([before])
    assert (result.output, result.withholds, result.reason) == (said.output, True, "hidden: withdrawn")
    mended = build_task(OverriddenFields, build_tools(client))
    assert mended.applies_to(before).reason == "no curator says anything of it"
    assert mended.basis() != task.basis()
