"""``python -m benchmarks.lom``: reading 2,000 LOM records of 5.6 kB, ours against BeautifulSoup on lxml; both read the same fields."""

import hashlib
import random
import statistics
import time
from collections.abc import Callable

import pyarrow as pa
from bs4 import BeautifulSoup

from benchmarks.pages import WORDS
from harvest_assets.extract.lom import Lom
from harvest_assets.extract.lom_options import LomOptions
from harvest_assets.interfaces import Options
from harvest_assets.model.document import Document
from harvest_assets.model.record import RAW_RECORDS

RECORDS, PER_PAGE, ROUNDS = 2_000, 100, 5
ENVELOPE = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
VOCABULARY = "http://purl.example.org/concept"
LEVELS = ("HBO - Bachelor", "WO - Bachelor", "WO - Master")


def render(number: int) -> bytes:
    """One record in the czp flavour: two authors, a publisher, two files, two levels, three terms."""
    source = random.Random(number)  # noqa: S311 - the same records each time, no secret

    def words(count: int) -> str:
        return " ".join(source.choices(WORDS, k=count))

    people = [("author", f"Author {source.randrange(50_000)}") for _ in range(2)] + [("publisher", f"Institute {source.randrange(300)}")]
    files = [("application/pdf", "paper.pdf"), ("text/html", "page")]
    terms = [("discipline", _taxon(VOCABULARY, f"{source.randrange(10**9):032x}", words(2))) for _ in range(3)]
    levels = [("educational level", _taxon("http://purl.example.org/levels", str(place), name)) for place, name in enumerate(LEVELS[:2])]
    rights = [("access rights", _taxon("http://purl.example.org/rights", "OpenAccess", "open"))]
    taxa: dict[str, str] = {}
    for purpose, taxon in [*terms, *levels, *rights]:
        taxa[purpose] = taxa.get(purpose, "") + taxon
    return (
        f"<record><header><identifier>oai:bench.example.org:{number}</identifier><datestamp>2026-06-01T00:00:00Z</datestamp>"
        f'<setSpec>bench</setSpec></header><metadata><czp:lom xmlns:czp="http://www.imsglobal.org/xsd/imsmd_v1p2"><czp:general>'
        f"<czp:title>{_lang(words(8))}</czp:title><czp:language>nl</czp:language><czp:description>{_lang(words(45))}</czp:description>"
        + "".join(f"<czp:keyword>{_lang(words(2))}</czp:keyword>" for _ in range(5))
        + f"{_value('aggregationlevel', '2')}</czp:general><czp:lifecycle>"
        + "".join(_contribute(*person) for person in people)
        + "</czp:lifecycle><czp:technical>"
        + "".join(f"<czp:format>{media_type}</czp:format>" for media_type, _ in files)
        + "".join(f"<czp:location>https://repository.example.org/{number}/{name}</czp:location>" for _, name in files)
        + f"</czp:technical><czp:educational>{_value('learningresourcetype', 'open opdracht')}</czp:educational><czp:rights>"
        f"{_value('copyrightandotherrestrictions', 'yes')}<czp:description>{_lang('https://creativecommons.org/licenses/by/4.0/')}"
        "</czp:description></czp:rights>"
        + "".join(f"<czp:classification>{_value('purpose', purpose)}{paths}</czp:classification>" for purpose, paths in taxa.items())
        + "</czp:lom></metadata></record>\n"
    ).encode()


def _lang(text: str) -> str:
    return f'<czp:langstring xml:lang="nl">{text}</czp:langstring>'


def _value(name: str, value: str) -> str:
    return f"<czp:{name}><czp:source>{_lang('LOMv1.0')}</czp:source><czp:value>{_lang(value)}</czp:value></czp:{name}>"


def _contribute(role: str, name: str) -> str:
    return (
        f"<czp:contribute>{_value('role', role)}<czp:centity><czp:vcard>BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nN:;{name};;;\nEND:VCARD"
        "</czp:vcard></czp:centity><czp:date><czp:datetime>2024-05-01</czp:datetime></czp:date></czp:contribute>"
    )


def _taxon(source: str, identifier: str, entry: str) -> str:
    return (
        f"<czp:taxonpath><czp:source>{_lang(source)}</czp:source><czp:taxon><czp:id>{identifier}</czp:id>"
        f"<czp:entry>{_lang(entry)}</czp:entry></czp:taxon></czp:taxonpath>"
    )


def ours(bodies: list[bytes]) -> Callable[[], list[dict]]:
    """The extractor as it is registered, files included."""
    rows = [
        {"identifier": f"{n}", "datestamp": "", "deleted": False, "set_specs": ["bench"], "body": body, "envelope": ENVELOPE, "page": 1}
        for n, body in enumerate(bodies)
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS)
    levels: dict = {"required_prefixes": ["HBO", "WO"], "allowed_prefixes": ["MBO"]}
    extractor = Lom("bench", "product", LomOptions.model_validate({"levels": levels}))
    assert isinstance(extractor.settings, Options)

    def read() -> list[dict]:
        extraction = extractor.extract(batch)
        assert not extraction.set_aside
        return _gather(extraction.documents)

    return read


