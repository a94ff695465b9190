"""``Finding``: one thing that the doctor found out, and text from outside made fit to show.

Put here: the words of a report. Keep out: how they are found, printed or drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Standing = Literal["good", "note", "warning", "unknown"]

LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer to a question about a source. ``standing``: as it should be, worth knowing, to be seen to, or not found out."""

    topic: str
    name: str
    answer: str
    standing: Standing = "good"


@dataclass(slots=True)
class Findings:
    """Findings in the order in which they were made; iterating gives them."""

    topic: str
    made: list[Finding] = field(default_factory=list[Finding])

    def add(self, name: str, answer: object, standing: Standing = "good") -> None:
        """Note an answer; whatever it quotes is made fit to show."""
        self.made.append(Finding(self.topic, name, tidy(answer), standing))

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.made)


def tidy(text: object, length: int = LONGEST_TEXT) -> str:
    """Text from outside on one line of bounded length; what cannot be seen, or would steer a terminal, becomes U+FFFD."""
    line = " ".join(str(text)[: 4 * length].split())
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


def count(number: int, noun: str) -> str:
    """``1 record``, ``2,000 records``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
