"""A vocabulary that changes: only documents that use the changed terms are looked at again, and only they are in the change feed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from harvest_assets.stages.vocabularies import load
from harvest_assets_tests.end_to_end.formats import FORMATS
from harvest_assets_tests.end_to_end.origin import Origin
from harvest_assets_tests.end_to_end.place import Place

At = Callable[[int], datetime]

TERM = "http://example.org/concept"
STUDIES = f"""id,label_nl,label_en,parent
{TERM}/care,Zorg,Care,
{TERM}/wounds,Wonden,Wounds,{TERM}/care
{TERM}/roads,Wegen,Roads,
{TERM}/unused,Ongebruikt,Unused,
"""
DISCIPLINES = (
    "id,label_nl,label_en,parent\nhealth,Gezondheid,Health,\nnursing,Verpleegkunde,Nursing,health\ntechnology,Techniek,Technology,\n"
)
NAMES = {each.name: each for each in FORMATS}


def load_vocabularies(place: Place, studies: str = STUDIES, disciplines: str = DISCIPLINES) -> None:
    place.write_vocabulary("study_vocabulary", studies)
    place.write_vocabulary("disciplines", disciplines)
    with place.installation.isolation() as isolation:
        assert load(place.installation, isolation).broken == ()


def serve(origin: Origin, place: Place, at: At) -> None:
    """Products with one term and one discipline each; those of ``c`` nobody knows."""
    source_format = NAMES["sharekit"]
    records = source_format.open(origin)
    for name, term, discipline in (("a", "wounds", "nursing"), ("b", "roads", "technology"), ("c", "lost", "alchemy")):
        record: Any = source_format.build(name)
        said = {"vocabularies": {"any": [{"source": f"{TERM}/{term}"}]}, "themesLearningMaterial": [discipline], "files": [], "links": []}
        record["attributes"] |= said
        records.put(name, record, at(-1))
    place.write_source("lib", **records.keys, extract="sharekit", tasks=["study_vocabularies", "disciplines", "validity"])


def pass_day(place: Place, number: int, since: int) -> tuple[dict[str, int], int, dict[str, str]]:
    """Calls of the tasks, and what the feed says."""
    place.run(number)
    place.release(number)
    return place.calls(number), *place.changes(since)


def test_only_documents_that_use_the_changed_terms_are_looked_at_again(origin: Origin, place: Place, at: At) -> None:
    load_vocabularies(place)
    serve(origin, place, at)
    calls, sequence, _ = pass_day(place, 0, 0)
    assert calls == {"study_vocabularies": 3, "disciplines": 3, "validity": 3}
    studies = {srn: row["output"] for srn, row in place.results("study_vocabularies", 0).items()}
    assert studies["lib:a"]["keyword"] == [f"{TERM}/care", f"{TERM}/wounds"]
    assert (studies["lib:a"]["nl"], studies["lib:a"]["en"]) == (["Zorg", "Wonden"], ["Care", "Wounds"])
    assert studies["lib:c"]["unknown"] == [f"{TERM}/lost"]
    disciplines = {srn: row["output"]["keyword"] for srn, row in place.results("disciplines", 0).items()}
    assert disciplines == {"lib:a": ["health"], "lib:b": ["technology"], "lib:c": []}

    load_vocabularies(place, STUDIES.replace("Zorg", "Verzorging"))  # a label above the term of one product
    calls, sequence, operations = pass_day(place, 1, sequence)
    assert (calls, operations) == ({"study_vocabularies": 1, "validity": 1}, {"lib:a": "upsert"})
    assert place.published(1)["lib:a"]["derivatives"]["study_vocabularies"]["output"]["nl"] == ["Verzorging", "Wonden"]

    load_vocabularies(place, STUDIES.replace("Zorg", "Verzorging").replace("Ongebruikt", "Vergeten"))
    assert pass_day(place, 2, sequence) == ({}, sequence, {})

    changed = STUDIES.replace("Zorg", "Verzorging").replace("Ongebruikt", "Vergeten") + f"{TERM}/lost,Gevonden,Found,\n"
    load_vocabularies(place, changed, DISCIPLINES.replace("Techniek", "Technologie"))
    calls, _, operations = pass_day(place, 3, sequence)
    assert calls == {"study_vocabularies": 1, "disciplines": 1, "validity": 2}
    assert operations == {"lib:b": "upsert", "lib:c": "upsert"}
    found = place.results("study_vocabularies", 3)["lib:c"]["output"]
    assert (found["en"], found["unknown"]) == (["Found"], [])


def test_the_terms_of_learning_object_metadata_are_found_by_vocabulary_and_identifier(origin: Origin, place: Place, at: At) -> None:
    load_vocabularies(place)
    source_format = NAMES["lom"]
    records = source_format.open(origin)
    records.put("one", source_format.build("one"), at(-1))
    place.write_source("lib", **records.keys, extract="lom", tasks=["study_vocabularies", "disciplines"])
    place.run(0)
    derived = place.published(0)["lib:one"]["derivatives"]
    assert derived["study_vocabularies"]["output"]["keyword"] == [f"{TERM}/care", f"{TERM}/wounds"]
    assert derived["study_vocabularies"]["output"]["unknown"] == []
    assert derived["disciplines"]["output"]["keyword"] == ["health"]
    assert derived["disciplines"]["output"]["unknown"] == ["wounds"]
