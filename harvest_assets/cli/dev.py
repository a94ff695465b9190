"""``harvest dev``: Dagster's UI and daemon on the data of this folder, and beside them the universe that the demo's sources ask.

Children have sessions of their own, so that Ctrl-C reaches this process alone, which ends them one after the other.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from urllib.parse import urlsplit

import click

from harvest_assets.cli.environment import find_project_file, prepare_dagster_home
from harvest_assets.cli.output import say, warn
from harvest_assets.errors import TransientError
from harvest_assets.stages.installation import Installation
from harvest_assets.testing.demo import LIBRARY

HOST = "127.0.0.1"
_STOP_SECONDS = 20.0


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port of the UI on 127.0.0.1.")
@click.option(
    "--universe/--no-universe", "universe", default=None, help="Serve the demo universe too; on when a demo source is configured."
)
@click.pass_context
def dev(ctx: click.Context, port: int, *, universe: bool | None) -> None:
    """Open the Dagster UI on this folder's data, with sensors and schedules running."""
    installation = Installation.open()
    if _is_taken(port):
        raise TransientError(f"port {port} of {HOST} is in use; stop what listens there, or choose another with --port")
    workspace = find_project_file("workspace.yaml")
    environ = {**os.environ, "DAGSTER_HOME": str(prepare_dagster_home())}
    universe_port = _find_universe_port(installation)
    with _stopped_by_signals():
        with _universe(universe_port, wanted=universe, environ=environ):
            say(f"http://{HOST}:{port}")
            command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", HOST, "-p", str(port)]
            with _child(command, environ) as dagster:
                code = dagster.wait()
        ctx.exit(code)


def _find_universe_port(installation: Installation) -> int | None:
    """The port of this machine that the demo's sources ask, when they are configured."""
    source = installation.catalog.sources.get(LIBRARY)
    address = urlsplit(source.url) if source else None
    return address.port if address and address.hostname == HOST else None


@contextmanager
def _universe(port: int | None, *, wanted: bool | None, environ: Mapping[str, str]) -> Generator[None]:
    """The demo universe in a process of its own, as it is today; without it where nothing asks it."""
    if port is None or wanted is False:
        if wanted:
            warn(f"harvest: no source {LIBRARY!r} on {HOST} is configured; the universe is not started")
        yield
    elif _is_taken(port):
        warn(f"harvest: port {port} of {HOST} is in use; the universe is taken to be there already")
        yield
    else:
        with _child([sys.executable, "-m", "harvest_assets.testing", "--port", str(port), "--night"], environ, quiet=True):
            say(f"demo universe: http://{HOST}:{port}")
            yield


@contextmanager
def _child(command: Sequence[str], environ: Mapping[str, str], *, quiet: bool = False) -> Generator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block, nor do its own children."""
    output = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(command, env=dict(environ), stdout=output, start_new_session=True)  # noqa: S603 - our own commands
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, wait, and end what is left of its session."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def _stopped_by_signals() -> Generator[None]:
    """Let SIGINT and SIGTERM end the block quietly; while children are being stopped, further ones are ignored."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    for each in before:
        signal.signal(each, stop)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
