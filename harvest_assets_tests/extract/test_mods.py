"""MODS, alone and in DIDL, becomes publications, files and start pages."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.extract.didl import Didl
from harvest_assets.extract.mods import OaiMods
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]
FIXTURES = Path(__file__).parent / "fixtures"
PROVIDERS = {"green": {"name": "Green Academy", "slug": "green"}, "blue": {"name": "Blue Academy", "slug": "blue"}}


def mods(*elements: str) -> bytes:
    inner = f"<titleInfo><title>A title</title></titleInfo>{''.join(elements)}"
    return f'<record><metadata><mods xmlns="http://www.loc.gov/mods/v3">{inner}</mods></metadata></record>'.encode()


def author(*parts: str, role: str = "aut") -> str:
    return f"<name>{''.join(parts)}<role><roleTerm>{role}</roleTerm></role></name>"


def part(text: str, kind: str = "") -> str:
    return f'<namePart type="{kind}">{text}</namePart>' if kind else f"<namePart>{text}</namePart>"


def product(extraction: Extraction) -> dict[str, Any]:
    assert extraction.set_aside == ()
    return extraction.documents[0].properties


def named(slug: str, name: str) -> dict[str, str]:
    return {"name": name, "external_id": f"{slug}:person:{hashlib.sha1(name.encode()).hexdigest()}"}  # noqa: S324 - a name, no secret


def test_every_field_of_mods_in_didl_is_read(extract: Extract) -> None:
    extraction = extract(
        Didl, (FIXTURES / "didl.xml").read_bytes(), set_specs=["green"], providers=PROVIDERS, organization_type="institute"
    )
    record, thesis, annex, page = extraction.documents
    assert record.properties == {
        "title": "Fietsen naar school in een kleine gemeente",
        "description": "Een onderzoek onder leerlingen die elke dag naar school fietsen.",
        "language": "nl",
        "authors": [named("green", "Author Three")],
        "provider": {"slug": "green", "name": "Green Academy"},
        "organizations": {"root": {"slug": "green", "name": "Green Academy", "type": "institute"}},
        "publishers": ["Example University"],
        "publisher_date": "2019-01-01",
        "publisher_year": 2019,
        "copyright": "cc-by-nc-nd-40",
        "copyright_description": "https://creativecommons.org/licenses/by-nc-nd/4.0/",
        "files": [
            "https://files.example.org/didl/thesis.pdf",
            "https://files.example.org/didl/annex.pdf",
            "https://www.example.org/didl/page",
        ],
        "research_product": {"research_object_type": "info:eu-repo/semantics/bachelorThesis"},
    }
    rights = [(file.media_type, file.properties["access_rights"], file.properties["is_link"]) for file in (thesis, annex, page)]
    assert rights == [
        ("application/pdf", "OpenAccess", False),
        ("application/pdf", "RestrictedAccess", False),
        ("text/html", "OpenAccess", True),
    ]
    assert thesis.properties["provider"] == {"slug": "green", "name": "Green Academy"}
    assert thesis.properties["copyright"] == "cc-by-nc-nd-40"


def test_every_field_of_mods_alone_is_read(extract: Extract) -> None:
    extraction = extract(OaiMods, (FIXTURES / "oai_mods.xml").read_bytes(), default_provider={"name": "Mods University"})
    record, noise, page = extraction.documents
    assert record.properties == {
        "title": "Noise along quiet country roads",
        "description": "Measurements of noise along country roads in three provinces, and what they mean.",
        "language": "en",
        "authors": [named("shop", "Author One")],
        "provider": {"name": "Mods University"},
        "organizations": {"root": {"name": "Mods University", "type": "unknown"}},
        "publishers": ["Example University"],
        "publisher_date": "2022-11-05",
        "publisher_year": 2022,
        "doi": "10.5072/quiet.roads",
        "copyright": "cc-by-40",
        "copyright_description": "https://creativecommons.org/licenses/by/4.0/",
        "files": ["https://files.example.org/mods/noise.pdf", "https://www.example.org/mods/noise"],
        "research_product": {"research_object_type": "info:eu-repo/semantics/article"},
    }
    assert (noise.media_type, noise.properties["access_rights"], noise.properties["is_link"]) == ("application/pdf", "ClosedAccess", False)
    assert (page.properties["access_rights"], page.properties["is_link"]) == ("OpenAccess", True)


def test_the_two_formats_read_each_others_records_alike(extract: Extract) -> None:
    for name in ("didl.xml", "oai_mods.xml"):
        body = (FIXTURES / name).read_bytes()
        assert extract(Didl, body).documents == extract(OaiMods, body).documents


@pytest.mark.parametrize("metadata", ["<metadata/>", "<metadata> \n </metadata>", "<metadata><!-- hidden --></metadata>"])
def test_a_record_with_empty_metadata_gives_no_document_in_didl_and_is_set_aside_otherwise(extract: Extract, metadata: str) -> None:
    body = f'<record xmlns="http://www.openarchives.org/OAI/2.0/"><header/>{metadata}</record>'.encode()
    hidden = extract(Didl, body)
    assert (list(hidden.documents), hidden.set_aside) == ([], ())
    (aside,) = extract(OaiMods, body).set_aside
    assert aside.rule == "no_metadata"


def test_records_without_metadata_or_mods_are_set_aside(extract: Extract) -> None:
    headless, hollow = extract(Didl, b"<record><header/></record>", b"<record><metadata><DIDL/></metadata></record>").set_aside
    assert headless.reason == "the record has no metadata"
    assert hollow.reason == "the metadata holds no MODS: check metadata_prefix and the extractor of the source"


@pytest.mark.parametrize(
    ("set_specs", "provider"),
    [(["other", "blue", "green"], "Blue Academy"), (["unknown"], None), ([], None)],
)
def test_the_provider_is_that_of_the_first_known_set_and_an_unknown_one_crashes_nothing(
    extract: Extract, set_specs: list[str], provider: str | None
) -> None:
    read = product(extract(OaiMods, mods(), set_specs=set_specs, providers=PROVIDERS))
    assert read.get("provider", {}).get("name") == provider
    fallback = product(extract(OaiMods, mods(), set_specs=set_specs, providers=PROVIDERS, default_provider={"name": "Index"}))
    assert fallback["provider"]["name"] == (provider or "Index")


def test_authors_are_those_with_that_role_and_a_name(extract: Extract) -> None:
    names = (
        author(part("One", "family"), part("Author", "given"), part("1960", "date"))
        + author(part("Author  Two"), role="Author")
        + author(part("1970", "date"))
        + author(part("Editor"), role="edt")
        + "<name><namePart>Nobody</namePart></name>"
        + f"<relatedItem>{author(part('Host'))}<titleInfo><title>Journal</title></titleInfo></relatedItem>"
    )
    read = product(extract(OaiMods, mods(names)))
    assert read["authors"] == [named("shop", "Author One"), named("shop", "Author Two")]
    assert read["title"] == "A title"


@pytest.mark.parametrize(
    ("terms", "language"),
    [(("dut",), "nl"), (("nld",), "nl"), (("eng",), "en"), (("en-GB",), "en"), (("Nederlands", "nl"), "nl"), (("fre",), None), ((), None)],
)
def test_languages_are_mapped(extract: Extract, terms: tuple[str, ...], language: str | None) -> None:
    written = "".join(f"<languageTerm>{term}</languageTerm>" for term in terms)
    assert product(extract(OaiMods, mods(f"<language>{written}</language>"))).get("language") == language


@pytest.mark.parametrize(
    ("written", "day"),
    [("[2012?]", "2012-01-01"), ("2012-05", "2012-05-01"), ("<!-- -->soon", None), ("2012-13-01", None)],
)
def test_dates_are_read_without_doubts_and_left_out_when_unreadable(extract: Extract, written: str, day: str | None) -> None:
    read = product(extract(OaiMods, mods(f"<originInfo><dateIssued>{written}</dateIssued></originInfo>")))
    assert read.get("publisher_date") == day
    assert read.get("publisher_year") == (None if day is None else int(day[:4]))


def test_a_doi_is_looked_for_in_addresses_when_none_is_given_as_such(extract: Extract) -> None:
    uri = '<identifier type="uri">https://doi.org/10.5072/from.uri</identifier>'
    assert product(extract(OaiMods, mods(uri, '<identifier type="DOI">10.5072/given</identifier>')))["doi"] == "10.5072/given"
    assert product(extract(OaiMods, mods(uri, '<identifier type="doi">none</identifier>')))["doi"] == "10.5072/from.uri"
    assert "doi" not in product(extract(OaiMods, mods('<identifier type="isbn">10.5072/isbn</identifier>')))


def test_rights_are_those_of_dublin_core_or_the_address_of_the_condition(extract: Extract) -> None:
    condition = '<accessCondition xmlns:x="x" x:href="https://creativecommons.org/publicdomain/zero/1.0/"/>'
    assert product(extract(OaiMods, mods(condition)))["copyright"] == "cc0-10"
    both = product(extract(OaiMods, mods(condition, "<extension><rights>All of them</rights></extension>")))
    assert (both["copyright_description"], "copyright" in both) == ("All of them", False)


def test_items_tell_their_type_by_text_or_attribute_and_are_closed_unless_they_say_otherwise(extract: Extract) -> None:
    def item(kind: str, url: str, rights: str = "") -> str:
        access = f"<Descriptor><Statement><accessRights>{rights}</accessRights></Statement></Descriptor>" if rights else ""
        return (
            f"<Item><Descriptor><Statement>{kind}</Statement></Descriptor>{access}"
            f'<Component><Resource mimeType="Application/PDF; v=1" ref="https://example.org/{url}"/></Component></Item>'
        )

    didl = (
        "<DIDL><Item>"
        + item("<ObjectType>info:eu-repo/semantics/humanStartPage</ObjectType>", "page")
        + item("<type>Text</type><type>info:eu-repo/semantics/objectFile</type>", "a.pdf")
        + item("<ObjectType>info:eu-repo/semantics/objectFile</ObjectType>", "b.pdf", "info:eu-repo/semantics/openAccess")
        + item("<type>info:eu-repo/semantics/other</type>", "c.pdf")
        + "<Item><Component><Resource><mods><titleInfo><title>T</title></titleInfo></mods></Resource></Component></Item></Item></DIDL>"
    )
    _, *files = extract(Didl, didl.encode()).documents
    assert [(file.url, file.properties["access_rights"], file.properties["is_link"]) for file in files] == [
        ("https://example.org/a.pdf", "ClosedAccess", False),
        ("https://example.org/b.pdf", "OpenAccess", False),
        ("https://example.org/page", "OpenAccess", True),
    ]
    assert files[0].media_type == "application/pdf"
