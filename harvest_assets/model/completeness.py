"""``Completeness``: the proof that a list was seen to its end, or the reasons why it was not.

Without proof nothing is removed and the cursor stays where it is (design, rules 1 and 2).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Completeness:
    """What a harvest can say about the list it read.

    ``records`` counts every record received, ``distinct`` the identifiers among them, ``set_aside`` records beside those that could not
    be read, ``unidentified`` those of them whose identifier is unknown. ``holes`` are parts of the list that were not seen, in words;
    ``stopped`` is why reading ended early. The lists of a split range prove themselves one by one: their totals may count a record that
    moved from one into another twice, so the sum of them proves nothing (``is_split``).
    """

    pages: int
    records: int
    distinct: int
    set_aside: int
    announced_total: int | None
    last_position: str | None
    last_page_reached: bool
    unidentified: int = 0
    holes: tuple[str, ...] = ()
    stopped: str | None = None
    is_split: bool = False

    @property
    def duplicates(self) -> int:
        """Records whose identifier came more than once."""
        return self.records - self.distinct

    @property
    def is_complete(self) -> bool:
        """Whether everything that the source announced was received, up to the last page, with no hole."""
        return not self.reasons()

    def reasons(self) -> tuple[str, ...]:
        """Why the harvest is not complete, in words; empty when it is."""
        found = list(self.holes)
        if self.stopped:
            found.append(self.stopped)
        elif not self.last_page_reached:
            found.append(f"the list did not end: the last position was {self.last_position!r}")
        if self.unidentified:
            found.append(f"{self.unidentified} records without a readable identifier were set aside")
        if self.announced_total is not None and not self.is_split and self.distinct + self.set_aside < self.announced_total:
            found.append(f"{self.distinct} distinct records of {self.announced_total} announced were received")
        return tuple(found)
