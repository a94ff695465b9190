"""``python -m benchmarks.url_checks``: the addresses of many files on many hosts, ours against plain `requests`.

Hosts are addresses of loopback, all served by one asyncio process that waits ``--latency`` milliseconds before every answer and does
nothing else. Every contender runs in a process of its own. Of 100 addresses 80 are there, 8 moved (301), 2 lead there by 302 and 301,
6 are not found, 2 end in status 500 and 2 refuse HEAD. Names, TLS and politeness cost nothing here: the limit of requests per second is
set out of the way.
"""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

SEQUENTIAL = ("requests", "session")
KINDS = ("ok",) * 80 + ("moved",) * 8 + ("chain",) * 2 + ("missing",) * 6 + ("broken",) * 2 + ("nohead",) * 2
TARGETS = {"moved": (301, "ok"), "chain": (302, "moved")}
STATUSES = {"ok": 200, "missing": 404, "broken": 500, "nohead": 200}
LENGTH = 2_048


class Files(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as little of it as the contenders use."""

    latency_seconds = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        self._transport = cast("asyncio.Transport", transport)
        self._pending = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._pending += data
        while b"\r\n\r\n" in self._pending:
            head, _, self._pending = self._pending.partition(b"\r\n\r\n")
            method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            if self.latency_seconds:
                asyncio.get_running_loop().call_later(self.latency_seconds, self._transport.write, answer(method, path))
            else:
                self._transport.write(answer(method, path))


def answer(method: str, path: str) -> bytes:
    """The bytes of one answer; of a file no more than its first 2,048 bytes, as the range asks."""
    _, kind, name = path.split("/")
    if kind in TARGETS:
        status, target = TARGETS[kind]
        return f"HTTP/1.1 {status} x\r\nLocation: /{target}/{name}\r\nContent-Length: 0\r\n\r\n".encode()
    status = 405 if kind == "nohead" and method == "HEAD" else STATUSES[kind]
    body = bytes(LENGTH) if method == "GET" and status == 200 else b""
    length = LENGTH if status == 200 else 0
    return f"HTTP/1.1 {status} x\r\nContent-Type: application/pdf\r\nContent-Length: {length}\r\n\r\n".encode() + body


def host(number: int) -> str:
    """One address of loopback per host."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


async def serve(hosts: int, latency_seconds: float) -> None:
    """Listen on every host at one port, which is printed."""
    Files.latency_seconds = latency_seconds
    loop = asyncio.get_running_loop()
    first = await loop.create_server(Files, host(0), 0, backlog=1024)
    port = first.sockets[0].getsockname()[1]
    others = await loop.create_server(Files, [host(number) for number in range(1, hosts)], port, backlog=1024)
    print(port, flush=True)
    async with first, others:
        await asyncio.Event().wait()


def addresses(urls: int, hosts: int, port: int) -> list[str]:
    """The same shuffled list for everybody."""
    kinds = [KINDS[number % 100] for number in range(urls)]
    random.Random(4).shuffle(kinds)  # noqa: S311 - a seeded order, no secret
    found = [f"http://{host(number % hosts)}:{port}/{kind}/{number}.pdf" for number, kind in enumerate(kinds)]
    random.Random(5).shuffle(found)  # noqa: S311 - a seeded order, no secret
    return found


def check_with_requests(urls: list[str], *, is_session: bool) -> Counter[str]:
    """One after the other: HEAD with redirects, GET where HEAD is not allowed."""
    import requests  # noqa: PLC0415 - each contender loads what it needs and nothing else

    outcomes: Counter[str] = Counter()
    asker: Any = requests.Session() if is_session else requests
    for url in urls:
        reply = asker.head(url, allow_redirects=True, timeout=30)
        if reply.status_code == 405:
            reply = asker.get(url, headers={"Range": "bytes=0-1023"}, timeout=30)
        outcomes[str(reply.status_code)] += 1
    return outcomes


def check_with_ours(urls: list[str], workers: int) -> Counter[str]:
    """The task as the graph runs it, with the budget of hosts and the record of exchanges."""
    from harvest_assets.derive.url_checks import UrlChecks  # noqa: PLC0415
    from harvest_assets.harvest.budget import HostBudget  # noqa: PLC0415
    from harvest_assets.harvest.http import HttpSettings, RequestsClient  # noqa: PLC0415
    from harvest_assets.interfaces import TaskInput  # noqa: PLC0415
    from harvest_assets.testing.tools import build_task, build_tools  # noqa: PLC0415

    settings = HttpSettings("benchmark (+https://example.org)", allowed_networks=("loopback",), requests_per_second=5_000)
    documents = [TaskInput(f"bench:{url}", "file", None, url, None) for url in urls]
    with tempfile.TemporaryDirectory() as folder, RequestsClient(settings, HostBudget(Path(folder))) as client:
        task = build_task(UrlChecks, build_tools(client), workers=workers)
        return Counter(str(result.output["status"]) for result in task.derive(documents))


def contend(name: str, urls: list[str]) -> None:
    """Run one contender and print what it took."""
    began = time.monotonic()
    outcomes = check_with_requests(urls, is_session=name == "session") if name in SEQUENTIAL else check_with_ours(urls, int(name))
    seconds, usage = time.monotonic() - began, os.times()
    print(json.dumps({"urls": len(urls), "seconds": seconds, "cpu": usage.user + usage.system, "outcomes": dict(sorted(outcomes.items()))}))


@contextmanager
def start_server(hosts: int, latency_ms: float) -> Generator[tuple[int, int]]:
    """The server in a process of its own; yields its port and process id."""
    command = [sys.executable, "-m", "benchmarks.url_checks", "--role", "server", "--hosts", str(hosts), "--latency", str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0), process.pid
        finally:
            process.terminate()


def read_cpu_seconds(process_id: int) -> float:
    """Processor seconds of another process so far (Linux)."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(urls: int, hosts: int, latency_ms: float, contenders: list[str], sequential_urls: int) -> None:
    """One table for one latency; ratios are of addresses per second."""
    print(f"\n{urls} addresses, {hosts} hosts, {latency_ms:g} ms before every answer")
    print(
        "\n| contender | addresses | s | addresses/s | requests = 1 | session = 1 | cpu ms/address | server busy | statuses |"
        "\n|---|--:|--:|--:|--:|--:|--:|--:|---|"
    )
    rates: dict[str, float] = {}
    for name in contenders:
        count = min(urls, sequential_urls) if name in SEQUENTIAL else urls
        with start_server(hosts, latency_ms) as (port, server):
            shared = ["--urls", str(urls), "--hosts", str(hosts), "--port", str(port), "--sequential-urls", str(count)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.url_checks", "--role", name, *shared], capture_output=True, text=True, check=True
            )
            found, busy = json.loads(done.stdout), read_cpu_seconds(server)
        rates[name] = found["urls"] / found["seconds"]
        ratios = " | ".join(f"{rates[name] / rates[peer]:.1f}" if peer in rates else "" for peer in SEQUENTIAL)
        statuses = ", ".join(f"{number} x {status}" for status, number in found["outcomes"].items())
        label = name if name in SEQUENTIAL else f"url_checks, {name} workers"
        print(
            f"| {label} | {found['urls']} | {found['seconds']:.1f} | {rates[name]:.0f} | {ratios} "
            f"| {1000 * found['cpu'] / found['urls']:.2f} | {busy / found['seconds']:.0%} | {statuses} |",
            flush=True,
        )


def main() -> None:
    """Read the arguments; the roles are for the processes that this one starts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.url_checks", description=__doc__)
    parser.add_argument("--urls", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--latency", type=float, nargs="*", default=[0, 20, 50], metavar="MILLISECONDS")
    parser.add_argument("--contenders", nargs="*", default=["requests", "session", "32"], help="requests, session, or a number of workers")
    parser.add_argument("--sequential-urls", type=int, default=10_000, help="how many of the addresses the sequential contenders ask")
    parser.add_argument("--role", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role == "server":
        asyncio.run(serve(arguments.hosts, arguments.latency[0] / 1000))
    elif arguments.role:
        asked = addresses(arguments.urls, arguments.hosts, arguments.port)
        contend(arguments.role, asked[: arguments.sequential_urls] if arguments.role in SEQUENTIAL else asked)
    else:
        for latency_ms in arguments.latency:
            run(arguments.urls, arguments.hosts, latency_ms, arguments.contenders, arguments.sequential_urls)


if __name__ == "__main__":
    main()
