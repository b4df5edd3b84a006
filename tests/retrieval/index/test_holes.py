"""Copies keep the bytes, and the holes."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.index.holes import copy, copy_tree


@given(
    st.lists(st.tuples(st.integers(0, 3_000_000), st.binary(min_size=1, max_size=5000)), max_size=6)
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_copy_has_the_same_bytes(tmp_path, pieces):
    source, target = tmp_path / "a", tmp_path / "b"
    with source.open("wb") as file:
        file.truncate(1_500_000)
        for place, data in pieces:
            file.seek(place)
            file.write(data)
    copy(source, target)
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.skipif(not hasattr(os, "SEEK_HOLE"), reason="this system knows no holes")
def test_a_hole_stays_one(tmp_path):
    (tmp_path / "from").mkdir()
    with (tmp_path / "from" / "a").open("wb") as file:
        file.write(b"begin")
        file.truncate(64 << 20)
    copy_tree(tmp_path / "from", tmp_path / "to")
    made = (tmp_path / "to" / "a").stat()
    assert made.st_size == 64 << 20
    assert made.st_blocks * 512 < 1 << 20
