"""The task ``validity``: a record is held against its schema whenever anything in it changes."""

from dataclasses import replace

import pytest

from harvest_assets.derive.validity import MOST_CHARACTERS, MOST_ERRORS, Validity
from harvest_assets.interfaces import Finding, TaskInput
from harvest_assets.model.schema import broken_schema
from harvest_assets.testing.tools import build_task, build_tools

PRODUCT = {"required": ["title"], "properties": {"title": {"type": "string"}, "source": {"const": "source"}}}
DOCUMENT = TaskInput("source:1", "product", "T", None, None, {"doi": "10.1/x"})


@pytest.fixture
def task_for(client):
    def build(of_tools: dict, /, **options: object) -> Validity:
        task = build_task(Validity, build_tools(client, schemas=of_tools), **options)
        assert isinstance(task, Validity)
        return task

    return build


def judge(task: Validity, document: TaskInput = DOCUMENT):
    [found] = task.derive([document])
    return found


def test_a_valid_record_is_active(task_for):
    found = judge(task_for({"product": PRODUCT}))
    assert (found.status, found.output, found.withholds, found.reason) == ("succeeded", {"state": "active"}, False, None)


def test_an_invalid_record_is_inactive_with_its_errors_and_kept_back(task_for):
    schema = {"properties": {"title": {"type": "string"}, "properties": {"required": ["a/b"], "properties": {"doi": {"type": "integer"}}}}}
    found = judge(task_for({"product": schema}), replace(DOCUMENT, title=None))
    assert found.output == {
        "state": "inactive",
        "errors": [
            {"path": "/properties", "message": '"a/b" is a required property'},
            {"path": "/properties/doi", "message": '"10.1/x" is not of type "integer"'},
            {"path": "/title", "message": 'null is not of type "string"'},
        ],
    }
    assert (found.status, found.withholds) == ("succeeded", True)
    assert found.reason == '/properties: "a/b" is a required property, and 2 more'


def test_an_author_without_a_right_email_does_not_hide_a_product_unless_the_schema_says_so(task_for):
    authors = replace(DOCUMENT, properties={"authors": [{"name": "Author One", "email": "Author One"}]})
    assert judge(task_for({"product": PRODUCT}), authors).output == {"state": "active"}
    email = {"properties": {"properties": {"properties": {"authors": {"items": {"properties": {"email": {"format": "email"}}}}}}}}
    assert judge(task_for({"product": email}), authors).output["errors"][0]["path"] == "/properties/authors/0/email"


def test_the_record_has_the_results_of_other_tasks_as_they_are_published(task_for):
    schema = {"properties": {"derivatives": {"const": {"licences": {"status": "succeeded", "output": {"spdx": "MIT"}, "reason": None}}}}}
    findings = {
        "licences": Finding("succeeded", {"spdx": "MIT"}),
        "languages": Finding("not_applicable", {}, "no text"),
        "previews": Finding("succeeded", {}),
    }
    assert judge(task_for({"product": schema}), replace(DOCUMENT, findings=findings)).output == {"state": "active"}


def test_errors_are_few_and_short_whatever_the_record(task_for):
    schema = {"properties": {"properties": {"additionalProperties": {"type": "integer"}}}}
    record = replace(DOCUMENT, properties={f"a~{number}": "x" * 5_000 for number in range(3_000)})
    found = judge(task_for({"product": schema}), record)
    assert len(found.output["errors"]) == MOST_ERRORS
    assert all(len(each["message"]) <= MOST_CHARACTERS + 1 for each in found.output["errors"])
    assert found.output["errors"][0]["path"].startswith("/properties/a~0")


def test_a_kind_of_document_without_a_schema_does_not_apply(task_for):
    task = task_for({"product": PRODUCT})
    assert task.applies_to(DOCUMENT).applies
    assert task.applies_to(replace(DOCUMENT, entity="layer")).reason == "there is no schema for 'layer'"


def test_a_broken_schema_cancels_and_never_counts_as_valid(task_for):
    for schema in (broken_schema("schemas/product.json: line 1: no"), {"type": "txt"}):
        found = judge(task_for({"product": schema}))
        assert (found.status, found.withholds) == ("cancelled", False)
        assert found.reason in {
            "schemas/product.json: line 1: no",
            "/type: \"txt\" is not valid under any of the schemas listed in the 'anyOf' keyword; correct the schema",
        }


def test_a_source_may_choose_another_schema(task_for):
    schemas = {"product": PRODUCT, "strict": {"required": ["nothing has this"]}}
    assert judge(task_for(schemas, schemas={"product": "strict"})).output["state"] == "inactive"
    absent = task_for(schemas, schemas={"product": "strcit"})
    assert absent.applies_to(DOCUMENT).applies
    assert judge(absent).reason == "the schema 'strcit' is not one of product, strict"
    assert judge(absent).status == "cancelled"


def test_a_record_is_looked_at_again_whenever_anything_in_it_or_its_schema_changes(task_for):
    task = task_for({"product": PRODUCT, "file": {}})
    mark = task.fingerprint(DOCUMENT)
    changes = [
        {"title": "Other"},
        {"properties": {"doi": "10.1/y"}},
        {"media_type": "a/b"},
        {"parent": "source:0"},
        {"datestamp": "2026-01-01"},
        {"findings": {"licences": Finding("succeeded", {"spdx": "MIT"})}},
    ]
    assert mark not in {task.fingerprint(replace(DOCUMENT, **each)) for each in changes}
    assert mark == task.fingerprint(replace(DOCUMENT, findings={"texts": Finding("succeeded", {})}))
    assert mark != task_for({"product": {**PRODUCT, "title": "x"}}).fingerprint(DOCUMENT)
    assert mark == task_for({"product": PRODUCT, "file": {"title": "x"}}).fingerprint(DOCUMENT)
    assert task.basis() != task_for({"product": PRODUCT, "file": {"title": "x"}}).basis()
