"""Order and trust from what a document and a question have in common."""

from dataclasses import replace

import pytest

from retrieval import ranking
from retrieval.coverage import Coverage

NEAR = Coverage(
    share=0.9, label_share=0.9, reverse=1.0, named=1.0, literal=0.9, passage=0.9, subjects=3,
    asked=0.8, strength=4.0, rivals=2.0,
)  # fmt: skip
FAR = Coverage(share=0.2, literal=0.2, subjects=3, elsewhere=0.6, strength=1.0, rivals=2.0)


def test_a_near_document_goes_first_and_is_trusted():
    assert ranking.order(NEAR, 1.0) > ranking.order(FAR, 0.8)
    assert ranking.trust(NEAR, 1.0) > 0 > ranking.trust(FAR, 0.8)


def test_every_sign_has_a_weight_of_the_right_direction():
    by_sign = ranking.weights()
    names = set(ranking.signs(NEAR, 1.0))
    assert set(by_sign.order) == names
    assert set(by_sign.trust) == names
    assert by_sign.lead > 0
    for weights in (by_sign.order, by_sign.trust):
        assert all(weights[name] <= 0 for name in ranking.AGAINST)


def test_a_lead_makes_surer_up_to_a_point():
    alone = ranking.with_lead(0.0, 99.0)
    assert alone == ranking.with_lead(0.0, ranking.FURTHEST)
    assert alone > ranking.with_lead(0.0, 0.1) > ranking.with_lead(0.0, -2.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("elsewhere", 0.5), ("aside", 0.5), ("unmet", 2), ("passage", 0.1)],
)
def test_what_is_left_open_takes_trust_away(field, value):
    assert ranking.trust(replace(NEAR, **{field: value}), 1.0) < ranking.trust(NEAR, 1.0)
