"""Plug-ins through the entry points of packages that the interpreter finds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harvest_assets.config.plugins import (
    document_tasks,
    extractors,
    find_document_task,
    find_extractor,
    find_protocol,
    forget_plug_ins,
    plug_in_problems,
    protocols,
)
from harvest_assets.errors import ConfigurationError

Install = Callable[[str, str, str], None]


def problems_of(name: str) -> list[str]:
    return [str(problem) for problem in plug_in_problems() if problem.file.endswith(f":{name}")]


def test_a_stranger_s_plug_ins_stand_beside_ours() -> None:
    assert {"shelf", "prefixed", "oai-pmh"} <= set(protocols())
    assert {"cards", "plain", "oai_dc"} <= set(extractors())
    assert {"reading", "url_checks"} <= set(document_tasks())


def test_a_plug_in_is_found_by_its_name() -> None:
    assert find_protocol("shelf") is protocols()["shelf"]
    assert find_extractor("cards") is extractors()["cards"]
    assert find_document_task("reading") is document_tasks()["reading"]


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"^'shelv' is not one of .*shelf.*\. Did you mean 'shelf'\?$"):
        find_protocol("shelv")
    with pytest.raises(ConfigurationError, match=r"^'card' is not one of .*\. Did you mean 'cards'\?$"):
        find_extractor("card")
    with pytest.raises(ConfigurationError, match=r"^'redding' is not one of .*\. Did you mean 'reading'\?$"):
        find_document_task("redding")


@pytest.mark.parametrize(
    ("module", "target", "reason"),
    [
        ("", "no_such_module:X", "'no_such_module:X' cannot be imported (ModuleNotFoundError: No module named 'no_such_module')"),
        ("", "{name}:Absent", "'{name}:Absent' cannot be imported (AttributeError: module '{name}' has no attribute 'Absent')"),
        ("raise RuntimeError('broken\\nat home')", "{name}:X", "'{name}:X' cannot be imported (RuntimeError: broken at home)"),
        ("X = 7", "{name}:X", "'{name}:X' is not a subclass of harvest_assets.interfaces.Protocol"),
        ("class X: pass", "{name}:X", "'{name}:X' is not a subclass of harvest_assets.interfaces.Protocol"),
        ("from stranger_shelf import Shelf as X", "{name}:X", "'{name}:X' calls itself 'shelf', not 'odd'"),
    ],
)
def test_one_that_cannot_be_used_is_a_problem_and_takes_nothing_with_it(install: Install, module: str, target: str, reason: str) -> None:
    name = f"stranger_odd_{abs(hash((module, target)))}"
    target, reason = target.format(name=name), reason.format(name=name)
    install(name, module, f"[harvest_assets.protocols]\nodd = {target}\n")
    assert problems_of("odd") == [f"entry point harvest_assets.protocols:odd: {reason}; repair or uninstall the package that brings it"]
    assert "shelf" in protocols()
    with pytest.raises(ConfigurationError, match=r"^'odd' cannot be used: ") as caught:
        find_protocol("odd")
    assert reason in str(caught.value)


def test_a_name_that_two_packages_take_is_refused_for_both(install: Install) -> None:
    install("stranger_twin", "from stranger_shelf import Shelf", "[harvest_assets.protocols]\nshelf = stranger_twin:Shelf\n")
    assert "shelf" not in protocols()
    [line] = problems_of("shelf")
    assert line.startswith(
        "entry point harvest_assets.protocols:shelf: the name is taken twice, the second time by 'stranger_twin:Shelf'; "
    )


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_distribution: Callable[[Path, str, str, str], None]) -> Install:
    """Put another package where the interpreter finds it."""

    def put(name: str, module: str, entries: str) -> None:
        write_distribution(tmp_path, name, module, entries)
        monkeypatch.syspath_prepend(tmp_path)
        forget_plug_ins()

    return put
