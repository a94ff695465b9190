"""When a request is tried again, and how long to wait: full jitter, and what the server asks for.

https://www.rfc-editor.org/rfc/rfc9110#field.retry-after and
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from datetime import UTC
from email.utils import parsedate_to_datetime

# 520 to 524 are what a content network answers when the server behind it fails.
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})

_jitter = random.SystemRandom()


def draw_backoff(attempt: int, *, base_seconds: float, cap_seconds: float) -> float:
    """Draw the wait after a failed attempt (from 1): anything from 0 to ``base * 2 ** (attempt - 1)``, at most the cap."""
    return _jitter.uniform(0, min(cap_seconds, base_seconds * 2 ** (attempt - 1)))


def read_retry_after(value: str | None, *, now: float) -> float | None:
    """Read ``Retry-After`` as seconds from ``now`` (epoch seconds); None when absent or unreadable, 0 for a time that has passed."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, aware.timestamp() - now)
