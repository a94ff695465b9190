"""Patterns for addresses and file names: ``*`` any characters, ``?`` one, ``[ab]`` one of some.

Globs and not regular expressions: everybody reads them, and none of them runs for ever on a hostile name.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

Glob = Annotated[str, Field(min_length=1, max_length=500)]
Globs = Annotated[tuple[Glob, ...], Field(max_length=100)]


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits one of the patterns, as a whole and in its upper and lower case."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
