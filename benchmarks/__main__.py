"""``python -m benchmarks``: every contender in a fresh process, in turn, on the same machine; medians and ratios as Markdown."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pages import write_pages

PEERS = ("download", "parse", "sickle", "raw_records", "version", "dagster")


@dataclass(frozen=True)
class Sample:
    """One process: wall and processor seconds, peak memory in MiB, what it printed."""

    wall: float
    cpu: float
    peak_mib: float
    output: str


def measure(name: str, url: str, kind: str) -> Sample:
    """Run a contender once, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        began = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.contenders", name, url, kind, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            output = process.stdout.read() if process.stdout else ""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{name} failed")
        return Sample(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


@contextmanager
def serve(folder: Path, latency_seconds: float) -> Generator[str]:
    """The server, in a process of its own; yields its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(folder), str(latency_seconds)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield f"http://127.0.0.1:{(process.stdout.readline() if process.stdout else '').strip()}"
        finally:
            process.terminate()


def compare(url: str, kind: str, contenders: list[str], rounds: int) -> None:
    """One table: every contender ``rounds`` times, in turn."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in contenders:
            samples[name].append(measure(name, f"{url}/{kind}", kind))
    medians = {name: statistics.median(each.wall for each in taken) for name, taken in samples.items()}
    print(f"\n| {kind} | wall s (min to max) | cpu s | peak MiB | parse = 1 | sickle / it |\n|---|--:|--:|--:|--:|--:|")
    for name, taken in samples.items():
        walls = [each.wall for each in taken]
        print(
            f"| {name} | {medians[name]:.1f} ({min(walls):.1f} to {max(walls):.1f}) | {statistics.median(each.cpu for each in taken):.1f} "
            f"| {max(each.peak_mib for each in taken):.0f} | {medians[name] / medians.get('parse', medians[name]):.2f} "
            f"| {medians.get('sickle', medians[name]) / medians[name]:.2f} |",
            flush=True,
        )


def second_day(url: str) -> None:
    """A source whose second day brings one per cent: seconds and bytes against the first."""
    sample = measure("two_days", f"{url}/oai_dc", "oai_dc")
    first, second = (json.loads(line) for line in sample.output.splitlines())
    print(
        f"\nfirst day {first['seconds']:.1f} s, {first['bytes'] / 1e6:.1f} MB; second day {second['seconds']:.1f} s "
        f"({second['seconds'] / first['seconds']:.1%}), {second['bytes'] / 1e6:.1f} MB ({second['bytes'] / first['bytes']:.1%}); "
        f"peak {sample.peak_mib:.0f} MiB"
    )


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=["oai_dc", "lom"], choices=["oai_dc", "lom"])
    parser.add_argument("--contenders", nargs="*", default=list(PEERS))
    parser.add_argument("--second-day", type=int, default=0, metavar="RECORDS", help="measure two days of a source of this size instead")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="wait before every answer")
    parser.add_argument("--pages", type=Path, default=Path(tempfile.gettempdir()) / "harvest-benchmark-pages", help="where pages are kept")
    arguments = parser.parse_args()
    size = arguments.second_day or arguments.records
    folder = arguments.pages / str(size)
    for kind in ["oai_dc"] if arguments.second_day else arguments.kinds:
        if not (folder / kind / "done").exists():
            write_pages(folder / kind, kind, size, changed=size // 100)
    with serve(folder, arguments.latency) as url:
        if arguments.second_day:
            second_day(url)
        else:
            for kind in arguments.kinds:
                compare(url, kind, arguments.contenders, arguments.rounds)


main()
