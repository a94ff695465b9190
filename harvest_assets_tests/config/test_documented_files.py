"""The sources that ``docs/files.md`` shows are sources."""

import re
from pathlib import Path

import pytest
import yaml

from harvest_assets.config.sources import build_source

PAGE = Path(__file__).parents[2] / "docs" / "files.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("protocol", ["sitemap", "feed", "files"])
def test_the_example_of_each_protocol_is_a_source(protocol):
    (example,) = [content for content in map(yaml.safe_load, EXAMPLES) if content["protocol"] == protocol]
    assert build_source("documented", example).protocol == protocol


@pytest.mark.parametrize("protocol", ["sitemap", "feed", "files"])
def test_every_option_that_is_named_exists(protocol):
    section = PAGE.read_text().partition(f"## `{protocol}`")[2].partition("\n## ")[0]
    (example,) = [content for content in map(yaml.safe_load, EXAMPLES) if content["protocol"] == protocol]
    known = type(build_source("documented", example).resolved_options({})).model_fields
    named = set(re.findall(r"`((?:max|other|date)_(?!body)\w+)", section))
    assert named <= set(known)
