"""What is believed of a pickle that comes out of a process for strangers' bytes."""

import pickle
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvest_assets.interfaces import Ended, Options
from harvest_assets.stages.plain_values import read_plain
from harvest_assets.testing.misbehaviour import Pair

OURS = ("harvest_assets",)
MODULE = b"harvest_assets.testing.misbehaviour"


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, True, "text", b"bytes", bytearray(b"more"), (1, {2}, frozenset({3}))]},
        [datetime.now(UTC), date(2026, 11, 1), timedelta(days=1)],
        Ended("crashed", "why"),
        Pair(1, [Pair(2, 3)]),
    ],
)
def test_plain_values_and_our_value_classes_are_read(value: object) -> None:
    assert read_plain(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), OURS) == value


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Calls(exec, "raise SystemExit"), r"builtins\.exec"),
        (Calls(getattr, "", "join"), r"builtins\.getattr"),
        (Calls(bytearray, 10**15), r"builtins\.bytearray"),
        (Path("a"), r"pathlib\.PosixPath"),
        (OrderedDict(), r"collections\.OrderedDict"),
        (Options(), r"harvest_assets\.interfaces\.Options"),
    ],
)
def test_whatever_else_a_pickle_names_is_refused(value: object, name: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=rf"{name} is not taken from an isolated process; let the work return plain values"):
        read_plain(pickle.dumps(value), OURS)


def test_a_value_class_of_a_package_that_is_not_expected_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"of \['plugin'\]"):
        read_plain(pickle.dumps(Pair(1, 2)), ("plugin",))


@pytest.mark.parametrize("name", ["os.system", "socket.create_connection", "Path.unlink", "nothing"])
def test_nothing_is_reached_through_a_module_of_ours(name: str) -> None:
    pickled = b"\x80\x04" + b"".join(b"\x8c" + bytes([len(each)]) + each for each in (MODULE, name.encode())) + b"\x93."
    with pytest.raises(pickle.UnpicklingError, match="is not taken from an isolated process"):
        read_plain(pickled, OURS)


def test_a_module_is_not_imported_because_a_pickle_names_it() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"harvest_assets\.nowhere\.Pair is not taken"):
        read_plain(b"charvest_assets.nowhere\nPair\n.", OURS)
