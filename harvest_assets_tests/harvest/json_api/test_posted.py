"""What is sent in place of a JSON record is refused, and it is said why."""

import pytest

from harvest_assets.errors import RecordError
from harvest_assets.harvest.json_api.options import JsonApiOptions
from harvest_assets.harvest.json_api.posted import read_posted


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "line 1, column 2: "),
        (b'{"a": 1}', "identifier '/id' leads to None, not to a text or an integer"),
        (b"[]", "the record is expected at '' of the body, where a list of 0 is; send one object"),
        (b'[{"id": 1}, {"id": 2}]', "the record is expected at '' of the body, where a list of 2 is; send one object"),
        (b"7", "the record is expected at '' of the body, where a int is; send one object"),
        (b"null", "the record is expected at '' of the body, where nothing is; send one object"),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_what_is_no_record_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(RecordError, match=f"^{message}"):
        read_posted(body, JsonApiOptions(identifier="/id"), "")


def test_a_record_is_found_by_its_pointer_alone_or_as_the_only_item_of_a_list() -> None:
    options = JsonApiOptions(identifier="/id", deleted="/gone")
    for body in (b'{"data": {"id": 7, "gone": true}}', b'{"data": [{"gone": true, "id": 7}]}'):
        [row] = read_posted(body, options, "/data").to_pylist()
        assert (row["identifier"], row["deleted"], row["body"]) == ("7", True, b'{"gone":true,"id":7}')
