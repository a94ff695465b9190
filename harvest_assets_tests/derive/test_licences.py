"""The task ``licences``: an SPDX identifier where there is one, and no guess where there is none."""

from dataclasses import replace

import pytest

from harvest_assets.derive.licences import MOST_TEXTS, SHOWN_CHARACTERS, Licences
from harvest_assets.derive.spdx import find_by_address, find_by_name
from harvest_assets.interfaces import TaskInput
from harvest_assets.testing.tools import build_task, build_tools

CC = "https://creativecommons.org"


@pytest.fixture
def read(client):
    """The result for some properties."""
    task = build_task(Licences, build_tools(client))

    def derive(**properties: object):
        [found] = task.derive([TaskInput("lib:1", "product", None, None, None, properties)])
        return found

    return derive


@pytest.mark.parametrize(
    ("text", "spdx", "confidence"),
    [
        ("CC-BY-4.0", "CC-BY-4.0", "exact"),
        ("mit", "MIT", "exact"),
        ("GPL-3.0-or-later", "GPL-3.0-or-later", "exact"),
        ("cc-by-nc-40", "CC-BY-NC-4.0", "normalised"),
        ("cc-by-nc-nd-30", "CC-BY-NC-ND-3.0", "normalised"),
        ("cc0-10", "CC0-1.0", "normalised"),
        ("pdm-10", "CC-PDM-1.0", "normalised"),
        ("CC0", "CC0-1.0", "normalised"),
        ("CCBYNC 4.0", "CC-BY-NC-4.0", "normalised"),
        ("CC BY-NC-SA v4", "CC-BY-NC-SA-4.0", "normalised"),
        ("Public Domain Mark 1.0", "CC-PDM-1.0", "normalised"),
        ("Creative Commons Zero v1.0 Universal", "CC0-1.0", "normalised"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International License", "CC-BY-NC-SA-4.0", "normalised"),
        ("Attribution Non Commercial No Derivatives 4.0", "CC-BY-NC-ND-4.0", "normalised"),
        ("Naamsvermelding-NietCommercieel-GeenAfgeleideWerken 4.0 Internationaal", "CC-BY-NC-ND-4.0", "normalised"),
        ("Creative Commons Naamsvermelding-GelijkDelen 3.0", "CC-BY-SA-3.0", "normalised"),
        ("Dit werk valt onder CC BY-SA 4.0.", "CC-BY-SA-4.0", "text"),
        ("Licensed under the Apache License, Version 2.0 (the licence)", "Apache-2.0", "text"),
        ("Apache 2", "Apache-2.0", "normalised"),
        ("MIT Licence", "MIT", "normalised"),
        ("GPL-3.0+", "GPL-3.0-or-later", "normalised"),
        (f"{CC}/licenses/by/4.0/", "CC-BY-4.0", "exact"),
        ("http://www.creativecommons.org/licenses/by/4.0/deed.nl", "CC-BY-4.0", "exact"),
        (f"{CC}/licenses/by-sa/4.0/legalcode.nl", "CC-BY-SA-4.0", "exact"),
        ("creativecommons.org/licenses/by-nc/4.0", "CC-BY-NC-4.0", "exact"),
        ("http://creativecommons.org/licenses/by-nd-nc/1.0/", "CC-BY-NC-ND-1.0", "exact"),
        ("http://creativecommons.org/licenses/by/3.0/nl/", "CC-BY-3.0-NL", "exact"),
        ("http://creativecommons.org/licenses/by/3.0/nl/deed.en", "CC-BY-3.0-NL", "exact"),
        ("http://creativecommons.org/licenses/by-nc-nd/3.0/nl/", "CC-BY-NC-ND-3.0", "normalised"),
        (f"{CC}/licenses/by-sa/2.1/jp/", "CC-BY-SA-2.1-JP", "exact"),
        ("https://i.creativecommons.org/l/by-nc/4.0/88x31.png", "CC-BY-NC-4.0", "exact"),
        (f"{CC}/publicdomain/zero/1.0/deed.en", "CC0-1.0", "exact"),
        (f"{CC}/publicdomain/mark/1.0/", "CC-PDM-1.0", "exact"),
        ("https://opensource.org/licenses/MIT", "MIT", "exact"),
        ("https://opensource.org/license/apache-2-0", "Apache-2.0", "exact"),
        ("https://www.gnu.org/licenses/gpl-3.0.en.html", "GPL-3.0-only", "exact"),
        ("http://www.apache.org/licenses/LICENSE-2.0.txt", "Apache-2.0", "exact"),
        ("https://spdx.org/licenses/ODbL-1.0.html", "ODbL-1.0", "exact"),
        ("https://opendatacommons.org/licenses/odbl/1-0/", "ODbL-1.0", "exact"),
        ("https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "OGL-UK-3.0", "exact"),
        (f"This work is under a licence, see {CC}/licenses/by/4.0/.", "CC-BY-4.0", "exact"),
    ],
)
def test_codes_names_prose_and_addresses_become_identifiers(read, text, spdx, confidence):
    output = read(copyright=text).output
    assert (output["spdx"], output["confidence"]) == (spdx, confidence)
    assert output["given"] == [text]
    assert "unknown" not in output


@pytest.mark.parametrize(
    "text",
    [
        "© 2020 Anderson and Brand, some friends in England",
        "indeed the standard and legend",
        "Attribution of sources is required",
        "Creative Commons by Author One",
        "Accentus by nd van der Sand",
        "unknown",
        "https://example.org/licences/by/4.0/",
        "https://creativecommons.org/about/",
        "https://creativecommons.org/licenses/xx/4.0/",
        "http://[broken",
        "",
    ],
)
def test_what_names_no_licence_is_kept_and_reported(read, text):
    found = read(rights=text or "-")
    assert (found.status, found.output["spdx"], found.output["is_open"]) == ("succeeded", None, None)
    assert found.output["unknown"] == [text or "-"]
    assert found.reason == f"no licence is named in {text or '-'!r}"


@pytest.mark.parametrize(
    ("text", "name", "flags"),
    [
        ("yes", "All rights reserved", (False, False, False)),
        ("All rights reserved.", "All rights reserved", (False, False, False)),
        ("© Author One. Alle rechten voorbehouden", "All rights reserved", (False, False, False)),
        ("public domain", "Public domain", (True, True, True)),
        ("http://rightsstatements.org/vocab/InC/1.0/", "In Copyright", (False, False, False)),
        ("https://rightsstatements.org/page/NoC-NC/1.0/?language=en", "No Copyright - Non-Commercial Use Only", (False, None, False)),
        ("rightsstatements.org/vocab/CNE/1.0/", "Copyright Not Evaluated", (None, None, None)),
        ("CC BY", "Creative Commons Attribution, version not said", (True, True, True)),
        ("CC BY-NC", "Creative Commons Attribution-NonCommercial, version not said", (False, True, False)),
        (
            "http://creativecommons.org/licenses/by-nd/",
            "Creative Commons Attribution-NoDerivatives, version not said",
            (False, False, True),
        ),
        (
            "cc-by-nc-nd-sa-40",
            "Creative Commons Attribution-NonCommercial-NoDerivatives-ShareAlike 4.0, which does not exist",
            (False, False, False),
        ),
    ],
)
def test_what_has_no_identifier_still_says_what_is_allowed(read, text, name, flags):
    output = read(copyright=text).output
    assert (output["spdx"], output["name"]) == (None, name)
    assert (output["is_open"], output["allows_derivatives"], output["allows_commercial_use"]) == flags


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("cc-by-40", (True, True, True)),
        ("cc-by-sa-40", (True, True, True)),
        ("cc-by-nc-40", (False, True, False)),
        ("cc-by-nd-40", (False, False, True)),
        ("cc0-10", (True, True, True)),
        ("EUPL-1.2", (True, True, True)),
    ],
)
def test_flags_follow_the_elements(read, text, flags):
    output = read(copyright=text).output
    assert (output["is_open"], output["allows_derivatives"], output["allows_commercial_use"]) == flags


