"""Snapshots, manifests, blobs, locks: disk and object store live here only."""
