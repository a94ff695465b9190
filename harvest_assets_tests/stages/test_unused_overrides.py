"""Overrides of documents that are not there can be told."""

from harvest_assets.stages.unused_overrides import find_unused


def test_an_entry_without_a_live_document_is_named_and_sources_never_harvested_are_left_out(world):
    repository = world.add_source(count=3)
    world.add_source("other", count=1)
    world.run(0)
    known = repository.identifiers()[0]
    folder = world.folder / "config" / "overrides"
    folder.mkdir()
    entries = "".join(f"- {{srn: '{srn}', reason: r, hidden: true}}\n" for srn in (f"lib:{known}", "lib:typo", "other:x"))
    (folder / "a.yaml").write_text(entries)
    world.reload()
    assert [str(each) for each in find_unused(world.installation)] == [
        "overrides/a.yaml: 'lib:typo' is no document of its source; correct it, or take the entry out"
    ]
