"""Pages, records and total of a harvest under way, then the documents that each task looks at, on standard error."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from harvest_assets.cli.output import open_console
from harvest_assets.stages.listening import listening


@contextmanager
def show_pages(source: str) -> Generator[None]:
    """Show each page of the harvest that runs within; the bar needs a total that the source announced."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[said]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=open_console(error=True), transient=True) as progress:
        task = progress.add_task(source, total=None, said="starting")

        def on_page(pages: int, records: int, announced: int | None) -> None:
            of = f" of {announced}" if announced is not None else ""
            progress.update(task, completed=records, total=announced, said=f"page {pages}, {records}{of} records")

        def on_task(name: str, done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, said=f"{name}: {done} of {total} documents")

        with listening(on_page, on_task):
            yield
