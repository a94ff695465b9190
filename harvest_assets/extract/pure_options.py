"""What differs between Pure installations: who runs one, which of its keywords mean something, where its files are public."""

from typing import Literal

from pydantic import Field

from harvest_assets.extract.providers import ProviderOptions
from harvest_assets.interfaces import Options


class PublicFilesOptions(Options):
    """Where files are public whose addresses lead to the interface, which asks for a key."""

    marker: str = Field(min_length=1, description="What the address of such a file contains, as in `/ws/api/`.")
    url: str = Field(
        pattern=r"^https?://\S+$", description="What stands for the marker and all before it, as in `https://files.example.org/`."
    )


class PureOptions(Options):
    """The options of ``pure_v1``."""

    provider: ProviderOptions = Field(
        default_factory=lambda: ProviderOptions(),  # noqa: PLW0108 - the class takes arguments, a factory none
        description="The organisation behind the installation; without `slug` its people are named after the source.",
    )
    publishers: list[str] = Field(default_factory=list[str], description="Publishers of all products; empty: the provider's name.")
    languages: dict[str, str] = Field(
        default_factory=lambda: {"en_GB": "en", "nl_NL": "nl"}, description="Languages by Pure's locale; others are left out."
    )
    append_subtitle: bool = Field(default=False, description="Whether titles are followed by a colon and the subtitle.")
    public_files: PublicFilesOptions | None = Field(
        default=None, description="Where files are public, when not at the addresses that records give."
    )


class PureV2Options(PureOptions):
    """The options of ``pure_v2``."""

    keyword_groups: list[str] = Field(
        default_factory=list[str],
        description="Classifications whose English terms are keywords beside the free ones, by `logicalName`, as in `ASJCSubjectAreas`.",
    )
    ignored_keywords: list[str] = Field(
        default_factory=lambda: [
            "research_focus_areas/05/no_hanze_research_focus_area_applicable",
            "research_focus_areas/02g_no_research_line_applicable",
        ],
        description="Addresses (`uri`) of terms that say that none applies.",
    )
    research_themes: Literal["none", "asjc"] = Field(
        "none", description="`asjc`: research themes by the subject areas of the All Science Journal Classification."
    )
