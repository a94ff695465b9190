"""Files of records: one, an archive or a folder of JSON, JSON lines, XML or CSV."""

from harvest_assets.harvest.files.options import FilesOptions
from harvest_assets.harvest.files.protocol import Files

__all__ = ["Files", "FilesOptions"]
