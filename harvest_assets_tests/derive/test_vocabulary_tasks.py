"""Terms of documents against vocabularies: labels, ancestors, roots, buckets of years, and terms that nobody knows."""

from datetime import UTC, datetime

import pytest

from harvest_assets.assemble.vocabularies import build_vocabulary
from harvest_assets.derive.consortia import Consortia
from harvest_assets.derive.disciplines import Disciplines
from harvest_assets.derive.publisher_years import PublisherYears
from harvest_assets.derive.study_vocabularies import StudyVocabularies
from harvest_assets.interfaces import TaskInput
from harvest_assets.model.vocabulary import Term, YearSpan
from harvest_assets.testing.tools import build_task, build_tools

TERMS = (
    Term("optics", {"nl": "Optica", "en": "Optics"}, ("physics",)),
    Term("physics", {"nl": "Natuurkunde", "en": "Physics"}, ("science",), ("natuurkunde",)),
    Term("biophysics", {"nl": "Biofysica"}, ("physics", "life")),
    Term("science", {"nl": "Exact", "en": "Science"}),
    Term("life", {"nl": "Leven", "en": "Life"}),
)
BUCKETS = (
    Term("{year}", {"nl": "{year}", "en": "year {year}"}, years=YearSpan(-4, 0)),
    Term("older-than", {"nl": "Ouder", "en": "Older"}, years=YearSpan(None, -5)),
    Term("nineties", {"en": "The nineties"}, years=YearSpan(1990, 1999)),
)
LEARNING = (StudyVocabularies, Disciplines, Consortia)


def document(**properties):
    return TaskInput("source:1", "product", None, None, None, properties)


def material(**learning_material):
    return document(learning_material=learning_material)


def start(task, *terms, year=2026, name=None, **options):
    """A task beside a vocabulary of its own."""
    name = name or getattr(task, "vocabulary_name", task.name)
    vocabulary = build_vocabulary(name, terms or (BUCKETS if task is PublisherYears else TERMS), {})
    now = datetime(year, 1, 1, tzinfo=UTC)
    return build_task(task, build_tools(None, vocabularies={name: vocabulary}, now=now), **options)


def output(task, given):
    assert task.applies_to(given).applies
    (found,) = task.derive([given])
    assert (found.srn, found.status, found.reason) == ("source:1", "succeeded", None)
    return found.output


def test_every_given_term_comes_with_all_that_is_above_it_once_and_in_order_of_identifier():
    found = output(start(StudyVocabularies), material(study_vocabulary=["optics", "biophysics", "physics", "optics"]))
    assert found["keyword"] == ["biophysics", "life", "optics", "physics", "science"]
    assert found["nl"] == ["Biofysica", "Leven", "Optica", "Natuurkunde", "Exact"]
    assert found["en"] == ["Biofysica", "Life", "Optics", "Physics", "Science"]
    assert [each["id"] for each in found["terms"] if each["is_given"]] == ["biophysics", "optics", "physics"]
    assert found["terms"][2] == {"id": "optics", "nl": "Optica", "en": "Optics", "is_given": True, "is_known": True}


def test_the_order_in_which_a_source_names_terms_makes_no_difference():
    task = start(StudyVocabularies)
    one, other = material(study_vocabulary=["zz", "optics", "life"]), material(study_vocabulary=["life", "zz", "optics", "zz"])
    assert output(task, one) == output(task, other)
    assert task.fingerprint(one) == task.fingerprint(other)


@pytest.mark.parametrize("task", [StudyVocabularies, Disciplines])
def test_unknown_terms_are_kept_and_told(task):
    found = output(start(task), material(**{task.key: ["zz", "science", "aa"]}))
    assert found["keyword"] == ["science"]
    assert found["unknown"] == ["aa", "zz"]
    assert [(each["id"], each["is_known"]) for each in found["terms"]] == [("science", True), ("aa", False), ("zz", False)]


def test_terms_in_a_circle_are_looked_up_without_end_or_loss():
    task = start(StudyVocabularies, Term("a", parents=("b",)), Term("b", parents=("a",)))
    found = [output(task, material(study_vocabulary=[given]))["keyword"] for given in "ab"]
    assert found == [["a", "b"], ["b"]]


def test_disciplines_become_their_roots_each_once():
    found = output(start(Disciplines), material(disciplines=["optics", "natuurkunde", "biophysics", "life"]))
    assert (found["keyword"], found["nl"], found["en"]) == (["life", "science"], ["Leven", "Exact"], ["Life", "Science"])
    assert [(each["id"], each["is_given"]) for each in found["terms"]] == [("life", True), ("science", False)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("physics", {"keyword": "physics", "nl": "Natuurkunde", "en": "Physics", "unknown": []}),
        (" natuurkunde ", {"keyword": "physics", "nl": "Natuurkunde", "en": "Physics", "unknown": []}),
        ("Nobody", {"keyword": "Nobody", "nl": None, "en": None, "unknown": ["Nobody"]}),
        (["Nobody", "physics", "life"], {"keyword": "life", "nl": "Leven", "en": "Life", "unknown": ["Nobody"]}),
    ],
)
def test_a_consortium_has_its_names_or_stays_as_it_was_written(given, expected):
    assert output(start(Consortia), material(consortium=given)) == expected


@pytest.mark.parametrize("task", LEARNING)
def test_what_is_asked_for_is_what_is_looked_up_also_beside_learning_material(task):
    assert task.needs == (task.key,)
    for given in (material(**{task.key: ["life"]}), document(**{task.key: "life"}), document(learning_material=7, **{task.key: ["life"]})):
        found = output(start(task), given)
        assert found["keyword"] in ("life", ["life"])


