"""Plug-ins by entry point: protocols, extractors and document tasks, ours and those of strangers through the same door.

Each is imported once per process. One that cannot be used is a ``Problem`` and takes nothing else with it.
https://packaging.python.org/en/latest/specifications/entry-points/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, cast

from harvest_assets.config.names import not_one_of
from harvest_assets.config.problems import Problem
from harvest_assets.errors import ConfigurationError
from harvest_assets.interfaces import DocumentTask, Extractor, Protocol

_BASES: Mapping[str, type] = {
    "harvest_assets.protocols": Protocol,
    "harvest_assets.extractors": Extractor,
    "harvest_assets.document_tasks": DocumentTask,
}
# What curators say of documents: every other task reads it, whether it says so or not.
OVERRIDES = frozenset({"overrides"})
# What the import of a module that is missing, broken or made for other versions raises.
_IMPORT_FAILURES = (
    *(ImportError, AttributeError, NameError, SyntaxError, TypeError, ValueError),
    *(LookupError, OSError, RuntimeError, AssertionError, ArithmeticError),
)


@dataclass(frozen=True, slots=True)
class _Group:
    """What one entry point group holds, by name: classes that can be used, and why the others cannot."""

    usable: Mapping[str, type]
    unusable: Mapping[str, str]


def protocols() -> Mapping[str, type[Protocol]]:
    """Every protocol that can be used, by the name that ``protocol:`` refers to."""
    return cast("Mapping[str, type[Protocol]]", _load("harvest_assets.protocols").usable)


def extractors() -> Mapping[str, type[Extractor]]:
    """Every extractor that can be used, by the name that ``extract:`` refers to."""
    return cast("Mapping[str, type[Extractor]]", _load("harvest_assets.extractors").usable)


def document_tasks() -> Mapping[str, type[DocumentTask]]:
    """Every document task that can be used, by the name that ``tasks:`` refers to."""
    return cast("Mapping[str, type[DocumentTask]]", _load("harvest_assets.document_tasks").usable)


def order_tasks(tasks: Mapping[str, type[DocumentTask]]) -> tuple[str, ...]:
    """Names of document tasks, each behind those of them that it reads, else in order of name.

    Raises:
        ConfigurationError: They wait for each other.
    """
    graph = {name: sorted({*_upstream(name, tasks[name])} & tasks.keys()) for name in sorted(tasks)}
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ConfigurationError(
            f"document tasks wait for each other: {' → '.join(error.args[1])}; change 'after' of one of them"
        ) from None


def _upstream(name: str, task: type[DocumentTask]) -> tuple[str, ...]:
    return task.after if name in OVERRIDES else (*task.after, *OVERRIDES)


def find_protocol(name: str) -> type[Protocol]:
    """The protocol of a name.

    Raises:
        ConfigurationError: No plug-in has the name, or the one that has it cannot be used.
    """
    return cast("type[Protocol]", _find("harvest_assets.protocols", name))


def find_extractor(name: str) -> type[Extractor]:
    """The extractor of a name.

    Raises:
        ConfigurationError: No plug-in has the name, or the one that has it cannot be used.
    """
    return cast("type[Extractor]", _find("harvest_assets.extractors", name))


def find_document_task(name: str) -> type[DocumentTask]:
    """The document task of a name.

    Raises:
        ConfigurationError: No plug-in has the name, or the one that has it cannot be used.
    """
    return cast("type[DocumentTask]", _find("harvest_assets.document_tasks", name))


def plug_in_problems() -> tuple[Problem, ...]:
    """A line for every entry point of ours that cannot be used, in order of group and name."""
    return tuple(
        Problem(f"entry point {group}:{name}", f"{reason}; repair or uninstall the package that brings it")
        for group in _BASES
        for name, reason in sorted(_load(group).unusable.items())
    )


def forget_plug_ins() -> None:
    """Look the entry points up again at the next use, for processes in which packages come and go."""
    _load.cache_clear()


def _find(group: str, name: str) -> type:
    found = _load(group)
    if name in found.unusable:
        raise ConfigurationError(f"{name!r} cannot be used: {found.unusable[name]}")
    if name not in found.usable:
        raise ConfigurationError(not_one_of(name, found.usable))
    return found.usable[name]


@cache
def _load(group: str) -> _Group:
    usable: dict[str, type] = {}
    unusable: dict[str, str] = {}
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        try:
            if entry.name in usable or entry.name in unusable:
                raise ConfigurationError(f"the name is taken twice, the second time by {entry.value!r}")  # noqa: TRY301 - one place files every reason
            usable[entry.name] = _load_entry(entry, _BASES[group])
        except ConfigurationError as error:
            usable.pop(entry.name, None)
            unusable[entry.name] = str(error)
    return _Group(MappingProxyType(usable), MappingProxyType(unusable))


def _load_entry(entry: EntryPoint, base: type) -> type:
    """Import one plug-in and see that it is one; one line on why it is not."""
    try:
        found: Any = entry.load()
    except _IMPORT_FAILURES as error:
        reason = " ".join(str(error).split())
        raise ConfigurationError(f"{entry.value!r} cannot be imported ({type(error).__name__}: {reason})") from error
    if not isinstance(found, type) or not issubclass(found, base):
        raise ConfigurationError(f"{entry.value!r} is not a subclass of {base.__module__}.{base.__name__}")
    if getattr(found, "name", None) != entry.name:
        raise ConfigurationError(f"{entry.value!r} calls itself {getattr(found, 'name', None)!r}, not {entry.name!r}")
    return found
