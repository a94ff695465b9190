"""``Store``: everything that is kept, in one object."""

from contextlib import AbstractContextManager
from pathlib import Path

from harvest_assets.errors import BusyError
from harvest_assets.store.blobs import Blobs
from harvest_assets.store.files import Files
from harvest_assets.store.ledger import Ledger
from harvest_assets.store.locks import hold
from harvest_assets.store.manifests import Manifest, Manifests, Reference
from harvest_assets.store.quarantine import Quarantine
from harvest_assets.store.snapshots import Snapshot, TableShape


class Store:
    """Manifests, snapshots, ledgers, blobs, quarantines and locks below one root.

    ``state`` is a local folder that processes of a machine share.
    """

    def __init__(self, root: str | Files, state: Path) -> None:
        self.files = Files(root) if isinstance(root, str) else root
        self.manifests = Manifests(self.files)
        self.ledger = Ledger(self.files)
        self.blobs = Blobs(self.files)
        self.quarantine = Quarantine(self.files, self.blobs)
        self._state = state

    def snapshot(self, manifest: Manifest, shape: TableShape) -> Snapshot:
        """The table of a manifest."""
        return Snapshot(self.files, manifest, shape)

    def snapshot_of(self, reference: Reference, shape: TableShape) -> Snapshot:
        """The table of a generation."""
        return Snapshot(self.files, self.manifests.read(reference), shape)

    def hold(self, name: str) -> AbstractContextManager[None]:
        """The lock of a name; see ``locks.hold``."""
        return hold(self.files, self._state, name)

    def is_held(self, name: str) -> bool:
        """Whether somebody holds the lock of a name at this moment."""
        try:
            with self.hold(name):
                return False
        except BusyError:
            return True
