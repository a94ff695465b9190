"""Which rights statements let us read a file: every access policy, and NoDerivatives as an element of a licence, never as two letters."""

import pytest

from harvest_assets.model.rights import forbids_derivatives, is_open_licence, read_policy

ND = [
    "cc-by-nd-40",
    "cc-by-nc-nd-40",
    "cc-by-nd",
    "CC BY-NC-ND 4.0",
    "CC BY-ND",
    "cc_by_nd_30",
    "CC-BY-ND 3.0 NL",
    "by-nc-nd",
    "by-nd-4.0",
    "http://creativecommons.org/licenses/by-nd/4.0/",
    "https://creativecommons.org/licenses/by-nc-nd/4.0/deed.nl",
    "http://creativecommons.org/licenses/by-nd-nc/1.0/",
    "This work is licensed under CC BY-NC-ND 4.0 International.",
    "Creative Commons Attribution-NonCommercial-NoDerivatives 4.0",
    "Creative Commons Naamsvermelding-GeenAfgeleideWerken 3.0",
    "Attribution-NoDerivs 3.0",
]
OPEN = [
    "cc-by-40",
    "cc-by",
    "cc-by-nc-sa-40",
    "CC BY 4.0",
    "CC0",
    "cc0-10",
    "CC-0",
    "cc-zero",
    "pdm public domain mark 1.0",
    "Public Domain",
    "public-domain",
    "by-sa",
    "http://creativecommons.org/licenses/by/4.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "http://creativecommons.org/publicdomain/mark/1.0/",
    "Creative Commons Attribution 4.0 International",
]
NEITHER = [
    "standard licence",
    "Handbook terms",
    "end-user licence",
    "yes",
    "no",
    "unknown",
    "All rights reserved",
    "account by hand",
    "bynd",
    "nd",
    "by and large",
    "",
]


@pytest.mark.parametrize("licence", ND)
def test_no_derivatives_is_seen_in_codes_addresses_and_names(licence: str) -> None:
    assert forbids_derivatives(licence)
    assert not is_open_licence(licence)
    assert not read_policy("RestrictedAccess", licence).applies
    assert not read_policy(None, licence).applies


@pytest.mark.parametrize("licence", OPEN)
def test_licences_of_creative_commons_and_the_public_domain_are_open(licence: str) -> None:
    assert is_open_licence(licence)
    assert read_policy("RestrictedAccess", licence).applies
    assert read_policy(None, licence).applies


@pytest.mark.parametrize("text", NEITHER)
def test_the_letters_of_a_code_inside_words_are_no_licence(text: str) -> None:
    assert not forbids_derivatives(text)
    assert not is_open_licence(text)
    assert not read_policy(None, text).applies


@pytest.mark.parametrize("access_rights", ["OpenAccess", "info:eu-repo/semantics/openAccess", "http://purl.org/coar/access_right/c_abf2"])
@pytest.mark.parametrize("licence", [None, "yes", "unknown", "cc-by-nd-40", "cc-by-40"])
def test_open_files_are_read_whatever_their_licence(access_rights: str, licence: str | None) -> None:
    assert read_policy(access_rights, licence).applies


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        (None, "access is restricted and no licence is given"),
        ("", "access is restricted and no licence is given"),
        ("yes", "access is restricted and no licence is given"),
        ("unknown", "access is restricted and no licence is given"),
        ("cc-by-nd-40", "access is restricted and the licence 'cc-by-nd-40' allows no derivatives"),
    ],
)
def test_restricted_files_need_a_licence_that_allows_derivatives(licence: str | None, reason: str) -> None:
    verdict = read_policy("RestrictedAccess", licence)
    assert (verdict.applies, verdict.reason) == (False, reason)


@pytest.mark.parametrize("licence", ["cc-by-40", "cc-by-nc-sa-40", "standard licence", "Handbook terms", "cc0-10"])
def test_restricted_files_with_such_a_licence_are_read(licence: str) -> None:
    assert read_policy("RestrictedAccess", licence).applies
    assert read_policy("http://purl.org/coar/access_right/c_16ec", licence).applies


@pytest.mark.parametrize(
    "access_rights",
    [
        "ClosedAccess",
        "openaccess",
        "OPENACCESS",
        "Open Access",
        "restrictedaccess",
        "anything",
        "info:eu-repo/semantics/embargoedAccess",
        "info:eu-repo/semantics/closedAccess",
        "http://purl.org/coar/access_right/c_14cb",
        "http://purl.org/coar/access_right/c_f1cf",
        "http://purl.org/coar/access_right/c_0000",
    ],
)
def test_any_other_value_lets_nobody_in_and_case_counts(access_rights: str) -> None:
    verdict = read_policy(access_rights, "cc-by-40")
    assert not verdict.applies
    assert verdict.reason == f"the access rights are {access_rights!r}: the content may not be read"


@pytest.mark.parametrize(
    "text",
    [
        "info:eu-repo/semantics/openAccess",
        "https://purl.org/coar/access_right/c_abf2",
        "open access",
        "openAccess",
        "Open Access",
        "http://creativecommons.org/licenses/by/4.0/",
        "CC BY-SA 4.0",
    ],
)
def test_without_access_rights_the_texts_of_rights_may_open_a_file(text: str) -> None:
    assert read_policy(None, None, ["(c) Author One", text]).applies


def test_the_strictest_of_several_statements_counts() -> None:
    texts = ["info:eu-repo/semantics/openAccess", "closed access"]
    verdict = read_policy(None, "cc-by-40", texts)
    assert (verdict.applies, verdict.reason) == (False, "the access rights are 'ClosedAccess': the content may not be read")
    assert not read_policy(None, None, ["open access", "restricted access"]).applies
    assert read_policy(None, None, ["restricted access", "CC BY 4.0"]).applies
    assert not read_policy(None, None, ["restricted access", "CC BY-ND 4.0"]).applies


@pytest.mark.parametrize(
    ("licence", "rights", "reason"),
    [
        (None, [], "no access rights are given, and no licence"),
        ("yes", [], "no access rights are given, and 'yes' is no open licence"),
        (None, ["All rights reserved"], "no access rights are given, and no licence"),
        ("cc-by-40", ["CC BY-ND 4.0"], "no access rights are given, and the licence 'CC BY-ND 4.0' allows no derivatives"),
    ],
)
def test_without_access_rights_only_an_open_licence_lets_us_in(licence: str | None, rights: list[str], reason: str) -> None:
    verdict = read_policy(None, licence, rights)
    assert (verdict.applies, verdict.reason) == (False, reason)


def test_several_licences_may_be_given_as_a_list() -> None:
    assert read_policy(None, ["yes", "cc-by-40"]).applies
    assert not read_policy("RestrictedAccess", ["cc-by-40", "cc-by-nd-40"]).applies
