"""``Settings``: where things are and who we are, from four environment variables. Keep out: anything that a source decides."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harvest_assets.config.addresses import check_web_address
from harvest_assets.errors import ConfigurationError

# A name that never resolves (RFC 2606), so that nobody is taken for the contact.
NO_CONTACT = "https://contact.invalid/set-HARVEST_CONTACT-to-an-e-mail-or-web-address"
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_EMAIL = re.compile(r"[^\s@()<>/:]+@[^\s@()<>/:]+\.[^\s@()<>/:]+")
_USER_INFO = re.compile(r"//[^/@]*@")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation decides.

    ``store`` is a folder or ``s3://bucket/prefix``. ``state_folder`` holds what processes of this machine share: host budgets and locks.
    ``contact`` goes into the User-Agent, so that those whose servers we ask can reach a person.
    """

    config_folder: Path
    store: str
    state_folder: Path
    contact: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read ``HARVEST_CONFIG``, ``HARVEST_STORE``, ``HARVEST_STATE`` and ``HARVEST_CONTACT``; empty is the same as not set.

        Raises:
            ConfigurationError: The store has a scheme other than s3 or no bucket, a folder has a scheme, or the contact is neither
                an e-mail address nor a web address.
        """
        return cls(
            config_folder=_read_folder(environ, "HARVEST_CONFIG", "./config"),
            store=_read_store(environ),
            state_folder=_read_folder(environ, "HARVEST_STATE", "./.harvest/state"),
            contact=_read_contact(environ),
        )

    @property
    def has_contact(self) -> bool:
        """Whether somebody said whom to write to."""
        return self.contact != NO_CONTACT


def _read_folder(environ: Mapping[str, str], name: str, default: str) -> Path:
    text = environ.get(name) or default
    if _SCHEME.match(text):
        raise ConfigurationError(f"{name} is {text!r}; it has to be a folder of this machine")
    return Path(text).expanduser()


def _read_store(environ: Mapping[str, str]) -> str:
    text = environ.get("HARVEST_STORE") or "./.harvest/store"
    if _BUCKET.fullmatch(text):
        return text.rstrip("/")
    if _SCHEME.match(text):
        raise ConfigurationError(f"HARVEST_STORE is {_USER_INFO.sub('//…@', text)!r}; write a folder or s3://bucket/prefix")
    return str(Path(text).expanduser())


def _read_contact(environ: Mapping[str, str]) -> str:
    text = environ.get("HARVEST_CONTACT", "").strip()
    if not text:
        return NO_CONTACT
    if _EMAIL.fullmatch(text):
        return text
    try:
        return check_web_address(text)
    except ValueError:
        raise ConfigurationError(
            f"HARVEST_CONTACT is {_USER_INFO.sub('//…@', text)!r}; write an e-mail address or an https:// page"
        ) from None
