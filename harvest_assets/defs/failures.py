"""Our errors as Dagster's failures: the only place where the two meet.

Dagster has three retry mechanisms that do not know each other. ``RETRY`` is the first (the step, within its run): it serves
`TransientError` and stops at every other error of ours. Run retries of the daemon are for lost workers only (``dagster.yaml``), and
automation conditions never ask again because something failed. What is no error of ours stays loud.
"""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

from harvest_assets.errors import HarvestError, TransientError

RETRY = dg.RetryPolicy(max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@contextmanager
def filed(place: str) -> Generator[None]:
    """Let transient errors be retried and end the step at the others, with the message that a person reads."""
    try:
        yield
    except TransientError as error:
        raise dg.Failure(f"{place}: {error}", allow_retries=True) from error
    except HarvestError as error:
        raise dg.Failure(f"{place}: {error}", metadata={"error": type(error).__name__}, allow_retries=False) from error


class Failures:
    """Failures of single sources in a run over several: the others go on, and the step fails at its end."""

    def __init__(self) -> None:
        self._found: list[dg.Failure] = []

    @contextmanager
    def of(self, place: str) -> Generator[None]:
        """Keep what `filed` would raise."""
        try:
            with filed(place):
                yield
        except dg.Failure as failure:
            self._found.append(failure)

    def raise_any(self) -> None:
        """Fail the step when a source failed; it is retried when trying again may help one of them."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            said = "; ".join(str(each.description) for each in self._found)
            raise dg.Failure(said, allow_retries=any(each.allow_retries for each in self._found))
