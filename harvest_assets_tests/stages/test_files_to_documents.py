"""Sitemaps, feeds and files through the stages: what becomes of their records, and whether they prove that something is gone."""

import pytest

from harvest_assets.errors import TransientError
from harvest_assets.testing.faults import Faults, Refusal

MAPPING = "extract: {format: mapping, options: {title: /title, fields: {title: /title}}}\n"
LINKS = "extract: {format: mapping, options: {fields: {url: /url}}}\n"
LAYOUTS = {
    "json": "{records: /items, identifier: /id, datestamp: /modified}",
    "jsonl": "{identifier: /id, datestamp: /modified}",
    "csv": "{identifier: id, datestamp: modified}",
    "xml": "{records: record, identifier: identifier, datestamp: datestamp}",
}


@pytest.fixture
def source(world):
    """Make the source ``lib`` read its repository by another protocol."""

    def configure(protocol, url, options="{}", extract=MAPPING, more=""):
        world.configure(keys=f"protocol: {protocol}\nurl: {url}\noptions: {options}\n{extract}{more}")

    return configure


@pytest.mark.parametrize(("file", "kind"), [("records.csv", "csv"), ("json.zip", "json"), ("jsonl.tar.gz", "jsonl"), ("xml/", "xml")])
def test_what_a_dump_lacks_is_gone(world, universe, source, file, kind):
    repository = world.add_source(count=12)
    source("files", universe.dump_url("lib", file), LAYOUTS[kind], "extract: oai_dc\n" if kind == "xml" else MAPPING)
    world.run(0)
    first, *others = repository.identifiers()
    assert world.live(0) == {first, *others}
    assert world.documents(0)[first]["title"] == repository.record(first).content.title
    repository.vanish(first)
    facts = world.receive(1).manifest.facts
    assert (facts["is_complete"], facts["proves_absence"]) == (True, True)
    world.fold(1)
    assert world.live(1) == set(others)


def test_a_dump_with_a_file_that_is_missing_removes_nothing(world, universe, source):
    repository = world.add_source(count=12)
    source("files", universe.dump_url("lib", "csv/"), LAYOUTS["csv"])
    world.run(0)
    universe.faults("lib", Faults(refusals=(Refusal(404, page=2),)))
    facts = world.receive(1).manifest.facts
    assert not facts["is_complete"]
    assert facts["incomplete_because"] == ["1 records without a readable identifier were set aside"]
    world.fold(1)
    assert world.live(1) == set(repository.identifiers())


def test_what_a_sitemap_lacks_is_gone_and_what_only_failed_is_not(world, universe, source):
    repository = world.add_source(count=12)
    source("sitemap", universe.sitemap_url("lib"), "{fetch: false}", LINKS)
    world.run(0)
    addresses = {identifier: f"{universe.url}/landing/lib/{identifier}" for identifier in repository.identifiers()}
    assert world.live(0) == set(addresses.values())
    gone, broken, *_ = repository.identifiers()
    repository.vanish(gone)
    universe.faults("lib", Faults(poison=(broken,), poison_status=404))
    source("sitemap", universe.sitemap_url("lib"), "{fetch: true}", LINKS)
    raw = world.receive(1)
    assert (raw.manifest.facts["is_complete"], raw.manifest.facts["proves_absence"]) == (True, True)
    assert raw.manifest.counts["received"] == 10
    assert raw.manifest.facts["completeness"]["set_aside"] == 1


def test_a_sitemap_of_an_index_that_is_missing_removes_nothing(world, universe, source):
    repository = world.add_source(count=12)
    source("sitemap", universe.sitemap_url("lib"), "{fetch: false}", LINKS)
    world.run(0)
    universe.faults("lib", Faults(refusals=(Refusal(404, page=2),)))
    facts = world.receive(1).manifest.facts
    assert not facts["is_complete"]
    assert "a sitemap of the index was not read: GET" in facts["incomplete_because"][0]
    world.fold(1)
    assert len(world.live(1)) == len(repository.identifiers()) == 12


def test_a_feed_removes_nothing_unless_it_is_complete(world, universe, source):
    repository = world.add_source(count=12)
    source("feed", universe.feed_url("lib", "paged"), extract="extract: oai_dc\n")
    facts = world.receive(0).manifest.facts
    assert (facts["is_complete"], facts["proves_absence"]) == (False, False)
    assert facts["incomplete_because"] == ["a feed shows its newest entries only: what it lacks may still exist (option complete)"]
    repository.vanish(repository.identifiers()[-1])
    again = world.receive(1)
    assert (again.manifest.counts["received"], again.manifest.counts["keys"]) == (11, 12)
    source("feed", universe.feed_url("lib", "complete"), extract="extract: oai_dc\n")
    assert world.receive(2).manifest.facts["proves_absence"]


@pytest.mark.parametrize(("protocol", "extract"), [("sitemap", LINKS), ("feed", "extract: oai_dc\n")])
def test_a_harvest_that_failed_goes_on_where_it_stopped(world, universe, source, protocol, extract):
    world.add_source(count=240, page_size=100)
    url = universe.sitemap_url("lib") if protocol == "sitemap" else universe.feed_url("lib", "paged")
    source(protocol, url, "{fetch: false}" if protocol == "sitemap" else "{}", extract)
    universe.faults("lib", Faults(refusals=(Refusal(500, page=3),)))
    with pytest.raises(TransientError, match="500"):
        world.receive(0)
    universe.faults("lib")
    universe.clear_requests()
    raw = world.receive(0)
    assert raw.manifest.counts["received"] == 240
    assert raw.manifest.facts["restarted"] is None
    asked = [f"{seen.path}?{seen.query}" for seen in universe.requests]
    assert f"/{protocol}/lib/{'part-1.xml.gz' if protocol == 'sitemap' else 'paged'}?" not in asked


def test_a_file_that_changed_before_the_harvest_went_on_is_read_again(world, universe, source):
    repository = world.add_source(count=2_300, page_size=500)
    source("files", universe.dump_url("lib", "jsonl/"), LAYOUTS["jsonl"])
    universe.faults("lib", Faults(refusals=(Refusal(500, page=5),)))
    with pytest.raises(TransientError, match="500"):
        world.receive(0)
    universe.faults("lib")
    repository.vanish(repository.identifiers()[0])
    raw = world.receive(0)
    assert raw.manifest.counts["received"] == 2_299
    assert "could not be resumed, the list was started again: lib: the file has changed" in raw.manifest.facts["restarted"]
