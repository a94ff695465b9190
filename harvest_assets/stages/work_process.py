"""One process for strangers' bytes, as its owner sees it: started, sent items, asked for answers, ended.

Put here: pipes, waiting, killing, and in which words an end is told. Keep out: which process gets which item (`isolation`), and what the
process does (`isolated`).
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from harvest_assets.stages.isolated import ANSWER_BYTES, HEAD, ITEMS, LENGTH, WORK

START_SECONDS = 60.0
MAX_ITEMS = 500
STARTS_PER_LIFE = 25
GROWTH_BYTES = 512 * 1024**2

# What a process for strangers' bytes is told of our environment; never credentials.
_ENVIRONMENT = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"})
_COMMAND = "from harvest_assets.stages.isolated import main; main()"
_WORDS_BYTES = 4_096
_LINE_CHARACTERS = 200
_READ_BYTES = 1024**2
_NO_MEMORY = ("memory allocation", "bad_alloc", "out of memory", "cannot allocate memory")


class ProcessEndedError(Exception):
    """A process came to its end, by itself or by us: ``failure`` is timeout, memory or crashed, the message says it in words."""

    def __init__(self, failure: str, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure


class WorkProcess:
    """A process that does one thing at a time. Used by one thread; only ``kill`` may be called by others.

    It has a process group of its own, so that programs which a library starts end with it.
    """

    def __init__(self, temporary: Path, environ: Mapping[str, str]) -> None:
        self.items = 0
        self.work = b""
        self._first_bytes = 0
        self._started = time.monotonic()
        self._start_seconds = 0.0
        self._last_words = b""
        self._received = bytearray()
        self._lock = threading.Lock()
        with ExitStack() as kept, ExitStack() as handed:
            commands, self._commands = _open_pipe(handed, kept)
            self._answers, answers = _open_pipe(kept, handed)
            lifeline, _ = _open_pipe(handed, kept)
            self._process = _start((commands, answers, lifeline), _choose_environment(environ, temporary))
            self._pipes = kept.pop_all()
        self.pid = self._process.pid
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs; a machine that is short of memory ends the idle ones first."""
        with self._lock:
            return self._process.poll() is None

    @property
    def is_worn(self) -> bool:
        """Whether it should make room for a fresh one: libraries leak, and what one file broke the next would meet.

        After many items that is so only when it has lived so long that starting another costs next to nothing.
        """
        if _count_resident_bytes(self.pid) - self._first_bytes > GROWTH_BYTES:
            return True
        return self.items >= MAX_ITEMS and time.monotonic() - self._started > STARTS_PER_LIFE * self._start_seconds

    def load(self, work: bytes) -> bytes:
        """Hand over a pickle of the function and its memory; returns the answer once everything is imported.

        Raises:
            ProcessEndedError: It does not start, or ended when it imported the function.
        """
        self._send(WORK, [work])
        answer = self._receive(START_SECONDS)
        self.work = work
        if not self._first_bytes:
            self._first_bytes = _count_resident_bytes(self.pid)
            self._start_seconds = time.monotonic() - self._started
        return answer

    def send(self, items: Sequence[bytes]) -> None:
        """Hand over pickled items; their answers are received one by one.

        Raises:
            ProcessEndedError: It had ended before.
        """
        self._read_words()
        self._last_words = b""
        self._send(ITEMS, items)

    def receive(self, seconds: float) -> bytes:
        """The next answer, for which the process has so many seconds from now; one that is on its way may take as long again.

        Raises:
            ProcessEndedError: No answer will come; the process is gone.
        """
        answer = self._receive(seconds)
        self.items += 1
        return answer

    def _receive(self, seconds: float) -> bytes:
        self._fill(LENGTH.size, seconds)
        size = LENGTH.unpack_from(self._received)[0]
        if size > ANSWER_BYTES:
            self.kill()
            raise ProcessEndedError("crashed", f"its process announced an answer of {size} bytes; at most {ANSWER_BYTES} are taken")
        self._fill(LENGTH.size + size, seconds)
        answer = bytes(memoryview(self._received)[LENGTH.size : LENGTH.size + size])
        del self._received[: LENGTH.size + size]
        return answer

    @property
    def has_answer(self) -> bool:
        """Whether something of the next answer is there already."""
        return bool(self._received) or bool(self._poll.poll(0))

    def kill(self) -> None:
        """End it and all that it started, at once; may be called again and from any thread."""
        with self._lock:
            if self._process.returncode is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """End it and close its pipes; it is of no use afterwards."""
        self.kill()
        self._pipes.close()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _send(self, kind: bytes, frames: Sequence[bytes]) -> None:
        """Write a message; small frames go in one piece. The process reads all of it before it answers, so this does not get stuck."""
        parts = [HEAD.pack(kind, len(frames))]
        for frame in frames:
            parts += (LENGTH.pack(len(frame)), frame)
        try:
            for piece in [b"".join(parts)] if len(frames) > 1 else parts:
                _write_all(self._commands, piece)
        except BrokenPipeError:
            raise self._describe_end() from None

    def _fill(self, size: int, seconds: float) -> None:
        while len(self._received) < size:
            if not self._poll.poll(seconds * 1_000):
                self.kill()
                raise ProcessEndedError("timeout", f"it took longer than {seconds:g} s")
            read = os.read(self._answers, _READ_BYTES)
            if not read:
                raise self._describe_end()
            self._received += read

    def _describe_end(self) -> ProcessEndedError:
        """Why a process is gone; its pipes close after its fate is sealed, so that what it started can be ended without changing that."""
        self.kill()
        self._read_words()
        said = _choose_words(self._last_words)
        failure = "memory" if _is_about_memory(said) else "crashed"
        return ProcessEndedError(failure, f"its process {_describe_status(self._process.returncode)}{f', saying {said!r}' if said else ''}")

    def _read_words(self) -> None:
        """Take what native libraries wrote to standard error, of which the end is kept."""
        if self._process.stderr is None:
            return
        with suppress(BlockingIOError):
            while read := os.read(self._process.stderr.fileno(), _READ_BYTES):
                self._last_words = (self._last_words + read)[-_WORDS_BYTES:]


