"""The section ``auth`` of a source's file: how the source lets us in. Secrets are references to the environment, nothing else.

Descriptions here are the documentation: they go into the JSON Schema. What is sent follows in `harvest.authentication`.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harvest_assets.config.addresses import check_web_address
from harvest_assets.config.problems import SeveralReasonsError
from harvest_assets.config.secrets import REFERENCE, Reference, find_malformed, find_references, resolve
from harvest_assets.config.sections import Section, Text
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.authentication import ClientCredentials, Credentials, encode_basic


def _check_reference(value: object) -> object:
    """Keep a reference; whatever else is written may be the secret itself and is not shown."""
    if isinstance(value, str) and REFERENCE.fullmatch(value):
        return value
    raise SeveralReasonsError(["has its secret in the file; write '${ENV:NAME}' and set the environment variable NAME"])


def _check_token_url(text: str) -> str:
    try:
        return check_web_address(text)
    except ValueError as error:
        raise SeveralReasonsError([str(error)]) from None  # a message of ours: the key's name sounds like that of a secret


Secret = Annotated[str, Field(pattern=f"^{REFERENCE.pattern}$"), BeforeValidator(_check_reference)]


class _Access(Section):
    """What the ways to be let in have in common."""

    @property
    def header_name(self) -> str | None:
        """The header that is sent, if it is one."""
        return "Authorization"

    @abstractmethod
    def build_credentials(self) -> Credentials:
        """What is sent; only for a copy in which references are resolved."""

    @model_validator(mode="after")
    def _references_are_whole(self) -> Self:
        reasons = [
            f"{key.lstrip('.')!r} has a '${{' that begins no reference; write '${{ENV:NAME}}', NAME of letters, digits and '_'"
            for key in find_malformed(self.model_dump(), "")
        ]
        SeveralReasonsError.raise_for(reasons)
        return self


class BasicAccess(_Access):
    """User name and password: https://www.rfc-editor.org/rfc/rfc7617."""

    type: Literal["basic"] = Field(description="User name and password")
    username: Text = Field(description="User name, or a reference to it")
    password: Secret = Field(description="Password, as ${ENV:NAME}")

    def build_credentials(self) -> Credentials:
        """One header.

        Raises:
            ConfigurationError: The user name has a colon, behind which the password would begin.
        """
        if ":" in self.username:
            raise ConfigurationError("auth.username has a ':', which no user name for basic authentication may have; correct it")
        return Credentials(headers={"Authorization": encode_basic(self.username, self.password)})


class BearerAccess(_Access):
    """A token that does not change: https://www.rfc-editor.org/rfc/rfc6750."""

    type: Literal["bearer"] = Field(description="A token that was given once")
    token: Secret = Field(description="Token, as ${ENV:NAME}; sent as 'Authorization: Bearer …'")

    def build_credentials(self) -> Credentials:
        """One header."""
        return Credentials(headers={"Authorization": f"Bearer {self.token}"})


class HeaderAccess(_Access):
    """An API key in a header."""

    type: Literal["header"] = Field(description="An API key in a header")
    name: str = Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", description="Name of the header, such as X-API-Key")
    value: Secret = Field(description="API key, as ${ENV:NAME}")

    @property
    def header_name(self) -> str:
        """The one that the file names."""
        return self.name

    def build_credentials(self) -> Credentials:
        """One header."""
        return Credentials(headers={self.name: self.value})


class QueryAccess(_Access):
    """An API key in the query; it is in no address that is recorded."""

    type: Literal["query"] = Field(description="An API key in the query")
    name: Text = Field(description="Name of the parameter, such as api_key")
    value: Secret = Field(description="API key, as ${ENV:NAME}")

    @property
    def header_name(self) -> None:
        """None: the key is in the address."""

    def build_credentials(self) -> Credentials:
        """One parameter."""
        return Credentials(parameters={self.name: self.value})


class OAuth2Access(_Access):
    """Client credentials grant: https://www.rfc-editor.org/rfc/rfc6749#section-4.4."""

    type: Literal["oauth2"] = Field(description="A token that a token server gives for client credentials")
    token_url: Annotated[str, AfterValidator(_check_token_url)] = Field(description="Where tokens are asked for")
    client_id: Text = Field(description="Identifier of the client, or a reference to it")
    client_secret: Secret = Field(description="Secret of the client, as ${ENV:NAME}")
    scope: Text | None = Field(default=None, description="Scopes to ask for, separated by spaces")
    audience: Text | None = Field(default=None, description="Whom the token is for, where the token server wants to know")
    client_authentication: Literal["basic", "body"] = Field(
        default="basic", description="Where the client shows its secret: basic (a header), or body where the token server needs that"
    )

    def build_credentials(self) -> Credentials:
        """The client that asks for tokens."""
        return Credentials(client=ClientCredentials(**self.model_dump(exclude={"type"})))


def _check_mapping(value: object) -> object:
    if isinstance(value, Mapping | _Access):
        return cast("object", value)
    raise SeveralReasonsError(["should be a mapping with a type, one of basic, bearer, header, query, oauth2"])


Auth = Annotated[
    BasicAccess | BearerAccess | HeaderAccess | QueryAccess | OAuth2Access, Field(discriminator="type"), BeforeValidator(_check_mapping)
]


def auth_references(auth: Auth | None) -> tuple[Reference, ...]:
    """Every use of an environment variable in the section, if there is one."""
    return () if auth is None else tuple(find_references(auth.model_dump(), "auth"))


def resolve_auth(auth: Auth | None, environ: Mapping[str, str], *, file: str) -> Credentials:
    """What is sent to be let in; it holds secrets and does not show them.

    Raises:
        ConfigurationError: A variable is not set, or what it holds cannot be sent.
    """
    if auth is None:
        return Credentials()
    resolved = cast("dict[str, Any]", resolve(auth.model_dump(), environ, file=file, key="auth"))
    try:
        return auth.model_copy(update=resolved).build_credentials()
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}") from None
