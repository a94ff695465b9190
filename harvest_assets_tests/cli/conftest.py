"""A folder as the demo leaves it, made once for all tests by the real command; tests that change something take a copy."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from harvest_assets.cli import main

PROJECT = Path(__file__).parents[2]
HARVEST = Path(sys.executable).with_name("harvest")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lay_out(folder: Path, port: int) -> None:
    """The files of a project, its sources on another port."""
    shutil.copytree(PROJECT / "config", folder / "config")
    for path in (folder / "config" / "sources").glob("*.yaml"):
        path.write_text(path.read_text().replace("127.0.0.1:8771", f"127.0.0.1:{port}"))
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder / name)


def clean_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("HARVEST_", "DAGSTER_"))}


@dataclass(frozen=True)
class Folder:
    """A project's folder, with commands as separate processes."""

    path: Path
    port: int

    def harvest(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(HARVEST), *arguments]
        return subprocess.run(command, cwd=self.path, env=clean_environ(), capture_output=True, text=True, check=False, timeout=240)

    @property
    def store(self) -> Path:
        return self.path / ".harvest" / "store"

    def days(self, source: str = "demo-library") -> list[str]:
        return sorted(path.stem for path in (self.store / "manifests" / "sets" / source).glob("*.json"))


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No setting of whoever runs the tests."""
    for name in [*os.environ]:
        if name.startswith(("HARVEST_", "DAGSTER_")):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def folder(tmp_path: Path, environ: pytest.MonkeyPatch) -> Folder:
    """A fresh folder in which nothing was harvested; the test works in it."""
    found = Folder(tmp_path, free_port())
    lay_out(tmp_path, found.port)
    environ.chdir(tmp_path)
    return found


@pytest.fixture
def harvest() -> Callable[..., Result]:
    """A command in this process."""
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Folder:
    """The folder after ``harvest demo``; shared by all workers, so nobody changes it."""
    root = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    shared = root / "demo"
    with FileLock(root / "demo.lock"):
        if not (shared / "done.json").exists():
            port = free_port()
            shared.mkdir()
            lay_out(shared, port)
            done = Folder(shared, port).harvest("demo", "--port", str(port))
            content = {"port": port, "code": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
            (shared / "done.json").write_bytes(orjson.dumps(content))
    return Folder(shared, orjson.loads((shared / "done.json").read_bytes())["port"])


@pytest.fixture
def looked_at(demo: Folder, environ: pytest.MonkeyPatch) -> Folder:
    """The demo's folder as the current one, for commands that only read."""
    environ.chdir(demo.path)
    return demo


@pytest.fixture
def port_alone(demo: Folder) -> Generator[None]:
    """The port that the copies of the demo's folder share is this test's."""
    with FileLock(demo.path.parent / "port.lock"):
        yield


@pytest.fixture
def changed(demo: Folder, tmp_path: Path, environ: pytest.MonkeyPatch) -> Folder:
    """A copy of the demo's folder as the current one."""
    copy = tmp_path / "copy"
    shutil.copytree(demo.path, copy)
    environ.chdir(copy)
    return Folder(copy, demo.port)
