"""Asset keys and groups: the names that people see in the graph. Public API: a change needs a migration."""

LISTINGS = "listings"
RAW_RECORDS = "raw_records"
DOCUMENTS = "documents"
SETS = "sets"
SET_INTEGRITY = "set_integrity"
DATASET_VERSIONS = "dataset_versions"
EXPORTS = "exports"
CHANGES = "changes"
CURRENT_VERSIONS = "current_versions"
SOURCE_HEALTH = "source_health"
HARVEST_LEDGER = "harvest_ledger"
VOCABULARIES = "vocabularies"

SOURCE_TAG = "harvest/source"
DATASET_TAG = "harvest/dataset"
HOST_TAG = "harvest/host"
OWNERS = ["team:harvest"]
