"""The section ``intake`` of a source's file."""

import pytest

from harvest_assets.config.intake import Intake


def test_the_section_refuses_a_secret_that_stands_in_the_file_and_networks_that_are_none():
    with pytest.raises(ValueError, match="has its secret in the file") as refused:
        Intake.model_validate({"secret": "written-out-in-the-file"})
    assert "has its secret in the file; write '${ENV:NAME}'" in str(refused.value.errors()[0]["ctx"]["error"])
    with pytest.raises(ValueError, match="'everywhere' is not one of"):
        Intake.model_validate({"secret": "${ENV:S}", "allow": ["everywhere"]})
    assert Intake.model_validate({"secret": "${ENV:S}"}).references()[0].variable == "S"


def test_every_address_may_send_unless_networks_are_named() -> None:
    assert Intake.model_validate({"secret": "${ENV:S}"}).is_allowed("203.0.113.9")
    named = Intake.model_validate({"secret": "${ENV:S}", "allow": ["loopback", "192.0.2.0/24", "2001:db8::/32"]})
    allowed = ("127.0.0.1", "::1", "192.0.2.255", "::ffff:192.0.2.1", "2001:db8::7")
    assert all(named.is_allowed(each) for each in allowed)
    assert not any(named.is_allowed(each) for each in ("192.0.3.1", "10.0.0.1", "", "localhost", "192.0.2.1, 127.0.0.1"))
