"""``python -m benchmarks.lom``: 2,000 LOM records of 5.6 kB to documents, read by ours and by BeautifulSoup on lxml.

Both fill the same `LomRecord`, which the same code makes documents of; what they make is compared before anything is measured.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterable

import pyarrow as pa
from bs4 import BeautifulSoup, Tag

from benchmarks.pages import WORDS
from harvest_assets.extract.lom import Lom
from harvest_assets.extract.lom_options import LomOptions
from harvest_assets.extract.lom_record import DISCIPLINE, EDUCATIONAL_LEVEL, Contribution, Location, LomRecord, Taxon
from harvest_assets.extract.raw_rows import iterate_rows
from harvest_assets.interfaces import Extraction
from harvest_assets.model.document import Document
from harvest_assets.model.record import RAW_RECORDS

RECORDS, SLICE, PER_PAGE, ROUNDS = 2_000, 200, 100, 3
ENVELOPE = b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
VOCABULARY = "http://purl.example.org/concept"
LEVELS = ("HBO - Bachelor", "WO - Bachelor", "WO - Master")


def render(number: int) -> bytes:
    """One record in the czp flavour: two authors, a publisher, two files, two levels, three terms."""
    source = random.Random(number)  # noqa: S311 - the same records each time, no secret

    def words(count: int) -> str:
        return " ".join(source.choices(WORDS, k=count))

    people = [("author", f"Author {source.randrange(RECORDS)}") for _ in range(2)] + [("publisher", f"Institute {source.randrange(300)}")]
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
        f"<czp:title>{_lang(words(8))}</czp:title><czp:language>nl</czp:language><czp:description>{_lang(words(30))}</czp:description>"
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


class SoupLom(Lom):
    """The extractor with its XML read by BeautifulSoup, a page of 100 records at a time."""

    def extract(self, records: pa.RecordBatch) -> Extraction:
        """Records in the order of the batch."""
        rows = list(iterate_rows(records))
        documents: list[Document] = []
        for start in range(0, len(rows), PER_PAGE):
            page = rows[start : start + PER_PAGE]
            soup = BeautifulSoup(ENVELOPE + b"".join(row.body for row in page) + b"</OAI-PMH>", "lxml")
            for row, record in zip(page, soup.find_all("record"), strict=True):
                documents.extend(self._build(row, _read_soup(record)))
        return Extraction(documents)


def _read_soup(record: Tag) -> LomRecord:
    general, rights = record.find("czp:general"), record.find("czp:rights")
    formats = [tag.text.strip() for tag in record.find_all("czp:format")]
    addresses = [tag.text.strip() for tag in record.find_all("czp:location")]
    return LomRecord(
        title=_string(general.find("czp:title")),
        description=_string(general.find("czp:description")),
        language=general.find("czp:language").text.strip(),
        keywords=tuple(_string(tag) for tag in general.find_all("czp:keyword")),
        aggregation_level=_term(general.find("czp:aggregationlevel")),
        contributions=tuple(_read_contribution(tag) for tag in record.find_all("czp:contribute")),
        locations=tuple(Location(address, form) for address, form in zip(addresses, formats, strict=True)),
        material_types=tuple(_term(tag) for tag in record.find_all("czp:learningresourcetype")),
        copyright=_term(rights.find("czp:copyrightandotherrestrictions")),
        copyright_description=_string(rights.find("czp:description")),
        taxa=tuple(taxon for tag in record.find_all("czp:classification") for taxon in _read_taxa(tag)),
    )


def _read_contribution(tag: Tag) -> Contribution:
    cards = tuple(card.text for card in tag.find_all("czp:vcard"))
    return Contribution(_term(tag.find("czp:role")), cards, (("", tag.find("czp:datetime").text),))


def _read_taxa(tag: Tag) -> Iterable[Taxon]:
    purpose = _term(tag.find("czp:purpose"))
    for path in tag.find_all("czp:taxonpath"):
        if purpose == EDUCATIONAL_LEVEL:
            yield Taxon(purpose, "", "", _string(path.find("czp:entry")))
        else:
            yield Taxon(purpose, _string(path.find("czp:source")) if purpose == DISCIPLINE else "", path.find("czp:id").text, "")


def _string(tag: Tag) -> str:
    return tag.find("czp:langstring").text.strip()


def _term(tag: Tag) -> str:
    return _string(tag.find("czp:value"))


def main() -> None:
    """Check that both make the same documents, then measure them in turn."""
    bodies = [render(number) for number in range(RECORDS)]
    batch = _build_batch(bodies)
    options = LomOptions.model_validate({"levels": {"required_prefixes": ["HBO", "WO"], "allowed_prefixes": ["MBO"]}})
    contenders: dict[str, Callable[[pa.RecordBatch], Extraction]] = {
        "ours": Lom("bench", "product", options).extract,
        "BeautifulSoup('lxml')": SoupLom("bench", "product", options).extract,
    }
    mine, theirs = (list(extract(batch).documents) for extract in contenders.values())
    assert mine == theirs
    assert len(mine) == 3 * RECORDS
    del mine, theirs
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for start in list(range(0, RECORDS, SLICE)) * ROUNDS:  # in turn, so that what else the machine does disturbs both alike
        for name, extract in contenders.items():
            began = time.process_time()
            extract(batch.slice(start, SLICE))
            seconds[name].append((time.process_time() - began) / SLICE)
    _report(seconds, sum(map(len, bodies)) / RECORDS)


def _build_batch(bodies: list[bytes]) -> pa.RecordBatch:
    row = {"datestamp": "", "deleted": False, "set_specs": ["bench"], "envelope": ENVELOPE, "page": 1}
    return pa.RecordBatch.from_pylist([{**row, "identifier": f"{n}", "body": body} for n, body in enumerate(bodies)], schema=RAW_RECORDS)


def _report(seconds: dict[str, list[float]], size: float) -> None:
    print(f"{RECORDS} records of {size / 1000:.1f} kB in slices of {SLICE}, {ROUNDS} rounds, processor time\n")
    print("| reader | µs a record, median (min to max) | ours = 1, median |\n|---|--:|--:|")
    for name, taken in seconds.items():
        ratio = statistics.median(each / own for each, own in zip(taken, seconds["ours"], strict=True))
        low, median, high = (figure * 1e6 for figure in (min(taken), statistics.median(taken), max(taken)))
        print(f"| {name} | {median:.0f} ({low:.0f} to {high:.0f}) | {ratio:.1f} |")


if __name__ == "__main__":
    main()
