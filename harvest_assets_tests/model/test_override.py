"""What a curator says of a document takes the place of what its source says."""

from datetime import date

from harvest_assets.model.override import Override, correct

FIELDS = {"srn": "lib:1", "title": "Old", "url": None, "media_type": None, "properties": {"title": ["Old", "Older"], "doi": "10.1/x"}}


def test_columns_and_properties_are_replaced_and_null_takes_a_property_away():
    override = Override("lib:1", "typing error", "overrides/a.yaml", {"doi": None, "language": "nl"}, title="New")
    corrected = correct(FIELDS, override.as_output())
    assert corrected == {**FIELDS, "title": "New", "properties": {"title": ["New"], "language": "nl"}}
    assert FIELDS["title"] == "Old"


def test_a_property_that_is_one_text_follows_its_column_as_text():
    fields = {**FIELDS, "properties": {"title": "Old"}}
    assert correct(fields, {"title": "New"})["properties"] == {"title": "New"}


def test_a_column_that_the_properties_do_not_repeat_adds_no_property():
    assert correct({**FIELDS, "properties": {}}, {"url": "https://example.org/a.pdf"})["properties"] == {}


def test_the_output_says_what_the_entry_says_and_nothing_else():
    override = Override("lib:1", "withdrawn", "overrides/a.yaml", {}, is_hidden=True, until=date(2027, 1, 31))
    assert override.as_output() == {"reason": "withdrawn", "file": "overrides/a.yaml", "hidden": True, "until": "2027-01-31"}
    assert override.fields() == ("hidden",)
    assert correct(FIELDS, override.as_output()) == FIELDS


def test_fields_are_named_columns_first():
    override = Override("lib:1", "why", "f", {"b": 1, "a": None}, url="https://example.org/", title="T", is_hidden=True)
    assert override.fields() == ("title", "url", "a", "b", "hidden")
