"""``Paging``: how a list goes on from page to page, as a source's YAML says it; one class per style."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harvest_assets.harvest.json_api.pointers import Pointer
from harvest_assets.interfaces import Options

In = Literal["query", "body"]
Name = Annotated[str, Field(min_length=1)]

SENT_IN = "`query`: names are parameters of the address. `body`: names are JSON pointers into the `body` of a POST, as in `/page/offset`."


def check_names(place: In, **names: str | None) -> None:
    """What is sent in a body is named by JSON pointers.

    Raises:
        ValueError: A name is none.
    """
    for key, name in names.items():
        if place == "body" and name is not None and not name.startswith("/"):
            raise ValueError(f"{key} {name!r} is no JSON pointer; with `in: body` it must be one, as in '/page/offset'")


class NextLink(Options):
    """Each page holds the address of the next one, as text or as an object with ``href``."""

    style: Literal["next"]
    pointer: Pointer = Field(description="Where in a page the address of the next one is; absent, null, false or empty on the last page.")


class LinkHeader(Options):
    """The ``Link`` header of each page names the next one with ``rel="next"`` (https://www.rfc-editor.org/rfc/rfc8288)."""

    style: Literal["link"]


class _Counted(Options):
    """What page numbers and offsets have in common."""

    size: Annotated[int | None, Field(ge=1, description="Records of a full page; sent in `size_parameter`.")] = None
    sent_in: Annotated[In, Field(alias="in", description=SENT_IN)] = "query"


class PageNumber(_Counted):
    """Pages have numbers. ``size`` must not be more than the server gives; a shorter page then is the last one."""

    style: Literal["page"]
    parameter: Annotated[Name, Field(description="What takes the number of the page.")] = "page"
    size_parameter: Annotated[Name | None, Field(description="What takes `size`; it lets a broken page be read in parts.")] = None
    first: Annotated[int, Field(ge=0, description="Number of the first page.")] = 1

    @model_validator(mode="after")
    def _has_pointers(self) -> Self:
        check_names(self.sent_in, parameter=self.parameter, size_parameter=self.size_parameter)
        return self


class Offset(_Counted):
    """Pages begin after a number of records. ``size`` must not be more than the server gives, unless a total is announced."""

    style: Literal["offset"]
    parameter: Annotated[Name, Field(description="What takes the number of records to leave out.")] = "offset"
    size_parameter: Annotated[Name | None, Field(description="What takes `size`; it lets a broken page be read in parts.")] = "limit"

    @model_validator(mode="after")
    def _has_pointers(self) -> Self:
        check_names(self.sent_in, parameter=self.parameter, size_parameter=self.size_parameter if self.size else None)
        return self


class Cursor(Options):
    """Each page holds the value that asks for the next one: a text or an integer, and in a body any JSON."""

    style: Literal["cursor"]
    parameter: Annotated[Name, Field(description="What takes the value.")] = "cursor"
    pointer: Pointer = Field(description="Where in a page the value is; absent, null, false or empty on the last page.")
    sent_in: Annotated[In, Field(alias="in", description=SENT_IN)] = "query"

    @model_validator(mode="after")
    def _has_pointers(self) -> Self:
        check_names(self.sent_in, parameter=self.parameter)
        return self


class NoPaging(Options):
    """One page holds everything."""

    style: Literal["none"]


Paging = Annotated[NextLink | LinkHeader | PageNumber | Offset | Cursor | NoPaging, Field(discriminator="style")]


def sent_names(paging: Paging) -> tuple[str, ...]:
    """The JSON pointers at which a style writes into a body."""
    if not isinstance(paging, PageNumber | Offset | Cursor) or paging.sent_in != "body":
        return ()
    size_parameter = paging.size_parameter if not isinstance(paging, Cursor) and paging.size else None
    return (paging.parameter, size_parameter) if size_parameter else (paging.parameter,)
