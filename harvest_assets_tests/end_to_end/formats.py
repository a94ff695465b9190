"""The source formats: how each is served and configured, what its fixture becomes, and how its records are hidden.

The fixtures are those of the extractors' own tests; their files are on the loopback origin.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from harvest_assets_tests.end_to_end.origin import JsonRecords, OaiPmhRecords, Origin
from harvest_assets_tests.end_to_end.place import FIXTURES

PDF, HTML = "application/pdf", "text/html"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OPEN, RESTRICTED, CLOSED = "OpenAccess", "RestrictedAccess", "ClosedAccess"
UNIVERSITY = {"name": "Example University", "slug": "example"}
PURE = {"records": "/items", "identifier": "/uuid", "total": "/count", "paging": {"style": "offset", "size": 2, "size_parameter": "size"}}

Record = dict[str, Any] | str


@dataclass(frozen=True)
class Format:
    """One extractor with the server that it reads from.

    ``style`` is how a list of JSON is paged (OAI-PMH without), ``identifier`` the field that names a record in it. ``hide`` makes what
    its source sends of a record that is not published any more (None: that it is deleted, or not listed), ``drop`` takes its last file
    away. ``files`` are paths with media type, access rights and whether text is read; ``product`` is a part of the properties. ``licence``
    and ``language`` are what is found out of them.
    """

    name: str
    files: Mapping[str, tuple[str | None, str | None, bool]]
    product: Mapping[str, Any]
    hide: Callable[[Any], Any]
    drop: Callable[[Any], Any] | None
    licence: str | None = None
    language: str | None = None
    style: str | None = None
    identifier: str = ""
    list_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    entity: str = "product"
    names: tuple[str, ...] = ("1001", "1002", "1003")

    def open(self, origin: Origin) -> OaiPmhRecords | JsonRecords:
        """The server, without a record."""
        return JsonRecords(origin, self.style, self.list_options) if self.style else OaiPmhRecords(origin, self.name)

    def build(self, name: str) -> Record:
        """The fixture under another name."""
        text = _read(f"{self.name}.{'json' if self.style else 'xml'}")
        if not self.style:
            return text
        return {**json.loads(text), self.identifier: int(name) if self.entity == "project" else name}


@cache
def _read(file: str) -> str:
    return (FIXTURES / file).read_text()


def _without_line(part: str) -> Callable[[str], str]:
    """Take the lines that name a file out of a record in XML."""
    return lambda text: "\n".join(line for line in text.splitlines() if part not in line)


def _without(*path: str | int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Take one thing out of a record in JSON."""

    def drop(record: dict[str, Any]) -> dict[str, Any]:
        copy: Any = json.loads(json.dumps(record))
        inner = copy
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        return copy

    return drop


