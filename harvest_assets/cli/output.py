"""What commands print: tables for people, JSON for programs.

Titles and messages come from outside: control characters are replaced and never reach a terminal, and nothing is read as
markup. Colours only where there is a terminal.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import click
import orjson
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Where nobody looks through a window, lines are not cut to its width.
_WIDTH_WITHOUT_TERMINAL = 200


def open_console(*, error: bool = False) -> Console:
    """A console on what standard output (or standard error) is now."""
    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH_WITHOUT_TERMINAL
    return console


def print_json(document: object) -> None:
    """One JSON document."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str))


def print_json_line(document: object) -> None:
    """One line of JSON lines."""
    click.echo(orjson.dumps(document, default=str))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; numbers stand at the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    cells = [list(row) for row in rows]
    for number, name in enumerate(columns):
        is_number = bool(cells) and all(isinstance(row[number], int) and not isinstance(row[number], bool) for row in cells)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(_show(each)) for each in row))
    _print(title, table)


def print_facts(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line, under a title."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(Text(name), Text(_show(value)))
    _print(title, table)


def _print(title: str, table: Table) -> None:
    console = open_console()
    with console.capture() as captured:
        console.print(Text(plain(title), style="bold"))
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def say(line: str = "") -> None:
    """One line for people, never broken."""
    click.echo(plain(line))


def warn(line: str) -> None:
    """One line for people, on standard error."""
    click.echo(plain(line), err=True)


def plain(text: str) -> str:
    """Text without control characters, lines kept."""
    return "".join(each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text)


def shorten(text: str, length: int = 80) -> str:
    """The beginning of a text."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _show(value: Any) -> str:  # noqa: ANN401 - whatever a cell holds
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(str(value))
