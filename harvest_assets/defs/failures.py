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