def test_of_several_licences_the_surest_counts_and_the_others_are_kept(read):
    output = read(
        copyright_description="Text under CC BY-NC 4.0 by the authors",
        copyright="cc-by-sa-40",
        rights=["http://rightsstatements.org/vocab/InC/1.0/", f"{CC}/licenses/by/4.0/", "something else", f"{CC}/licenses/by/4.0/"],
    ).output
    assert (output["name"], output["confidence"]) == ("In Copyright", "exact")
    assert [(each["spdx"], each["confidence"]) for each in output["others"]] == [
        ("CC-BY-4.0", "exact"),
        ("CC-BY-SA-4.0", "normalised"),
        ("CC-BY-NC-4.0", "text"),
    ]
    assert output["unknown"] == ["something else"]
    assert len(output["given"]) == 5


def test_the_same_licence_said_twice_is_one_as_sure_as_the_surest(read):
    output = read(copyright="cc-by-40", rights=f"CC BY 4.0, {CC}/licenses/by/4.0/").output
    assert (output["spdx"], output["confidence"]) == ("CC-BY-4.0", "exact")
    assert "others" not in output


def test_an_expression_is_all_of_its_licences(read):
    output = read(license="(MIT OR Apache-2.0) AND CC-BY-4.0").output
    assert output["spdx"] == "MIT"
    output = read(license="MIT OR Apache-2.0 AND CC-BY-4.0").output
    assert [output["spdx"], *(each["spdx"] for each in output["others"])] == ["MIT", "Apache-2.0", "CC-BY-4.0"]