def _open_pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """The two ends of a pipe, each closed by its owner."""
    ends = os.pipe()
    for owner, end in zip((reading, writing), ends, strict=True):
        owner.callback(os.close, end)
    return ends


def _start(handed: tuple[int, int, int], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-P", "-c", _COMMAND, *map(str, handed)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
        env=environment,
        pass_fds=handed,
        process_group=0,
    )
    if process.stderr is not None:
        os.set_blocking(process.stderr.fileno(), False)
    return process


def _choose_environment(environ: Mapping[str, str], temporary: Path) -> dict[str, str]:
    chosen = {name: value for name, value in environ.items() if name in _ENVIRONMENT}
    return chosen | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(temporary)}


def _write_all(pipe: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _choose_words(words: bytes) -> str:
    """The line that tells most of what a native library said before its end: the one about memory, or the last that is no advice."""
    lines = [line.strip()[-_LINE_CHARACTERS:] for line in words.decode("utf-8", "replace").splitlines()]
    told = [line for line in lines if line and not line.startswith("note:")]
    return next(filter(_is_about_memory, told), told[-1] if told else "")


def _is_about_memory(line: str) -> bool:
    return any(each in line.lower() for each in _NO_MEMORY)


def _describe_status(status: int) -> str:
    if status >= 0:
        return f"ended itself with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # one of the real-time signals
        return f"was ended by signal {-status}"
    return f"was ended by {name} ({signal.strsignal(-status)})"


def _count_resident_bytes(pid: int) -> int:
    """Memory that a process holds now; 0 where the system does not say."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_bytes().split()[1]
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
