from retrieval.profile import Profiler, decode, encode


def test_a_profile_is_read_as_it_was_written(matcher, documents):
    profiler = Profiler(matcher)
    for document in documents:
        profile = profiler.make(document)
        assert decode(encode(profile)) == profile


def test_what_the_sync_kept_is_what_would_be_made(searcher, store, matcher, documents):
    profiler = Profiler(matcher)
    current = store.revisions(d.id for d in documents)
    kept = store.profiles(current, profiler.made)
    assert {i for i, _, _ in kept} == {d.id for d in documents}
    assert profiler.profiles(current, store) == {d.id: profiler.make(d) for d in documents}


def test_a_profile_made_with_another_vocabulary_is_made_anew(searcher, store, matcher, documents):
    with store.transaction() as connection:
        connection.execute("UPDATE profiles SET made = 'other', body = 'spoilt'")
    profiler = Profiler(matcher)
    current = store.revisions(d.id for d in documents)
    assert profiler.profiles(current, store) == {d.id: profiler.make(d) for d in documents}


def test_a_replaced_document_has_no_profile_in_its_old_revision(searcher, store, matcher):
    assert Profiler(matcher).profiles({"cl-licencia": "gone"}, store) == {}


def test_a_removed_document_leaves_no_profile(searcher, store, matcher):
    store.delete(["cl-licencia"])
    assert store.profiles(["cl-licencia"], Profiler(matcher).made) == []
