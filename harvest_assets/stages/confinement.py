"""What a process for strangers' bytes gives up before it reads the first of them: the network, core files, life after its owner.

Put here: what the operating system is asked to refuse. Keep out: the work (`isolated`), and what only an owner can do, such as ending a
process (`work_process`). Every measure is taken where the system has it; nothing here makes hostile code harmless, it stops a parser that
is led astray. Sources: https://docs.kernel.org/userspace-api/seccomp_filter.html, man pages setrlimit(2), fcntl(2), proc_pid_statm(5).
"""

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

NO_NETWORK = "no network where strangers' files are read; fetch what is needed before, and hand it in"

# Of each machine: what the kernel calls it, and its number of socket().
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_SET_SECCOMP, _SET_NO_NEW_PRIVILEGES, _FILTER_MODE = 22, 38, 2
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # EACCES
_CALL, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16


def confine(lifeline: int) -> None:
    """Give up the network and core files, and end with the owner: the whole process group, when the pipe ``lifeline`` loses its writer.

    The signal of the pipe ends also a process that hangs in a library and reads nothing any more.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    _end_orphan(lifeline)
    with suppress(OSError):  # when memory runs out on the whole machine, this process goes before the run that it works for
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    if not _filter_sockets():
        sys.addaudithook(refuse_socket)


def _end_orphan(lifeline: int) -> None:
    """The owner may have gone before the signal was asked for."""
    with suppress(BlockingIOError):
        if not os.read(lifeline, 1):
            sys.exit(0)


def refuse_socket(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, for systems whose kernel is not asked: Python's own sockets are refused, those of other libraries are not."""
    if event == "socket.__new__" and arguments[1] != socket.AF_UNIX:
        raise PermissionError(NO_NETWORK)


def _filter_sockets() -> bool:
    """Let the kernel refuse every socket that leaves this machine's files, whoever asks for it; false where it cannot."""
    machine, call = _MACHINES.get(os.uname().machine, (0, 0))
    if not sys.platform.startswith("linux") or not machine:
        return False
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUALS, 0, 5, machine),
        (_LOAD, 0, 0, _CALL),
        (_EQUALS, 0, 2, call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUALS, 0, 1, socket.AF_UNIX),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
    control = ctypes.CDLL(None).prctl
    return control(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and control(_SET_SECCOMP, _FILTER_MODE, program, 0, 0) == 0


@contextmanager
def limit_memory(more_bytes: int) -> Generator[None]:
    """Hold this process to so many bytes beyond what it has now.

    Counted is what it may write to (RLIMIT_DATA). Address space (RLIMIT_AS) would not do: each thread of a library reserves 64 MiB of it
    and touches a fraction, so that kreuzberg fails within 256 MiB though it needs 32 (measured November 2026).
    """
    limit = _count_data_bytes() + more_bytes
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _count_data_bytes() -> int:
    """What this process may write to now."""
    try:
        pages = os.pread(_open_statistics(), 256, 0).split()[5]
    except FileNotFoundError:  # no Linux; what was used at most is the best that there is
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(pages) * resource.getpagesize()


@lru_cache(maxsize=1)
def _open_statistics() -> int:
    """Opened once, because items may take less time than opening it."""
    return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
