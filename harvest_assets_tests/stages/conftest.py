"""An installation over a universe: every stage in this process, without Dagster, committed as the IO manager would."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from harvest_assets.config.catalog import load_catalog
from harvest_assets.model.parameters import RunParameters
from harvest_assets.model.quarantine import Selection
from harvest_assets.model.verdict import Verdict
from harvest_assets.stages.derivatives import derive
from harvest_assets.stages.documents import fold
from harvest_assets.stages.history import read_verdict
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.promotion import promote
from harvest_assets.stages.published import open_set
from harvest_assets.stages.quarantine import STATES, observe
from harvest_assets.stages.raw_records import Request, harvest
from harvest_assets.stages.sets import Contribution, publish
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT, RAW
from harvest_assets.stages.versions import Version, create_version, open_version
from harvest_assets.store.manifests import Manifest
from harvest_assets.store.snapshots import Snapshot
from harvest_assets.testing.exchange import Answer, Question
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.universe import Universe

SOURCE = """title: Library
protocol: oai-pmh
url: {url}
options: {{metadata_prefix: oai_dc}}
http: {{requests_per_second: 1000, max_attempts: 1}}
network: {{allow: [loopback]}}
tasks: []
"""
JSON = """protocol: json
url: {url}
options: {{records: /items, identifier: /id, datestamp: /modified, deleted: /deleted, paging: {{style: next, pointer: /links/next}}{more}}}
extract: {{format: mapping, options: {{title: /id, fields: {{name: {field}}}}}}}
"""
TYPED = "{pointer: /title, type: string}"
UNTYPED = "/title"
BY_DATE = ", date_filter: {since: modified_since, before: modified_before}, total: /total"
TODAY = datetime.now(UTC).date()  # harvests note the real time at which they began


class World:
    """Repositories, sources that read them, and the days that pass. Day numbers count from ``TODAY``, which is day 0."""

    def __init__(self, universe: Universe, folder: Path, store: str | None = None) -> None:
        self.universe = universe
        self.folder = folder
        self.store_url = store or str(folder / "store")
        (folder / "config" / "sources").mkdir(parents=True)
        (folder / "config" / "datasets").mkdir()
        self.batches = 0
        self.reload()

    def reload(self) -> None:
        """Read the configuration again."""
        environ = {
            "HARVEST_CONFIG": str(self.folder / "config"),
            "HARVEST_STORE": self.store_url,
            "HARVEST_STATE": str(self.folder / "state"),
            "HARVEST_CONTACT": "https://contact.example/",
        }
        self.installation = Installation.open(environ)
        assert load_catalog(self.folder / "config").problems == ()
        self.store = self.installation.store

    def add_source(self, slug: str = "lib", *, count: int = 10, keys: str = "", **shape: Any) -> Repository:
        """A repository and a source of the same name; ``keys`` are lines of YAML that come after the usual ones."""
        repository = self.universe.add(
            Repository.generate(slug, count, seed=7, first_day=day(-20), last_day=day(-10), **{"page_size": 4, **shape})
        )
        self.universe.faults(slug)
        self.configure(slug, keys)
        return repository

    def configure(self, slug: str = "lib", keys: str = "") -> None:
        lines = dict(line.split(": ", 1) for line in (SOURCE.format(url=self.universe.oai_url(slug)) + keys).splitlines())
        text = "".join(f"{key}: {value}\n" for key, value in lines.items())
        (self.folder / "config" / "sources" / f"{slug}.yaml").write_text(text)
        self.reload()

    def add_dataset(self, slug: str = "all", sources: str = '["*"]') -> None:
        (self.folder / "config" / "datasets" / f"{slug}.yaml").write_text(f"title: All\nsources: {sources}\n")
        self.reload()

    # -- stages --------------------------------------------------------------------------------------------------------------------

    def commit(self, drafts: Mapping[str, Any]) -> list[Manifest]:
        manifests = [draft.manifest for _, draft in sorted(drafts.items())]
        for manifest in manifests:
            self.store.manifests.commit(manifest)
        return manifests

    def new_batch(self) -> str:
        self.batches += 1
        return f"batch-{self.batches}"

    def receive(
        self, *numbers: int, slug: str = "lib", full: bool = False, today: int | None = None, batch: str | None = None, **parameters: Any
    ) -> Snapshot:
        """Raw records of days, committed; those of the last day."""
        days = [day(number) for number in numbers]
        now = day(numbers[-1] if today is None else today)
        request = Request(self.source(slug), days, batch or self.new_batch(), RunParameters(full=full, **parameters), now)
        return self.raw(self.commit(harvest(self.installation, request))[-1])

    def fold(self, number: int, slug: str = "lib") -> Manifest:
        """Documents of a day, committed."""
        return self.commit(fold(self.installation, self.source(slug), [str(day(number))], self.batch_of(number, slug)))[-1]

    def derive(self, number: int, task: str = "url_checks", slug: str = "lib") -> Snapshot:
        made = self.commit(derive(self.installation, self.source(slug), task, [str(day(number))], self.batch_of(number, slug)))[-1]
        return self.store.snapshot(made, DERIVATIVE)

    def publish(self, number: int, slug: str = "lib") -> Manifest:
        return self.commit(publish(self.installation, self.source(slug), [str(day(number))], self.batch_of(number, slug)))[-1]

    def run(self, number: int, slug: str = "lib", *, full: bool = False) -> Verdict:
        """Everything of a source for a day, up to its set; the verdict."""
        self.receive(number, slug=slug, full=full)
        documents = self.fold(number, slug)
        for task in self.source(slug).task_names:
            self.derive(number, task, slug)
        self.publish(number, slug)
        return read_verdict(self.store, documents)

    def release(self, number: int, dataset: str = "all", *, is_promoted: bool = True) -> Version:
        version = create_version(self.installation, dataset, str(day(number)))
        if is_promoted:
            promote(self.store, dataset, version.number)
        return version

    # -- what is there -------------------------------------------------------------------------------------------------------------

    def source(self, slug: str = "lib") -> Any:
        return self.installation.catalog.source(slug)

    def batch_of(self, number: int, slug: str = "lib") -> str:
        return str(self.manifest("raw_records", number, slug).facts["batch"])

    def manifest(self, asset: str, number: int, slug: str = "lib") -> Manifest:
        found = self.store.manifests.find(asset, slug, str(day(number)))
        assert found is not None
        return found

    def raw(self, manifest: Manifest) -> Snapshot:
        return self.store.snapshot(manifest, RAW)

    def documents(self, number: int, slug: str = "lib") -> dict[str, dict[str, Any]]:
        """Rows of a day by what follows the source in their SRN."""
        rows = self.store.snapshot(self.manifest("documents", number, slug), DOCUMENT).table().to_pylist()
        return {row["srn"].partition(":")[2]: row for row in rows}

    def live(self, number: int, slug: str = "lib") -> set[str]:
        """Live records of a day, their files left out."""
        rows = self.documents(number, slug)
        return {name for name, row in rows.items() if row["state"] == "active" and row["srn"] == row["owner"]}

    def published(self, number: int, slug: str = "lib") -> dict[str, dict[str, Any]]:
        """What the set of a day shows to consumers."""
        contributes = self.manifest("sets", number, slug).facts["contributes"]
        if contributes is None:
            return {}
        opened = open_set(self.store, slug, Contribution.from_dict(contributes))
        return by_srn(opened.batches())

    def content(self, version: Version) -> dict[str, dict[str, Any]]:
        """What a version shows to consumers."""
        batches = (batch for each in open_version(self.store, version) for batch in each.batches())
        return by_srn(batches)


def by_srn(batches: Iterable[pa.RecordBatch]) -> dict[str, dict[str, Any]]:
    """Published rows, JSON read."""
    rows = (row for batch in batches for row in batch.to_pylist())
    return {row["srn"]: {**row, **{name: orjson.loads(row[name]) for name in ("properties", "derivatives")}} for row in rows}


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def noon(number: int) -> datetime:
    return datetime.combine(day(number), datetime.min.time(), UTC) + timedelta(hours=12)


@pytest.fixture
def at() -> Callable[[int], datetime]:
    """Noon of a numbered day."""
    return noon


@pytest.fixture
def on() -> Callable[[int], date]:
    """A numbered day."""
    return day


@pytest.fixture(scope="module")
def universe() -> Iterator[Universe]:
    with Universe() as started:
        yield started


@pytest.fixture
def world(universe: Universe, tmp_path: Path) -> World:
    return World(universe, tmp_path / "world")


@pytest.fixture
def world_at(universe: Universe) -> Callable[[Path], World]:
    """Worlds in folders of the test's choice."""
    return lambda folder: World(universe, folder)


