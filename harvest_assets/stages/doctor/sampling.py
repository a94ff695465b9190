"""A sample of a source: its records read as a harvest would read them, as many as are wanted and the bounds allow.

The protocol and the extractor are those of the file that is being made, so that what works here works there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from harvest_assets.config.sources import Source
from harvest_assets.errors import HarvestError, UnendingListError
from harvest_assets.interfaces import Protocol
from harvest_assets.model.record import Page
from harvest_assets.model.window import Window
from harvest_assets.stages.doctor.asking import Asker
from harvest_assets.stages.doctor.findings import Findings, count
from harvest_assets.stages.doctor.profile import Profile, Tally

# Requests that are kept for what is asked after the sample.
RESERVED_REQUESTS = 14

End = Literal["reached", "enough", "failed", "unending"]

_TOTAL_ADVICE = (
    "while it announces more than it sends, no harvest counts as complete: ask the publisher, and see what the protocol's options offer"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What was read, up to the end of the list or until it was left: ``stopped`` says why in words."""

    profile: Profile
    datestamps: tuple[str, ...]
    announced_total: int | None
    end: End
    stopped: str | None = None
    repairs: tuple[str, ...] = ()


def read_sample(source: Source, asker: Asker, environ: Mapping[str, str], most: int) -> Sample:
    """Up to ``most`` records from the beginning of the whole list. A failure ends the sample, it is no error of the examination."""
    reader = _Reader(source, most)
    try:
        reader.read(source.build_protocol(asker, environ), asker)
    except HarvestError as error:
        reader.stop("unending" if isinstance(error, UnendingListError) else "failed", str(error))
    return reader.finish()


class _Reader:
    def __init__(self, source: Source, most: int) -> None:
        self._extractor = source.build_extractor()
        self._most = most
        self._tally = Tally()
        self._announced: int | None = None
        self._repairs: dict[str, None] = {}
        self._end: End = "failed"
        self._stopped: str | None = "the list has no page"

    def stop(self, end: End, why: str | None = None) -> None:
        self._end, self._stopped = end, why

    def read(self, protocol: Protocol, asker: Asker) -> None:
        pages = protocol.pages(Window())
        try:
            for page in pages:
                is_whole = self._take(page)
                if page.next_position is None and is_whole:
                    return self.stop("reached")
                if self._tally.records >= self._most:
                    return self.stop("enough", f"{count(self._most, 'record')} were enough for a sample")
                if asker.left <= RESERVED_REQUESTS:
                    return self.stop("enough", "the rest of the requests was kept for other questions")
            return None
        finally:
            close = getattr(pages, "close", None)
            if close is not None:
                close()

    def _take(self, page: Page) -> bool:
        """Count what is wanted of a page, and say whether that was all of it."""
        wanted = self._most - self._tally.records
        records = page.records.slice(0, wanted)
        is_live = pa.array([not each for each in records.column("deleted").to_pylist()], pa.bool_())
        self._tally.add(page, records, self._extractor.extract(records.filter(is_live)))
        self._announced = page.announced_total if page.announced_total is not None else self._announced
        self._repairs.update(dict.fromkeys(page.repairs))
        return records.num_rows == page.records.num_rows

    def finish(self) -> Sample:
        datestamps = tuple(self._tally.datestamps)
        repairs = tuple(self._repairs)
        return Sample(self._tally.finish(), datestamps, self._announced, self._end, self._stopped, repairs)


def describe_list(sample: Sample, findings: Findings) -> None:
    """What the sample says of the list as a whole: its end, its total, identifiers that repeat, records that cannot be read."""
    profile = sample.profile
    read = f"{count(profile.records, 'record')} on {count(profile.pages, 'page')}"
    if sample.end == "reached":
        findings.add("end", f"reached: {read}", "good" if profile.records else "warning")
    elif sample.end == "enough":
        findings.add("end", f"not reached: {read}; {sample.stopped}", "note")
    else:
        findings.add("end", f"{read}, then: {sample.stopped}", "warning")
    _describe_total(sample, findings)
    repeats = profile.records - profile.distinct
    examples = ", ".join(f"{name} ({times} times)" for name, times in profile.repeated)
    findings.add("identifiers", f"{count(repeats, 'record')} repeat an identifier: {examples}" if repeats else "unique in the sample",
                 "warning" if repeats else "good")  # fmt: skip
    if profile.set_aside:
        reasons = ", ".join(f"{each.rule} ({each.records:,})" for each in profile.asides)
        findings.add("records set aside", f"{count(profile.set_aside, 'record')} that cannot be read: {reasons}", "warning")
    if sample.repairs:
        findings.add("repairs", ", ".join(sample.repairs), "warning")


def _describe_total(sample: Sample, findings: Findings) -> None:
    profile, announced = sample.profile, sample.announced_total
    received = profile.distinct + profile.unread
    if announced is None:
        findings.add("total", "not announced: the end of the list is all that tells that it is complete", "note")
    elif sample.end != "reached":
        lies = sample.end == "unending" and received != announced
        findings.add("total", f"{announced:,} announced, {received:,} received before the list was left", "warning" if lies else "note")
    elif received == announced:
        findings.add("total", f"honest: {announced:,} announced and received")
    else:
        advice = _TOTAL_ADVICE if received < announced else "it announces less than it sends: its total means nothing"
        findings.add("total", f"{announced:,} announced, {received:,} received; {advice}", "warning")
