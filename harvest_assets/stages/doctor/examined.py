"""``Examined``: what an examination of one protocol hands over, and the draft of a source while it is being found out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from harvest_assets.config.plugins import protocols
from harvest_assets.config.sources import Source, build_source
from harvest_assets.stages.doctor.asking import Asker
from harvest_assets.stages.doctor.findings import Finding
from harvest_assets.stages.doctor.sampling import Sample


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asks of the doctor; ``patience_seconds`` is how long a resumption token has to last."""

    url: str
    slug: str
    records: int = 2000
    allow: tuple[str, ...] = ()
    requests_per_second: float | None = None
    patience_seconds: float = 4.0


@dataclass(frozen=True, slots=True)
class Session:
    """What every step of an examination works with."""

    wanted: Wanted
    asker: Asker
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """The keys of a source that an examination decides."""

    title: str
    protocol: str
    url: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    extract: Mapping[str, Any] | None = None

    def as_content(self, wanted: Wanted, requests_per_second: float | None) -> dict[str, Any]:
        """The content of the source's file."""
        content: dict[str, Any] = {"title": self.title, "protocol": self.protocol, "url": self.url}
        if self.options:
            content["options"] = dict(self.options)
        if self.extract is not None:
            content["extract"] = dict(self.extract)
        if requests_per_second is not None:
            content["http"] = {"requests_per_second": float(requests_per_second)}
        if wanted.allow:
            content["network"] = {"allow": list(wanted.allow)}
        return content

    def build(self, wanted: Wanted) -> Source:
        """The source as its file will describe it.

        Raises:
            InvalidFileError: The file would be wrong.
        """
        return build_source(wanted.slug, self.as_content(wanted, None))


@dataclass(frozen=True, slots=True)
class Examined:
    """The draft that an examination ended with, what was found on the way, and the sample that was read with it."""

    draft: Draft
    findings: tuple[Finding, ...]
    sample: Sample


def accepts(protocol: str, options: Mapping[str, Any]) -> bool:
    """Whether a protocol that is installed takes these options."""
    found = protocols().get(protocol)
    if found is None:
        return False
    try:
        found.options.model_validate(dict(options))
    except ValidationError:
        return False
    return True
