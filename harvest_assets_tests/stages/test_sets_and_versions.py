"""``sets`` and ``dataset_versions``: what a source contributes, and which sets a version lists."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pyarrow.parquet as pq
import pytest

from harvest_assets.errors import ConfigurationError, IntegrityError, TransientError
from harvest_assets.stages.decisions import accept
from harvest_assets.stages.versions import create_version, read_version, versions_of
from harvest_assets.testing.faults import Faults, Refusal

STRICT = "integrity: {minimum_history: 1, maximum_loss: 0.05}\n"


@pytest.fixture
def lose_half(world, at) -> Callable[[], None]:
    """Half of the records are deleted on day 1."""

    def lose() -> None:
        repository = world.universe.repository("lib")
        for identifier in repository.identifiers()[:5]:
            repository.delete(identifier, at=at(1))

    return lose


def test_an_accepted_harvest_contributes_its_own_documents(world, on):
    world.add_source()
    world.run(0)
    published = world.manifest("sets", 0)
    assert published.facts["contributes"]["documents"]["day"] == str(on(0))
    assert published.counts["live"] == len(world.published(0))
    assert published.facts["verdict"]["decision"] == "first_run"


def test_a_rejected_harvest_contributes_the_last_accepted_set_with_its_results(world, on, lose_half):
    world.add_source(keys=STRICT + "tasks: [url_checks]\n")
    world.run(0)
    lose_half()
    assert world.run(1).decision == "fell_back"
    assert world.manifest("sets", 1).facts["contributes"] == world.manifest("sets", 0).facts["contributes"]
    assert "url_checks" in world.manifest("sets", 1).facts["contributes"]["derivatives"]
    assert world.published(1) == world.published(0)
    assert any(row["derivatives"] for row in world.published(1).values())
    assert world.run(2).decision == "fell_back"
    assert world.manifest("sets", 2).facts["contributes"]["documents"]["day"] == str(on(0))


def test_a_verdict_is_a_row_of_a_table(world, on, lose_half):
    world.add_source(keys=STRICT)
    world.run(0)
    lose_half()
    world.run(1)
    published = world.manifest("sets", 1)
    path = world.store.files.localise(f"{published.reference.folder}/verdict.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert (row["source"], row["date"], row["decision"], row["is_accepted"]) == ("lib", str(on(1)), "fell_back", False)
    assert row["contributes"] == str(on(0))
    assert row["words"] == published.facts["verdict"]["words"]


def test_an_incomplete_first_harvest_is_held_until_a_person_accepts_it(world, on):
    world.add_source()
    world.universe.faults("lib", Faults(lying_total=5))
    assert world.run(0).decision == "held"
    assert world.published(0) == {}
    accept(world.store, "lib", str(on(0)), "their total is wrong")
    published = world.publish(0)
    assert published.facts["verdict"]["decision"] == "overridden"
    assert published.facts["verdict"]["reason"] == "their total is wrong"
    assert {srn.partition(":")[2] for srn, row in world.published(0).items() if row["entity"] == "product"} == world.live(0)


def test_a_version_says_for_each_source_where_its_set_comes_from(world, lose_half):
    world.add_source("lib", keys=STRICT)
    for slug in ("late", "failing", "held", "never", "unchanged"):
        world.add_source(slug, count=5)
    world.universe.faults("held", Faults(lying_total=5))
    for slug in ("lib", "late", "failing", "held", "unchanged"):
        world.run(0, slug)
    lose_half()
    world.run(1)
    world.run(1, "unchanged")
    world.universe.faults("failing", Faults(refusals=(Refusal(503, 1),)))
    with pytest.raises(TransientError, match="503"):
        world.receive(1, slug="failing")
    world.add_dataset()
    version = world.release(1)
    states = {each.source: each.state for each in version.members}
    assert states == {
        "failing": "failed",
        "held": "missing",
        "late": "late",
        "lib": "fell_back",
        "never": "missing",
        "unchanged": "current",
    }
    words = {each.source: each.words for each in version.members}
    assert words["failing"].startswith("the harvest failed: ")
    assert words["never"] == "no harvest was ever accepted"
    assert "no harvest on" in words["late"]
    assert version.counts["live"] == len(world.content(version)) == sum(each.live for each in version.members)
    assert version.counts["missing"] == 2
    assert sorted(version.contributions()) == ["failing", "late", "lib", "unchanged"]


def test_the_same_sets_for_the_same_day_keep_their_number(world, at):
    repository = world.add_source()
    world.add_dataset()
    world.run(0)
    first = world.release(0)
    assert world.release(0) == first == read_version(world.store, "all", 1)
    world.run(1)
    assert world.release(1).number == 2
    repository.add(at=at(1))
    world.run(1)
    assert world.release(1).number == 3
    assert [each.number for each in versions_of(world.store, "all")] == [3, 2, 1]
    assert read_version(world.store, "all", 1) == first


def test_every_file_of_a_version_has_the_hash_that_it_says(world, at):
    repository = world.add_source(keys="tasks: [url_checks]\n")
    world.add_dataset()
    for number in range(3):
        repository.change(repository.identifiers()[0], at=at(number), title=f"Title {number}")
        world.run(number)
    version = world.release(2)
    paths = [file["path"] for file in version.files]
    assert len(paths) == len(set(paths)) > 3
    for file in version.files:
        content = world.store.files.read(file["path"])
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file["sha256"], file["bytes"])
    days = {path.split("/")[3] for path in paths if "/documents/" in path}
    assert len(days) == 3


def test_racing_creators_of_equal_versions_agree_on_one_number(world):
    world.add_source()
    world.add_dataset()
    world.run(0)
    day, start = world.manifest("sets", 0).day, Barrier(4)

    def create(_number: int) -> int:
        start.wait(10)
        return create_version(world.installation, "all", day).number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(create, range(4))) == [1, 1, 1, 1]


def test_racing_creators_of_different_versions_get_different_numbers(world):
    world.add_source()
    world.add_dataset()
    for number in range(4):
        world.run(number)
    days, start = [world.manifest("sets", number).day for number in range(4)], Barrier(4)

    def create(day: str) -> tuple[int, str]:
        start.wait(10)
        return create_version(world.installation, "all", day).number, day

    with ThreadPoolExecutor(4) as pool:
        created = dict(pool.map(create, days))
    assert sorted(created) == [1, 2, 3, 4]
    assert {number: read_version(world.store, "all", number).day for number in created} == created


def test_a_version_that_is_not_there_is_named(world):
    world.add_source()
    world.add_dataset()
    with pytest.raises(ConfigurationError, match="dataset 'all' has no version 7; the last one is none"):
        read_version(world.store, "all", 7)
    world.run(0)
    world.release(0)
    with pytest.raises(ConfigurationError, match="dataset 'all' has no version 7; the last one is 1"):
        read_version(world.store, "all", 7)


def test_a_stranger_among_the_versions_is_named(world):
    world.add_source()
    world.add_dataset()
    world.store.files.write("versions/all/notes.txt", b"?")
    with pytest.raises(IntegrityError, match=r"versions/all holds a file that is no version: \['notes.txt'\]; move it away"):
        create_version(world.installation, "all", "2026-01-01")
