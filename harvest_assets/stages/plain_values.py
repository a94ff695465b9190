"""Read pickles of a process that strangers' bytes may have taken over: plain values, and values of our own classes, nothing else.

A pickle may name any function to be called. Here it may name dates and times of the standard library, and dataclasses and named tuples
of known packages that are loaded already; numbers, text, bytes, lists, tuples, sets and dictionaries need no name.
See https://docs.python.org/3/library/pickle.html#restricting-globals.
"""

import dataclasses
import io
import pickle
import sys
from collections.abc import Collection
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

_DATES = {each.__name__: each for each in (date, datetime, time, timedelta, timezone)}


def read_plain(pickled: bytes, packages: Collection[str]) -> Any:  # noqa: ANN401 - whatever the work returned
    """The value of a pickle; ``packages`` are top-level packages whose value classes it may name.

    Raises:
        pickle.UnpicklingError: It names something else, or is no pickle.
    """
    return _PlainUnpickler(pickled, packages).load()


class _PlainUnpickler(pickle.Unpickler):
    def __init__(self, pickled: bytes, packages: Collection[str]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._packages = packages

    def find_class(self, module_name: str, global_name: str) -> Any:  # noqa: ANN401 - as in pickle
        """The class of a name, if it is one of those that hold values."""
        if module_name == "datetime" and global_name in _DATES:
            return _DATES[global_name]
        found: Any = sys.modules.get(module_name)
        for part in global_name.split("."):
            found = getattr(found, part, None)
        if not self._holds_values(found):
            raise pickle.UnpicklingError(
                f"{module_name}.{global_name} is not taken from an isolated process; let the work return plain values, "
                f"or dataclasses and named tuples of {sorted(self._packages)!r}"
            )
        return found

    def _holds_values(self, found: object) -> bool:
        if not isinstance(found, type) or found.__module__.partition(".")[0] not in self._packages:
            return False
        is_named_tuple = issubclass(found, tuple) and hasattr(found, "_fields")
        return dataclasses.is_dataclass(found) or is_named_tuple
