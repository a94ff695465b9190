"""What a document task is given for a run: the network as its source may use it, files, processes, and what all sources share."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from harvest_assets.config.plugins import find_document_task
from harvest_assets.config.sources import Source
from harvest_assets.interfaces import DocumentTask, Tools
from harvest_assets.stages.installation import Installation
from harvest_assets.stages.vocabularies import read_current

VOCABULARIES = "vocabularies"


@contextmanager
def open_task(installation: Installation, source: Source, name: str) -> Generator[DocumentTask]:
    """A document task, ready for the documents of a source; its processes end with the context."""
    task = find_document_task(name)
    with ExitStack() as stack:
        client = stack.enter_context(installation.client(source))
        isolation = stack.enter_context(installation.isolation())
        yield task(
            source.task_settings(name),
            Tools(
                source=source.slug,
                client=client,
                services=stack.enter_context(installation.services()),
                downloads=installation.downloads(source, client),
                blobs=installation.store.blobs,
                isolation=isolation,
                now=datetime.now(UTC),
                environ=installation.environ,
                vocabularies=read_current(installation, isolation) if VOCABULARIES in task.reads else {},
                overrides=installation.catalog.overrides.of(source.slug),
                broken_overrides=frozenset(each.file for each in installation.catalog.overrides.problems),
                schemas=installation.catalog.schemas.documents,
            ),
        )
