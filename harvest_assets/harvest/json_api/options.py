"""What a source with ``protocol: json`` says: where things are, how the list is paged, and how it is asked for.

How pages follow each other is in `paging_options`, how a list is asked for by date in `dates`.
"""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from harvest_assets.harvest.json_api.dates import DateFilter
from harvest_assets.harvest.json_api.paging_options import NoPaging, Paging, sent_names
from harvest_assets.harvest.json_api.pointers import Pointer, put
from harvest_assets.interfaces import Options

_PLACEHOLDER = re.compile(r"\{ids?\}")
_HEADER_TEXT = r"^[\x20-\x7e]+$"


class DetailOptions(Options):
    """Where the records are of which the list gives only identifiers."""

    url: str = Field(
        description="Address of one record with `{id}` in it, or of several with `{ids}`, which become identifiers with commas between "
        "them, percent-encoded. Relative addresses are on the source's own."
    )
    batch: Annotated[int, Field(ge=1, le=1_000, description="Records of one request; more than 1 needs `{ids}`.")] = 1
    records: Annotated[Pointer, Field(description="Where in an answer the record is, or the list of records; empty: it is the answer.")] = (
        ""
    )
    identifier: Annotated[
        Pointer | None,
        Field(description="Where in a record its identifier is, by which the records of one answer are told apart; as in the list."),
    ] = None
    parallel: Annotated[int, Field(ge=1, le=32, description="Requests under way at a time.")] = 4
    statuses: Annotated[tuple[Annotated[int, Field(ge=400, le=499)], ...], Field(strict=False)] = Field(
        default=(), description="Statuses beside success whose answers are records too, such as 403 for records that are hidden."
    )

    @field_validator("url")
    @classmethod
    def _is_a_template(cls, text: str) -> str:
        if len(_PLACEHOLDER.findall(text)) != 1:
            raise ValueError(f"{text!r} must hold one {{id}} or one {{ids}}, as in 'https://example.org/items/{{id}}'")
        parts = urlsplit(text)
        if parts.scheme not in {"", "http", "https"} or (parts.scheme and not parts.netloc):
            raise ValueError(f"{text!r} is no address of http or https, nor relative to the source's own")
        if _PLACEHOLDER.search(parts.netloc):
            raise ValueError(f"{text!r} lets the list choose the host; put the identifier into the path or the query")
        return text

    @model_validator(mode="after")
    def _suits_its_batch(self) -> Self:
        if self.batch > 1 and not self.takes_several:
            raise ValueError(f"batch {self.batch} needs {{ids}} in {self.url!r}, which takes one identifier")
        return self

    @property
    def takes_several(self) -> bool:
        """Whether one request may ask for several records."""
        return "{ids}" in self.url


class JsonApiOptions(Options):
    """Where things are in a page (``records``, ``total``) and in a record (``identifier``, ``datestamp``, ``deleted``), and how to ask.

    Places are JSON pointers (https://www.rfc-editor.org/rfc/rfc6901).
    """

    records: Annotated[
        Pointer,
        Field(description="Where in a page the list of records is; `/groups/*/items` joins the lists of all groups; empty: the page."),
    ] = ""
    identifier: Pointer = Field(description="Where in a record its identifier is; empty where the list holds nothing but identifiers.")
    datestamp: Annotated[Pointer | None, Field(description="Where in a record its time of change is.")] = None
    deleted: Annotated[
        Pointer | None,
        Field(description="What is true when the record is deleted; the texts `false`, `no`, `0` and the empty one are not true."),
    ] = None
    total: Annotated[Pointer | None, Field(description="Where in a page the number of records of the whole list is.")] = None
    paging: Paging = NoPaging(style="none")
    date_filter: DateFilter | None = None
    parameters: Annotated[dict[str, str], Field(description="Parameters of every page; details are not sent them.")] = Field(
        default_factory=dict[str, str]
    )
    method: Annotated[Literal["GET", "POST"], Field(description="POST sends `body`; only where asking twice does no harm.")] = "GET"
    body: Annotated[Any, Field(description="JSON that a POST sends; paging and dates with `in: body` are put into it.")] = None
    accept: Annotated[str, Field(pattern=_HEADER_TEXT, description="The `Accept` header; `application/vnd.api+json` for JSON:API.")] = (
        "application/json"
    )
    included: Annotated[
        bool,
        Field(
            description="JSON:API: put resources of `included` into the relationships of the records that name them, one level deep, so "
            "that a record stands alone."
        ),
    ] = False
    details: Annotated[DetailOptions | None, Field(description="The list gives identifiers, and each record is asked for.")] = None
    max_pages: Annotated[int, Field(ge=1, description="Pages after which a list is taken to be endless.")] = 1_000_000

    @model_validator(mode="after")
    def _suits_its_method(self) -> Self:
        pointers = list(sent_names(self.paging))
        if self.date_filter is not None and self.date_filter.sent_in == "body":
            pointers += [name for name in (self.date_filter.since, self.date_filter.before) if name]
        if self.method == "GET" and (pointers or self.body is not None):
            raise ValueError("a body is only sent with `method: POST`")
        filled = self.body
        for pointer in pointers:
            try:
                filled = put(filled, pointer, "")
            except ValueError as error:
                raise ValueError(f"nothing can be put at {pointer!r} of the body: {error}") from None
        return self

    @model_validator(mode="after")
    def _can_tell_details_apart(self) -> Self:
        if self.details is not None and self.details.takes_several and not self.detail_identifier:
            raise ValueError(
                "details.identifier is required: the list holds nothing but identifiers, so it does not say where a record's is"
            )
        return self

    @property
    def detail_identifier(self) -> str:
        """Where in a detail its identifier is; empty where it need not be looked up."""
        if self.details is None or self.details.identifier is None:
            return self.identifier
        return self.details.identifier
