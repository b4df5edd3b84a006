import pytest
from rdflib import DCTERMS, RDF, SKOS, Graph, Literal, URIRef

from sources.errors import CatalogError
from sources.vocabulary import Concept, Scheme, concepts, narrower, schemes
from sources.vocabulary.skos import BASE, from_turtle, to_turtle

PREFIXES = f"""
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix v: <{BASE}> .
@prefix m: <https://comuna.example/t/> .
"""


@pytest.fixture(scope="module")
def exported():
    return to_turtle(schemes())


@pytest.fixture(scope="module")
def graph(exported):
    return Graph().parse(data=exported, format="turtle")


def alike(concept):
    """A concept without the order that RDF does not keep."""
    alternatives = {tag: set(labels) for tag, labels in concept.altLabel.items()}
    relations = set(concept.broader), set(concept.related)
    return concept.id, concept.scheme, concept.prefLabel, alternatives, relations


def test_what_is_exported_comes_back_the_same(exported):
    arrived = from_turtle(exported, "otra")
    back = {c.id: c for scheme in arrived.schemes for c in scheme.concepts}
    assert arrived.left_out == ()
    assert set(back) == set(concepts())
    assert [i for i, c in concepts().items() if alike(c) != alike(back[i])] == []
    assert {(s.id, s.title["pt"], s.licence) for s in arrived.schemes} == {
        (s.id, s.title["pt"], s.licence) for s in schemes()
    }


def test_another_base_comes_back_as_well():
    a = Concept(id="a", prefLabel={"es": "uno", "pt": "um"}, scheme="tema")
    one = Scheme(id="tema", concepts=(a,))
    base = "https://gob.example/v/"
    text = to_turtle([one], base)
    (back,) = from_turtle(text, "otra", base=base).schemes
    assert (back.id, [c.id for c in back.concepts]) == ("tema", ["a"])


def test_it_is_proper_skos(graph):
    whole = URIRef(BASE + "scheme")
    licence = URIRef(BASE + "driving-licence")
    assert (whole, RDF.type, SKOS.ConceptScheme) in graph
    assert set(graph.objects(whole, DCTERMS.title)) and graph.value(whole, DCTERMS.license)
    assert (licence, SKOS.altLabel, Literal("brevete", lang="es-PE")) in graph
    assert (licence, SKOS.inScheme, whole) in graph
    assert (licence, SKOS.inScheme, URIRef(BASE + "scheme/transport")) in graph
    for concept in concepts().values():
        here = URIRef(BASE + concept.id)
        assert ((whole, SKOS.hasTopConcept, here) in graph) == (not concept.broader)
        assert len(list(graph.objects(here, SKOS.prefLabel))) == len(concept.prefLabel)


def test_narrower_stands_beside_broader(graph):
    for above, ids in narrower(concepts()).items():
        found = {
            str(o).removeprefix(BASE) for o in graph.objects(URIRef(BASE + above), SKOS.narrower)
        }
        assert found == set(ids)


def test_another_tools_ways_of_saying_it_are_read():
    arrived = from_turtle(
        PREFIXES
        + """
        m:s a skos:ConceptScheme ; dct:title "Trámites"@es ; dct:license "CC BY 4.0" .
        m:Comercio a skos:Concept ; skos:prefLabel "comercio local"@es ; skos:narrower m:Feria_Libre .
        m:Feria_Libre a skos:Concept ; skos:prefLabel "puesto de feria"@ES, "stall"@en ;
            skos:altLabel "coleros"@es-cl ; skos:broadMatch v:business-licence ;
            skos:closeMatch v:street-vendor ; skos:related <https://otro.example/x> .
        m:lic a skos:Concept ; skos:altLabel "carné de manejo"@es ; skos:exactMatch v:driving-licence .
        """,
        "comuna",
    )
    (scheme,) = arrived.schemes
    found = {c.id: c for c in scheme.concepts}
    assert (scheme.id, scheme.title, scheme.licence) == ("comuna", {"es": "Trámites"}, "CC BY 4.0")
    assert set(found) == {"comercio", "feria-libre", "lic"}
    assert set(found["feria-libre"].broader) == {"comercio", "business-licence"}
    assert found["feria-libre"].related == ("street-vendor",)
    assert found["feria-libre"].prefLabel == {"en": "stall", "es": "puesto de feria"}
    assert found["feria-libre"].altLabel == {"es-CL": ("coleros",)}
    assert found["lic"].exactMatch == "driving-licence"
    assert arrived.left_out == (
        "feria-libre: related <https://otro.example/x>, which is not in the file",
    )


def test_two_uris_with_one_ending_get_two_ids():
    text = PREFIXES + '<https://a.example/1/x> a skos:Concept ; skos:prefLabel "uno"@es .'
    text += '<https://a.example/2/x> a skos:Concept ; skos:prefLabel "dos"@es .'
    (scheme,) = from_turtle(text, "comuna").schemes
    assert [c.id for c in scheme.concepts] == ["x", "x-2"]


def test_a_label_without_language_takes_the_one_that_is_given():
    text = PREFIXES + 'm:x a skos:Concept ; skos:prefLabel "equis" .'
    (scheme,) = from_turtle(text, "comuna", language="es").schemes
    assert scheme.concepts[0].prefLabel == {"es": "equis"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("esto no es", "is no Turtle"),
        ("", "holds no skos:Concept"),
        (PREFIXES + 'm:x a skos:Concept ; skos:prefLabel "equis" .', "'equis' has no language"),
        (PREFIXES + 'v:MAL a skos:Concept ; skos:prefLabel "equis"@es .', "gives no id"),
    ],
)
def test_what_cannot_be_taken_is_said_in_one_line(text, said):
    with pytest.raises(CatalogError) as raised:
        from_turtle(text, "comuna")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_concept_without_a_uri_is_left_out():
    text = PREFIXES + '[] a skos:Concept . m:x a skos:Concept ; skos:prefLabel "equis"@es .'
    assert from_turtle(text, "comuna").left_out == ("a concept without a URI",)
