"""Settings out of the environment."""

import re
from pathlib import Path

import pytest

from harvest_assets.config.settings import Settings
from harvest_assets.errors import ConfigurationError
from harvest_assets.harvest.http_settings import HttpSettings


def test_an_empty_environment_means_folders_below_this_one() -> None:
    settings = Settings.from_environ({"HARVEST_STORE": "", "HARVEST_CONTACT": " "})
    assert settings == Settings.from_environ({})
    assert (settings.config_folder, settings.state_folder) == (Path("config"), Path(".harvest/state"))
    assert settings.store == ".harvest/store"


def test_without_a_contact_the_user_agent_says_what_to_set_and_is_still_one_that_the_client_takes() -> None:
    settings = Settings.from_environ({})
    assert not settings.has_contact
    assert "HARVEST_CONTACT" in HttpSettings(user_agent=f"harvest_assets/1 (+{settings.contact})").user_agent


@pytest.mark.parametrize("contact", ["data@example.org", "https://example.org/harvesting"])
def test_a_contact_is_an_e_mail_address_or_a_page(contact: str) -> None:
    settings = Settings.from_environ({"HARVEST_CONTACT": contact})
    assert (settings.contact, settings.has_contact) == (contact, True)


@pytest.mark.parametrize("contact", ["someone", "a@b", "ftp://example.org", "data@example.org\r\nX-Other: 1", "http://user:pw@example.org"])
def test_another_contact_is_refused(contact: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^HARVEST_CONTACT is .*; write an e-mail address or an https:// page$") as caught:
        Settings.from_environ({"HARVEST_CONTACT": contact})
    assert "pw" not in str(caught.value)


def test_folders_and_buckets_are_taken_as_they_are() -> None:
    environ = {"HARVEST_CONFIG": "/srv/config", "HARVEST_STATE": "state", "HARVEST_STORE": "s3://a-bucket/some/prefix/"}
    settings = Settings.from_environ(environ)
    assert (settings.config_folder, settings.state_folder, settings.store) == (
        Path("/srv/config"),
        Path("state"),
        "s3://a-bucket/some/prefix",
    )


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/reader")
    assert Settings.from_environ({"HARVEST_STORE": "~/store"}).store == "/home/reader/store"


@pytest.mark.parametrize("store", ["gs://bucket/x", "s3://", "s3://Bucket/x", "s3:///x", "https://key:secret@host/x"])
def test_a_store_that_is_neither_folder_nor_bucket_is_refused(store: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^HARVEST_STORE is .*; write a folder or s3://bucket/prefix$") as caught:
        Settings.from_environ({"HARVEST_STORE": store})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["HARVEST_CONFIG", "HARVEST_STATE"])
def test_a_folder_with_a_scheme_is_refused(name: str) -> None:
    message = f"{name} is 's3://bucket/x'; it has to be a folder of this machine"
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"):
        Settings.from_environ({name: "s3://bucket/x"})