def _gather(documents: list[Document]) -> list[dict]:
    found: list[dict] = []
    for document in documents:
        if document.parent is None:
            found.append({**document.properties, "media_types": [], "hashes": []})
        else:
            found[-1]["media_types"].append(document.media_type)
            found[-1]["hashes"].append(document.properties["hash"])
            found[-1]["access_rights"] = document.properties["access_rights"]
    return found


def soup(bodies: list[bytes]) -> Callable[[], list[dict]]:
    """BeautifulSoup with its lxml builder, a page of 100 records at a time."""
    pages = [ENVELOPE + b"".join(bodies[start : start + PER_PAGE]) + b"</OAI-PMH>" for start in range(0, len(bodies), PER_PAGE)]
    return lambda: [_read_soup(record) for page in pages for record in BeautifulSoup(page, "lxml").find_all("record")]


def _read_soup(record) -> dict:  # noqa: ANN001 - a Tag
    def text(tag) -> str:  # noqa: ANN001
        return tag.find("czp:langstring").text.strip()

    def by_purpose(purpose: str) -> list:
        return [tag for tag in record.find_all("czp:classification") if text(tag.find("czp:purpose").find("czp:value")) == purpose]

    def by_role(role: str) -> list:
        return [tag for tag in record.find_all("czp:contribute") if text(tag.find("czp:role").find("czp:value")) == role]

    def names(role: str) -> list[str]:
        cards = [card.text for tag in by_role(role) for card in tag.find_all("czp:vcard")]
        return [line.removeprefix("FN:") for card in cards for line in card.splitlines() if line.startswith("FN:")]

    disciplines = [path for tag in by_purpose("discipline") for path in tag.find_all("czp:taxonpath")]
    rights = record.find("czp:rights")
    return {
        "title": text(record.find("czp:title")),
        "description": text(record.find("czp:general").find("czp:description")),
        "language": record.find("czp:language").text,
        "keywords": sorted({text(tag) for tag in record.find_all("czp:keyword")}),
        "copyright": text(rights.find("czp:copyrightandotherrestrictions").find("czp:value")),
        "copyright_description": text(rights.find("czp:description")),
        "authors": [{"name": name} for name in names("author")],
        "publishers": names("publisher"),
        "publisher_date": by_role("publisher")[0].find("czp:datetime").text,
        "files": [tag.text.strip() for tag in record.find_all("czp:location")],
        "hashes": [hashlib.sha1(tag.text.strip().encode(), usedforsecurity=False).hexdigest() for tag in record.find_all("czp:location")],
        "access_rights": by_purpose("access rights")[0].find("czp:id").text,
        "media_types": [tag.text.strip() for tag in record.find_all("czp:format")],
        "learning_material": {
            "aggregation_level": text(record.find("czp:aggregationlevel").find("czp:value")),
            "material_types": [text(tag.find("czp:value")) for tag in record.find_all("czp:learningresourcetype")],
            "lom_educational_levels": sorted({text(e) for tag in by_purpose("educational level") for e in tag.find_all("czp:entry")}),
            "disciplines": sorted({path.find("czp:id").text for path in disciplines}),
            "studies": sorted({path.find("czp:id").text for path in disciplines}),
            "study_vocabulary": sorted({f"{text(path.find('czp:source'))}/{path.find('czp:id').text}" for path in disciplines}),
        },
    }


def _compare(mine: list[dict], theirs: list[dict]) -> None:
    """Every field that one reads is what the other reads; only ours finds the code of the licence behind ``yes``."""
    assert len(mine) == len(theirs) == RECORDS
    for left, right in zip(mine, theirs, strict=True):
        assert all(left[name] == value for name, value in right.items() if name != "copyright"), (left, right)


def main() -> None:
    """Check that both read the same, then measure them in turn."""
    bodies = [render(number) for number in range(RECORDS)]
    contenders = {"ours": ours(bodies), "BeautifulSoup('lxml')": soup(bodies)}
    _compare(*(read() for read in contenders.values()))
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, read in contenders.items():
            began = time.process_time()
            read()
            seconds[name].append(time.process_time() - began)
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    print(f"{RECORDS} records of {sum(map(len, bodies)) / RECORDS / 1000:.1f} kB, medians of {ROUNDS} rounds in turn, processor time\n")
    print("| reader | µs a record | ours = 1 |\n|---|--:|--:|")
    for name, median in medians.items():
        print(f"| {name} | {median / RECORDS * 1e6:.0f} | {median / medians['ours']:.1f} |")


if __name__ == "__main__":
    main()
