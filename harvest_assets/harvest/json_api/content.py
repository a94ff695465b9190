"""``Content``: what an answer holds, one JSON document or several in a row, and where its records are."""

from dataclasses import dataclass
from typing import Any

from harvest_assets.errors import PermanentError, UnreadablePageError
from harvest_assets.harvest.json_api.pointers import EVERY, resolve, resolve_every

_SHOWN_KEYS = 12


class BrokenPageError(UnreadablePageError):
    """An answer beyond repair; ``original`` is its bytes, where they are at hand."""

    def __init__(self, message: str, original: bytes = b"") -> None:
        super().__init__(message)
        self.original = original


@dataclass(frozen=True, slots=True)
class Content:
    """The documents of an answer, and what was mended before they could be read."""

    documents: tuple[Any, ...]
    repairs: tuple[str, ...] = ()

    def find(self, pointer: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """What a pointer leads to in the first document that has it; None when none has."""
        return next((found for each in self.documents if (found := resolve(each, pointer)) is not None), None)

    def find_records(self, pointer: str, place: str) -> list[Any]:
        """The items of the lists at a pointer, in all documents; ``place`` begins every message.

        Raises:
            PermanentError: The pointer leads to no list.
            UnreadablePageError: It does in the first of several documents, and not in another one, which may be anything.
        """
        records = _read_lists(self.documents[0], pointer, place)
        for number, document in enumerate(self.documents[1:], 2):
            try:
                records += _read_lists(document, pointer, place)
            except PermanentError as error:
                raise BrokenPageError(
                    f"{place}: JSON document {number} of {len(self.documents)} holds no list of records: {error}"
                ) from error
        return records


def _read_lists(document: Any, pointer: str, place: str) -> list[Any]:  # noqa: ANN401 - JSON has no narrower type
    found = resolve_every(document, pointer)
    if (found or _has_no_groups(document, pointer)) and all(isinstance(each, list) for each in found):
        return [item for each in found for item in each]
    there = (
        f"the keys there are {', '.join(map(repr, list(document)[:_SHOWN_KEYS]))}"
        if isinstance(document, dict)
        else f"the page is a {type(document).__name__}"
    )
    odd = next((each for each in found if not isinstance(each, list)), None)
    what = "nothing" if odd is None else f"a {type(odd).__name__}"
    raise PermanentError(f"{place}: records {pointer!r} leads to {what}, not to a list; {there}")


def _has_no_groups(document: Any, pointer: str) -> bool:  # noqa: ANN401 - JSON has no narrower type
    """Whether what a ``*`` of the pointer stands for are lists without items."""
    parts = pointer.split("/")[1:]
    above = (resolve_every(document, "".join(f"/{each}" for each in parts[:place])) for place, part in enumerate(parts) if part == EVERY)
    return any(lists and all(each == [] for each in lists) for lists in above)
