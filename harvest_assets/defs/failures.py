"""Our errors as Dagster's failures: the only place where the two meet.

Dagster has three retry mechanisms that do not know each other. ``RETRY`` is the first (the step, within its run): it serves
`TransientError` and stops at every other error of ours. Run retries of the daemon are for lost workers only (``dagster.yaml``), and
automation conditions never ask again because something failed. What is no error of ours stays loud.

A retry policy of Dagster's retries interruptions, too: a run that somebody ends would go on after a pause (1.13, November 2026). So an
interruption is filed as well.
"""

from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg

from harvest_assets.errors import BusyError, HarvestError, PausedError, TransientError

RETRY = dg.RetryPolicy(max_retries=2, delay=20, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


class Interrupted(dg.Failure):
    """Somebody ended the run; nothing is tried again."""


@contextmanager
def filed(place: str) -> Generator[None]:
    """Let transient errors be retried and end the step at the others, with the message that a person reads.

    Who finds a lock taken does not wait for it inside a worker: it is started again later (`supervision.rescheduled_harvests`).
    """
    try:
        yield
    except TransientError as error:
        is_put_off = isinstance(error, BusyError | PausedError)
        raise dg.Failure(f"{place}: {error}", metadata={"error": type(error).__name__}, allow_retries=not is_put_off) from error
    except HarvestError as error:
        raise dg.Failure(f"{place}: {error}", metadata={"error": type(error).__name__}, allow_retries=False) from error
    except (dg.DagsterExecutionInterruptedError, KeyboardInterrupt) as error:
        raise Interrupted(f"{place}: the run was ended from outside; start it again to go on", allow_retries=False) from error


class Failures:
    """Failures of single sources in a run over several: the others go on, and the step fails at its end."""

    def __init__(self) -> None:
        self._found: list[dg.Failure] = []

    @contextmanager
    def of(self, place: str) -> Generator[None]:
        """Keep what `filed` would raise; an interruption ends them all."""
        try:
            with filed(place):
                yield
        except Interrupted:
            raise
        except dg.Failure as failure:
            self._found.append(failure)

    def raise_any(self) -> None:
        """Fail the step when a source failed; it is retried when trying again may help one of them."""
        if len(self._found) == 1:
            raise self._found[0]
        if self._found:
            said = "; ".join(str(each.description) for each in self._found)
            raise dg.Failure(said, allow_retries=any(each.allow_retries for each in self._found))
