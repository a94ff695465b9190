"""What a source of LOM can set: which records count, what its words mean, and what all of its records have in common."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import Field

from harvest_assets.extract.providers import ProviderOptions
from harvest_assets.interfaces import Options


class LevelOptions(Options):
    """Which educational levels make a record one of ours; the others give no document."""

    required_prefixes: list[str] = Field(min_length=1, description="At least one level begins with one of these.")
    allowed_prefixes: list[str] = Field(
        default_factory=list[str],
        description="Every other level begins with one of these; empty: with anything.",
    )
    sets_without_levels: dict[str, str] = Field(
        default_factory=dict[str, str], description="The level, by set, that a record has when it names none."
    )

    def complete(self, levels: Sequence[str], set_specs: Iterable[str]) -> Sequence[str]:
        """The levels of a record, those of its sets when it has none."""
        return levels or [self.sets_without_levels[name] for name in set_specs if name in self.sets_without_levels]

    def accept(self, levels: Sequence[str]) -> bool:
        """Whether a record with these levels is wanted."""
        required, allowed = tuple(self.required_prefixes), (*self.allowed_prefixes, *self.required_prefixes)
        return any(level.startswith(required) for level in levels) and (
            not self.allowed_prefixes or all(level.startswith(allowed) for level in levels)
        )


class LearningMaterialConstants(Options):
    """Properties below ``learning_material``."""

    aggregation_level: str | None = None
    consortium: str | None = None
    disciplines: list[str] | None = None
    lom_educational_levels: list[str] | None = None
    material_types: list[str] | None = None
    studies: list[str] | None = None


class LomConstants(Options):
    """Properties that all records of a source have, in place of what they say themselves."""

    copyright: str | None = None
    language: str | None = None
    provider: ProviderOptions | None = None
    publishers: list[str] | None = None
    learning_material: LearningMaterialConstants = LearningMaterialConstants()

    def list_properties(self) -> dict[str, Any]:
        """Those that are set, but for the provider and what is below ``learning_material``."""
        return self.model_dump(exclude_none=True, exclude={"learning_material", "provider"})


class LomOptions(Options):
    """How LOM with vocabularies of Dutch education is read; the defaults are those of the czp flavour."""

    levels: LevelOptions | None = Field(None, description="Which records count, by their educational levels; empty: all of them.")
    constants: LomConstants = Field(LomConstants(), description="What all records have, in place of what they say.")
    default_provider: ProviderOptions | None = Field(None, description="Who offers a record that names no publisher.")
    organization_type: str = Field("unknown", description="What the provider is: consortium, institute, repository or unknown.")
    keyword_consortia: dict[str, str] = Field(
        default_factory=dict[str, str], description="Consortia by what one of the keywords contains in any case; the first that applies."
    )
    author_roles: list[str] = Field(
        default_factory=lambda: ["author"], description="Roles whose contributors are authors; empty: everybody who contributed."
    )
    author_fields: list[Literal["email", "orcid"]] = Field(
        default_factory=list[Literal["email", "orcid"]],
        description="What is kept of an author's vCard beside the name; personal data, so nothing unless it is named here.",
    )
    date_roles: list[str] = Field(
        default_factory=lambda: ["publisher", "content provider"],
        description="Whose date is that of publication, by the role or by what is said of the date; the first that has one.",
    )
    access_rights: Literal["classification", "copyright"] = Field(
        "classification",
        description="Where the access rights of files come from: the classification of that purpose (ClosedAccess without one), "
        "or the copyright (RestrictedAccess when it is `yes`, OpenAccess otherwise).",
    )
    file_titles: Literal["none", "record"] = Field("none", description="Title of files: none, or that of their record.")


class NlLomOptions(LomOptions):
    """The same with the defaults of NL-LOM: everybody is an author, created is the date, and open unless all rights are reserved."""

    author_roles: list[str] = Field(
        default_factory=list[str], description="Roles whose contributors are authors; empty: everybody who contributed."
    )
    date_roles: list[str] = Field(
        default_factory=lambda: ["created", "publisher"],
        description="Whose date is that of publication, by the role or by what is said of the date; the first that has one.",
    )
    access_rights: Literal["classification", "copyright"] = Field(
        "copyright",
        description="Where the access rights of files come from: the copyright (RestrictedAccess when it is `yes`, OpenAccess otherwise), "
        "or the classification of that purpose (ClosedAccess without one).",
    )
    file_titles: Literal["none", "record"] = Field("record", description="Title of files: that of their record, or none.")
