"""Languages: what records declare under all names, and what their words are in."""

from typing import Any

import pytest
from pydantic import ValidationError

from harvest_assets.derive.language_codes import is_same_language, read_language
from harvest_assets.derive.languages import DETECTABLE, MAX_CHARACTERS, Languages
from harvest_assets.interfaces import DocumentTask, HttpClient, TaskInput
from harvest_assets.testing.tools import build_task, build_tools

DUTCH = "Een leermiddel over de geschiedenis van de zorg, met opdrachten."
ENGLISH = "A course about the history of health care, with exercises."


@pytest.fixture
def task(client: HttpClient) -> DocumentTask:
    return build_task(Languages, build_tools(client))


def describe(title: str | None = None, **properties: Any) -> TaskInput:
    return TaskInput("source:1", "product", title, None, None, properties)


def detect(task: DocumentTask, document: TaskInput) -> dict[str, Any]:
    assert task.applies_to(document).applies
    (result,) = task.derive([document])
    assert (result.srn, result.status, result.reason) == ("source:1", "succeeded", None)
    return result.output


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (DUTCH, "nl"),
        (ENGLISH, "en"),
        ("Grundlagen der Elektrotechnik für Studierende", "de"),
        ("Histoire de la musique baroque", "fr"),
        ("Introducción a la química orgánica", "es"),
        ("Introduzione alla letteratura italiana", "it"),
        ("Introdução à química orgânica", "pt"),
        ("Introduktion till svensk rätt", "sv"),
        ("Innføring i norsk rett og samfunn", "nb"),
        ("Indledning til dansk retshistorie", "da"),
    ],
)
def test_texts_of_a_few_words_are_told_apart(task: DocumentTask, text: str, language: str) -> None:
    output = detect(task, describe(title=text))
    assert output["detected"] == language
    assert 0.3 < output["confidence"] <= 1


def test_the_whole_output(task: DocumentTask) -> None:
    assert detect(task, describe(title="x", description=DUTCH, language="nl-NL")) == {
        "declared": ["nl"],
        "detected": "nl",
        "confidence": 0.99,
        "agrees": True,
    }


@pytest.mark.parametrize(
    ("language", "declared", "agrees"),
    [
        ("en", ["en"], False),
        (["eng", "dut"], ["en", "nl"], True),
        (["en_GB", "en-US"], ["en"], False),
        ("Nederlands", ["nl"], True),
        ("unk", [], None),
        ("ja", ["ja"], None),
        (["ja", "nl"], ["ja", "nl"], True),
        (None, [], None),
        ({"code": "nl"}, [], None),
        ([3, None, ""], [], None),
    ],
)
def test_what_is_declared_agrees_or_not_or_cannot(task: DocumentTask, language: Any, declared: list[str], agrees: bool | None) -> None:  # noqa: FBT001 - an expected value
    output = detect(task, describe(description=DUTCH, language=language))
    assert (output["declared"], output["detected"], output["agrees"]) == (declared, "nl", agrees)


def test_declared_norwegian_agrees_with_either_of_its_forms(task: DocumentTask) -> None:
    assert detect(task, describe(title="Innføring i norsk rett og samfunn", language="no"))["agrees"] is True


def test_lists_of_texts_are_read_as_dublin_core_has_them(task: DocumentTask) -> None:
    document = describe(title=["Zorg", "Care"], description=[DUTCH, DUTCH], language=["dut"])
    assert detect(task, document) == {"declared": ["nl"], "detected": "nl", "confidence": 0.99, "agrees": True}


def test_tags_and_addresses_are_no_words(task: DocumentTask) -> None:
    noise = '<div class="introduction to the history of education">&nbsp;</div> https://example.org/the/history/of/education a@example.org '
    assert detect(task, describe(description=noise * 3 + DUTCH)) == detect(task, describe(description=DUTCH))
    assert not task.applies_to(describe(description=noise * 10)).applies


@pytest.mark.parametrize("text", ["Zorg", "", "1234567890 " * 9, "abcdefghij abcdefghi", None])
def test_too_few_letters_tell_no_language(task: DocumentTask, text: str | None) -> None:
    verdict = task.applies_to(describe(title=text))
    assert not verdict.applies
    letters = sum(character.isalpha() for character in text or "")
    assert verdict.reason == f"title and description have {letters} letters; a language is told from 20 on"
    assert task.applies_to(describe(title="abcdefghij abcdefghij")).applies


def test_the_fingerprint_is_of_what_is_read_and_no_more(client: HttpClient, task: DocumentTask) -> None:
    document = describe(description=DUTCH, language="nl")
    assert task.fingerprint(document) == task.fingerprint(describe(description=DUTCH, language="dut", keywords=["x"]))
    assert task.fingerprint(document) != task.fingerprint(describe(description=DUTCH, language="en"))
    assert task.fingerprint(document) != task.fingerprint(describe(description=ENGLISH, language="nl"))
    assert task.fingerprint(document) != build_task(Languages, build_tools(client), languages=["nl", "en"]).fingerprint(document)
    long = "woord " * MAX_CHARACTERS
    assert task.fingerprint(describe(description=long)) == task.fingerprint(describe(description=long + "other"))


def test_only_the_languages_that_are_named_are_detected(client: HttpClient) -> None:
    task = build_task(Languages, build_tools(client), languages=["en", "de"])
    assert detect(task, describe(description=DUTCH))["detected"] in {"en", "de"}


def test_the_same_text_gives_the_same_result(task: DocumentTask) -> None:
    documents = [describe(description=text) for text in (DUTCH, ENGLISH, DUTCH[:24], ENGLISH[:24]) * 5]
    outputs = [result.output for result in task.derive(documents)]
    assert outputs[:4] * 5 == outputs


@pytest.mark.parametrize(
    ("languages", "message"),
    [(["nl", "xx"], "'xx' is not one of the languages that can be detected: af, ar"), (["nl"], "at least 2 items")],
)
def test_options_that_are_wrong_say_so(client: HttpClient, languages: list[str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        build_task(Languages, build_tools(client), languages=languages)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nl", "nl"),
        ("NL", "nl"),
        ("nl-NL", "nl"),
        ("en_GB", "en"),
        ("zh-Hant-TW", "zh"),
        ("dut", "nl"),
        ("nld", "nl"),
        ("ger", "de"),
        ("eng", "en"),
        (" Nederlands ", "nl"),
        ("Dutch", "nl"),
        ("Engels", "en"),
        ("Deutsch", "de"),
        ("Français", "fr"),
        ("pap", "pap"),
        ("grc", "grc"),
        ("unk", None),
        ("und", None),
        ("mul", None),
        ("zxx", None),
        ("", None),
        ("no language", None),
        ("nl; en", None),
        ("n", None),
    ],
)
def test_languages_have_one_name(text: str, code: str | None) -> None:
    assert read_language(text) == code


def test_what_can_be_detected_has_a_name() -> None:
    assert all(read_language(code) == code for code in DETECTABLE)
    assert is_same_language("nb", "no")
    assert not is_same_language("nl", "de")
