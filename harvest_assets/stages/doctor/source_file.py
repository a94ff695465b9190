"""The source's file as the doctor writes it: what was found, as YAML that loads, with what is to be seen to on top.

Everything from outside passes through the YAML writer, or stands in a comment on one line. https://yaml.org/spec/1.1/
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from harvest_assets.config.sources import build_source, source_file
from harvest_assets.config.yaml_files import read_yaml
from harvest_assets.errors import ConfigurationError
from harvest_assets.stages.doctor.diagnosis import Diagnosis

_WIDTH = 140


class _PlainDumper(yaml.SafeDumper):
    """Writes what `config.yaml_files` reads: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - signature of PyYAML
        """Write every value out."""
        del data
        return True


def write_source_text(diagnosis: Diagnosis) -> str:
    """The text of the file."""
    dumped = _dump(diagnosis.content, allow_unicode=True)
    if not dumped.replace("\n", "").isprintable():
        dumped = _dump(diagnosis.content, allow_unicode=False)
    return "".join(f"# {line}\n" for line in _remarks(diagnosis)) + dumped


def _dump(content: dict[str, Any], *, allow_unicode: bool) -> str:
    return yaml.dump(content, Dumper=_PlainDumper, sort_keys=False, allow_unicode=allow_unicode, width=_WIDTH)


def _remarks(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"{source_file(diagnosis.slug)}: written by `harvest doctor` on {diagnosis.examined_at:%Y-%m-%d}; see {diagnosis.slug}.html."
    for finding in diagnosis.findings:
        if finding.standing == "warning":
            yield f"To be seen to: {finding.topic}, {finding.name}: {finding.answer}"


def refuse_existing(folder: Path, slug: str) -> None:
    """See that no file would be overwritten, before anything is asked.

    Raises:
        ConfigurationError: One of the two files is there.
    """
    for path in file_paths(folder, slug):
        if path.exists():
            raise ConfigurationError(f"{str(path)!r} is there already and stays as it is; choose another --slug or --out, or say --force")


def file_paths(folder: Path, slug: str) -> tuple[Path, Path]:
    """Where the source's file and its profile go."""
    return folder / "sources" / f"{slug}.yaml", folder / "sources" / f"{slug}.html"


def write_files(folder: Path, diagnosis: Diagnosis, page: str, *, force: bool) -> tuple[Path, Path]:
    """Write both files, after the source's was read back as a harvest will read it.

    Raises:
        ConfigurationError: A file is there and may not be replaced, or cannot be written.
    """
    source, profile = file_paths(folder, diagnosis.slug)
    draft = source.with_name(f".{source.name}.new")
    try:
        source.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(write_source_text(diagnosis), encoding="utf-8")
        build_source(diagnosis.slug, read_yaml(draft).mapping)
        if not force:
            refuse_existing(folder, diagnosis.slug)
        draft.replace(source)
        profile.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{str(source.parent)!r} cannot be written to ({error.strerror}); name another folder with --out"
        ) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return source, profile
