"""``raw_records``: a range of days, asked for once, becomes the raw records of its days, with the proof that nothing is missing.

Put here: the order of steps. Which days are asked for is `ranges`, reading lists `reading` and `lists`, laying rows into days `raw_days`,
what stands against a harvest `standing`. Whatever becomes of it, the ledger has a row for the range, and the attempt its trace.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from harvest_assets.config.sources import Source
from harvest_assets.errors import ConfigurationError, PausedError, TransientError
from harvest_assets.harvest.parts import Span, cut_window
from harvest_assets.harvest.progress import ListProgress, merge_lists
from harvest_assets.harvest.windows import Habits, plan_window
from harvest_assets.interfaces import Protocol, Remote
from harvest_assets.model.window import DAY, Window, midnight, next_midnight
from harvest_assets.stages.attempts import RunningAttempt, recorded_attempt
from harvest_assets.stages.availability import check
from harvest_assets.stages.batches import made_by
from harvest_assets.stages.history import find_cursor
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.journal import Journal
from harvest_assets.stages.lists import Leash, Reader
from harvest_assets.stages.ranges import Request, consecutive, uncovered_days
from harvest_assets.stages.raw_days import ASSET, Harvest, lay_again, write_days
from harvest_assets.stages.reading import Part, PartResult, Task, Watch, read_here
from harvest_assets.stages.shapes import RAW
from harvest_assets.stages.shares import read_parts
from harvest_assets.stages.standing import closes_at, require_standing
from harvest_assets.store.queries import count_distinct, count_distinct_each
from harvest_assets.store.snapshots import Snapshot

__all__ = ["ASSET", "Request", "harvest"]


def harvest(installation: Installation, request: Request) -> dict[str, Snapshot]:
    """Ask the source once for all days and lay its records into them: day → raw records, committed.

    Days that the batch has made already, or that a harvest with the same versions covers (`ranges`), are not asked for again. Covered days
    after one that is asked for are laid again on top of it.

    Raises:
        ConfigurationError: The days cannot be asked for.
        RefusedError: Something stands against a harvest of the source now.
        BusyError: The source is being harvested by another run.
        PausedError: Its time is up; what was received is kept.
        TransientError: A page failed after its retries.
        PermanentError: The server refuses, or breaks the protocol.
    """
    source, store = request.source, installation.store
    made = {str(day): made_by(store, ASSET, source.slug, str(day), request.batch) for day in request.days}
    if request.batch and all(made.values()):
        return {day: store.snapshot(manifest, RAW) for day, manifest in made.items() if manifest}
    _check_limit(request)
    wanted = uncovered_days(store, request)
    if wanted:
        require_standing(installation, request)
    with store.hold(f"harvest-{source.slug}"), store.files.scratch() as scratch:
        return _Range(installation, request, scratch).make(wanted)


def _check_limit(request: Request) -> None:
    limit = request.parameters.limit
    if limit is not None and limit < 0:
        raise ConfigurationError(f"limit {limit!r} is not a number of records; give 0 or more, or leave it out")


class _Range:
    """The days of one request, in order: asked for, laid again, or left as they are."""

    def __init__(self, installation: Installation, request: Request, scratch: Path) -> None:
        self._installation = installation
        self._store = installation.store
        self._request = request
        self._scratch = scratch
        self._made: dict[str, Snapshot] = {}
        self._is_changed = False

    def make(self, wanted: Sequence[date]) -> dict[str, Snapshot]:
        runs = {run[0]: run for run in consecutive(wanted)}
        days = iter(self._request.days)
        for day in days:
            run = runs.get(day)
            if run is not None:
                self._ask(run)
                for _ in run[1:]:
                    next(days)
            else:
                self._keep(day)
        return self._made

    def _ask(self, run: Sequence[date]) -> None:
        folder = self._scratch / f"range-{run[0]}"
        folder.mkdir()
        earlier = next(self._store.manifests.before(ASSET, self._request.source.slug, run[0]), None)
        previous = None if earlier is None else self._store.snapshot(earlier, RAW)
        for snapshot in _ask_range(self._installation, self._request.of(run), folder, previous):
            self._made[snapshot.manifest.day] = snapshot
        self._is_changed = True

    def _keep(self, day: date) -> None:
        """A covered day stays as it is, unless one before it is new: then what it received is laid on top of that."""
        manifest = self._store.manifests.find(ASSET, self._request.source.slug, str(day))
        if manifest is None:  # taken away since it was looked for
            raise ConfigurationError(f"{ASSET} of {day} is gone; harvest it again with superfluous")
        snapshot = self._store.snapshot(manifest, RAW)
        if self._is_changed:
            snapshot = lay_again(self._store, self._scratch, snapshot, next(reversed(self._made.values())))
            self._store.manifests.commit(snapshot.manifest)
        self._made[str(day)] = snapshot


def _ask_range(installation: Installation, request: Request, scratch: Path, previous: Snapshot | None) -> Iterator[Snapshot]:
    """One range: a row of the ledger, an attempt, its lists, and the snapshots of its days."""
    store = installation.store
    journal = Journal(store, request)
    force = request.parameters.force
    with journal.kept(), recorded_attempt(store, request.source, request.days, force=force) as attempt:
        done = _Reading(installation, request, journal, attempt, scratch).read()
        if not done.proof.is_complete and len(request.days) == 1:
            # what an earlier harvest of the same day brought is not taken back by one that proves nothing
            own = store.manifests.find(ASSET, request.source.slug, request.start)
            previous = previous if own is None else store.snapshot(own, RAW)
        snapshots = list(write_days(store, scratch, done, previous))
        # what the ledger calls received is never asked for again: it has to be what readers see before that is written
        for snapshot in snapshots:
            store.manifests.commit(snapshot.manifest)
        store.files.delete_below(_staging_name(request, "staging"))
        attempt.counts = snapshots[-1].manifest.facts["completeness"]
        journal.succeed(done.proof)
    return iter(snapshots)


def _staging_name(request: Request, root: str = "") -> str:
    """Where its pages are staged; a list that goes on until now may be taken up after midnight, one whose pages a limit cut never."""
    place = "open" if request.days[-1] == request.today else request.days[0]
    name = f"{request.source.slug}/{place if request.parameters.limit is None else 'limited'}"
    return f"{root}/{name}" if root else name


class _Reading:
    """The lists of one range."""

    def __init__(self, installation: Installation, request: Request, journal: Journal, attempt: RunningAttempt, scratch: Path) -> None:
        self._installation = installation
        self._request = request
        self._journal = journal
        self._attempt = attempt
        self._scratch = scratch
        self._watch = Watch(attempt.started_at, journal.progress, journal.end_part)

    def read(self) -> Harvest:
        """All of its rows; an error of any list is raised after the others have ended."""
        source = self._request.source
        with self._installation.client(source) as client:
            protocol = source.build_protocol(client, self._installation.environ)
            if self._request.parameters.limit == 0:
                return self._nothing()
            try:
                return self._read_lists(protocol)
            except TransientError as error:
                self._attempt.is_down = not isinstance(error, PausedError) and self._is_down()
                raise

    def _read_lists(self, protocol: Protocol) -> Harvest:
        request, source = self._request, self._request.source
        remote = protocol.identify()
        window = self._plan(protocol, remote)
        span = Span(
            source.ranges.interval or DAY, protocol.smallest_window(), _earliest(source, remote), self._attempt.started_at, source.overlap
        )
        windows, tail = ([window], None) if request.parameters.no_split or source.ranges.interval is None else cut_window(window, span)
        parts = [Part(number, each) for number, each in enumerate(windows)]
        last = [] if tail is None else [Part(len(parts), tail)]
        self._journal.ask(window, [*parts, *last])
        task = self._task(span)
        reader = Reader(source, protocol, self._installation.store, span, Leash(task.deadline, task.limit))
        found = _good(read_parts(reader, task, parts, self._watch))
        # the tail begins when everything else has ended: what changed meanwhile has left its part and is here
        found += _good(read_here(reader, task, last, 1, self._watch))
        return self._put_together(window, remote, found)

    def _plan(self, protocol: Protocol, remote: Remote) -> Window:
        request, source = self._request, self._request.source
        habits = Habits(protocol.filters_by_date(), source.mode, source.full_every_days, remote.deleted_record, source.start)
        cursor = find_cursor(self._installation.store, source.slug, request.days[0])
        return plan_window(request.days, request.today, habits, cursor, force_full=request.parameters.full)

    def _task(self, span: Span) -> Task:
        request, source = self._request, self._request.source
        started_at = datetime.now(UTC)
        closing = closes_at(source, started_at) if request.parameters.force is None else None
        deadline = started_at + source.limits.duration
        deadline = min(deadline, closing or deadline).timestamp()
        environ = dict(self._installation.environ)
        return Task(source, environ, _staging_name(request), self._scratch, span, deadline, request.parameters.limit)

    def _put_together(self, window: Window, remote: Remote, found: Sequence[PartResult]) -> Harvest:
        paths = [[file.path for file in result.files] for result in found]
        distinct = count_distinct_each(self._scratch, paths, RAW.key)
        total = distinct[0] if len(found) == 1 else count_distinct(self._scratch, [each for some in paths for each in some], RAW.key)
        lists = [(result.part.window, result.progress, count) for result, count in zip(found, distinct, strict=True)]
        progress, proof = merge_lists(lists, total)
        progress.exchanges = [*((0, each) for each in remote.exchanges), *progress.exchanges]
        files = [file for result in found for file in result.files]
        return Harvest(self._request, window, remote, progress, proof, files, len(lists))

    def _nothing(self) -> Harvest:
        """A limit of no records: no request at all."""
        progress = ListProgress(self._attempt.started_at, stopped="the limit of 0 records is reached")
        window = Window(midnight(self._request.days[0]), next_midnight(self._request.days[-1]))
        return Harvest(self._request, window, Remote(), progress, progress.prove(0), [])

    def _is_down(self) -> bool:
        """Whether the source does not answer at all, so that this is no failure of the harvest; looked at once it has failed."""
        source = self._request.source
        return source.availability.every is not None and check(self._installation, source, datetime.now(UTC)).is_up is False


def _good(found: Sequence[PartResult]) -> list[PartResult]:
    """The results, when none of them failed; of several errors the one that trying again helps least."""
    errors = [result.error for result in found if result.error is not None]
    if errors:
        raise next((error for error in errors if not isinstance(error, TransientError)), errors[0])
    return list(found)


def _earliest(source: Source, remote: Remote) -> datetime | None:
    """The first datestamp that the source has, as far as it is known."""
    if source.start is not None:
        return midnight(source.start)
    try:
        said = datetime.fromisoformat(remote.earliest_datestamp or "")
    except ValueError:
        return None
    return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
