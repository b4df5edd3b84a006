"""The same tests over both forms of the index."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pytest

from retrieval.analyse import dimension
from retrieval.embed import GRAMS, TERMS, Sparse
from retrieval.index import SHOWN, Embedded, Point, Scope, day_number, open_index
from retrieval.index.edge import EdgeIndex
from retrieval.index.server import ServerIndex
from sources.errors import IndexUnavailable

ALL = Scope(tenants=("public",))
DAY = date(2026, 6, 15)


@pytest.fixture(params=["edge", "server"])
def index(request, tmp_path):
    if request.param == "edge":
        opened = EdgeIndex.open(tmp_path / "index")
    else:
        opened = ServerIndex(request.getfixturevalue("client"), "t")
    yield opened
    opened.close()


@pytest.fixture
def client():
    return pytest.importorskip("qdrant_client").QdrantClient(":memory:")


# The client's own stand-in for a server has no payload indexes, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


def sparse(*tokens):
    return Sparse.of({dimension(token): 1.0 for token in tokens})


def point(document, *tokens, ordinal=0, **payload):
    given = {
        "document_id": document, "passage_id": f"{document}#{ordinal}", "revision": "1",
        "source_id": "s", "tenant": "public", "country": "CL", "language": "es",
        "sectors": ["general"], "field": "body", "valid_from": 0, "valid_to": 99_999_999,
    } | payload  # fmt: skip
    leg = sparse(*(tokens or ("licencia",)))
    return Point(given["passage_id"], {TERMS: leg, GRAMS: leg}, given)


def asked(*tokens, terms=1.0, grams=1.0):
    return {TERMS: (sparse(*tokens), terms), GRAMS: (sparse(*tokens), grams)}


def found(index, scope=ALL, *tokens):
    hits = index.query(asked(*(tokens or ("licencia",))), scope, 10)
    return {hit.payload["document_id"] for hit in hits}


def test_an_empty_index_answers_nothing(index):
    assert index.query(asked("licencia"), ALL, 10) == []
    assert index.count() == index.count(ALL) == 0


def test_what_shares_most_words_comes_first(index):
    index.upsert([point("a", "licencia", "conducir"), point("b", "licencia"), point("c", "beca")])
    hits = index.query(asked("licencia", "conducir"), ALL, 10)
    assert [h.payload["document_id"] for h in hits] == ["a", "b"]
    assert hits[0].score > hits[1].score > 0


def test_no_more_than_the_limit(index):
    index.upsert([point(f"d{n}") for n in range(20)])
    assert len(index.query(asked("licencia"), ALL, 7)) == 7
    assert index.count() == 20


def test_a_question_without_words_finds_nothing(index):
    index.upsert([point("a")])
    assert index.query(asked(), ALL, 10) == []


def test_a_point_is_replaced_and_not_doubled(index):
    index.upsert([point("a", "licencia")])
    index.upsert([point("a", "beca")])
    assert index.count() == 1
    assert found(index, ALL, "licencia") == set()
    assert found(index, ALL, "beca") == {"a"}


def test_what_a_hit_shows_of_its_payload_is_as_it_was(index):
    made = point("a", page=None, heading="Más información", start=3)
    index.upsert([made])
    (hit,) = index.query(asked("licencia"), ALL, 1)
    assert {key: hit.payload.get(key) for key in SHOWN} == {
        key: made.payload.get(key) for key in SHOWN
    }


def test_a_deleted_document_is_gone_with_all_its_passages(index):
    index.upsert([point("a", ordinal=n) for n in range(3)] + [point("b")])
    index.delete(["a"])
    assert found(index) == {"b"}
    assert index.count(Scope(tenants=("public",), documents=("a",))) == 0


def test_deleting_nothing_deletes_nothing(index):
    index.upsert([point("a")])
    index.delete([])
    index.delete(["nobody"])
    assert index.count() == 1


def test_the_revision_to_keep_stays(index):
    index.upsert([point("a", ordinal=0, revision="2"), point("a", ordinal=1, revision="1")])
    index.upsert([point("b", revision="1")])
    index.delete(["a"], keep=["2"])
    hits = index.query(asked("licencia"), ALL, 10)
    assert {h.payload["passage_id"] for h in hits} == {"a#0", "b#0"}


@pytest.mark.parametrize(
    ("payload", "narrow"),
    [
        ({"country": "PE"}, {"countries": ("CL",)}),
        ({"language": "pt"}, {"languages": ("es", "en")}),
        ({"sectors": ["health", "education"]}, {"sectors": ("general", "transport")}),
        ({"source_id": "other"}, {"sources": ("s",)}),
        ({}, {"documents": ("seen",)}),
        ({"valid_to": 20260614}, {"on": DAY}),
        ({"valid_from": 20260616}, {"on": DAY}),
        ({"tenant": "hospital"}, {}),
    ],
)
def test_what_is_out_of_scope_takes_no_place(index, payload, narrow):
    # The hidden ones are nearer and more than the limit: a filter after the query would find none.
    index.upsert([point(f"hidden{n}", "licencia", "conducir", **payload) for n in range(12)])
    index.upsert([point("seen", "licencia")])
    scope = Scope(tenants=("public",), **narrow)
    hits = index.query(asked("licencia", "conducir"), scope, 3)
    assert [h.payload["document_id"] for h in hits] == ["seen"]
    assert index.count(scope) == 1


def test_the_first_and_the_last_day_count(index):
    index.upsert([point("a", valid_from=day_number(DAY), valid_to=day_number(DAY))])
    assert found(index, Scope(tenants=("public",), on=DAY)) == {"a"}


def test_one_of_several_sectors_or_tenants_is_enough(index):
    index.upsert([point("a", sectors=["health", "education"]), point("b", tenant="hospital")])
    both = Scope(tenants=("public", "hospital"))
    assert found(index, both) == {"a", "b"}
    assert found(index, Scope(tenants=("public",), sectors=("education",))) == {"a"}


def test_no_tenant_sees_nothing(index):
    index.upsert([point("a")])
    assert found(index, Scope(tenants=())) == set()


def test_a_leg_counts_as_much_as_its_weight(index):
    index.upsert(
        [
            Point("a#0", {TERMS: sparse("x"), GRAMS: sparse("y")}, point("a").payload),
            Point("b#0", {TERMS: sparse("y"), GRAMS: sparse("x")}, point("b").payload),
        ]
    )
    for terms, grams, first in ((3.0, 1.0, "a"), (1.0, 3.0, "b")):
        hits = index.query(asked("x", terms=terms, grams=grams), ALL, 2)
        assert hits[0].payload["document_id"] == first


def test_searches_during_writes_raise_nothing(tmp_path):
    opened = EdgeIndex.open(tmp_path / "busy")
    opened.upsert([point("stays")])
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: found(opened), range(200))
        for n in range(40):
            opened.upsert([point(f"d{m}", revision=str(n)) for m in range(4)])
            opened.delete([f"d{n % 4}"])
        assert all("stays" in answer for answer in answers)
    opened.close()


def test_the_folder_holds_what_was_written(tmp_path):
    first = open_index(tmp_path / "index")
    first.upsert([point("a")])
    first.close()
    second = open_index(tmp_path / "index")
    assert found(second) == {"a"}
    second.close()


def test_a_second_process_is_told_what_to_do(tmp_path):
    held = EdgeIndex.open(tmp_path / "index")
    code = """if True:
        import sys
        from pathlib import Path
        from retrieval.index import open_index
        from sources.errors import IndexUnavailable
        try:
            open_index(Path(sys.argv[1]))
        except IndexUnavailable as error:
            print(error)
            sys.exit(7 if error.remedy else 1)
        """
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "index")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    held.close()
    assert done.returncode == 7, done.stderr
    assert "another process" in done.stdout and "VENTANILLA_QDRANT_URL" in done.stdout
    assert len(done.stdout.strip().splitlines()) == 1


def test_a_broken_folder_is_told_in_one_line(tmp_path):
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "edge_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(IndexUnavailable) as caught:
        open_index(tmp_path / "index")
    assert "\n" not in str(caught.value) and caught.value.remedy


def test_a_server_that_is_not_there_is_told_in_one_line():
    with pytest.raises(IndexUnavailable) as caught:
        open_index(url="http://127.0.0.1:9")
    assert "\n" not in str(caught.value) and caught.value.remedy


def test_an_index_needs_a_place():
    with pytest.raises(ValueError, match="path or a url"):
        open_index()


def test_a_territory_leaves_out_its_siblings_and_never_what_is_national(index):
    index.upsert(
        [
            point("nunoa", territory="CL-13120"),
            point("providencia", territory="CL-13123"),
            point("region", territory="CL-RM"),
            point("national", territory=None),
            point("older"),
        ]
    )
    scope = Scope(tenants=("public",), territories=("CL-13120", "CL-RM"))
    assert found(index, scope) == {"nunoa", "region", "national", "older"}
    assert "providencia" in found(index)


@pytest.mark.parametrize(
    ("on", "holds"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 4, 1), False),
    ],
)
def test_both_ends_of_validity_belong_to_it(index, on, holds):
    first, last = day_number(date(2026, 3, 1)), day_number(date(2026, 3, 31))
    index.upsert([point("a", valid_from=first, valid_to=last)])
    assert found(index, Scope(tenants=("public",), on=on)) == ({"a"} if holds else set())


def vector(*numbers):
    return np.array(numbers, np.float32)


def embedded(document, *numbers, ordinal=0, revision="1"):
    return Embedded(f"{document}#{ordinal}", revision, vector(*numbers))


def near(index, *numbers, name="dense_a", scope=ALL):
    hits = index.query({name: (vector(*numbers), 1.0)}, scope, 10)
    return [hit.payload["document_id"] for hit in hits]


def test_dense_vectors_come_and_go_by_name(index):
    assert index.dense_vectors() == {}
    index.upsert([point("a"), point("b"), point("c")])
    index.add_dense("dense_a", 2)
    index.add_dense("dense_a", 2)
    index.put_dense("dense_a", [embedded("a", 1, 0), embedded("b", 0, 1)])
    assert index.dense_vectors() == {"dense_a": 2}
    assert index.count_dense("dense_a") == 2
    assert near(index, 0.9, 0.1) == ["a", "b"] and near(index, 0.1, 0.9) == ["b", "a"]
    index.drop_dense("dense_a")
    index.drop_dense("dense_a")
    assert index.dense_vectors() == {} and near(index, 1, 0) == []
    assert found(index) == {"a", "b", "c"}


def test_dense_vectors_can_be_taken_out_again(index):
    index.upsert([point("a"), point("b")])
    index.add_dense("dense_a", 2)
    index.put_dense("dense_a", [embedded("a", 0.5, 0.25)])
    taken = index.dense_of("dense_a", ["a#0", "b#0", "gone#0"])
    assert {name: each.tolist() for name, each in taken.items()} == {"a#0": [0.5, 0.25]}
    assert index.dense_of("dense_none", ["a#0"]) == {}


def test_a_vector_that_is_gone_leaves_the_other_legs(index):
    index.upsert([point("a")])
    legs = asked("licencia") | {"dense_gone": (vector(1, 0), 1.0)}
    assert [h.payload["document_id"] for h in index.query(legs, ALL, 5)] == ["a"]


def test_a_point_gone_or_of_another_revision_gets_no_vector(index):
    index.upsert([point("a"), point("b", revision="2")])
    index.add_dense("dense_a", 2)
    index.put_dense("dense_a", [embedded("gone", 1, 0), embedded("b", 1, 0), embedded("a", 1, 0)])
    assert near(index, 1, 0) == ["a"]
    assert index.count_dense("dense_a") == 1


def test_what_lacks_a_vector_is_listed_page_by_page(index):
    index.upsert([point(f"d{n}") for n in range(7)])
    index.add_dense("dense_a", 2)
    index.put_dense("dense_a", [embedded("d3", 1, 0)])
    seen, after = set(), None
    while True:
        payloads, after = index.lacking("dense_a", after, 2)
        seen |= {p["document_id"] for p in payloads}
        if after is None:
            break
    assert seen == {f"d{n}" for n in range(7)} - {"d3"}


def test_filters_and_deletion_hold_for_dense_vectors_too(index):
    index.add_dense("dense_a", 2)
    for document, country in [("cl", "CL"), ("pe", "PE")]:
        made = point(document, country=country)
        index.upsert(
            [Point(made.passage_id, {**made.vectors, "dense_a": vector(1, 0)}, made.payload)]
        )
    assert near(index, 1, 0, scope=Scope(tenants=("public",), countries=("PE",))) == ["pe"]
    assert near(index, 1, 0, scope=Scope(tenants=("other",))) == []
    index.delete(["pe"])
    assert near(index, 1, 0) == ["cl"] and index.count_dense("dense_a") == 1


def test_a_shard_opened_again_knows_its_dense_vectors(tmp_path):
    index = EdgeIndex.open(tmp_path / "index")
    index.upsert([point("a")])
    index.add_dense("dense_a", 2)
    index.put_dense("dense_a", [embedded("a", 1, 0)])
    index.close()
    again = EdgeIndex.open(tmp_path / "index")
    assert again.dense_vectors() == {"dense_a": 2} and near(again, 1, 0) == ["a"]
    again.close()
