"""vCards of all versions and in all the shapes that metadata has them in."""

import time

import pytest

from harvest_assets.extract.vcards import VCard, VCards, read_vcards


def one(text: str) -> VCard:
    found = read_vcards(text)
    assert found.faults == ()
    (card,) = found.cards
    return card


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Author One\r\nN:One;Author;;;\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nVERSION:2.1\nN:One;Author\nEND:VCARD",
        "BEGIN:VCARD\nVERSION:4.0\nFN;LANGUAGE=en:Author One\nEND:VCARD",
        "begin:vcard\nfn:Author One\nend:vcard",
        "BEGIN:VCARD\nFN:\nN:One;Author;;Dr.;MSc\nEND:VCARD",
        "BEGIN:VCARD\nitem1.FN:Author One\nEND:VCARD",
        'BEGIN:VCARD\nFN;X-NOTE="a:b;c":Author One\nEND:VCARD',
        "BEGIN:VCARD\nFN:Author\n  One\nEND:VCARD",
        "BEGIN:VCARD\nVERSION:3.0\nFN:Auth\n or One\nEND:VCARD",
        "\n    BEGIN:VCARD\n    VERSION:3.0\n    FN:Auth\n     or One\n    END:VCARD\n  ",
        "BEGIN:VCARD - VERSION:3.0 - FN:Author One - END:VCARD",
        "BEGIN:VCARD - VERSION:3.0 -\nFN:Author One\nEND:VCARD",
        "BEGIN:VCARD VERSION:3.0 FN:Author One EMAIL;TYPE=work: END:VCARD",
        "BEGIN:VCARD\\nVERSION:3.0\\nFN:Author One\\nEND:VCARD",
        "BEGIN:VCARD\nFN:Author One",
        "BEGIN:VCARD\nORG:Author One;Department\nEND:VCARD",
        "BEGIN:VCARD\nNOTE:FN is below\nno property at all\n\nFN:Author One\nFN:Another Name\nEND:VCARD\nFN:Nobody",
    ],
)
def test_a_name_is_read_in_every_shape(text: str) -> None:
    assert one(text) == VCard("Author One")


def test_escaped_commas_and_semicolons_are_part_of_the_name() -> None:
    assert one("BEGIN:VCARD\nFN:Institute\\, Faculty\\; Group\\nTwo\nEND:VCARD").name == "Institute, Faculty; Group Two"
    assert one("BEGIN:VCARD\nN:One\\;Two;Author\\, A.;van\nEND:VCARD").name == "Author, A. van One;Two"


def test_quoted_printable_is_decoded_with_its_charset_and_over_its_lines() -> None:
    card = "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Andr=E9=\n One\nEND:VCARD"
    assert one(card).name == "André One"
    assert one("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE:Andr=C3=A9\nEND:VCARD").name == "André"
    assert one("BEGIN:VCARD\nFN;ENCODING=QUOTED-PRINTABLE;CHARSET=UNHEARD-OF:Andr=E9\nEND:VCARD").name == "Andr\N{REPLACEMENT CHARACTER}"


def test_several_cards_of_one_text_are_several_people() -> None:
    text = "BEGIN:VCARD\nFN:Author One\nEND:VCARD\nBEGIN:VCARD VERSION:3.0 FN:Author Two END:VCARD"
    assert [card.name for card in read_vcards(text).cards] == ["Author One", "Author Two"]


def test_mail_addresses_are_as_written() -> None:
    assert one("BEGIN:VCARD\nFN:A\nEMAIL;TYPE=internet:one@example.org\nEMAIL:two@example.org\nEND:VCARD").email == "one@example.org"
    assert one("BEGIN:VCARD\nFN:A\nEMAIL:mailto:one@example.org\nEND:VCARD").email == "one@example.org"
    assert one("BEGIN:VCARD\nFN:A\nEMAIL:Author One\nEND:VCARD").email == "Author One"


@pytest.mark.parametrize(
    ("line", "orcid"),
    [
        ("X-ORCID:0000-0002-1825-0097", "0000-0002-1825-0097"),
        ("URL:https://orcid.org/0000-0002-1694-233X", "0000-0002-1694-233X"),
        ("UID:urn:orcid:0000-0002-1694-233x", "0000-0002-1694-233X"),
        ("X-ORCID:0000-0002-1825-0098", None),
        ("URL:https://example.org/0000-0002-1825-0097", None),
    ],
)
def test_an_orcid_is_one_that_says_so_and_has_a_right_check_digit(line: str, orcid: str | None) -> None:
    assert one(f"BEGIN:VCARD\nFN:A\n{line}\nEND:VCARD").orcid == orcid


def test_what_is_no_card_or_has_no_name_is_left_out_and_said() -> None:
    assert read_vcards("Author One") == VCards(faults=("a text that is no vCard",))
    assert read_vcards("BEGIN:VCARD\nVERSION:3.0\nN:;;;;\nEND:VCARD\nBEGIN:VCARD\nFN:A\nEND:VCARD") == VCards(
        (VCard("A"),), ("a vCard without a name",)
    )
    assert read_vcards(" \n ") == VCards()
    assert read_vcards("x" * 200_001) == VCards(faults=("the text of a vCard has 200001 characters, at most 200000 are read",))


@pytest.mark.parametrize(
    "piece",
    [" ", "\\n", "\n -", "a", "\\;", ';"', "\n x", "\nFN;ENCODING=QUOTED-PRINTABLE:x=", " fn;", "0000-", "BEGIN:VCARD", "begin ", "=\n"],
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.monotonic()
    for start in ("", "BEGIN:VCARD", "BEGIN:VCARD\nN:", "BEGIN:VCARD\nX-ORCID:"):
        found = read_vcards((start + piece * 200_000)[:200_000])
        assert isinstance(found, VCards)
    assert time.monotonic() - began < 30  # seconds where a quadratic reading takes hours