def test_access_rights_are_no_licence_and_no_riddle(read):
    output = read(rights=["info:eu-repo/semantics/openAccess", "Open Access"]).output
    assert output["spdx"] is None
    assert "unknown" not in output


def test_records_of_other_formats_are_read_too(read):
    output = read(rights=[{"rights": "Creative Commons Attribution 4.0", "rightsUri": f"{CC}/licenses/by/4.0/", "lang": "en"}]).output
    assert (output["spdx"], output["confidence"]) == ("CC-BY-4.0", "exact")
    assert "unknown" not in output


def test_hostile_texts_are_cut(read):
    nested: object = "cc-by-40"
    for _ in range(50):
        nested = [nested]
    found = read(rights=["cc " * 100_000, *(f"text {number}" for number in range(1_000))], copyright=nested)
    assert len(found.output["given"]) == MOST_TEXTS
    assert max(map(len, found.output["given"])) == SHOWN_CHARACTERS + 1


def test_it_applies_where_something_is_said_and_is_looked_at_again_when_that_changes(client):
    task = build_task(Licences, build_tools(client))
    said = TaskInput("lib:1", "product", "T", None, None, {"copyright": "cc-by-40", "title": "T"})
    assert task.applies_to(said).applies
    assert task.applies_to(replace(said, properties={"copyright": "  "})).reason == "nothing is said of its licence"
    assert task.fingerprint(said) == task.fingerprint(replace(said, properties={"copyright": "cc-by-40"}))
    assert task.fingerprint(said) != task.fingerprint(replace(said, properties={"copyright": "cc-by-30"}))


def test_every_address_and_name_of_the_table_leads_to_one_licence():
    for name in ("Apache-2.0", "BSD 3-Clause", "GNU General Public License v3.0 or later", "Licence Art Libre 1.3"):
        found = find_by_name(name)
        assert found is not None
    assert find_by_address("https://www.gnu.org/licenses/old-licenses/gpl-2.0.html") == find_by_address("gnu.org/licenses/gpl-2.0")
    assert find_by_address("https://example.org/") is None
