"""SKOS in three notations, from friendly and hostile hands."""

import json
import socket
from collections.abc import Iterator

import pytest

from harvest_assets.errors import RecordError
from harvest_assets.extract import skos
from harvest_assets.extract.skos import ENDINGS, read_skos
from harvest_assets.model.vocabulary import Term

CORE = "http://www.w3.org/2004/02/skos/core#"
PREFIXES = f"@prefix skos: <{CORE}> . @prefix t: <https://v.example/> .\n".encode()
TURTLE = (
    PREFIXES
    + b"""
t:scheme a skos:ConceptScheme ; skos:prefLabel "Alles"@nl ; skos:hasTopConcept t:a .
t:group a skos:Collection ; skos:prefLabel "Groep"@nl ; skos:member t:a .
t:a a skos:Concept ; skos:notation "A" ; skos:prefLabel "Boom"@nl, "Tree"@en-GB ; skos:narrower t:b .
t:b skos:prefLabel "Eik"@nl ; skos:altLabel "Eikenboom"@nl ; skos:inScheme t:scheme .
"""
)
RDF_XML = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:skos="{CORE}">
  <skos:Concept rdf:about="https://v.example/a">
    <skos:notation>A</skos:notation><skos:prefLabel xml:lang="nl">Boom</skos:prefLabel><skos:prefLabel xml:lang="en">Tree</skos:prefLabel>
  </skos:Concept>
  <skos:Concept rdf:about="https://v.example/b">
    <skos:broader rdf:resource="https://v.example/a"/><skos:prefLabel xml:lang="nl">Eik</skos:prefLabel>
  </skos:Concept>
</rdf:RDF>""".encode()
CONTEXT = {
    "skos": CORE,
    "id": "@id",
    "type": "@type",
    "prefLabel": {"@id": "skos:prefLabel", "@container": "@language"},
    "broader": {"@id": "skos:broader", "@type": "@id"},
    "notation": "skos:notation",
}
GRAPH = [
    {"id": "https://v.example/a", "type": "skos:Concept", "notation": "A", "prefLabel": {"nl": "Boom", "en": "Tree"}},
    {"id": "https://v.example/b", "type": "skos:Concept", "prefLabel": {"nl": "Eik"}, "broader": ["https://v.example/a"]},
]
JSON_LD = json.dumps({"@context": CONTEXT, "@graph": GRAPH}).encode()
TREE_AND_OAK = (
    Term("https://v.example/a", {"en": "Tree", "nl": "Boom"}, aliases=("A",)),
    Term("https://v.example/b", {"nl": "Eik"}, parents=("https://v.example/a",)),
)


@pytest.mark.parametrize(
    ("content", "ending"), [(TURTLE, "ttl"), (RDF_XML, "rdf"), (RDF_XML, "xml"), (JSON_LD, "jsonld"), (JSON_LD, "json")]
)
def test_every_notation_gives_the_same_terms(content, ending):
    assert read_skos(content, ending) == (TREE_AND_OAK, ())


def test_a_byte_order_mark_is_no_statement():
    assert read_skos(b"\xef\xbb\xbf" + TURTLE, "ttl")[0] == TREE_AND_OAK


def test_a_label_without_a_language_says_so():
    assert read_skos(PREFIXES + b't:a skos:prefLabel "Tree" .', "ttl")[0] == (Term("https://v.example/a", {"und": "Tree"}),)


def test_of_two_labels_in_a_language_the_one_that_sorts_first_counts_and_both_are_told():
    terms, problems = read_skos(PREFIXES + b't:a skos:prefLabel "Wood"@en, "Tree"@en, "Tree"@en-US .', "ttl")
    assert terms[0].labels == {"en": "Tree"}
    assert problems == ("'https://v.example/a' has 2 labels in 'en'; 'Tree' counts",)


def test_concepts_that_nobody_can_name_are_left_out_and_told():
    terms, problems = read_skos(PREFIXES + b't:a a skos:Concept . [] a skos:Concept ; skos:prefLabel "x"@nl .', "ttl")
    assert [term.id for term in terms] == ["https://v.example/a"]
    assert problems == ("1 concepts have no address and are left out; give each an address",)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


@pytest.mark.parametrize("shape", ["string", "list", "import", "nested"])
def test_a_context_that_is_elsewhere_is_never_fetched(listener, shape):
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/context.jsonld"
    contexts = {"string": url, "list": [CONTEXT, url], "import": {"@version": 1.1, "@import": url}, "nested": CONTEXT}
    graph = [{**GRAPH[0], "@context": url}] if shape == "nested" else GRAPH
    with pytest.raises(RecordError, match="its JSON-LD context is elsewhere and is not fetched; write the context into the file") as caught:
        read_skos(json.dumps({"@context": contexts[shape], "@graph": graph}).encode(), "jsonld")
    assert caught.value.rule == "remote"
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("word", [b"<!DOCTYPE", b"<!doctype"])
def test_a_dtd_is_refused_before_its_entities_unfold(word):
    entities = b"".join(b'<!ENTITY e%d "%s">' % (number + 1, b"&e%d;" % number * 10) for number in range(12))
    bomb = RDF_XML.replace(b"<rdf:RDF", word + b' rdf:RDF [<!ENTITY e0 "0123456789">' + entities + b"]><rdf:RDF", 1).replace(
        b"Boom", b"&e12;"
    )
    with pytest.raises(RecordError, match="the RDF/XML has a DTD, whose entities can unfold without end"):
        read_skos(bomb, "rdf")


@pytest.mark.parametrize(
    ("content", "ending", "words"),
    [
        (b"<a", "ttl", "it is not Turtle: "),
        (b"\xff\xfe", "ttl", "it is not Turtle: .*UTF-8"),
        (b"<html>", "rdf", "it is not RDF/XML: "),
        (RDF_XML.decode().encode("utf-16"), "rdf", "it is not RDF/XML: "),
        (b'{"@graph": [', "jsonld", "it is not JSON-LD: "),
        (b"[" * 1_000_000, "jsonld", "it is not JSON-LD: "),
        (b"<a:a> <b:b> " + b"(" * 1_000_000, "ttl", "it is not Turtle: "),
        (b"\x1f\x8b\x08" + bytes(100), "ttl", "it is not Turtle: "),
    ],
)
def test_what_is_not_well_formed_says_so_in_one_line(content, ending, words):
    with pytest.raises(RecordError, match=words) as caught:
        read_skos(content, ending)
    assert caught.value.rule == "not_well_formed"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", sorted(set(ENDINGS) - {"json", "jsonld"}))
def test_a_file_without_a_concept_is_no_vocabulary(ending):
    with pytest.raises(RecordError, match="it has no skos:Concept with an address; check that it is SKOS"):
        read_skos(b"", ending)


def test_there_is_an_end_to_statements(monkeypatch):
    monkeypatch.setattr(skos, "MAX_STATEMENTS", 5)
    with pytest.raises(RecordError, match="it has more than 5 statements; split it"):
        read_skos(TURTLE, "ttl")
