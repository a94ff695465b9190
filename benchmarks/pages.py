"""Pages of an OAI-PMH list on disk: seeded records of a realistic size and variety, rendered once."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

WORDS = [
    f"{a}{b}{c}"
    for a in ("wa", "le", "on", "bi", "ka", "ter", "mo", "stu")
    for b in ("ter", "ren", "der", "lo", "gie", "pa")
    for c in ("", "s", "en", "ing", "kunde", "heid")
]
PER_PAGE = 500
FIRST_DAY = datetime(2026, 4, 25, tzinfo=UTC)
STAMP = b"2026-06-01T00:00:00Z"
START = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><responseDate>2026-11-01T00:00:00Z</responseDate>'
    b'<request verb="ListRecords">http://127.0.0.1/oai</request><ListRecords>'
)
IDENTIFY = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-11-01T00:00:00Z'
    b'</responseDate><request verb="Identify">http://127.0.0.1/oai</request><Identify><repositoryName>Benchmark</repositoryName>'
    b"<baseURL>http://127.0.0.1/oai</baseURL><protocolVersion>2.0</protocolVersion><adminEmail>a@example.org</adminEmail>"
    b"<earliestDatestamp>2026-04-25T00:00:00Z</earliestDatestamp><deletedRecord>persistent</deletedRecord>"
    b"<granularity>YYYY-MM-DDThh:mm:ssZ</granularity></Identify></OAI-PMH>"
)
DC_NAMESPACES = (
    'xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xsi:schemaLocation="http://www.openarchives.org/OAI/2.0/oai_dc/ http://www.openarchives.org/OAI/2.0/oai_dc.xsd"'
)


def write_pages(folder: Path, kind: str, records: int, *, changed: int = 0) -> None:
    """Render a list into ``folder`` as ``full-00000.xml`` and so on, and ``changed`` records spread over it as ``changed-00000.xml``."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_list(folder, "full", kind, range(records), revision=0)
    if changed:
        _write_list(folder, "changed", kind, range(0, records, records // changed), revision=1)
    _write_dated(folder)
    (folder / "done").write_text("")


def _write_dated(folder: Path) -> None:
    """The same pages with a day each for all of their records, ``dated-00000.xml`` and so on."""
    for page in sorted(folder.glob("full-*.xml")):
        number = int(page.stem.removeprefix("full-"))
        stamp = (FIRST_DAY + timedelta(days=number)).strftime("%FT%TZ").encode()
        (folder / f"dated-{number:05d}.xml").write_bytes(page.read_bytes().replace(STAMP, stamp))


def _write_list(folder: Path, name: str, kind: str, numbers: range, *, revision: int) -> None:
    pages = -(-len(numbers) // PER_PAGE)
    for page in range(pages):
        body = b"".join(_records(kind, numbers[page * PER_PAGE : (page + 1) * PER_PAGE], revision))
        token = f"{name}-{page + 1:05d}" if page + 1 < pages else ""
        end = f'<resumptionToken completeListSize="{len(numbers)}" cursor="{page * PER_PAGE}">{token}</resumptionToken>'
        (folder / f"{name}-{page:05d}.xml").write_bytes(START + body + end.encode() + b"</ListRecords></OAI-PMH>")


def _records(kind: str, numbers: range, revision: int) -> Iterator[bytes]:
    render = {"oai_dc": _render_dc, "lom": _render_lom}[kind]
    for number in numbers:
        source = random.Random(number * 2 + revision)  # noqa: S311 - the same records each time, no secret
        stamp = STAMP.decode() if revision == 0 else "2026-11-20T12:00:00Z"
        yield (
            f"<record><header><identifier>oai:bench.example.org:{number * 7919 % 10_000_019:08d}</identifier><datestamp>{stamp}</datestamp>"
            f"<setSpec>set{number % 10}</setSpec></header><metadata>{render(number, source)}</metadata></record>\n"
        ).encode()


def _text(source: random.Random, words: int) -> str:
    return " ".join(source.choices(WORDS, k=words))


def _render_dc(number: int, source: random.Random) -> str:
    fields = [
        ("title", f"{_text(source, 8)} {number}"),
        *(("creator", f"Author {source.randrange(50_000)}") for _ in range(3)),
        *(("subject", _text(source, 2)) for _ in range(4)),
        ("description", _text(source, 150)),
        ("publisher", f"Institute {source.randrange(300)}"),
        ("date", f"20{source.randrange(10, 26)}-{source.randrange(1, 13):02d}-{source.randrange(1, 29):02d}"),
        ("type", "article"),
        ("format", "text/html"),
        ("identifier", f"https://repository.example.org/handle/{source.randrange(10**9)}/{number}"),
        ("language", "nl"),
        ("rights", "https://creativecommons.org/licenses/by/4.0/"),
    ]
    inner = "".join(f"<dc:{name}>{value}</dc:{name}>" for name, value in fields)
    return f"<oai_dc:dc {DC_NAMESPACES}>{inner}</oai_dc:dc>"


def _render_lom(number: int, source: random.Random) -> str:
    keywords = "".join(f"<keyword>{_lang(_text(source, 2))}</keyword>" for _ in range(6))
    roles = "".join(
        f"<contribute><role><source>{_lang('LOMv1.0')}</source><value>{_lang('author')}</value></role><centity><vcard>BEGIN:VCARD\n"
        f"FN:Author {source.randrange(50_000)}\nORG:Institute {source.randrange(300)}\nEND:VCARD</vcard></centity>"
        f"<date><datetime>20{source.randrange(10, 26)}-01-01</datetime></date></contribute>"
        for _ in range(3)
    )
    taxa = "".join(
        f"<taxonpath><source>{_lang(f'http://purl.example.org/begrip/{source.randrange(400)}')}</source>"
        f"<taxon><id>{source.randrange(10**6)}</id><entry>{_lang(_text(source, 3))}</entry></taxon></taxonpath>"
        for _ in range(8)
    )
    return (
        f'<lom xmlns="http://www.imsglobal.org/xsd/imsmd_v1p2"><general><catalogentry><catalog>URI</catalog>'
        f"<entry>{_lang(f'urn:uuid:{number}')}</entry></catalogentry><title>{_lang(_text(source, 8))}</title><language>nl</language>"
        f"<description>{_lang(_text(source, 220))}</description>{keywords}</general><lifecycle>{roles}</lifecycle>"
        f"<technical><format>text/html</format><location>https://repository.example.org/{number}</location></technical>"
        f"<classification>{taxa}</classification></lom>"
    )


def _lang(text: str) -> str:
    return f'<langstring xml:lang="nl">{text}</langstring>'
