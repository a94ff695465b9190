"""Records of the universe, and the generator that makes any of them from its number and a seed.

Nothing is kept: record 999,999 costs as much as record 0, and a million of them cost no memory. All words are made up; people are
"Author 17". Titles and subjects hold characters that careless writers get wrong (``&``, ``<``, umlauts, other scripts).
"""

from dataclasses import dataclass
from random import Random
from typing import Literal, TypedDict
from zlib import crc32

Size = Literal["small", "full"]

_MASK = (1 << 64) - 1
_PARAGRAPHS = 256
_PARAGRAPH_LETTERS: dict[Size, int] = {"small": 160, "full": 900}
_ADJECTIVES = (
    "Open", "Quiet", "Northern", "Applied", "Early", "Modern", "Rural", "Urban", "Minor", "Digital", "Lasting", "Shared", "Deep", "Plain",
    "Hidden", "Common",
)  # fmt: skip
_NOUNS = (
    "Archives", "Rivers", "Models", "Voices", "Gardens", "Letters", "Maps", "Markets", "Bridges", "Methods", "Stones", "Machines", "Fields",
    "Harbours", "Songs", "Tables",
)  # fmt: skip
_TOPICS = (
    "Soil & Water", "a < b", "Größe und Maß", "L'été", "数字図書館", 'the "Long" Century', "Łódź", "Trade", "Light", "Weather",
    "Numbers", "Wood & Paper", "Distance", "Sleep", "Glass", "Memory",
)  # fmt: skip
_SUBJECTS = (
    "Research & Development", "Hydrology", "Geschichte", "Física", "Data > Theory", "Botany", "Music", "Law", "Education", "Medicine",
    "Linguistics", "Astronomy", "Economics", "Architecture", "Chemistry", "Geography",
)  # fmt: skip
_WORDS = (
    "the", "of", "and", "in", "a", "measure", "record", "place", "time", "number", "shows", "that", "which", "under", "between", "many",
    "earlier", "sources", "were", "compared", "with",
)  # fmt: skip
_TYPES = ("Text", "Dataset", "Image", "Sound")
_LANGUAGES = ("en", "de", "fr", "ja")
_RIGHTS = (
    "https://creativecommons.org/licenses/by/4.0/",
    "https://creativecommons.org/licenses/by-sa/4.0/",
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "All rights reserved",
)


class Fields(TypedDict, total=False):
    """What a test may set of a record's content; the same names as ``Content``."""

    title: str
    other_titles: tuple[str, ...]
    creators: tuple[str, ...]
    subjects: tuple[str, ...]
    description: str
    date: str
    type: str
    language: str
    rights: str
    publisher: str
    files: tuple[str, ...]
    set_specs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Content:
    """What a record describes. ``files`` are names on the universe's file host, or whole addresses."""

    title: str
    other_titles: tuple[str, ...] = ()
    creators: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    description: str = ""
    date: str = ""
    type: str = ""
    language: str = ""
    rights: str = ""
    publisher: str = ""
    files: tuple[str, ...] = ()
    set_specs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One record at one time. ``datestamp`` is as the repository writes it; a deleted record keeps its content, unseen."""

    number: int
    identifier: str
    datestamp: str
    deleted: bool
    content: Content


def scramble(seed: int, number: int) -> int:
    """64 bits that depend on every bit of both arguments (the finaliser of splitmix64), the same on every machine."""
    mixed = (seed * 0x9E3779B97F4A7C15 + number * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


def is_in_half(salt: str, number: int) -> bool:
    """Whether a record is in the half that ``salt`` keeps; another salt keeps another half."""
    return scramble(crc32(salt.encode()), number) & 1 == 0


class Generator:
    """Makes the content of record ``number``; equal arguments make equal content."""

    def __init__(self, name: str, seed: int, *, size: Size, sets: tuple[str, ...]) -> None:
        self._name = name
        self._seed = scramble(seed, crc32(name.encode()))
        self._sets = sets
        self._paragraphs = _write_paragraphs(self._seed, _PARAGRAPH_LETTERS[size])

    def set_specs(self, number: int) -> tuple[str, ...]:
        """Sets of a record: one, and for every eighth record a second one."""
        if not self._sets:
            return ()
        bits = scramble(self._seed, number)
        first = self._sets[(bits >> 8) % len(self._sets)]
        second = self._sets[(bits >> 16) % len(self._sets)]
        return (first, second) if bits >> 61 == 0 and second != first else (first,)

    def content(self, number: int) -> Content:
        """The content of a record that nobody changed."""
        bits = scramble(self._seed, number)
        subjects = tuple(dict.fromkeys((_SUBJECTS[bits & 15], _SUBJECTS[bits >> 4 & 15], _SUBJECTS[bits >> 8 & 15])))
        return Content(
            title=f"{_ADJECTIVES[bits >> 12 & 15]} {_NOUNS[bits >> 16 & 15]} of {_TOPICS[bits >> 20 & 15]}, no. {number}",
            other_titles=(f"Number {number}",) if bits >> 24 & 7 == 0 else (),
            creators=tuple(f"Author {bits >> shift & 511}" for shift in (24, 33, 42)[: 1 + (bits >> 27 & 1) + (bits >> 28 & 1)]),
            subjects=subjects,
            description=self._paragraphs[bits >> 32 & 255],
            date=f"{1990 + (bits >> 40 & 31)}-{1 + (bits >> 45) % 12:02d}-{1 + (bits >> 49) % 28:02d}",
            type=_TYPES[bits >> 54 & 3],
            language=_LANGUAGES[bits >> 56 & 3],
            rights=_RIGHTS[bits >> 58 & 3],
            publisher=f"Press {bits >> 30 & 31}",
            files=self._files(number, bits),
            set_specs=self.set_specs(number),
        )

    def _files(self, number: int, bits: int) -> tuple[str, ...]:
        document = (f"{self._name}-{number}.pdf",) if bits >> 5 & 3 == 0 else ()
        picture = (f"{self._name}-{number}.{'jpg' if bits >> 6 & 1 else 'png'}",) if bits >> 7 & 3 == 0 else ()
        return document + picture


def write_text(seed: int, letters: int) -> str:
    """Sentences of made-up text, at least ``letters`` long."""
    random = Random(seed)
    sentences: list[str] = []
    while sum(map(len, sentences)) + len(sentences) <= letters:
        words = [random.choice(_WORDS) for _ in range(random.randint(6, 14))]
        sentences.append(" ".join(words).capitalize() + ".")
    return " ".join(sentences)


def _write_paragraphs(seed: int, letters: int) -> tuple[str, ...]:
    return tuple(write_text(scramble(seed, number), letters) for number in range(_PARAGRAPHS))
