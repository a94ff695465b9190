"""What a JSON API says of a record: an item with everything in it, or a resource of JSON:API with related ones beside it."""

from typing import Any

from harvest_assets.testing.addresses import Addresses
from harvest_assets.testing.files import media_type_of
from harvest_assets.testing.records import Record

Resource = dict[str, Any]


def build_item(name: str, record: Record, modified: str, addresses: Addresses) -> dict[str, Any]:
    """A record of the repository ``name`` as one object; a deleted one has nothing but id, time and state."""
    item: dict[str, Any] = {"id": record.identifier, "modified": _as_time(modified), "deleted": record.deleted}
    if record.deleted:
        return item
    content = record.content
    return item | {
        "title": content.title,
        "creators": content.creators,
        "subjects": content.subjects,
        "description": content.description,
        "date": content.date,
        "type": content.type,
        "language": content.language,
        "licence": content.rights,
        "publisher": content.publisher,
        "url": addresses.landing_page(name, record.identifier),
        "files": [{"url": url, "media_type": media_type_of(url)} for url in addresses.files_of(content.files)],
    }


def build_resource(item: dict[str, Any]) -> tuple[Resource, list[Resource]]:
    """An item as a resource whose creators and files are related to it, and those: https://jsonapi.org/format/1.1/#document-resource-objects."""
    attributes = dict(item)
    people = [_resource("people", str(name).lower().replace(" ", "-"), {"name": name}) for name in attributes.pop("creators", ())]
    files = [_resource("files", str(each["url"]).rpartition("/")[2], each) for each in attributes.pop("files", ())]
    resource: Resource = {"type": "records", "id": attributes.pop("id", None), "attributes": attributes}
    if resource["id"] is None:
        del resource["id"]
    if not item["deleted"]:
        resource["relationships"] = {
            name: {"data": [{"type": each["type"], "id": each["id"]} for each in related]}
            for name, related in (("creators", people), ("files", files))
        }
    return resource, [*people, *files]


def _resource(kind: str, identifier: str, attributes: dict[str, Any]) -> Resource:
    return {"type": kind, "id": identifier, "attributes": attributes}


def _as_time(datestamp: str) -> str:
    return datestamp if "T" in datestamp else f"{datestamp}T00:00:00Z"