@pytest.mark.parametrize("task", LEARNING)
@pytest.mark.parametrize("nothing", [None, [], "", "  ", [None, ""]])
def test_a_document_without_terms_says_so(task, nothing):
    applicability = start(task).applies_to(material(**{task.key: nothing}))
    assert (applicability.applies, applicability.reason) == (False, f"it has no {task.key}")


def test_what_is_no_text_is_kept_as_unknown():
    found = output(start(StudyVocabularies), material(study_vocabulary=[7, {"b": 1, "a": "x" * 300}, True, ["life"]]))
    assert found["keyword"] == []
    assert found["unknown"] == sorted(["7", '{"a":"' + "x" * 194, "true", '["life"]'])


@pytest.mark.parametrize("task", [*LEARNING, PublisherYears])
def test_without_its_vocabulary_a_task_says_what_to_add(task):
    lost = build_task(task, build_tools(None), vocabulary="lost")
    given = document(publisher_year=2020, **{getattr(task, "key", "date"): ["life"]})
    applicability = lost.applies_to(given)
    assert applicability.reason == "there is no vocabulary 'lost'; add vocabularies/lost.yaml, or see why it could not be loaded"
    found = start(task, name="lost", vocabulary="lost")
    assert found.applies_to(given).applies
    assert found.basis() != lost.basis()
    assert found.fingerprint(given) != lost.fingerprint(given)


@pytest.mark.parametrize("task", LEARNING)
def test_a_changed_vocabulary_touches_only_documents_with_the_changed_terms(task):
    changed = [Term("life", {"nl": "Levenswetenschappen"}) if each.id == "life" else each for each in TERMS]
    before, after = start(task), start(task, *changed, Term("new"))
    assert before.basis() != after.basis()
    touched = {
        term
        for term in ("optics", "physics", "biophysics", "science", "life", "zz", "new")
        if before.fingerprint(material(**{task.key: [term]})) != after.fingerprint(material(**{task.key: [term]}))
    }
    assert touched == ({"life", "new"} if task is Consortia else {"life", "biophysics", "new"})


def test_a_label_on_the_way_to_the_root_is_nothing_to_a_discipline():
    changed = [Term("physics", {"nl": "Fysica"}, ("science",)) if each.id == "physics" else each for each in TERMS]
    optics = material(disciplines=["optics"], study_vocabulary=["optics"])
    assert start(Disciplines).fingerprint(optics) == start(Disciplines, *changed).fingerprint(optics)
    assert start(StudyVocabularies).fingerprint(optics) != start(StudyVocabularies, *changed).fingerprint(optics)


@pytest.mark.parametrize(
    ("properties", "year", "bucket", "labels"),
    [
        ({"publisher_year": 2026}, 2026, "2026", ("2026", "year 2026")),
        ({"publisher_year": 2022}, 2022, "2022", ("2022", "year 2022")),
        ({"publisher_year": 2021}, 2021, "older-than", ("Ouder", "Older")),
        ({"publisher_year": 1995}, 1995, "nineties", ("The nineties", "The nineties")),
        ({"publisher_year": "1970"}, 1970, "older-than", ("Ouder", "Older")),
        ({"publisher_year": None, "publisher_date": "2024-05-03"}, 2024, "2024", ("2024", "year 2024")),
        ({"publisher_year": 20, "publisher_date": "20240503"}, 2024, "2024", ("2024", "year 2024")),
        ({"date": ["s.a.", "c1998", "2025"]}, 1998, "nineties", ("The nineties", "The nineties")),
    ],
)
def test_a_year_falls_into_the_bucket_that_begins_last(properties, year, bucket, labels):
    found = output(start(PublisherYears), document(**properties))
    assert (found["publisher_year"], found["publisher_year_normalized"]) == (year, bucket)
    assert ((found["nl"], found["en"]), found["unknown"]) == (labels, [])


@pytest.mark.parametrize(
    ("value", "year", "unknown"),
    [
        (2027, 2027, "2027"),
        (9999, 9999, "9999"),
        (0, None, "0"),
        (-500, None, "-500"),
        ("19th century", None, "19th century"),
        (True, None, "true"),
    ],
)
def test_years_to_come_and_years_that_are_none_are_kept_and_told(value, year, unknown):
    found = output(start(PublisherYears), document(publisher_year=value))
    assert found == {"publisher_year": year, "publisher_year_normalized": None, "nl": None, "en": None, "unknown": [unknown]}


def test_in_january_only_documents_whose_bucket_moves_are_looked_at_again():
    before, after = start(PublisherYears, year=2026), start(PublisherYears, year=2027)
    assert before.basis() != after.basis()
    years = [1800, 1995, 2020, 2021, 2022, 2023, 2025, 2026, 2027, 2028]
    documents = {year: document(publisher_year=year) for year in years}
    assert [year for year, each in documents.items() if before.fingerprint(each) != after.fingerprint(each)] == [2022, 2027]
    assert output(after, documents[2022])["publisher_year_normalized"] == "older-than"


def test_a_document_without_a_date_and_a_vocabulary_without_buckets_say_so():
    assert start(PublisherYears).applies_to(document(date=[""])).reason == "it has no publisher_year and no date"
    reason = start(PublisherYears, Term("a")).applies_to(document(date=["2020"])).reason
    assert reason == "vocabulary 'publisher_years' has no bucket of years; give its terms 'from' and 'to'"
