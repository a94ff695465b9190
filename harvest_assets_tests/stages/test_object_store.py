"""The whole chain on an object store: the same code, and the same content as in a folder."""

import pytest

from harvest_assets.errors import TransientError
from harvest_assets.model.window import midnight
from harvest_assets.stages.exports import export
from harvest_assets.stages.promotion import find_current, read_changes
from harvest_assets.testing import Faults, Refusal
from harvest_assets_tests.stages.conftest import World, day


def two_days(world: World) -> dict[str, object]:
    repository = world.add_source(count=60, keys="tasks: [url_checks, image_previews]\n")
    world.add_dataset()
    verdicts = [world.run(-1).decision]
    world.release(-1)
    first, second, *_ = repository.identifiers()
    repository.change(first, at=midnight(day(0)), title="Changed overnight")
    repository.delete(second, at=midnight(day(0)))
    verdicts.append(world.run(0).decision)
    version = world.release(0)
    exported = export(world.installation, version)
    return {
        "verdicts": verdicts,
        "current": find_current(world.store, "all"),
        "changes": [(each["sequence"], each["operation"], each["srn"]) for each in read_changes(world.store, "all", 0)],
        "exports": {name: [file.rows for file in files] for name, files in exported.tables.items()},
        "hashes": [file.sha256 for file in exported.tables["parquet"]],
        "tables": [file.sha256 for number in (-1, 0) for file in world.manifest("documents", number).tables["rows"]],
    }


def test_an_object_store_holds_what_a_folder_holds(universe, tmp_path, s3_url) -> None:
    folder = two_days(World(universe, tmp_path / "one"))
    bucket = two_days(World(universe, tmp_path / "two", s3_url))
    assert folder["verdicts"] == ["first_run", "accepted"]
    assert folder["current"] == 2
    assert bucket == folder


def test_a_harvest_that_fails_on_an_object_store_goes_on_at_the_page_that_failed(universe, tmp_path, s3_url) -> None:
    world = World(universe, tmp_path, s3_url)
    world.add_source(count=20, page_size=5)
    universe.faults("lib", Faults(refusals=(Refusal(503, 3),)))
    with pytest.raises(TransientError, match="503"):
        world.run(0)
    universe.faults("lib")
    universe.clear_requests()
    world.run(0)
    assert len(world.live(0)) == 20
    lists = [each.arguments for each in universe.requests if each.arguments.get("verb") == "ListRecords"]
    assert all("resumptionToken" in each for each in lists)
    assert len(lists) == 2
