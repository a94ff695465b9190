"""The asset of vocabularies through a real run, and the sensor that looks at their files."""

import dagster as dg
import pytest

from harvest_assets.defs.assets.vocabularies import vocabularies
from harvest_assets.defs.graph import build_resources
from harvest_assets.defs.resources import InstallationResource
from harvest_assets.defs.vocabularies import changed_vocabularies, daily_vocabularies, load_vocabularies
from harvest_assets.stages.isolation import Processes
from harvest_assets.stages.vocabularies import read_current

CSV = "title: Things\nformat: csv\nfile: things.csv\n"


@pytest.fixture
def things(folder):
    folder.write("vocabularies", "things", CSV)
    (folder.path / "config" / "vocabularies" / "things.csv").write_text("id,label_nl,parent\na,Een,\nb,Twee,a\nc,Drie,gone\n")
    return folder


def tick(instance, cursor=None) -> dg.SensorResult:
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"installation": InstallationResource()})
    result = changed_vocabularies(context)
    assert isinstance(result, dg.SensorResult)
    return result


def test_vocabularies_are_loaded_and_what_is_wrong_is_shown_beside_what_was_loaded(things, instance):
    things.write("vocabularies", "broken", "title: Broken\nfle: x\n")
    result = dg.materialize([vocabularies], instance=instance, resources=build_resources())
    assert result.success
    (event,) = result.asset_materializations_for_node("vocabularies")
    counts = {name: event.metadata[name].value for name in ("dagster/row_count", "changed", "broken")}
    assert counts == {"dagster/row_count": 3, "changed": 1, "broken": 1}
    rows = {record.data["vocabulary"]: record.data for record in event.metadata["vocabularies"].records}
    assert (rows["things"]["state"], rows["things"]["terms"]) == ("loaded", 3)
    assert rows["things"]["problems"] == "'c' is below 'gone', which is no term; the link is left out"
    assert "'fle' is not a key; did you mean 'file'?" in rows["broken"]["problems"]
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == ("vocabularies_are_loaded", False, dg.AssetCheckSeverity.WARN)
    with Processes(1) as isolation:
        assert set(read_current(things.installation, isolation)) == {"things"}


@pytest.mark.usefixtures("things")
def test_a_second_load_of_the_same_files_writes_nothing(instance):
    generations = []
    for _ in range(2):
        result = dg.materialize([vocabularies], instance=instance, resources=build_resources())
        (event,) = result.asset_materializations_for_node("vocabularies")
        generations.append(event.metadata["generation"].value)
    assert generations[0] == generations[1] != "none"


def test_a_written_file_is_loaded_once(things, instance):
    first = tick(instance)
    (request,) = first.run_requests
    assert request.run_key == f"vocabularies|{first.cursor}"
    assert tick(instance, first.cursor).skip_reason.skip_message == "nothing changed"
    (things.path / "config" / "vocabularies" / "things.csv").write_text("id\na\n")
    assert tick(instance, first.cursor).cursor != first.cursor


@pytest.mark.usefixtures("folder")
def test_without_vocabularies_there_is_nothing_to_load(instance):
    assert tick(instance).skip_reason.skip_message == "there are no vocabularies"


def test_a_configuration_that_is_not_there_is_told(folder, instance, monkeypatch):
    monkeypatch.setenv("HARVEST_CONFIG", str(folder.path / "nowhere"))
    assert "is not a folder; set HARVEST_CONFIG" in tick(instance).skip_reason.skip_message


def test_vocabularies_are_loaded_every_day_by_a_job_of_their_own():
    assert (daily_vocabularies.job_name, daily_vocabularies.cron_schedule) == (load_vocabularies.name, "15 0 * * *")
