"""The IO manager: it commits what a stage has written, and loads tables by the type that an asset asks for. It persists, nothing else.

An asset of the graph returns drafts (anything with a ``manifest``); committing makes them what readers see, in order of day. An asset of
somebody else may return a ``pandas.DataFrame`` or a ``pyarrow.Table``, and may ask for ``Snapshot``, ``pyarrow.Table`` or
``pandas.DataFrame`` of any asset; over several partitions it gets a dictionary by partition key.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, cast, get_args, get_origin

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from harvest_assets.defs.resources import InstallationResource
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.shapes import DERIVATIVE, DOCUMENT, RAW
from harvest_assets.store.manifests import Manifest, describe_file, new_generation
from harvest_assets.store.snapshots import INDEX, Snapshot
from harvest_assets.store.store import Store

TABLE = "table"


class Draft(Protocol):
    """Something written but not yet committed."""

    @property
    def manifest(self) -> Manifest: ...  # noqa: D102 - the attribute says it


class SnapshotIOManager(dg.ConfigurableIOManager):
    """Commit drafts; load partitions as ``Snapshot``, ``pyarrow.Table`` or ``pandas.DataFrame``."""

    installation: InstallationResource

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Commit the drafts of a stage, or write one table."""
        store = self.installation.open().store
        if isinstance(obj, pd.DataFrame):
            obj = pa.Table.from_pandas(obj, preserve_index=False)
        if isinstance(obj, pa.Table):
            obj = [_write_table(store, *_place(context.asset_key, str(context.asset_partition_key)), obj)]
        for draft in sorted(cast("Sequence[Draft | Manifest]", obj), key=lambda each: _manifest(each).day):
            store.manifests.commit(_manifest(draft))

    def load_input(self, context: dg.InputContext) -> object:
        """Load one partition, or a dictionary of several; whoever asks for a dictionary gets one in any case."""
        store = self.installation.open().store
        keys = sorted(map(str, context.asset_partition_keys))
        asked = context.dagster_type.typing_type
        is_dictionary = get_origin(asked) is dict
        wanted = get_args(asked)[1] if is_dictionary else asked
        if len(keys) == 1 and not is_dictionary:
            return _load(store, context.asset_key, keys[0], wanted)
        return {key: _load(store, context.asset_key, key, wanted) for key in keys}


def _manifest(draft: "Draft | Manifest") -> Manifest:
    return draft if isinstance(draft, Manifest) else draft.manifest


def _load(store: Store, asset: dg.AssetKey, key: str, wanted: object) -> object:
    name, scope, day = _place(asset, key)
    manifest = store.manifests.find(name, scope, day)
    if manifest is None:
        raise ConfigurationError(f"{name} has no partition {key!r}; materialize it first")
    if INDEX not in manifest.tables:
        table = pq.read_table(store.files.localise(f"{manifest.reference.folder}/{manifest.tables[TABLE][0].name}"))
        return table.to_pandas() if wanted is pd.DataFrame else table
    snapshot = store.snapshot(manifest, {"raw_records": RAW, "documents": DOCUMENT}.get(name, DERIVATIVE))
    return _convert(snapshot, wanted)


def _convert(snapshot: Snapshot, wanted: Any) -> object:  # noqa: ANN401 - whatever type an asset is annotated with
    if wanted is pd.DataFrame:
        return snapshot.table().to_pandas()
    return snapshot.table() if wanted is pa.Table else snapshot


def _place(asset: dg.AssetKey, key: str) -> tuple[str, str, str]:
    """Asset, scope and day of a partition; in a key the day is the part that begins with digits and dashes."""
    one, other = key.split("|")
    day, scope = (one, other) if _is_day(one) else (other, one)
    return asset.path[-1], scope, day


def _is_day(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _write_table(store: Store, asset: str, scope: str, day: str, table: pa.Table) -> Manifest:
    written_at = datetime.now(UTC).isoformat(timespec="seconds")
    manifest = Manifest(asset, scope, day, new_generation(), written_at, counts={"rows": table.num_rows})
    with store.files.scratch() as scratch:
        path = scratch / f"{TABLE}.parquet"
        pq.write_table(table, path, compression="zstd")
        manifest.tables[TABLE] = (describe_file(path.name, path, table.num_rows),)
        store.files.upload(f"{manifest.reference.folder}/{path.name}", path)
    return manifest
