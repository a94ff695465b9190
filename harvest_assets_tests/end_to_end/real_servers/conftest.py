"""Servers that we did not write, each in a process of its own on a free port of 127.0.0.1."""

import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harvest_assets_tests.end_to_end.real_servers.repository import Catalogue, Repository

HERE = Path(__file__).parent
Serve = Callable[[str], Repository]


@contextmanager
def serving(log: Path, *command: str | Path) -> Generator[int]:
    """A server until the end of the block; it says its port on its first line."""
    with log.open("w") as errors, subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=errors, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().strip()
            assert said.isdigit(), f"{command[1]} did not start: {log.read_text()}"
            yield int(said)
        finally:
            process.kill()  # started where SIGINT is ignored, Dagster has SIGTERM ignored too, and its children inherit that


def prepared(part: str) -> Path:
    """The folder of a part that has to be fetched, or a skip that says why it cannot be had."""
    done = subprocess.run([sys.executable, HERE / "prepare.py", part], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{part} cannot be had here: {done.stderr.strip()}")
    return Path(done.stdout.split("\t")[1])


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample records of pyoai's source distribution, which its wheel does not have."""
    return prepared("pyoai")


@pytest.fixture(scope="session")
def pycsw_python() -> Path:
    """The Python that has pycsw."""
    return prepared("pycsw") / "bin" / "python"


@pytest.fixture(scope="session")
def jsonapi_python() -> Path:
    """The Python that has Django with JSON:API."""
    return prepared("jsonapi") / "bin" / "python"


@pytest.fixture(scope="session")
def json_server() -> Path:
    """The folder that has json-server in its ``node_modules``."""
    return prepared("json-server")


@pytest.fixture(scope="session")
def tika(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the parsers of Apache Tika."""
    folder = prepared("tika")
    path = f"{folder / 'tika-app.jar'}:{folder}"
    log = tmp_path_factory.mktemp("tika") / "tika.log"
    with serving(log, "java", "-Xmx512m", "-cp", path, "TikaServer") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server by the name of its script, over an empty repository."""
    with ExitStack() as running:

        def start(script: str) -> Repository:
            repository = Repository(tmp_path / f"{script}.json")
            repository.save()
            command = (sys.executable, HERE / "servers" / f"{script}.py", repository.path)
            port = running.enter_context(serving(tmp_path / f"{script}.log", *command))
            repository.address = f"http://127.0.0.1:{port}/oai"
            return repository

        yield start


@pytest.fixture
def catalogue(pycsw_python: Path, tmp_path: Path) -> Iterator[Catalogue]:
    """Pycsw over 250 records, in pages of 100."""
    made = Catalogue(tmp_path / "catalogue")
    made.write(range(250))
    with serving(tmp_path / "pycsw.log", pycsw_python, HERE / "servers" / "pycsw_server.py", made.folder) as port:
        made.address = f"http://127.0.0.1:{port}/?mode=oaipmh"
        yield made
