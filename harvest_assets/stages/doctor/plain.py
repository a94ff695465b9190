"""The examination of sitemaps, feeds and files: their protocols need no questions, a sample shows what they bring.

What they bring is JSON or XML; JSON records are mapped by the keys that the first ones have.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Any, cast

import orjson

from harvest_assets.config.problems import InvalidFileError
from harvest_assets.errors import HarvestError, PermanentError
from harvest_assets.model.window import Window
from harvest_assets.stages.doctor.content import read_layout
from harvest_assets.stages.doctor.examined import Draft, Examined, Session, accepts
from harvest_assets.stages.doctor.findings import Findings, tidy
from harvest_assets.stages.doctor.json_mapping import map_records
from harvest_assets.stages.doctor.json_shape import name_of, read_shape
from harvest_assets.stages.doctor.recognition import Recognised
from harvest_assets.stages.doctor.sampling import describe_list, read_sample

_LOOKED_AT = 50
_SHOWN_KEYS = 12
FILES = "files"
# Until somebody says how the pages behind a sitemap are read, its own words about them are the records.
_FIRST_OPTIONS: Mapping[str, Mapping[str, Any]] = {"sitemap": {"fetch": False}}
_NOTHING_MAPPED: Mapping[str, Any] = {"format": "mapping", "options": {"fields": {}}}


def examine_plain(session: Session, found: Recognised) -> Examined:
    """A sample, and the draft with which it was read.

    Raises:
        PermanentError: The protocol cannot do without options that an address does not tell, or brings no record.
    """
    findings = Findings("list")
    title = session.wanted.slug.replace("-", " ").replace("_", " ").strip().capitalize()
    options = read_layout(found.response.body) if found.kind == FILES else dict(_FIRST_OPTIONS.get(found.kind, {}))
    draft = _first_draft(Draft(title, found.kind, found.url, options), session)
    if options:
        findings.add("read as", ", ".join(f"{name}: {value}" for name, value in options.items()))
    draft = _fit(draft, _read_bodies(draft, session), findings)
    sample = read_sample(draft.build(session.wanted), session.asker, session.environ, session.wanted.records)
    describe_list(sample, findings)
    return Examined(draft, tuple(findings), sample)


def _first_draft(draft: Draft, session: Session) -> Draft:
    """The draft as it stands, or with an extractor that reads anything."""
    refusals: list[str] = []
    for extract in (None, _NOTHING_MAPPED):
        candidate = Draft(draft.title, draft.protocol, draft.url, draft.options, extract)
        try:
            candidate.build(session.wanted)
        except InvalidFileError as error:
            refusals = [problem.message for problem in error.problems]
        else:
            return candidate
    command = f"harvest sources new {session.wanted.slug} --protocol {draft.protocol} --url {draft.url}"
    raise PermanentError(
        f"{draft.url!r} is read with protocol {draft.protocol!r}, which needs more than an address: {refusals[0]}; {command}"
    )


def _read_bodies(draft: Draft, session: Session) -> list[bytes]:
    """The first records as received."""
    protocol = draft.build(session.wanted).build_protocol(session.asker, session.environ)
    try:
        with closing(cast("Any", protocol.pages(Window()))) as pages:
            page = next(iter(pages), None)
    except HarvestError as error:
        raise PermanentError(f"{draft.url!r} looks like something for protocol {draft.protocol!r} and cannot be read: {error}") from error
    return [] if page is None else page.records.column("body").to_pylist()[:_LOOKED_AT]


def _fit(draft: Draft, bodies: list[bytes], findings: Findings) -> Draft:
    """The draft with what its first records tell: where their identifiers and datestamps are, and what keys they have, if they are JSON."""
    try:
        shape = read_shape([orjson.loads(body) for body in bodies])
    except orjson.JSONDecodeError:
        shape = None
    if shape is None:
        is_read = not bodies or draft.extract is None
        words = "read by an extractor of their own" if is_read else "not JSON; no extractor that is installed is known to read them"
        findings.add("records", words if bodies else "none", "good" if is_read and bodies else "warning")
        return draft
    findings.add("records", f"JSON with the keys {', '.join(tidy(key, 40) for key in list(shape.items[0])[:_SHOWN_KEYS])}")
    options = dict(draft.options)
    for name in ("identifier", "datestamp"):
        pointer = getattr(shape, name)
        place = pointer if pointer is None or options.get("format") != "csv" else name_of(pointer)
        if place and accepts(draft.protocol, {**options, name: place}):
            options[name] = place
            findings.add(name, repr(place))
    return Draft(draft.title, draft.protocol, draft.url, options, map_records(shape) if draft.extract else None)
