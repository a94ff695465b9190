"""What a YAML file may not be, each with its line."""

import os
import re
import time
from pathlib import Path

import pytest

from harvest_assets.config.yaml_files import MAX_BYTES, MAX_DEPTH, read_yaml
from harvest_assets.errors import ConfigurationError


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_mapping_is_read_as_plain_values(tmp_path: Path) -> None:
    content = read_yaml(write(tmp_path, "a: 1\nb: [x, 2.5, true]\nc: {d: }\ne: ä\n"))
    assert content.mapping == {"a": 1, "b": ["x", 2.5, True], "c": {"d": None}, "e": "ä"}
    assert content.messages == ()


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, b"\xef\xbb\xbfa: 1\n")).mapping == {"a": 1}


def test_every_key_that_is_written_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    content = read_yaml(write(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\n'a': 3\n"))
    assert sorted(content.messages) == [
        "line 4: 'c' is written twice, first in line 3; keep one of them",
        "line 5: 'a' is written twice, first in line 1; keep one of them",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c\n", "line 1, column 5: mapping values are not allowed here; correct the YAML"),
        ("a: 1\nb: [1, 2\n", r"line 3, column 1: expected ',' or '\]', but got '<stream end>' while parsing a flow sequence; correct"),
        ("a: &x [1]\nb: *x\n", "line 1, column 4: anchors and aliases are not supported; write the value out"),
        ("b: *x\n", "line 1, column 4: anchors and aliases are not supported; write the value out"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1, column 4: tags are not supported; write the plain value"),
        ("a: !!binary aGk=\n", "line 1, column 4: tags are not supported; write the plain value"),
        ("1: x\n", "line 1, column 1: a key is not text; put it in quotes"),
        ("a:\n  on: x\n", "line 2, column 3: a key is not text; put it in quotes"),
        ("[1, 2]: x\n", "line 1, column 1: a key is not text; put it in quotes"),
        ("<<: {a: 1}\n", "line 1, column 1: a key is not text; put it in quotes"),
        ("start: 2024-02-31\n", r"line 1, column 8: a value looks like a date or a number and is not one \(.*\); put it in quotes"),
        ("a: =\n", "line 1, column 4: could not determine a constructor for the tag"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: but found another document expected a single document in the stream"),
        ("a: '\x01'\n", "character 5 is a control character; remove it"),
        ("", "the file is empty; write keys and values, one 'key: value' a line"),
        ("# only a remark\n", "the file is empty; write keys"),
        ("- a\n", "the file holds a list; write keys and values, one 'key: value' a line"),
        ("hello\n", "the file holds a single value of type str; write keys"),
        ("a: " + "[" * (MAX_DEPTH + 1), f"line 1, column {3 + MAX_DEPTH}: values are nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}") as caught:
        read_yaml(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^byte 4 is not UTF-8; save the file as UTF-8$"):
        read_yaml(write(tmp_path, b"a: \xff\n"))


def test_a_file_beyond_the_cap_is_refused_and_one_at_the_cap_is_read(tmp_path: Path) -> None:
    filler = b"a: 1\n#" + b"x" * (MAX_BYTES - 6)
    assert read_yaml(write(tmp_path, filler)).mapping == {"a": 1}
    with pytest.raises(
        ConfigurationError,
        match=f"^the file is larger than {MAX_BYTES} bytes; a source or dataset needs a few lines, overrides may be divided",
    ):
        read_yaml(write(tmp_path, filler + b"x"))


def test_deep_nesting_is_refused_without_a_long_wait(tmp_path: Path) -> None:
    path = write(tmp_path, "a: " + "[" * 500_000)
    started_at = time.monotonic()
    with pytest.raises(ConfigurationError, match="nested deeper"):
        read_yaml(path)
    assert time.monotonic() - started_at < 5


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path, tmp_path / "pipe.yaml", tmp_path / "absent.yaml"):
        with pytest.raises(ConfigurationError, match=r"^it is not a file that can be read; replace it by a text file$"):
            read_yaml(path)


def test_a_file_that_the_system_does_not_give_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "a: 1")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # tests may run as root, whom no mode of a file stops
    with pytest.raises(ConfigurationError, match=re.escape("the file cannot be read (Permission denied); allow this user to read it")):
        read_yaml(path)
