"""Work that goes wrong in every way that work on strangers' bytes does, for tests of who has to survive it.

Functions of a module, because processes find work by its name; each takes one item.
"""

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from harvest_assets.errors import RecordError, TransientError

MIB = 1024**2
_DONE: list[str] = []


class Pair(NamedTuple):
    """Two values."""

    first: Any
    second: Any


def echo(item: Any) -> Any:  # noqa: ANN401 - whatever a test sends
    """Do nothing."""
    return item


def describe(item: bytes) -> tuple[int, int]:
    """Where an item was, and how long it is."""
    return os.getpid(), len(item)


def misbehave(item: str) -> object:
    """Do what an item says, such as ``segfault``; anything else is returned as it is."""
    _DONE.append(item)
    name, _, argument = item.partition(" ")
    return _DEEDS[name](argument) if name in _DEEDS else item


def _segfault(_: str) -> object:
    return ctypes.string_at(0)


def _segfault_unless_first(_: str) -> object:
    """As a parser that an earlier file has broken."""
    return "done" if len(_DONE) == 1 else _segfault("")


def _exit(argument: str) -> object:
    os._exit(int(argument))


def _leave(argument: str) -> object:
    sys.exit(int(argument))


def _abort(argument: str) -> object:
    """As a library of another language that panics: last words, and SIGABRT."""
    os.write(2, argument.replace("|", "\n").encode() + b"\n")
    os.abort()


def _chatter(argument: str) -> object:
    """Say more on standard error and output than any pipe holds."""
    for _ in range(100):
        print(argument * 1_000)  # noqa: T201 - what strangers' libraries do
        print(argument * 1_000, file=sys.stderr)  # noqa: T201
        ctypes.CDLL(None).write(2, b"x" * 10_000, 10_000)
    return "done"


def _hang(_: str) -> object:
    """Keep the interpreter in C, where neither signals nor threads of Python get a turn."""
    return re.match(r"(a|a)*b", "a" * 64)


def _sleep(argument: str) -> object:
    time.sleep(float(argument))
    return f"slept {argument}"


def _hog(argument: str) -> object:
    return len(bytearray(int(argument) * MIB))


def _record_error(argument: str) -> object:
    raise RecordError(f"{argument!r} is damaged", rule="damaged")


def _transient_error(argument: str) -> object:
    raise TransientError(f"{argument!r} may work later")


def _defect(argument: str) -> object:
    raise ValueError(f"{argument!r} is nothing that this function expects")


def _return_lock(_: str) -> object:
    return threading.Lock()


def _return_path(_: str) -> object:
    return PurePosixPath("a")


def _return_much(argument: str) -> object:
    return bytes(int(argument) * MIB)


def _forge(argument: str) -> object:
    """Answer what a file that has taken the process over would like to; the bytes in hex."""
    os.write(int(sys.argv[2]), bytes.fromhex(argument))
    return "done"


def _connect(argument: str) -> object:
    with socket.create_connection(("127.0.0.1", int(argument)), 1):
        return "connected"


def _try_to_connect(argument: str) -> object:
    try:
        return _connect(argument)
    except PermissionError as error:
        return error.strerror


def _start_program(argument: str) -> object:
    """Start a program that stays, and crash."""
    program = subprocess.Popen(["/bin/sleep", "60"])
    Path(argument).write_text(str(program.pid), "ascii")
    return os.kill(os.getpid(), signal.SIGSEGV)


def _note_and_hang(argument: str) -> object:
    Path(argument).write_text(str(os.getpid()), "ascii")
    return _hang("")


def _write_temporary(_: str) -> object:
    return tempfile.mkstemp()[1]


def _show_environment(_: str) -> object:
    return sorted(os.environ)


_DEEDS: Mapping[str, Callable[[str], object]] = {
    "segfault": _segfault,
    "segfault-unless-first": _segfault_unless_first,
    "exit": _exit,
    "leave": _leave,
    "abort": _abort,
    "chatter": _chatter,
    "hang": _hang,
    "sleep": _sleep,
    "hog": _hog,
    "record-error": _record_error,
    "transient-error": _transient_error,
    "defect": _defect,
    "return-lock": _return_lock,
    "return-path": _return_path,
    "return-much": _return_much,
    "forge": _forge,
    "try-to-connect": _try_to_connect,
    "start-program": _start_program,
    "note-and-hang": _note_and_hang,
    "write-temporary": _write_temporary,
    "show-environment": _show_environment,
}
