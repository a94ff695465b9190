"""JSON over HTTP: lists of records behind any of six ways to page, described by JSON pointers (https://www.rfc-editor.org/rfc/rfc6901)."""

from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.protocol import JsonApi

__all__ = ["JsonApi", "JsonApiOptions"]
