"""``SourceKeys``: every key that a file in ``sources/`` may have, with its meaning, default and limits.

The public contract of a source. Descriptions are the documentation: the JSON Schema and new files are made from them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from harvest_assets.assemble.retrieval import DAYS, NEVER, parse_frequency
from harvest_assets.config.addresses import check_web_address
from harvest_assets.config.authentication import Auth
from harvest_assets.config.durations import Duration, duration_key
from harvest_assets.config.intake import Intake
from harvest_assets.config.names import nearest
from harvest_assets.config.pacing import Availability, Breaker, Hours, Limits, Ranges, RateLimit
from harvest_assets.config.plugins import find_document_task, find_protocol
from harvest_assets.config.problems import SeveralReasonsError
from harvest_assets.config.secrets import REFERENCE, find_malformed, is_secret_name
from harvest_assets.config.sections import ExtractSetting, Freshness, Http, Integrity, Network, Owner, Section, Text, require_unique
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.redaction import is_secret_key

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _check_protocol(name: str) -> str:
    try:
        find_protocol(name)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return name


def _check_task(name: str) -> str:
    try:
        find_document_task(name)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return name


def _check_frequency(text: str) -> str:
    try:
        parse_frequency(text)
    except ConfigurationError as error:
        suggestion = nearest(text, [*DAYS, NEVER])
        ending = f". Did you mean {suggestion!r}?" if suggestion else ""
        raise ValueError(str(error).removeprefix("frequency: ") + ending) from None
    return text


def _check_retry_frequency(text: str) -> str:
    if parse_frequency(_check_frequency(text)).cron:
        raise ValueError(f"{text!r} is a cron expression; after a failure only these count: {', '.join([*DAYS, NEVER])}")
    return text


def _read_day(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        return date.fromisoformat(value)
    raise ValueError(f"{str(value)!r} is not a day; write it as 2024-01-31")


def _header_reasons(headers: dict[str, str]) -> Iterator[str]:
    """Why headers cannot be sent, or should not stand in a file; values are not repeated."""
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield f"{name!r} is not a header name; use letters, digits and hyphens"
        elif _CONTROL.search(text) or not text.isascii():
            yield f"{name!r} has a line break or a character beyond ASCII in its value; headers are one line of ASCII"
        elif is_secret_name(name) and not REFERENCE.search(text):
            yield f"{name!r} has its secret in the file; write '${{ENV:NAME}}' and set the environment variable NAME"


def _literal_secret_reasons(value: object, key: str) -> Iterator[str]:
    """Why options should not stand in a file: a key whose name says secret holds one; it is not repeated."""
    if isinstance(value, Mapping):
        for name, part in cast("Mapping[object, object]", value).items():
            if isinstance(part, str) and part and is_secret_key(str(name)) and not REFERENCE.search(part):
                place = f"{key}.{name}".lstrip(".")
                yield f"{place!r} has its secret in the file; write '${{ENV:NAME}}' and set the environment variable NAME"
            yield from _literal_secret_reasons(part, f"{key}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(cast("list[object]", value)):
            yield from _literal_secret_reasons(part, f"{key}.{number}")


def _malformed_reasons(value: object) -> Iterator[str]:
    for key in find_malformed(value, ""):
        yield f"{key.lstrip('.')!r} has a '${{' that begins no reference; write '${{ENV:NAME}}', NAME of letters, digits and '_'"


class SourceKeys(Section):
    """One remote endpoint and selection, harvested as a unit. The file name, without ``.yaml``, is the name of the source."""

    title: Text = Field(description="Name of the source as people know it")
    description: Text | None = Field(default=None, description="What the source holds")
    homepage: Annotated[str, AfterValidator(check_web_address)] | None = Field(
        default=None, description="Page about the source, for people"
    )
    licence: Text | None = Field(default=None, description="Licence of the metadata: an SPDX identifier or an address")
    terms: Text | None = Field(default=None, description="Terms of use, or the address of them")
    owner: Owner | None = Field(default=None, description="Who answers for the source: name and email")
    protocol: Annotated[str, AfterValidator(_check_protocol)] = Field(description="How records are asked for: the name of a protocol")
    url: Annotated[str, AfterValidator(check_web_address)] = Field(
        description="Where records are asked for: http or https, without user name, password and fragment"
    )
    options: dict[str, Any] = Field(default_factory=dict[str, Any], description="What the protocol accepts; see its own keys")
    extract: ExtractSetting | None = Field(
        default=None,
        description="How a record is read: the name of an extractor, or a mapping with format and options. May be left out where the"
        " protocol's metadata_prefix is the name of an extractor",
    )
    entity: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = Field(default="product", description="What one record describes")
    tasks: (
        Annotated[tuple[Annotated[str, AfterValidator(_check_task)], ...], Field(strict=False), AfterValidator(require_unique)] | None
    ) = Field(default=None, description="Document tasks that enrich the documents; all that are installed when left out, none for []")
    task_options: dict[Annotated[str, AfterValidator(_check_task)], dict[str, Any]] = Field(
        default_factory=dict[str, dict[str, Any]], description="What document tasks accept, by task; see their own keys"
    )
    frequency: Annotated[str, AfterValidator(_check_frequency)] = Field(
        default="daily", description=f"How often to harvest: {', '.join([*DAYS, NEVER])}, or a cron expression of five fields in UTC"
    )
    retry_frequency: Annotated[str, AfterValidator(_check_retry_frequency)] = Field(
        default="weekly", description=f"How often at least to try again after a failure: {', '.join([*DAYS, NEVER])}"
    )
    enabled: bool = Field(default=True, description="Whether the source is harvested; its last accepted set stays published")
    disabled_reason: Text | None = Field(default=None, description="Why the source is not enabled")
    frozen: bool = Field(default=False, description="Whether the last accepted set stays as it is, whatever the source says")
    mode: Literal["auto", "incremental", "full"] = Field(
        default="auto",
        description="incremental asks for what changed, full for everything, auto for changes when the source filters by date",
    )
    full_every_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Ask for everything when the last full harvest is this many days old; without it, only when asked by hand"
    )
    overlap: Duration = duration_key("1h", "How far a window reaches back before the start of the last one, such as 30m, 2h or 1d")
    start: Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})] | None = Field(
        default=None, description="Earliest day to ask for; from the beginning when left out"
    )
    network: Network = Field(default=Network(), description="What the source may reach beyond the public internet")
    http: Http = Field(default=Http(), description="How gently the source is asked, and when to give up")
    headers: dict[str, str] = Field(
        default_factory=dict[str, str], description="Headers of every request; secrets as ${ENV:NAME}, never as text"
    )
    auth: Auth | None = Field(default=None, description="How the source lets us in: type basic, bearer, header, query or oauth2")
    rate_limit: RateLimit | None = Field(default=None, description="Requests that the source may be sent in a period, beside http")
    ranges: Ranges = Field(default=Ranges(), description="How a long range of dates is split")
    hours: Annotated[tuple[Hours, ...], Field(strict=False), AfterValidator(require_unique)] = Field(
        default=(), description="Spans of the day, in UTC, in which it may be harvested, such as 20:00-06:00; always when left out"
    )
    limits: Limits = Field(default=Limits(), description="From when on a harvest is ended")
    breaker: Breaker = Field(default=Breaker(), description="When a source that keeps failing is left alone")
    availability: Availability = Field(default=Availability(), description="How often to look whether the source answers at all")
    integrity: Integrity = Field(default=Integrity(), description="From when on a harvest is too different to be believed")
    intake: Intake | None = Field(default=None, description="Who may send single records of it to us: harvest intake")
    freshness: Freshness = Field(default=Freshness(), description="How old the last accepted harvest may be")

    @field_validator("headers")
    @classmethod
    def _check_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        SeveralReasonsError.raise_for([*_header_reasons(headers), *_malformed_reasons(headers)])
        return headers

    @field_validator("auth")
    @classmethod
    def _check_auth(cls, auth: Auth | None, info: ValidationInfo) -> Auth | None:
        header = auth.header_name if auth else None
        written: Mapping[str, str] = info.data.get("headers", {})
        if header and header.lower() in {name.lower() for name in written}:
            raise ValueError(f"sends the header {header!r}, which 'headers' has too; keep one of them")
        return auth

    @field_validator("options")
    @classmethod
    def _check_references(cls, options: dict[str, Any]) -> dict[str, Any]:
        SeveralReasonsError.raise_for([*_literal_secret_reasons(options, ""), *_malformed_reasons(options)])
        return options