# -- records that cannot be read -----------------------------------------------------------------------------------------------------


@pytest.fixture
def go(world: World, on: Callable[[int], date]) -> Callable[..., None]:
    """Harvest days up to their documents, the quarantine included."""

    def harvest_days(*numbers: int, slug: str = "lib", full: bool = False) -> None:
        for number in numbers:
            world.receive(number, slug=slug, full=full)
            world.fold(number, slug)
            observe(world.store, slug, [str(on(number))])

    return harvest_days


@pytest.fixture
def rows(world: World) -> Callable[..., list[dict[str, Any]]]:
    """Rows of a source, in any state unless one is asked for."""

    def read_rows(state: str | None = None, slug: str = "lib", **selected: str) -> list[dict[str, Any]]:
        states = STATES if state is None else (state,)
        return world.store.quarantine.table(slug, Selection(**selected), states=states).to_pylist()

    return read_rows


@pytest.fixture
def write_json(world: World, universe: Universe) -> Callable[..., None]:
    """Configure the source to read JSON; ``field`` is where the name is, and of what type."""

    def configure(field: str = TYPED, more: str = BY_DATE, slug: str = "lib", keys: str = "") -> None:
        world.configure(slug, JSON.format(url=universe.json_url(slug), field=field, more=more) + keys)

    return configure


@pytest.fixture
def broken_names(world: World, at: Callable[[int], datetime], write_json: Callable[..., None]) -> Callable[..., Any]:
    """A JSON source some of whose records have a number for a name."""

    def add(count: int = 1, *, slug: str = "lib", keys: str = "", total: int = 10) -> tuple[Repository, list[str]]:
        repository = world.add_source(slug, count=total)
        broken = repository.identifiers()[:count]
        for number, identifier in enumerate(broken):
            repository.change(identifier, at=at(-5), title=number)
        write_json(slug=slug, keys=keys)
        return repository, broken

    return add


@pytest.fixture
def spoil(universe: Universe, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Titles of some records are not well-formed XML until they are mended; works on every answer that holds them."""
    spoiled: set[str] = set()
    assert universe._server is not None
    respond = universe._server.respond

    def respond_badly(question: Question) -> Answer:
        answer = respond(question)
        for identifier in spoiled:
            start = answer.body.find(f"<identifier>{identifier}".encode())
            end = answer.body.find(b"</dc:title>", start)
            if 0 < start < end:
                answer = replace(answer, body=answer.body[:end] + b" & <unclosed " + answer.body[end:])
        return answer

    monkeypatch.setattr(universe._server, "respond", respond_badly)
    return spoiled
