"""Secrets out of addresses and messages, before either is recorded, raised or logged.

What counts as secret: the values that a source resolved from the environment, wherever they stand and however they are
percent-encoded; the values of query keys that carry credentials; and user:password@ in an address.
"""

import logging
import re
from collections import deque
from collections.abc import Iterable

HIDDEN = "***"
_KEPT_ADDITIONS = 4

_WHOLE_KEYS = ("key", "token", "auth", "sig", "pwd", "pass", "session", "sid", "jwt")
_KEY_ENDINGS = (
    *("api.?key", "access.?key", "access.?key.?id", "subscription.?key", "private.?key"),
    *("access.?token", "auth.?token", "refresh.?token", "id.?token", "session.?token", "security.?token", "bearer.?token"),
    *("password", "passwd", "passphrase", "secret", "signature", "credentials?", "authorization", "session.?id", "sess.?id"),
)
# Paging tokens (resumptionToken, pageToken) are no secrets, and records are unreadable without them: `token` counts as a whole word only.
_SECRET_PARAMETER = re.compile(
    rf"(?i)(?<=[?&;#])((?:{'|'.join(_WHOLE_KEYS)})|[\w.%\[\]-]*(?:{'|'.join(_KEY_ENDINGS).replace('.?', '[-_.]?')})(?:\]|%5D)?)=[^&#\s]*"
)
_USER_INFO = re.compile(r"//[^/?#\s]*@")
_SECRET_HEADER = re.compile(r"(?i)auth|cookie|token|key|secret|password|signature|credential|session")


class Redactor:
    """Knows the secret values of one source; makes text safe to keep."""

    def __init__(self, secret_values: Iterable[str] = ()) -> None:
        self._given = frozenset(secret_values)
        self._added: deque[str] = deque(maxlen=_KEPT_ADDITIONS)
        self._values = _match_any(self._given)

    def add(self, secret_value: str) -> None:
        """Hide one more secret from now on, such as an access token; of these the last four are known."""
        self._added.append(secret_value)
        self._values = _match_any({*self._given, *self._added})

    def clean(self, text: str) -> str:
        """Replace every secret in an address or in text that holds addresses; doing it twice changes nothing more."""
        text = _USER_INFO.sub(f"//{HIDDEN}@", text)
        text = _SECRET_PARAMETER.sub(rf"\1={HIDDEN}", text)
        return text if self._values is None else self._values.sub(HIDDEN, text)

    def holds_secret(self, text: str) -> bool:
        """Whether one of the secret values stands in a text."""
        return self._values is not None and bool(self._values.search(text))

    def is_secret_header(self, name: str, value: str) -> bool:
        """Whether a header may only go to the origin it was configured for: by its name, or by a secret in its value."""
        return bool(_SECRET_HEADER.search(name)) or self.holds_secret(value)


class RedactingFilter(logging.Filter):
    """Rewrites what another library logs: at debug level urllib3 writes the path and query of every request."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, its text cleaned."""
        record.msg, record.args = self._redactor.clean(record.getMessage()), None
        return True


def is_secret_key(name: str) -> bool:
    """Whether a query key or option of this name carries credentials; a paging token does not."""
    return _SECRET_PARAMETER.fullmatch(f"?{name}=", 1) is not None


def _match_any(secret_values: Iterable[str]) -> re.Pattern[str] | None:
    values = sorted({value for value in secret_values if value}, key=len, reverse=True)
    return re.compile("|".join(_match_encoded(value) for value in values)) if values else None


def _match_encoded(value: str) -> str:
    """Build a pattern that finds a value with any of its characters percent-encoded, in either case of the digits."""
    return "".join(_match_character(character) for character in value)


def _match_character(character: str) -> str:
    encoded = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    forms = [re.escape(character), f"(?i:{encoded})"]
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"
