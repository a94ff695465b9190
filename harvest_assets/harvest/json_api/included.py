"""JSON:API compound documents: each record with the resources that it names, so that it stands alone.

https://jsonapi.org/format/1.1/#document-compound-documents. Embedding ends after one level: what an embedded resource names stays a
resource identifier, so that circles end too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from harvest_assets.harvest.json_api.content import Content

_Resources = Mapping[tuple[Any, Any], dict[str, Any]]


def embed_included(items: Sequence[Any], content: Content) -> list[Any]:
    """Items with the resources of the answer's ``included`` merged into ``relationships.NAME.data``; what is not there stays as it is."""
    resources: dict[tuple[Any, Any], dict[str, Any]] = {}
    for document in content.documents:
        listed = document.get("included") if isinstance(document, dict) else None
        for resource in listed if isinstance(listed, list) else ():
            key = _read_key(resource)
            if key is not None:
                resources.setdefault(key, resource)
    return [_embed(item, resources) for item in items] if resources else list(items)


def _embed(item: Any, resources: _Resources) -> Any:  # noqa: ANN401 - JSON has no narrower type
    relationships = item.get("relationships") if isinstance(item, dict) else None
    if not isinstance(relationships, dict):
        return item
    return {**item, "relationships": {name: _embed_linkage(each, resources) for name, each in relationships.items()}}


def _embed_linkage(relationship: Any, resources: _Resources) -> Any:  # noqa: ANN401 - JSON has no narrower type
    if not isinstance(relationship, dict) or "data" not in relationship:
        return relationship
    data = relationship["data"]
    found = [_find(each, resources) for each in data] if isinstance(data, list) else _find(data, resources)
    return {**relationship, "data": found}


def _find(identifier: Any, resources: _Resources) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """The resource that an identifier stands for, with what the identifier says beside it (``meta``)."""
    key = _read_key(identifier)
    return {**resources[key], **identifier} if key is not None and key in resources else identifier


def _read_key(resource: Any) -> tuple[str, str] | None:  # noqa: ANN401 - JSON has no narrower type
    """Type and id, which are texts; some servers write ids as numbers."""
    if not isinstance(resource, dict):
        return None
    kind, identifier = resource.get("type"), resource.get("id")
    if not isinstance(kind, str) or isinstance(identifier, bool) or not isinstance(identifier, str | int):
        return None
    return kind, str(identifier)
