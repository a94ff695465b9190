"""``listings``: what a source offers for selection, as one small table a day."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.config.sources import Source
from harvest_assets.stages.installation import Installation
from harvest_assets.store.manifests import Manifest, describe_file, new_generation

ASSET = "listings"

LISTED = pa.schema(
    [
        pa.field("identifier", pa.string(), nullable=False, metadata={"description": "What a source's options name to select it"}),
        pa.field("title", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False, metadata={"description": "set, layer, resource, …"}),
    ]
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing, written and not yet committed."""

    manifest: Manifest
    rows: list[dict[str, str]]


def list_contents(installation: Installation, source: Source, day: str) -> Listing:
    """Ask a source what it offers."""
    store = installation.store
    with installation.client(source) as client:
        rows = [asdict(each) for each in source.build_protocol(client, installation.environ).list_contents()]
    written_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(ASSET, source.slug, day, new_generation(), written_at, counts={"listed": len(rows)})
    with store.files.scratch() as scratch:
        path = scratch / "table.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=LISTED), path)
        manifest.tables["table"] = (describe_file(path.name, path, len(rows)),)
        store.files.upload(f"{manifest.reference.folder}/{path.name}", path)
    return Listing(manifest, rows)
