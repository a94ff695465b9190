"""A walk over the file, the archive or the folder at an address, record by record, from its beginning or from a place.

One file that cannot be read costs no other; where it is the only one, the harvest says so and ends. A walk is resumed only where the bytes
are the same as before.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from harvest_assets.errors import PermanentError, PositionExpiredError, RecordError, RefusedError, UnreadablePageError
from harvest_assets.harvest.contents.markup import is_html
from harvest_assets.harvest.contents.positions import Position, digest
from harvest_assets.harvest.contents.rows import KEPT_BYTES, Item, Unread
from harvest_assets.harvest.files.archives import Packed, open_archive
from harvest_assets.harvest.files.folders import Address, is_folder, read_folder
from harvest_assets.harvest.files.formats import find_own_name, read_content, unpack_file
from harvest_assets.harvest.files.layout import Hole
from harvest_assets.harvest.files.meter import Meter, TotalError
from harvest_assets.harvest.files.names import Choice, choose, find_danger, is_packed
from harvest_assets.harvest.files.options import FilesOptions, fits
from harvest_assets.interfaces import HttpStatusError, Response

_AFTER_ALL = 1 << 40  # the number of a thing that comes after whatever was counted


class Place(Position):
    """The number of the file in its folder, of the file in its archive, and of the record in it; and a mark of their bytes."""

    file: int = 0
    member: int = 0
    record: int = 0
    mark: str = ""

    @property
    def order(self) -> tuple[int, int, int]:
        """What places are compared by."""
        return self.file, self.member, self.record


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should know, though no record is missing for it."""

    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """A record, one that cannot be read, a hole or a note, with its place and the answer that brought it."""

    place: Place
    found: Item | Hole | Note
    response: Response


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was received: its name, its number, its bytes; ``is_alone`` when it is all that the source has."""

    name: str
    number: int
    response: Response
    mark: str
    is_alone: bool

    def step(self, found: Item | Hole | Note, member: int = 0, record: int = 0) -> Step:
        return Step(Place(file=self.number, member=member, record=record, mark=self.mark), found, self.response)


class Walk:
    """One walk; ``first`` is the answer at the address of the source, once it is there."""

    def __init__(self, source: str, url: str, options: FilesOptions, get: Callable[[str], Response]) -> None:
        self._source = source
        self._url = url
        self._options = options
        self._get = get
        self.first: Response | None = None

    def steps(self, start: Place | None) -> Iterator[Step]:
        """Everything from a place on, in the order of folder, archive and file.

        Raises:
            PositionExpiredError: The file at the place, or its folder, is not the same any more.
            UnreadablePageError: The only file, or archive, cannot be read, perhaps after some of its records.
        """
        walk = self._walk(start or Place())
        if start is not None:
            found = next((step for step in walk if step.place.order >= start.order), None)
            if found is None or found.place != start:
                raise PositionExpiredError(f"{self._source}: the file has changed since the list was left: start the list again")
            yield found
        yield from walk

    def list_files(self) -> Iterator[str]:
        """Names of the files that are there, whether they are read or not."""
        response = self._get(self._url)
        name = _read_name(self._url)
        if self._is_folder(response, name):
            yield from (each.name for each in read_folder(response.body, response.url, self._source) if isinstance(each, Address))
            return
        archive = open_archive(response.body, self._meter(), self._source)
        yield from [name] if archive is None else (packed.name for packed in archive)

    def _walk(self, start: Place) -> Iterator[Step]:
        response = self.first = self._get(self._url)
        name = _read_name(self._url)
        if self._is_folder(response, name):
            yield from self._walk_folder(response, start)
        else:
            yield from self._walk_file(_File(name, 0, response, digest([response.body]), is_alone=True), start)

    def _is_folder(self, response: Response, name: str) -> bool:
        is_file = fits(name, self._options) or is_packed(name)
        if is_file and is_html(response.body):
            raise UnreadablePageError(f"{self._source}: got an HTML page, not the file {name!r}: check the address of the source")
        return not is_file and is_folder(response.body)

    def _walk_folder(self, response: Response, start: Place) -> Iterator[Step]:
        mark = digest([response.body])
        left_out: list[str] = []
        read = number = 0
        for number, each in enumerate(read_folder(response.body, response.url, self._source)):
            here = Place(file=number, mark=mark)
            if isinstance(each, Address) and choose(each.name, self._options) is Choice.OTHER:
                left_out.append(each.name)
                continue
            read += 1
            if read > self._options.max_files:
                yield Step(here, Hole(f"only the first {self._options.max_files} files were read (option max_files)"), response)
                return
            if number < start.file:
                continue
            if isinstance(each, Unread):
                yield Step(here, each, response)
            else:
                yield from self._fetch_file(each, here, response, start)
        end = Place(file=number + 1, mark=mark)
        yield from (Step(end, found, response) for found in _describe_choice("the folder", read, left_out))

    def _fetch_file(self, address: Address, here: Place, folder: Response, start: Place) -> Iterator[Step]:
        """One file of a folder; one that cannot be had is set aside."""
        own_name = find_own_name(address.name, self._options)
        try:
            response = self._get(address.url)
        except HttpStatusError as error:
            refused = Unread(own_name, str(error), f"status_{error.response.status}", error.response.body)
            yield Step(here, refused, folder)
            return
        except RefusedError:
            raise
        except PermanentError as error:
            yield Step(here, Unread(own_name, str(error), "not_fetched", address.url.encode()), folder)
            return
        file = _File(address.name, here.file, response, digest([here.mark, response.body]), is_alone=False)
        try:
            yield from self._walk_file(file, start)
        except UnreadablePageError as error:
            yield file.step(Unread(None, str(error), "damaged", response.body[:KEPT_BYTES]), member=_AFTER_ALL)

    def _walk_file(self, file: _File, start: Place) -> Iterator[Step]:
        archive = open_archive(file.response.body, self._meter(), self._place(file.name))
        if archive is not None:
            yield from self._walk_archive(file, archive, start.member if start.file == file.number else 0)
            return
        try:
            name, content = unpack_file(file.response.body, file.name, self._options)
        except RecordError as error:
            if file.is_alone:
                raise UnreadablePageError(f"{self._place(file.name)}: {error}") from error
            own_name = find_own_name(file.name, self._options)
            yield file.step(Unread.of(error, file.response.body[:KEPT_BYTES], own_name))
            return
        yield from self._walk_content(file, name, content, member=0, is_alone=file.is_alone)

    def _walk_archive(self, file: _File, archive: Iterator[Packed], first: int) -> Iterator[Step]:
        prefix = "" if file.is_alone else f"{file.name}/"
        options = self._options if file.is_alone else self._options.model_copy(update={"include": ()})
        left_out: list[str] = []
        read = number = 0
        try:
            for number, packed in enumerate(archive):
                choice = Choice.READ if find_danger(packed.name) else choose(packed.name, options)
                if choice is Choice.OTHER:
                    left_out.append(packed.name)
                    continue
                read += 1
                if read > options.max_files:
                    yield file.step(Hole(f"only the first {options.max_files} files were read (option max_files)"), number)
                    return
                if number >= first:
                    yield from self._walk_member(file, packed, prefix, number, is_packed=choice is Choice.PACKED)
        except TotalError as error:
            yield file.step(Hole(f"{file.name}: the rest was not read: {error}"), number, record=_AFTER_ALL)
            return
        yield from (file.step(found, number + 1) for found in _describe_choice(f"the archive {file.name!r}", read, left_out))

    def _walk_member(self, file: _File, packed: Packed, prefix: str, number: int, *, is_packed: bool) -> Iterator[Step]:
        name = prefix + packed.name
        danger = find_danger(packed.name)
        if danger is not None:
            reason = f"the name {packed.name[:100]!r} is refused: {danger}"
            yield file.step(Unread(None, reason, "unsafe_name", packed.name.encode(errors="surrogateescape")), number)
            return
        if is_packed:
            words = f"{name!r} is an archive in an archive and was not opened; name the files that count in the option include"
            yield file.step(Hole(words), number)
            return
        try:
            content = _read_packed(packed)
        except TotalError:
            raise
        except RecordError as error:
            yield file.step(Unread.of(error, name.encode(errors="surrogateescape"), find_own_name(name, self._options)), number)
            return
        yield from self._walk_content(file, name, content, member=number, is_alone=False)

    def _walk_content(self, file: _File, name: str, content: bytes, *, member: int, is_alone: bool) -> Iterator[Step]:
        record = 0
        try:
            for found in read_content(content, name, self._options):
                yield file.step(found, member, record)
                record += 1
        except RecordError as error:
            if is_alone:
                raise UnreadablePageError(f"{self._place(name)}: {error}") from error
            own_name = None if record else find_own_name(name, self._options)
            yield file.step(Unread.of(error, content[:KEPT_BYTES], own_name), member, record)

    def _meter(self) -> Meter:
        return Meter(self._options.max_file_bytes, self._options.max_total_bytes)

    def _place(self, name: str) -> str:
        return f"{self._source}: {name}"


def _read_packed(packed: Packed) -> bytes:
    if packed.problem is not None:
        raise packed.problem
    return packed.read()


def _describe_choice(what: str, read: int, left_out: list[str]) -> Iterator[Hole | Note]:
    """What a person should know of the files that were not read; a place with none at all proves nothing."""
    if left_out:
        yield Note(f"{what}: {len(left_out)} files of other kinds were left out, such as {left_out[0][:100]!r}")
    if not read:
        yield Hole(f"{what} holds no file of the source (options format and include)")


def _read_name(url: str) -> str:
    """The last part of the path of an address."""
    return unquote(urlsplit(url).path.rpartition("/")[2]) or "file"
