"""``Source``: one file of ``sources/``, checked, with its plug-ins at hand.

Put here: what follows from a file alone. Keep out: reading folders (`catalog`), and anything that asks the network.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import BaseModel, Field, ValidationError

from harvest_assets.config.authentication import auth_references, resolve_auth
from harvest_assets.config.intake import Intake
from harvest_assets.config.names import not_one_of
from harvest_assets.config.plugins import (
    OVERRIDES,
    document_tasks,
    extractors,
    find_document_task,
    find_extractor,
    find_protocol,
    order_tasks,
    protocols,
)
from harvest_assets.config.problems import InvalidFileError, describe_errors
from harvest_assets.config.secrets import Reference, find_references, resolve
from harvest_assets.config.source_keys import SourceKeys
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.allowance import Allowance
from harvest_assets.harvest.http_settings import HttpSettings
from harvest_assets.interfaces import Extractor, HttpClient, Options, Protocol, Target

SLUG_PATTERN = r"[a-z0-9][a-z0-9_-]{0,62}"


class Source(SourceKeys):
    """A source that can be harvested. It holds references to secrets, never their values."""

    slug: str = Field(pattern=f"^{SLUG_PATTERN}$")

    @property
    def file(self) -> str:
        """The file as messages name it, relative to the configuration folder."""
        return source_file(self.slug)

    @property
    def extractor_name(self) -> str:
        """The extractor that reads its records: ``extract``, or else the one named like the protocol's ``metadata_prefix``."""
        if self.extract is not None:
            return self.extract.format
        return str(_metadata_prefix(self._validated_options()))

    @property
    def task_names(self) -> tuple[str, ...]:
        """Document tasks that enrich its documents, each behind those that it reads; what curators say always counts."""
        installed = document_tasks()
        chosen = installed.keys() if self.tasks is None else {*self.tasks, *(OVERRIDES & installed.keys())}
        return order_tasks({name: installed[name] for name in chosen})

    @property
    def version(self) -> str:
        """What decides which records are sent, in 12 characters: another file, another version."""
        return self.fingerprint()[:12]

    @property
    def protocol_version(self) -> str:
        """The version of the code that asks."""
        return find_protocol(self.protocol).version

    @property
    def open_intake(self) -> Intake | None:
        """Who may send records, for a source that takes them: one that is not enabled takes none."""
        return self.intake if self.enabled else None

    def references(self) -> tuple[Reference, ...]:
        """Every use of an environment variable, headers first."""
        asked = (*find_references(self.headers, "headers"), *auth_references(self.auth), *find_references(self.options, "options"))
        return (*asked, *(self.intake.references() if self.intake else ()))

    def missing_variables(self, environ: Mapping[str, str]) -> tuple[Reference, ...]:
        """The references whose variable is not set, or empty."""
        return tuple(reference for reference in self.references() if not environ.get(reference.variable))

    def secret_values(self, environ: Mapping[str, str]) -> frozenset[str]:
        """What the references stand for now, for whoever has to keep it out of what is recorded; never store it."""
        return frozenset(environ[reference.variable] for reference in self.references() if environ.get(reference.variable))

    def resolved_headers(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Headers as they are sent; they may hold secrets.

        Raises:
            ConfigurationError: A variable is not set, or holds a control character.
        """
        return cast("dict[str, str]", resolve(self.headers, environ, file=self.file, key="headers"))

    def http_settings(self, environ: Mapping[str, str], user_agent: str) -> HttpSettings:
        """What the network client needs to know of this source; it holds secrets and does not show them.

        Raises:
            ConfigurationError: A variable is not set or cannot be sent, or the User-Agent names no contact.
        """
        credentials = resolve_auth(self.auth, environ, file=self.file)
        return HttpSettings(
            user_agent=user_agent,
            source=self.slug,
            headers=self.resolved_headers(environ),
            credentials=credentials,
            secret_values=tuple(sorted(self.secret_values(environ) | credentials.secret_values())),
            rate_limit=Allowance(**self.rate_limit.model_dump()) if self.rate_limit else None,
            origin=self.url,
            allowed_networks=self.network.allow,
            **self.http.model_dump(),
        )

    def resolved_options(self, environ: Mapping[str, str]) -> Options:
        """The protocol's options with every reference resolved; they may hold secrets.

        Raises:
            ConfigurationError: A variable is not set, or makes the options invalid.
        """
        options = resolve(self.options, environ, file=self.file, key="options")
        try:
            return find_protocol(self.protocol).options.model_validate(options)
        except ValidationError as error:
            places = ", ".join(".".join(str(part) for part in details["loc"]) for details in error.errors())
            raise ConfigurationError(
                f"{self.file}: options are not valid with what the environment holds, at {places}; correct the environment variables"
            ) from None

    def build_protocol(self, client: HttpClient, environ: Mapping[str, str]) -> Protocol:
        """The protocol for one harvest of this source.

        Raises:
            ConfigurationError: An option refers to a variable that is not set.
        """
        target = Target(self.slug, self.url, self.resolved_options(environ))
        return find_protocol(self.protocol)(target, client)

    def build_extractor(self) -> Extractor:
        """The extractor for the records of this source."""
        extractor = find_extractor(self.extractor_name)
        written = {} if self.extract is None else self.extract.options
        return extractor(self.slug, self.entity, extractor.options.model_validate(written))

    def task_settings(self, task: str) -> Options:
        """The options of a document task, with their defaults."""
        return find_document_task(task).options.model_validate(self.task_options.get(task, {}))

    def fingerprint(self) -> str:
        """SHA-256 of what decides which records are sent: protocol, address, options with their defaults, headers, and who asks.

        A checkpoint of another fingerprint is of another list. References count by the name of their variable, so a new secret
        changes nothing and no secret goes in.
        """
        selection = {
            "protocol": self.protocol,
            "url": self.url,
            "options": self._validated_options().model_dump(mode="json", by_alias=True),
            "headers": {name.lower(): text for name, text in self.headers.items()},
            **({"auth": self.auth.model_dump()} if self.auth else {}),
        }
        return hashlib.sha256(json.dumps(selection, sort_keys=True).encode()).hexdigest()

    def _validated_options(self) -> Options:
        """The protocol's options as written, references unresolved."""
        return find_protocol(self.protocol).options.model_validate(self.options)


def source_file(slug: str) -> str:
    """A source's file as messages name it."""
    return f"sources/{slug}.yaml"


def build_source(slug: str, content: Mapping[str, Any]) -> Source:
    """Check what a file holds, the options of its plug-ins included.

    Raises:
        InvalidFileError: Something is wrong; it has a line for everything that is.
    """
    messages = [*_key_messages(content), *_option_messages(content), *_extract_messages(content), *_task_messages(content)]
    if messages:
        raise InvalidFileError(source_file(slug), messages)
    return Source.model_validate({**content, "slug": slug})


def _key_messages(content: Mapping[str, Any]) -> list[str]:
    try:
        SourceKeys.model_validate(content)
    except ValidationError as error:
        return describe_errors(error, SourceKeys, content)
    return []


def _option_messages(content: Mapping[str, Any]) -> list[str]:
    """What the protocol refuses; nothing while it is not known, for then every option would look wrong."""
    protocol = protocols().get(str(content.get("protocol")))
    return [] if protocol is None else list(_refusals(protocol.options, content.get("options", {}), "options"))


def _extract_messages(content: Mapping[str, Any]) -> list[str]:
    written: object = content.get("extract")
    if written is None:
        return _missing_extract_messages(content)
    settings = cast("Mapping[str, Any]", written if isinstance(written, Mapping) else {"format": written})
    extractor = extractors().get(str(settings.get("format")))
    return [] if extractor is None else list(_refusals(extractor.options, settings.get("options", {}), "extract.options"))


def _task_messages(content: Mapping[str, Any]) -> Iterator[str]:
    """What document tasks refuse of their options; tasks that nobody knows are refused with the other keys."""
    written: object = content.get("task_options")
    for name, options in cast("Mapping[str, object]", written if isinstance(written, Mapping) else {}).items():
        task = document_tasks().get(str(name))
        if task is not None:
            yield from _refusals(task.options, options, f"task_options.{name}")


def _missing_extract_messages(content: Mapping[str, Any]) -> list[str]:
    """Why no extractor follows from the protocol's options; nothing while these are wrong themselves."""
    protocol = protocols().get(str(content.get("protocol")))
    options: object = content.get("options", {})
    if protocol is None or not isinstance(options, Mapping) or _option_messages(content):
        return []
    prefix = _metadata_prefix(protocol.options.model_validate(options))
    if prefix is None:
        return [f"'extract' is required: protocol {content['protocol']!r} does not say how a record is read; write one of {_names()}"]
    if prefix not in extractors():
        return [f"'extract' is required: metadata_prefix {not_one_of(prefix, extractors())}"]
    return list(_refusals(extractors()[prefix].options, {}, "extract.options"))


def _names() -> str:
    return ", ".join(sorted(extractors()))


def _metadata_prefix(options: BaseModel) -> str | None:
    """The metadata prefix, of several the first: the records of the others need an extractor that knows them too."""
    written: str | tuple[str, ...] | None = getattr(options, "metadata_prefix", None)
    return written[0] if isinstance(written, tuple) else written


def _refusals(model: type[Options], content: object, path: str) -> Iterator[str]:
    """Lines on options that a plug-in refuses; what is no mapping is refused with the other keys."""
    if not isinstance(content, Mapping):
        return
    try:
        model.model_validate(content)
    except ValidationError as error:
        yield from describe_errors(error, model, cast("object", content), path)
    except ConfigurationError as error:
        yield f"{path}: {error}"
