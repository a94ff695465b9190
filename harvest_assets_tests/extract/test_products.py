"""Properties have one shape whatever source they come from."""

import pytest

from harvest_assets.extract.products import build_organizations, build_person, build_properties, build_provider, is_email


def test_what_is_empty_is_left_out_at_every_depth() -> None:
    properties = build_properties(
        title="T",
        subtitle="",
        language=None,
        keywords=[],
        provider={},
        publisher_year=0,
        learning_material={"material_types": [], "consortium": None, "studies": ["", "b"]},
        research_product={"research_themes": [None]},
    )
    assert properties == {"title": "T", "publisher_year": 0, "learning_material": {"studies": ["b"]}}


def test_lists_are_sorted_only_where_their_order_means_nothing() -> None:
    properties = build_properties(
        keywords=["b", "a", "b"],
        is_part_of=["2", "1"],
        has_parts=["2", "1", "2"],
        publishers=["Z", "A", "Z"],
        files=["https://example.org/b", "https://example.org/a"],
        learning_material={"lom_educational_levels": ["WO", "HBO"], "disciplines": ["b", "a"]},
        research_product={"parties": ["Z", "A"], "research_themes": ["b", "a"]},
    )
    assert properties == {
        "keywords": ["a", "b"],
        "is_part_of": ["1", "2"],
        "has_parts": ["2", "1"],
        "publishers": ["Z", "A"],
        "files": ["https://example.org/b", "https://example.org/a"],
        "learning_material": {"lom_educational_levels": ["HBO", "WO"], "disciplines": ["a", "b"]},
        "research_product": {"parties": ["Z", "A"], "research_themes": ["a", "b"]},
    }


def test_a_bad_email_is_left_out_and_named_and_hides_nothing() -> None:
    properties = build_properties(
        title="T",
        authors=[
            build_person("Author Two", email="Author Two", orcid=None, is_external=False),
            build_person("Author One", email="one@example.org"),
            build_person("Author One", email="one@example.org"),
            build_person("", external_id="x"),
        ],
        notes=["before"],
    )
    assert properties == {
        "title": "T",
        "authors": [{"name": "Author Two", "is_external": False}, {"name": "Author One", "email": "one@example.org"}],
        "notes": ["before", "authors/0: its e-mail address is none, left out", "authors/3: a person without a name, left out"],
    }


def test_a_contact_may_be_a_mail_address_alone() -> None:
    contact = build_person(None, email="desk@example.org")
    assert build_properties(research_project={"owners": [contact], "contacts": [build_person(None, email=None)]}) == {
        "research_project": {"owners": [{"email": "desk@example.org"}]}
    }


def test_notes_do_not_grow_without_bound() -> None:
    properties = build_properties(authors=[build_person(f"A{number}", email="@" * 1_000) for number in range(1_000)])
    assert len(properties["authors"]) == 1_000
    assert len(properties["notes"]) == 20
    assert max(map(len, properties["notes"])) < 200


def test_a_provider_is_the_root_of_the_organizations() -> None:
    provider = build_provider("Example University", slug="example", external_id=None)
    assert provider == {"slug": "example", "name": "Example University"}
    assert build_organizations(provider, "institute") == {"root": {"slug": "example", "name": "Example University", "type": "institute"}}
    assert build_organizations(None, "unknown") == {"root": {"type": "unknown"}}


@pytest.mark.parametrize("text", ["a@b.nl", "first.last+tag@sub-domain.example.org", "é@exämple.org", "o'neil@example.org"])
def test_customary_mail_addresses_are_taken(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a@b", "@b.nl", "a@", "a b@c.nl", "a@b..nl", ".a@b.nl", "a..b@c.nl", "a@-b.nl", "a@b-.nl", "a@b.n1", "a@b.nl\n"),
        *("a@@b.nl", "a@" + "b." * 200 + "nl"),
    ],
)
def test_what_cannot_be_a_mail_address_is_refused(text: str) -> None:
    assert not is_email(text)
