"""The network as a source may use it: through its own settings, in its own name, and for a mere look in a short time."""

from pathlib import Path

import pytest

from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError, TransientError
from harvest_assets.stages.installation import Installation
from harvest_assets.testing.faults import Faults
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.universe import Universe

SOURCE = """title: Library
protocol: oai-pmh
url: {url}
options: {{metadata_prefix: oai_dc}}
http: {{requests_per_second: 1000, max_attempts: 3}}
network: {{allow: [loopback]}}
availability: {{timeout_seconds: 0.4}}
"""
AUTH = "auth: {type: bearer, token: '${ENV:LIB_TOKEN}'}\n"


def open_installation(folder: Path, text: str, **environ: str) -> Installation:
    for name in ("sources", "datasets"):
        (folder / "config" / name).mkdir(parents=True, exist_ok=True)
    (folder / "config" / "sources" / "lib.yaml").write_text(text)
    places = {"HARVEST_CONFIG": str(folder / "config"), "HARVEST_STORE": str(folder / "store"), "HARVEST_STATE": str(folder / "state")}
    return Installation.open({**places, "HARVEST_CONTACT": "https://contact.example/", **environ})


def source_of(installation: Installation) -> Source:
    return installation.catalog.source("lib")


def test_requests_are_counted_in_the_name_of_the_source(tmp_path: Path) -> None:
    with Universe() as universe:
        universe.add(Repository.generate("lib", 3, seed=7))
        installation = open_installation(tmp_path, SOURCE.format(url=universe.oai_url("lib")))
        with installation.client(source_of(installation)) as client:
            client.get(universe.oai_url("lib"), params={"verb": "Identify"})
    (usage,) = installation.budget().usage()
    assert (usage.host, usage.user, usage.requests) == ("127.0.0.1", "lib", 1)


def test_a_look_is_one_attempt_within_a_short_time(tmp_path: Path) -> None:
    with Universe() as universe:
        universe.add(Repository.generate("lib", 3, seed=7))
        universe.faults("lib", Faults(latency_seconds=3.0))
        installation = open_installation(tmp_path, SOURCE.format(url=universe.oai_url("lib")))
        with (
            installation.client(source_of(installation), look=True) as client,
            pytest.raises(TransientError, match=r"within 0\.4 s, after 1 attempts|nothing received for 0\.4 s, after 1 attempts"),
        ):
            client.fetch_start(universe.oai_url("lib"), size=1)
    assert [usage.requests for usage in installation.budget().usage()] == [1]


def test_a_credential_that_is_not_set_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    installation = open_installation(tmp_path, SOURCE.format(url="http://127.0.0.1:9/") + AUTH)
    with pytest.raises(ConfigurationError, match=r"^sources/lib\.yaml: auth\.token refers to the environment variable 'LIB_TOKEN'"):
        installation.client(source_of(installation))
