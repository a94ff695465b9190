"""The process in which strangers' bytes are read: takes a function, then items, and answers each before it begins the next.

Put here: what runs in that process, started by `work_process`. Keep out: imports; whatever is imported here is paid for at every start.
Messages are a kind of one byte, a count, and so many frames of eight bytes of length and a pickle.
"""

import errno
import os
import pickle
import re
import struct
import sys
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from harvest_assets.errors import HarvestError, RecordError
from harvest_assets.stages.confinement import confine, limit_memory

HEAD = struct.Struct("<cI")
LENGTH = struct.Struct("<Q")
WORK, ITEMS = b"w", b"i"
READY, RESULT, ENDED, RAISED = range(4)
ANSWER_BYTES = 256 * 1024**2
MIB = 1024**2

Work = Callable[[Any], Any]
Answer = tuple[int, Any, str]


def main() -> None:
    """Serve the owner whose pipes the arguments name, until it closes them."""
    commands, answers, lifeline = map(int, sys.argv[1:])
    confine(lifeline)
    os.set_blocking(2, False)  # only the last words of native libraries go there; who does not read them must not stop us
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process; pathlib costs a start 12 ms
    # They stay open as long as the process lives: the owner takes their end for its end.
    serve(os.fdopen(commands, "rb", closefd=False), os.fdopen(answers, "wb", closefd=False))


def serve(received: BinaryIO, sent: BinaryIO) -> None:
    """Do what messages ask for until they end; an answer is sent before the next item begins, so that a crash has one culprit."""
    work, memory_bytes = _no_work, 0
    while head := received.read(HEAD.size):
        kind, count = HEAD.unpack(head)
        frames = [received.read(LENGTH.unpack(received.read(LENGTH.size))[0]) for _ in range(count)]
        if kind == WORK:
            work, memory_bytes, answer = _load(frames[0])
            _send(sent, answer)
            continue
        frames.reverse()
        while frames:
            _send(sent, _answer(work, frames.pop(), memory_bytes))


def _no_work(item: object) -> object:
    return item


def _load(frame: bytes) -> tuple[Work, int, bytes]:
    """The function, the memory it may use, and the answer to who sent it."""
    try:
        work, memory_bytes = pickle.loads(frame)  # noqa: S301 - from our owner
    except Exception as error:  # noqa: BLE001 - a module may raise anything when it is imported; the owner is told
        return _no_work, 0, pickle.dumps((RAISED, None, "".join(traceback.format_exception(error))))
    return work, memory_bytes, pickle.dumps((READY, None, ""))


def _send(sent: BinaryIO, answer: bytes) -> None:
    sent.write(LENGTH.pack(len(answer)))
    sent.write(answer)
    sent.flush()


def _answer(work: Work, frame: bytes, memory_bytes: int) -> bytes:
    """The pickled answer; one that is too large becomes one that says so."""
    pickled = _pickle_answer(work, frame, memory_bytes)
    if len(pickled) <= ANSWER_BYTES:
        return pickled
    return pickle.dumps((ENDED, "memory", f"its result of {len(pickled) // MIB} MiB is larger than {ANSWER_BYTES // MIB} MiB"))


def _pickle_answer(work: Work, frame: bytes, memory_bytes: int) -> bytes:
    try:
        item = pickle.loads(frame)  # noqa: S301 - from our owner
        with limit_memory(memory_bytes):
            return _pickle_result(work(item))
    except Exception as error:  # noqa: BLE001 - whatever it is, the owner is told
        return pickle.dumps(_tell(error, memory_bytes))


def _pickle_result(result: object) -> bytes:
    try:
        return pickle.dumps((RESULT, result, ""), pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(
            f"the result, a {type(result).__name__}, does not pickle; return plain values or dataclasses of a module"
        ) from error


def _tell(error: Exception, memory_bytes: int) -> Answer:
    """What an exception means to the owner: an end of this item, or a defect."""
    if isinstance(error, RecordError):
        return ENDED, error.rule, str(error)
    if isinstance(error, HarvestError):
        return ENDED, re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower(), str(error)
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return ENDED, "memory", f"it needed more than {memory_bytes // MIB} MiB of memory"
    return RAISED, None, "".join(traceback.format_exception(error))


if __name__ == "__main__":
    main()
