"""Errors, filed by how one recovers from them.

Put here: the five classes that the whole project raises. Keep out: classes that say where something happened; a message
does that. Every message is one line: where, what we got, what is allowed, what to do next; values in ``repr``, no secret.

    HarvestError
    ├── ConfigurationError   a person edits a file or a setting
    ├── TransientError       try again, not before ``retry_after_seconds``
    │   ├── BusyError              … another run is at it; this one is started again later, and waits for nothing
    │   └── PausedError            … its time is up or it was told to stop; what was received is kept, it goes on there later
    ├── PermanentError       trying again changes nothing
    │   ├── PositionExpiredError   … but the list can start again from its beginning
    │   ├── UnendingListError      … but what was received stays good, as an incomplete list
    │   ├── UnreadablePageError    … but a smaller part of the list may be readable
    │   └── RefusedError           … until somebody or the clock lifts what stands against it; nothing was asked
    ├── RecordError          one record is set aside, the harvest goes on
    └── IntegrityError       stored or received data contradicts itself
"""


class HarvestError(Exception):
    """What this project raises on purpose; anything else is a defect of ours and stays loud.

    ``failure`` is the class of what went wrong on the network, in a word: timeout, dns, tls, redirect_loop, private_address, ….
    ``hops`` are the redirects on the way there: status and address.
    """

    failure: str | None = None
    hops: tuple[tuple[int, str], ...] = ()


class ConfigurationError(HarvestError):
    """A file, a setting or an argument is wrong, and a person has to change it."""


class TransientError(HarvestError):
    """It may work later: a server is down, busy or slow. ``status`` is what it answered, when an answer came."""

    def __init__(
        self, message: str, *, retry_after_seconds: float | None = None, status: int | None = None, failure: str | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.status = status
        self.failure = failure


class BusyError(TransientError):
    """Another run holds the lock; nothing was waited for."""


class PausedError(TransientError):
    """The harvest stopped itself between two pages: its time is up, or it was told to."""


class PermanentError(HarvestError):
    """It will not work by trying again: the request is refused, the protocol broken, the way blocked."""

    def __init__(self, message: str, *, failure: str | None = None) -> None:
        super().__init__(message)
        self.failure = failure


class PositionExpiredError(PermanentError):
    """The place in a list at which to go on is no longer valid; the list has to start again."""


class UnendingListError(PermanentError):
    """The list repeats itself or goes on for ever; what was received stays good but proves nothing."""


class UnreadablePageError(PermanentError):
    """A page of a list cannot be read, or the server cannot make it; what it would have held is asked for in smaller parts."""


class RefusedError(PermanentError):
    """We do not ask: the source is disabled, has failed too often, is down, or is outside its hours."""


class RecordError(HarvestError):
    """One record cannot be read; it is set aside with its bytes. ``rule`` is what it breaks, as a slug that does not change."""

    def __init__(self, message: str, *, rule: str = "unreadable") -> None:
        super().__init__(message)
        self.rule = rule


class IntegrityError(HarvestError):
    """What is stored does not fit together: a table is missing, a hash differs, a row has no index entry."""
