"""The examination of a JSON list: the shape of its pages, how they are paged, and whether they stay the same.

https://www.rfc-editor.org/rfc/rfc8259, https://jsonapi.org/format/
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from harvest_assets.errors import PermanentError, RefusedError
from harvest_assets.interfaces import Response
from harvest_assets.stages.doctor.examined import Draft, Examined, Session, accepts
from harvest_assets.stages.doctor.findings import Findings, count, tidy
from harvest_assets.stages.doctor.json_mapping import map_records
from harvest_assets.stages.doctor.json_paging import CURSORS, JSON, SIZES, Paging, Trials, find_paging, find_size, take_paging, with_size
from harvest_assets.stages.doctor.json_shape import Json, Shape, fold, look_up, read_shape
from harvest_assets.stages.doctor.recognition import Recognised
from harvest_assets.stages.doctor.sampling import describe_list, read_sample

_ACCEPT = {"Accept": "application/json, application/vnd.api+json;q=0.9, */*;q=0.1"}
_JSON_API = "application/vnd.api+json"
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r")
_SHOWN_KEYS = 12
_ROUND = frozenset({10, 20, 25, 50, 100, 200, 250, 500, 1000})


def examine_json(session: Session, found: Recognised) -> Examined:
    """Some twenty requests and a sample; the draft has the options with which the sample could be read.

    Raises:
        PermanentError: The answer has no list of records, or no record a key that identifies it.
        TransientError: There is no answer.
    """
    about, lists = Findings("records"), Findings("list")
    url, taken = take_paging(found.url)
    parameters = {name: value for name, value in taken.items() if fold(name) in {*SIZES, *CURSORS}}
    response = session.asker.get(url, params=parameters, headers=_ACCEPT)
    content = _parse(response, about)
    shape = _require_shape(content, url)
    _describe_shape(shape, about)
    special = _special_options(shape, response, content)
    trials = Trials(session, url, shape, parameters, special)
    paging = _examine_paging(trials, shape, (response, content), taken, lists)
    shape = _without_false_total(shape, paging, content, about)
    draft = Draft(_name(session.wanted.slug), JSON, url, _options(shape, paging, parameters) | special, map_records(shape))
    sample = read_sample(draft.build(session.wanted), session.asker, session.environ, session.wanted.records)
    describe_list(sample, lists)
    _warn_of_one_page(len(shape.items), paging, lists, announced=sample.announced_total)
    dates = "not known: JSON has no standard for it; read the documentation of the source and write options.date_filter"
    lists.add("date filter", dates, "unknown")
    return Examined(draft, (*about, *lists), sample)


def _parse(response: Response, findings: Findings) -> Json:
    text = response.body.translate(None, _CONTROL_BYTES)
    if text != response.body:
        findings.add("illegal characters", "control characters in the answer, which JSON forbids", "warning")
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        place = response.exchange.url
        raise PermanentError(f"{place!r}: the answer looks like JSON and cannot be read ({tidy(error, 100)}); ask the publisher") from error


def _require_shape(content: Json, url: str) -> Shape:
    shape = read_shape(content)
    if shape is None:
        there = ", ".join(repr(tidy(key, 40)) for key in list(content)[:_SHOWN_KEYS]) if isinstance(content, dict) else "no keys"
        raise PermanentError(f"{url!r}: JSON without a list of objects in it; there are {there}; give the address of a list of records")
    if shape.identifier is None:
        keys = ", ".join(repr(tidy(key, 40)) for key in list(shape.items[0])[:_SHOWN_KEYS])
        needed = "is a text or integer that each of them has and no two share"
        raise PermanentError(f"{url!r}: no key of the records at {shape.records!r} {needed}; there are {keys}")
    return shape


def _describe_shape(shape: Shape, findings: Findings) -> None:
    if shape.is_json_api:
        findings.add("format", "JSON:API")
    findings.add("list", f"{count(len(shape.items), 'record')} at {shape.records!r}")
    findings.add("identifier", repr(shape.identifier))
    for name in ("datestamp", "title", "deleted"):
        pointer = getattr(shape, name)
        findings.add(name, repr(pointer) if pointer is not None else "no key looks like it", "good" if pointer is not None else "note")
    findings.add("total", repr(shape.total) if shape.total is not None else "no key looks like it", "good" if shape.total else "note")


def _special_options(shape: Shape, response: Response, content: Json) -> dict[str, Any]:
    """Options that JSON:API needs: its own media type, and the resources that come with the records."""
    options: dict[str, Any] = {}
    if _JSON_API in response.headers.get("content-type", ""):
        options["accept"] = _JSON_API
    if shape.is_json_api and content.get("included"):
        options["included"] = True
    needed = {"records": shape.records, "identifier": shape.identifier}
    return options if accepts(JSON, {**needed, **options}) else {}


def _examine_paging(trials: Trials, shape: Shape, answer: tuple[Response, Json], taken: Mapping[str, str], findings: Findings) -> Paging:
    """The way to page, with the largest size that was seen to work, and whether the same request gives the same page."""
    response, content = answer
    paging = Paging({"style": "none"}, "not found out", is_sure=False)
    try:
        paging = find_paging(trials, shape, content, response.headers.get("link", ""), taken)
        findings.add("paging", paging.words, "good" if paging.is_sure else "warning")
        _examine_order(trials, paging, findings)
        size = find_size(trials, shape, taken) if paging.options["style"] != "none" else None
        if size is None:
            findings.add("page size", f"{count(len(shape.items), 'record')}; no parameter that changes it was found", "note")
            return paging
        findings.add("page size", f"{count(len(shape.items), 'record')}; {size[0]!r} sets it, {size[1]} was given")
        return with_size(paging, *size)
    except RefusedError as error:
        findings.add("paging", f"not found out to the end: {error}", "unknown")
        return paging


def _without_false_total(shape: Shape, paging: Paging, content: Json, findings: Findings) -> Shape:
    """The shape without a total that is the size of the first page, when there is a second one."""
    if shape.total is None or not paging.second or look_up(content, shape.total) != len(shape.items):
        return shape
    findings.add("total", f"{shape.total!r} is the size of the page, not of the list", "note")
    return replace(shape, total=None)


def _examine_order(trials: Trials, paging: Paging, findings: Findings) -> None:
    again = trials.ask({"style": "none"})
    if again == trials.first:
        findings.add("order", "stable: the first page twice, the same records in the same order")
    else:
        findings.add("order", "not stable: the first page twice, and it differs; records may be missed", "warning")
    if paging.position is not None:
        same = trials.ask(paging.options, paging.position) == paging.second
        words = "asked twice, the same page" if same else "asked twice, two different pages: a harvest cannot be resumed safely"
        findings.add("next position", words, "good" if same else "warning")


def _options(shape: Shape, paging: Paging, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Options of the protocol; those that it does not take, and those that say nothing, are left out."""
    options: dict[str, Any] = {"records": shape.records, "identifier": shape.identifier}
    sized = paging.options.get("size_parameter")
    sent = {**{name: value for name, value in parameters.items() if name != sized}, **paging.parameters}
    found: dict[str, Any] = {"datestamp": shape.datestamp, "deleted": shape.deleted, "total": shape.total}
    found |= {"paging": paging.options, "parameters": sent}
    for name, value in found.items():
        if value and accepts(JSON, {**options, name: value}):
            options[name] = value
    return options


def _warn_of_one_page(items: int, paging: Paging, findings: Findings, *, announced: int | None) -> None:
    if paging.options["style"] == "none" and announced is None and items in _ROUND:
        findings.add("one page", f"exactly {items} records, a round number: there may be more that was not found", "warning")


def _name(slug: str) -> str:
    """A title out of the source's name; JSON says none."""
    return slug.replace("-", " ").replace("_", " ").strip().capitalize()
