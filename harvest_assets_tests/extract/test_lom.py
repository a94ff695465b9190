"""LOM in the czp flavour and in NL-LOM becomes products and files."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.extract.lom import Lom, NlLom
from harvest_assets.interfaces import Extraction

Extract = Callable[..., Extraction]
FIXTURES = Path(__file__).parent / "fixtures"
LEVELS = {
    "required_prefixes": ["HBO", "WO"],
    "allowed_prefixes": ["BVE", "MBO", "Volwasseneneducatie"],
    "sets_without_levels": {"l4l": "WO"},
}


def lang(text: str) -> str:
    return f"<langstring>{text}</langstring>"


def value(name: str, text: str) -> str:
    return f"<{name}><source>{lang('LOMv1.0')}</source><value>{lang(text)}</value></{name}>"


def contribute(role: str, card: str, date: str = "", label: str = "") -> str:
    described = f"<description>{lang(label)}</description>" if label else ""
    return (
        f"<contribute>{value('role', role)}<centity><vcard>{card}</vcard></centity>"
        f"<date><datetime>{date}</datetime>{described}</date></contribute>"
    )


def person(name: str, *lines: str) -> str:
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", *lines, "END:VCARD"])


def classify(purpose: str, *taxa: tuple[str, str, str]) -> str:
    paths = "".join(
        f"<taxonpath><source>{lang(source)}</source><taxon><id>{name}</id><entry>{lang(entry)}</entry></taxon></taxonpath>"
        for source, name, entry in taxa
    )
    return f"<classification>{value('purpose', purpose)}{paths}</classification>"


def levels(*names: str) -> str:
    return classify("educational level", *(("levels", str(place), name) for place, name in enumerate(names)))


def lom(*sections: str, general: str = "") -> bytes:
    inner = f"<general><title>{lang('A title')}</title>{general}</general>{''.join(sections)}"
    return f'<record><metadata><lom xmlns="http://www.imsglobal.org/xsd/imsmd_v1p2">{inner}</lom></metadata></record>'.encode()


def technical(*elements: str) -> str:
    return f"<technical>{''.join(elements)}</technical>"


def fmt(text: str) -> str:
    return f"<format>{text}</format>"


def loc(text: str) -> str:
    return f"<location>{text}</location>"


def product(extraction: Extraction) -> dict[str, Any]:
    assert extraction.set_aside == ()
    return extraction.documents[0].properties


def media_types(extraction: Extraction) -> dict[str | None, str | None]:
    assert extraction.set_aside == ()
    return {document.url: document.media_type for document in extraction.documents[1:]}


def test_every_field_of_the_czp_flavour_is_read(extract: Extract) -> None:
    extraction = extract(Lom, (FIXTURES / "lom.xml").read_bytes())
    record, reader, slides = extraction.documents
    assert record.properties == {
        "title": "Wondzorg in de praktijk van de verpleegkunde",
        "description": "Wat een verpleegkundige moet weten over het verzorgen van wonden.",
        "language": "nl",
        "keywords": ["verpleegkunde", "wonden"],
        "copyright": "cc-by-sa-40",
        "copyright_description": "https://creativecommons.org/licenses/by-sa/4.0/",
        "authors": [{"name": "Author One"}],
        "provider": {"name": "Example University"},
        "organizations": {"root": {"name": "Example University", "type": "unknown"}},
        "publishers": ["Example University"],
        "publisher_date": "2021-04-03",
        "publisher_year": 2021,
        "files": ["https://files.example.org/lom/reader.pdf", "https://files.example.org/lom/slides.pptx"],
        "learning_material": {
            "aggregation_level": "2",
            "material_types": ["kennisoverdracht"],
            "lom_educational_levels": ["HBO - Bachelor"],
            "studies": ["nursing", "wounds"],
            "disciplines": ["nursing", "wounds"],
            "study_vocabulary": ["http://example.org/concept/wounds"],
        },
    }
    assert (record.srn, record.title, record.datestamp) == ("shop:r0", "Wondzorg in de praktijk van de verpleegkunde", "2024-05-01")
    assert (reader.parent, reader.media_type, reader.title) == ("shop:r0", "application/pdf", None)
    url = "https://files.example.org/lom/reader.pdf"
    assert reader.srn == f"shop:r0:{hashlib.sha1(url.encode()).hexdigest()}"  # noqa: S324 - a name, no secret
    expected = {"access_rights": "OpenAccess", "is_link": False, "copyright": "cc-by-sa-40", "language": "nl", "product_id": "r0"}
    assert expected.items() <= reader.properties.items()
    assert slides.properties["technical_type"] == "presentation"


def test_every_field_of_nl_lom_is_read_with_the_constants_of_its_source(extract: Extract) -> None:
    constants = {
        "provider": {"name": "Atlas", "slug": "atlas"},
        "publishers": ["Atlas"],
        "learning_material": {
            "aggregation_level": "1",
            "consortium": "Atlas",
            "disciplines": ["gezondheid"],
            "lom_educational_levels": ["HBO", "WO"],
        },
    }
    extraction = extract(NlLom, (FIXTURES / "nl_lom.xml").read_bytes(), constants=constants, organization_type="consortium")
    record, course, slides = extraction.documents
    assert record.properties == {
        "title": "Reading the anatomy of the hand",
        "description": "Bones, joints and muscles of the human hand, explained step by step.",
        "language": "en",
        "keywords": ["anatomy", "hand"],
        "copyright": "cc-by-40",
        "copyright_description": "CC BY 4.0",
        "authors": [{"name": "Author Two"}],
        "provider": {"name": "Atlas", "slug": "atlas"},
        "organizations": {"root": {"name": "Atlas", "slug": "atlas", "type": "consortium"}},
        "publishers": ["Atlas"],
        "publisher_date": "2020-02-29",
        "publisher_year": 2020,
        "files": ["https://www.example.org/nl_lom/course", "https://files.example.org/nl_lom/slides.pptx"],
        "learning_material": {
            "aggregation_level": "1",
            "material_types": ["figure"],
            "lom_educational_levels": ["HBO", "WO"],
            "studies": ["medicine"],
            "disciplines": ["gezondheid"],
            "consortium": "Atlas",
        },
    }
    assert (course.title, course.media_type, course.properties["is_link"]) == ("Reading the anatomy of the hand", "text/html", True)
    assert (slides.properties["access_rights"], slides.properties["is_link"]) == ("OpenAccess", False)


@pytest.mark.parametrize(
    ("named", "set_specs", "is_wanted"),
    [
        (("HBO - Bachelor",), (), True),
        (("WO - Master", "MBO, Beroepsonderwijs"), (), True),
        (("MBO, Beroepsonderwijs",), (), False),
        (("HBO", "PO groep 8"), (), False),
        ((), (), False),
        ((), ("other",), False),
        ((), ("other", "l4l"), True),
        (("PO groep 8",), ("l4l",), False),
    ],
)
def test_records_of_other_levels_give_no_documents(
    extract: Extract, named: tuple[str, ...], set_specs: tuple[str, ...], *, is_wanted: bool
) -> None:
    extraction = extract(Lom, lom(levels(*named)), set_specs=set_specs, levels=LEVELS)
    assert extraction.set_aside == ()
    assert len(extraction.documents) == is_wanted
    if is_wanted:
        expected = sorted(named) or ["WO"]
        assert extraction.documents[0].properties["learning_material"]["lom_educational_levels"] == expected


def test_without_allowed_prefixes_any_level_may_stand_beside_a_required_one(extract: Extract) -> None:
    body = lom(levels("HBO", "PO groep 8"))
    assert len(extract(Lom, body, levels={"required_prefixes": ["HBO"]}).documents) == 1
    assert len(extract(Lom, body).documents) == 1


def test_formats_and_addresses_do_not_slip_when_one_is_missing(extract: Extract) -> None:
    a, b, c = (f"https://example.org/{name}" for name in ("a", "b", "c"))
    blocks = [
        technical(loc(a)),
        technical(fmt("Application/PDF; q=1"), loc(b)),
        technical(fmt("video/mp4"), fmt("text/html"), loc(c), loc(a)),
    ]
    assert media_types(extract(Lom, lom(*blocks))) == {a: None, b: "application/pdf", c: "video/mp4"}
    empties = technical(fmt("video/mp4"), fmt(""), fmt("text/html"), loc(""), loc(b), loc(c))
    assert media_types(extract(Lom, lom(empties))) == {b: None, c: "text/html"}


def test_where_the_numbers_differ_the_address_tells_and_then_the_only_format(extract: Extract) -> None:
    pdf, page = "https://example.org/a.pdf", "https://example.org/page"
    assert media_types(extract(Lom, lom(technical(fmt("text/html"), loc(pdf), loc(page))))) == {pdf: "application/pdf", page: "text/html"}
    several = technical(fmt("text/html"), fmt("video/mp4"), loc(page))
    assert media_types(extract(Lom, lom(several))) == {page: None}
    assert media_types(extract(Lom, lom(technical(fmt("non-digital"), loc(pdf))))) == {pdf: "application/pdf"}


def test_an_address_is_normalised_kept_once_and_only_when_it_is_one(extract: Extract) -> None:
    extraction = extract(Lom, lom(technical(loc(" https://example.org/a b "), loc("https://example.org/a%20b"), loc("shelf 3"))))
    assert product(extraction)["files"] == ["https://example.org/a+b"]
    assert product(extraction)["notes"] == ["files: 'shelf+3' is no http(s) address, left out"]
    assert len(extraction.documents) == 2


def test_access_rights_are_closed_unless_classified_or_follow_the_copyright(extract: Extract) -> None:
    file = technical(loc("https://example.org/a"))

    def rights(kind: type[Lom], body: bytes, **options: str) -> str:
        return extract(kind, body, **options).documents[1].properties["access_rights"]

    assert rights(Lom, lom(file)) == "ClosedAccess"
    assert rights(Lom, lom(file, classify("access rights", ("rights", "RestrictedAccess", "r"), ("rights", "OpenAccess", "o")))) == (
        "RestrictedAccess"
    )
    assert rights(NlLom, lom(file)) == "RestrictedAccess"
    assert rights(NlLom, lom(file), access_rights="classification") == "ClosedAccess"


@pytest.mark.parametrize(
    ("written", "description", "code"),
    [
        ("cc-by-30", "anything", "cc-by-30"),
        ("yes", "https://creativecommons.org/licenses/by/3.0/nl/", "cc-by-30"),
        ("Yes", "ask the author", "yes"),
        ("", "", "yes"),
        ("no", "", "no"),
        ("no", "CC BY-NC 4.0", "cc-by-nc-40"),
    ],
)
def test_the_code_of_a_licence_is_the_value_or_what_its_description_holds(
    extract: Extract, written: str, description: str, code: str
) -> None:
    rights = f"<rights>{value('copyrightandotherrestrictions', written)}<description>{lang(description)}</description></rights>"
    assert product(extract(Lom, lom(rights)))["copyright"] == code


def test_roles_tell_authors_from_publishers(extract: Extract) -> None:
    people = (
        contribute("Author", person("Author One") + "\n" + person("Author Two"))
        + contribute("publisher", person("Institute"))
        + contribute("editor", person("Editor"))
    )
    read = product(extract(Lom, lom(f"<lifecycle>{people}</lifecycle>")))
    assert read["authors"] == [{"name": "Author One"}, {"name": "Author Two"}]
    assert (read["publishers"], read["provider"]) == (["Institute"], {"name": "Institute"})
    everybody = product(extract(NlLom, lom(f"<lifecycle>{people}</lifecycle>")))["authors"]
    assert [each["name"] for each in everybody] == ["Author One", "Author Two", "Institute", "Editor"]


def test_a_record_without_publisher_is_offered_by_the_default(extract: Extract) -> None:
    read = product(extract(Lom, lom(), default_provider={"name": "Index", "slug": "index"}))
    assert read["provider"] == {"slug": "index", "name": "Index"}
    assert "publishers" not in read
    assert product(extract(Lom, lom()))["organizations"] == {"root": {"type": "unknown"}}


def test_of_people_nothing_but_the_name_is_kept_unless_asked_for(extract: Extract) -> None:
    card = person("Author One", "EMAIL:one@example.org", "X-ORCID:0000-0002-1825-0097", "TEL:+31 0")
    body = lom(f"<lifecycle>{contribute('author', card)}</lifecycle>")
    assert product(extract(Lom, body))["authors"] == [{"name": "Author One"}]
    kept = product(extract(Lom, body, author_fields=["email", "orcid"]))["authors"]
    assert kept == [{"name": "Author One", "email": "one@example.org", "orcid": "0000-0002-1825-0097"}]


def test_one_bad_mail_address_or_card_never_hides_a_product(extract: Extract) -> None:
    people = (
        contribute("author", person("Author One", "EMAIL:Author One"))
        + contribute("author", "Author Two")
        + contribute("author", person(""))
    )
    extraction = extract(Lom, lom(f"<lifecycle>{people}</lifecycle>"), author_fields=["email"])
    assert product(extraction)["authors"] == [{"name": "Author One"}]
    assert product(extraction)["notes"] == [
        "author: a text that is no vCard, left out",
        "author: a vCard without a name, left out",
        "authors/0: its e-mail address is none, left out",
    ]


def test_the_date_is_that_of_the_first_role_that_has_a_readable_one(extract: Extract) -> None:
    people = (
        contribute("content provider", person("A"), "2001-01-01")
        + contribute("publisher", person("B"), "soon")
        + contribute("publisher", person("C"), "2013-05-06T10:00:00Z")
    )
    read = product(extract(Lom, lom(f"<lifecycle>{people}</lifecycle>")))
    assert (read["publisher_date"], read["publisher_year"]) == ("2013-05-06", 2013)
    assert read["notes"] == ["publisher_date: 'soon' is no date, left out"]
    fallback = contribute("content provider", person("A"), "2001") + contribute("publisher", person("B"))
    assert product(extract(Lom, lom(f"<lifecycle>{fallback}</lifecycle>")))["publisher_date"] == "2001-01-01"
    labelled = contribute("author", person("A"), "1999-01-01") + contribute("author", person("B"), "2002-02-03", "Date created")
    assert product(extract(NlLom, lom(f"<lifecycle>{labelled}</lifecycle>")))["publisher_date"] == "2002-02-03"


def test_a_consortium_is_known_by_its_keyword(extract: Extract) -> None:
    body = lom(general=f"<keyword>{lang('x')}</keyword><keyword>{lang('HboVPK 2')}</keyword>")
    read = product(extract(Lom, body, keyword_consortia={"none": "None", "hbovpk": "HBO Verpleegkunde"}))
    assert read["learning_material"]["consortium"] == "HBO Verpleegkunde"
    assert "consortium" not in product(extract(Lom, body))["learning_material"]


def test_terms_are_addresses_of_their_vocabulary_nested_ones_too(extract: Extract) -> None:
    nested = (
        f"<classification>{value('purpose', 'Discipline')}<taxonpath><source>{lang('http://example.org/concept/')}</source>"
        f"<taxon><id>a</id><taxon><id>b</id></taxon></taxon></taxonpath></classification>"
    )
    others = classify(
        "discipline", ("", "http://example.org/concept/c", "C"), ("vdex", "http://example.org/concept/d", "D"), ("v", "e", "E")
    )
    read = product(extract(Lom, lom(nested, others, classify("prerequisite", ("http://example.org/concept", "z", "Z")))))
    assert read["learning_material"]["study_vocabulary"] == [f"http://example.org/concept/{name}" for name in "abcd"]
    assert read["learning_material"]["studies"] == ["a", "b", "e", "http://example.org/concept/c", "http://example.org/concept/d"]


def test_texts_are_stripped_and_the_first_that_is_not_empty_counts(extract: Extract) -> None:
    general = (
        f"<description>{lang(' ')}{lang(chr(10) + ' Second &amp; <b>bold</b> ')}</description><language>nl</language>"
        f"<keyword>{lang('b')}</keyword><keyword/><keyword>a</keyword><keyword>{lang(' b ')}</keyword>"
    )
    read = product(extract(Lom, lom(general=general)))
    assert (read["description"], read["keywords"]) == ("Second & bold", ["a", "b"])
    assert read["learning_material"] == {"material_types": ["unknown"]}


def test_values_that_stand_alone_and_entities_with_plain_text_are_read(extract: Extract) -> None:
    role = f"<contribute><role>publisher</role><entity>{person('Institute')}</entity><date>2020-01-02</date></contribute>"
    read = product(
        extract(Lom, lom(f"<lifeCycle>{role}</lifeCycle>", general="<aggregationLevel><source>LOMv1.0</source></aggregationLevel>"))
    )
    assert (read["publishers"], read["publisher_date"]) == (["Institute"], "2020-01-02")
    assert "aggregation_level" not in read["learning_material"]


def test_what_is_no_lom_or_says_nothing_is_set_aside(extract: Extract) -> None:
    other, empty, broken = extract(Lom, b"<record><metadata><dc/></metadata></record>", b"<lom/>", b"<lom>").set_aside
    assert other.reason == "the metadata is 'dc', not LOM: check metadata_prefix and the extractor of the source"
    assert (other.rule, empty.rule, broken.rule) == ("other_format", "other_format", "not_well_formed")


def test_the_order_of_lists_does_not_depend_on_the_process() -> None:
    script = (
        "import sys, orjson, pyarrow as pa\n"
        "from harvest_assets.extract.lom import Lom\n"
        "from harvest_assets.model.record import RAW_RECORDS\n"
        "row = {'identifier': 'r', 'datestamp': '', 'deleted': False, 'set_specs': [], 'envelope': b'', 'page': 1}\n"
        "batch = pa.RecordBatch.from_pylist([{**row, 'body': sys.stdin.buffer.read()}], schema=RAW_RECORDS)\n"
        "found = Lom('s', 'product', Lom.options()).extract(batch).documents\n"
        "print(orjson.dumps([document.properties for document in found]).decode())\n"
    )
    names = [f"{word} {number}" for number in range(5) for word in ("HBO", "WO", "MBO")]
    body = lom(levels(*names, *names), classify("discipline", *(("http://example.org/concept", name[::-1], name) for name in names)))
    printed = {
        subprocess.run(
            [sys.executable, "-c", script], input=body, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
    assert b'"lom_educational_levels":["HBO 0","HBO 1","HBO 2"' in printed.pop()