FORMATS = (
    Format(
        "lom",
        files={"/lom/reader.pdf": (PDF, OPEN, True), "/lom/slides.pptx": (PPTX, OPEN, True)},
        product={
            "title": "Wondzorg in de praktijk van de verpleegkunde",
            "copyright": "cc-by-sa-40",
            "publisher_date": "2021-04-03",
            "publishers": ["Example University"],
            "authors": [{"name": "Author One"}],
        },
        hide=lambda text: text.replace("HBO - Bachelor", "VMBO - leerjaar 1"),
        drop=_without_line("slides.pptx"),
        licence="CC-BY-SA-4.0",
        language="nl",
        options={"levels": {"required_prefixes": ["HBO", "WO"], "allowed_prefixes": ["HBO", "WO", "MBO"]}},
    ),
    Format(
        "nl_lom",
        files={"/nl_lom/course": (HTML, OPEN, True), "/nl_lom/slides.pptx": (PPTX, OPEN, True)},
        product={
            "copyright": "cc-by-40",
            "publisher_date": "2020-02-29",
            "authors": [{"name": "Author Two"}],
            "keywords": ["anatomy", "hand"],
        },
        hide=lambda _: None,
        drop=_without_line("slides.pptx"),
        licence="CC-BY-4.0",
        language="en",
        options={"default_provider": UNIVERSITY},
    ),
    Format(
        "didl",
        files={"/didl/thesis.pdf": (PDF, OPEN, True), "/didl/annex.pdf": (PDF, RESTRICTED, False), "/didl/page": (HTML, OPEN, True)},
        product={
            "title": "Fietsen naar school in een kleine gemeente",
            "copyright": "cc-by-nc-nd-40",
            "publisher_year": 2019,
            "language": "nl",
        },
        hide=lambda _: "",
        drop=_without_line("/didl/page"),
        licence="CC-BY-NC-ND-4.0",
        language="nl",
        options={"default_provider": UNIVERSITY},
    ),
    Format(
        "oai_mods",
        files={"/mods/noise.pdf": (PDF, CLOSED, False), "/mods/noise": (None, OPEN, True)},
        product={
            "doi": "10.5072/quiet.roads",
            "copyright": "cc-by-40",
            "publisher_date": "2022-11-05",
            "publishers": ["Example University"],
        },
        hide=lambda _: None,
        drop=_without_line('access="object in context"'),
        licence="CC-BY-4.0",
        language="en",
        options={"default_provider": UNIVERSITY},
    ),
    Format(
        "sharekit",
        files={
            "/objects/wound+care.pdf": (PDF, OPEN, True),
            "/objects/slides": ("application/vnd.ms-powerpoint", RESTRICTED, True),
            "/course": (HTML, CLOSED, False),
        },
        product={"title": "Wound care in practice", "copyright": "cc-by-40", "publisher_date": "2023-09-01", "doi": "10.5072/example"},
        hide=lambda record: {**record, "meta": {"status": "deleted"}},
        drop=_without("attributes", "links", 0),
        licence="CC-BY-4.0",
        language="en",
        style="next",
        identifier="id",
        list_options={
            "records": "/data",
            "identifier": "/id",
            "datestamp": "/attributes/modifiedAt",
            "paging": {"style": "next", "pointer": "/links/next"},
            "accept": "application/vnd.api+json",
        },
    ),
    Format(
        "pure_v1",
        files={"/ws/files/1/guests.pdf": (PDF, CLOSED, False)},
        product={"title": "Guests", "doi": "10.5072/guests", "publisher_date": "2021-02-03", "publishers": ["Example University"]},
        hide=lambda _: None,
        drop=_without("electronicVersions", 1),
        style="offset",
        identifier="uuid",
        list_options={**PURE, "datestamp": "/info/modifiedDate"},
        options={"provider": UNIVERSITY},
    ),
    Format(
        "pure_v2",
        files={
            "/ws/api/research-outputs/7ec4/files/bridges+1.pdf": (PDF, OPEN, True),
            "/a+page": (HTML, RESTRICTED, False),
            "/files/data.csv": ("text/csv", CLOSED, False),
        },
        product={"title": "Bridges", "publisher_year": 2020, "language": "nl", "keywords": ["bridges", "tunnels"]},
        hide=lambda _: None,
        drop=_without("additionalFiles"),
        style="offset",
        identifier="uuid",
        list_options={**PURE, "datestamp": "/modifiedDate"},
        options={"provider": UNIVERSITY},
    ),
    Format(
        "hku",
        files={"/401/film+clip.mp4": ("video/mp4", OPEN, False)},
        product={"title": "Light and sound", "copyright": "cc-by-nc-nd-40", "publisher_date": "2021-04-03"},
        hide=lambda record: {**record, "deleted": True},
        drop=_without("document", "file"),
        licence="CC-BY-NC-ND-4.0",
        style="none",
        identifier="resultid",
        list_options={"identifier": "/resultid"},
    ),
    Format(
        "publinova",
        files={"/cycling+report.pdf": (PDF, OPEN, True)},
        product={"title": "Cycling to school", "doi": "10.5072/cycling", "publishers": ["Party B", "Party A"]},
        hide=lambda record: {**record, "state": "inactive"},
        drop=_without("files", 0),
        language="en",
        style="none",
        identifier="id",
        list_options={"identifier": "/id", "datestamp": "/modified_at"},
    ),
    Format(
        "sia",
        files={},
        product={"title": "Quiet roads", "project_status": "finished", "started_at": "2019-09-01", "ended_at": "2021-08-31"},
        hide=lambda _: {"zichtbaarheid": "verborgen"},
        drop=None,
        language="en",
        style="details",
        identifier="id",
        list_options={"identifier": "", "details": {"url": "records/{id}", "statuses": [403]}},
        entity="project",
    ),
)
