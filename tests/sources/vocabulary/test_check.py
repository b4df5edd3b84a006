import pytest

from sources.errors import CatalogError
from sources.vocabulary import Concept, Scheme, concepts, joined, narrower, schemes
from sources.vocabulary.check import problems


def concept(id_, es="palabra", **fields):
    return Concept(id=id_, prefLabel={"es": f"{es} {id_}", "pt": f"{es} pt {id_}"}, **fields)


def complaints(*given, built_in=True):
    return [str(p) for p in problems([Scheme(id="tema", concepts=given, built_in=built_in)])]


def test_what_comes_with_ventanilla_is_sound_and_large():
    assert [str(p) for p in problems(schemes())] == []
    assert len(concepts()) >= 1200
    assert all({"es", "pt"} <= set(c.prefLabel) for c in concepts().values())


def test_every_event_leads_to_something():
    events = [c for c in concepts().values() if c.id.startswith("event-")]
    assert len(events) > 150
    assert [c.id for c in events if not c.related] == []


def test_narrower_is_broader_read_backwards():
    below = narrower(concepts())
    assert "prenatal-care" in below["pregnancy"]
    assert all(a in concepts()[b].broader for a, ids in below.items() for b in ids)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([concept("a", broader=("nowhere",))], "leads to 'nowhere'"),
        ([concept("a", related=("nowhere",))], "leads to 'nowhere'"),
        ([concept("a", related=("a",))], "leads to itself"),
        ([concept("a"), concept("a", es="otra")], "given twice"),
        ([concept("a", altLabel={"es_CL": ("x",)})], "'es_CL', which is no language tag"),
        ([concept("a", altLabel={"spanish": ("x",)})], "'spanish', which is no language tag"),
        ([concept("a", altLabel={"es": (" ",)})], "empty label"),
        ([Concept(id="a", prefLabel={"es": "solo"})], "no prefLabel in pt"),
        ([concept("a", exactMatch="b")], "matches 'b'"),
        (
            [concept("a", broader=("b",), related=("b",)), concept("b")],
            "as broader and as related",
        ),
    ],
)
def test_a_fault_is_named(given, said):
    assert any(said in line for line in complaints(*given)), complaints(*given)


def test_a_ring_of_broader_is_a_fault_at_each_of_its_concepts():
    ring = [
        concept("a", broader=("b",)),
        concept("b", broader=("c",)),
        concept("c", broader=("a",)),
    ]
    beside = concept("d", broader=("a",))
    found = complaints(*ring, beside)
    assert len(found) == 3
    for line, name in zip(found, "abc", strict=True):
        assert line.startswith(f"tema.yaml: {name!r} is broader than itself")


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        ({"es": ("Carné",)}, {"es": ("carne",)}, True),
        ({"es": ("carné",)}, {"es-CL": ("carné",)}, True),
        ({"es-CL": ("carné",)}, {"es-CL": ("carné",)}, True),
        ({"es-CL": ("carné",)}, {"es-PE": ("carné",)}, False),
        ({"es": ("carné",)}, {"pt": ("carné",)}, False),
    ],
)
def test_a_label_means_one_thing_in_one_country(one, other, clashes):
    found = complaints(concept("a", altLabel=one), concept("b", altLabel=other))
    assert bool(found) == clashes
    assert all("names 'a' and 'b'" in line for line in found)


OURS = Scheme(id="tema", built_in=True, concepts=(concept("a", related=("b",)), concept("b")))


def test_an_agency_needs_one_language_only():
    own = Scheme(id="mio", concepts=(Concept(id="x", prefLabel={"es": "feria"}),))
    assert list(problems([OURS, own])) == []


def test_an_agency_is_told_how_to_mend_a_clash():
    own = Scheme(id="mio", concepts=(Concept(id="x", prefLabel={"es": "palabra a"}),))
    (complaint,) = problems([OURS, own])
    assert str(complaint).startswith("mio.yaml: 'palabra a' (es) names 'a' and 'x'")
    assert "exactMatch: a" in complaint.remedy


def test_an_exact_match_gives_its_labels_and_relations_to_what_it_matches():
    match = Concept(id="x", prefLabel={"es": "nueva"}, exactMatch="a", broader=("b",))
    further = Concept(id="y", prefLabel={"es": "aparte"}, related=("x",))
    ours = Scheme(id="tema", built_in=True, concepts=(concept("a"), concept("b")))
    own = Scheme(id="mio", concepts=(match, further))
    assert list(problems([ours, own])) == []
    found = joined([ours, own])
    assert set(found) == {"a", "b", "y"}
    assert ("es", "nueva") in set(found["a"].labels())
    assert found["a"].broader == ("b",)
    assert found["y"].related == ("a",)


def test_a_file_of_an_agency_is_read_beside_ours(tmp_path):
    (tmp_path / "mio.yaml").write_text(
        "title: {es: Mío}\nconcepts:\n- id: feria-x\n  prefLabel: {es: puesto de la feria equis}\n",
        encoding="utf-8",
    )
    found = concepts(tmp_path)
    assert found["feria-x"].scheme == "mio"
    assert len(found) == len(concepts()) + 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("concepts:\n- id: X\n  prefLabel: {es: x}\n", "mio.yaml, concept 1: id"),
        ("concepts: nada\n", "concepts is no list"),
        ("autor: yo\nconcepts: []\n", "mio.yaml: autor"),
        ("concepts:\n- id: x\n", "'x' has no prefLabel"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, said):
    (tmp_path / "mio.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="mio") as raised:
        concepts(tmp_path)
    assert said in str(raised.value)
