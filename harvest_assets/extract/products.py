"""The properties of products and projects: one shape for all sources, so that tasks and exports need not know where they came from.

Put here: what is left out, what is sorted, the shapes of people and providers. Keep out: where a format has its fields.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_UNORDERED = frozenset(
    {
        "keywords",
        "is_part_of",
        "material_types",
        "lom_educational_levels",
        "studies",
        "study_vocabulary",
        "disciplines",
        "research_themes",
    }
)
_PEOPLE = frozenset({"authors", "persons", "owners", "contacts"})
_EMAIL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_SIZED = (str, list, tuple, dict)
_LONGEST_EMAIL = 254
_LONGEST_QUOTE = 80
_MOST_NOTES = 20


def is_email(text: str) -> bool:
    """Whether a text can be a mail address: one local part without comments and quotes, a host name with a dot."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def build_person(name: str | None, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - texts, and is_external is a truth value
    """A person: ``name``, ``email``, ``external_id``, ``dai``, ``orcid``, ``isni``, ``is_external``, as far as they are known."""
    return _drop_empty({"name": name, **fields})


def build_provider(
    name: str | None = None, *, slug: str | None = None, external_id: str | None = None, ror: str | None = None
) -> dict[str, str]:
    """Who offers a product, empty when nothing is known of them."""
    return _drop_empty({"ror": ror, "external_id": external_id, "slug": slug, "name": name})


def build_organizations(provider: Mapping[str, str] | None, kind: str) -> dict[str, Any]:
    """The organizations of a product, of which the provider is the root; ``kind`` is institute, consortium, repository or unknown."""
    return {"root": {**(provider or {}), "type": kind}}


def build_properties(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON has no narrower type
    """Properties without empty fields; lists without repetitions, and sorted where their order means nothing.

    People without a name are left out, and so are their mail addresses that cannot be any; ``notes`` says both, after the notes given.
    """
    notes = [str(note) for note in fields.pop("notes", None) or ()]
    properties = {name: _tidy(name, value, notes) for name, value in fields.items()}
    return _drop_empty({**properties, "notes": list(dict.fromkeys(notes))[:_MOST_NOTES]})


def _tidy(name: str, value: Any, notes: list[str]) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if value is None or isinstance(value, str):  # most values; whether something is a Mapping is slow to ask
        return value
    if isinstance(value, Mapping):
        return _drop_empty({key: _tidy(key, inner, notes) for key, inner in value.items()})
    if not isinstance(value, Iterable):
        return value
    items = [item for item in value if item or not _is_empty(item)]
    if name in _PEOPLE:
        items = _tidy_people(name, items, notes)
    unique = _drop_repetitions(items)
    return sorted(unique) if name in _UNORDERED else unique


def _drop_repetitions(items: Iterable[Any]) -> list[Any]:
    unique: dict[str, Any] = {}
    for item in items:
        unique.setdefault(repr(item), item)
    return list(unique.values())


def _tidy_people(name: str, people: Iterable[Mapping[str, Any]], notes: list[str]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for place, person in enumerate(people):
        known = _drop_empty(person)
        email = known.get("email")
        if email is not None and not is_email(email):
            notes.append(f"{name}/{place}: its e-mail address is none, left out")
            del known["email"]
        if "name" in known or "email" in known:
            kept.append(known)
        else:
            notes.append(f"{name}/{place}: a person without a name, left out")
    return kept


def _drop_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value or not _is_empty(value)}


def _is_empty(value: Any) -> bool:  # noqa: ANN401 - JSON has no narrower type
    return value is None or (not value and isinstance(value, _SIZED))
