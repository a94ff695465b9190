"""The nested parts of a source's file: whom to ask, which networks, how gently, what change is believed, how old is too old.

Descriptions here are the documentation: they go into the JSON Schema and into new files. Values are strict: ``"5"`` is not 5.
"""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from harvest_assets.assemble.integrity import IntegrityPolicy
from harvest_assets.config.addresses import check_network
from harvest_assets.config.durations import Duration, duration_key, format_duration, parse_duration
from harvest_assets.config.names import not_one_of
from harvest_assets.config.plugins import extractors, find_extractor
from harvest_assets.errors import ConfigurationError

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Section(BaseModel):
    """A mapping in a file: unknown keys are refused, values are not converted, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def require_unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """Keep a list in which nothing comes twice.

    Raises:
        ValueError: Something does.
    """
    twice = [value for index, value in enumerate(values) if value in values[:index]]
    if twice:
        raise ValueError(f"{twice[0]!r} is written twice; keep one of them")
    return values


class Owner(Section):
    """Who answers for a source when something is wrong with it."""

    name: Text = Field(description="Organisation or team that answers for the source")
    email: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")] | None = Field(default=None, description="Where to write to")


class Network(Section):
    """What a source may reach beyond the public internet."""

    allow: Annotated[tuple[Annotated[str, AfterValidator(check_network)], ...], Field(strict=False), AfterValidator(require_unique)] = (
        Field(
            default=(),
            description="Networks beyond the public internet that the source may reach: loopback, private, or CIDR such as 10.20.0.0/16",
        )
    )


class Http(Section):
    """How gently a source is asked, and when to give up."""

    requests_per_second: float = Field(default=5.0, gt=0, le=1000, description="Most requests per second to a host, over all processes")
    connect_timeout_seconds: float = Field(default=10.0, gt=0, le=600, description="Longest wait for a connection")
    read_timeout_seconds: float = Field(default=60.0, gt=0, le=3600, description="Longest silence while an answer is read")
    response_timeout_seconds: float = Field(default=300.0, gt=0, le=86400, description="Longest time for one whole answer")
    max_body_bytes: int = Field(default=64 * 1024 * 1024, ge=1, description="Largest answer after decompression")
    max_attempts: int = Field(default=5, ge=1, le=20, description="How often one request is tried, the first time included")
    robots: bool = Field(default=False, description="Whether robots.txt is respected: what may be asked for, and how fast")
    retry_after_cap_seconds: float = Field(
        default=300.0, ge=0, le=86400, description="Longest wait that a server may ask for within one harvest"
    )


class Integrity(Section):
    """From when on a harvest is too different to be believed."""

    minimum_history: int = Field(default=50, ge=1, description="Live documents that the accepted set must have for the limits to bind")
    maximum_loss: float = Field(default=0.05, gt=0, le=1, description="Net loss, as a share, from which a harvest is not accepted")
    maximum_turnover: float = Field(
        default=0.25, gt=0, le=1, description="Share of the accepted documents that may be gone, even if replaced"
    )
    confirmations: int = Field(
        default=3, ge=1, description="Complete harvests in a row that must miss a document before its loss is believed"
    )

    def policy(self) -> IntegrityPolicy:
        """The same numbers as the integrity check takes them."""
        return IntegrityPolicy(**self.model_dump())


class Freshness(Section):
    """How old the last accepted harvest of a source may be."""

    warn: Duration = duration_key("26h", "Age of the last accepted harvest from which to warn, such as 26h or 3d")
    fail: Duration = duration_key("3d", "Age of the last accepted harvest from which the source counts as stale")

    @model_validator(mode="after")
    def _warn_before_fail(self) -> Self:
        if not parse_duration("0m") < self.warn < self.fail:
            raise ValueError(f"warn {format_duration(self.warn)!r} is not between 0m and fail {format_duration(self.fail)!r}; warn first")
        return self


def check_extractor(name: str) -> str:
    """Keep the name of an extractor that can be used.

    Raises:
        ValueError: There is none of that name, or it cannot be used.
    """
    try:
        find_extractor(name)
    except ConfigurationError as error:
        raise ValueError(str(error)) from None
    return name


class Extract(Section):
    """Which extractor reads the records, and its options."""

    format: Annotated[str, AfterValidator(check_extractor)] = Field(description="Name of the extractor")
    options: dict[str, Any] = Field(default_factory=dict[str, Any], description="What the extractor accepts; see its own keys")


def read_extract(value: object) -> object:
    """Accept the bare name of an extractor for a mapping with that ``format``.

    Raises:
        ValueError: It is neither a name nor a mapping.
    """
    if isinstance(value, str):
        return {"format": value}
    if not isinstance(value, dict | Extract):
        raise ValueError(  # noqa: TRY004 - pydantic collects ValueError
            f"{not_one_of(value, extractors())}; write a name, or a mapping with format and options"
        )
    return value


ExtractSetting = Annotated[Extract, BeforeValidator(read_extract)]
