"""What the tables of the graph look like: their keys, columns and index columns."""

from harvest_assets.model.derivative import DERIVATIVES
from harvest_assets.model.document import DOCUMENTS
from harvest_assets.model.record import RAW_RECORDS
from harvest_assets.store.snapshots import TableShape

RAW = TableShape("identifier", RAW_RECORDS, {"deleted": "deleted"})
DOCUMENT = TableShape("srn", DOCUMENTS, {"live": "state = 'active'", "owner": "nullif(owner, srn)"})
DERIVATIVE = TableShape(
    "srn",
    DERIVATIVES,
    {name: name for name in ("status", "failure", "retry_at", "withholds", "result_fingerprint")},
)
