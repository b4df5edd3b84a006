import pytest

from sources.errors import reason_of


@pytest.mark.parametrize(
    ("error", "most", "said"),
    [
        (ValueError("a\n  b\tc"), 200, "a b c"),
        (ValueError("x" * 300), 200, "x" * 200),
        (ValueError("uno dos"), 3, "uno"),
        (RuntimeError(" \n"), 200, "RuntimeError"),
        (TimeoutError(), 200, "TimeoutError"),
    ],
)
def test_a_foreign_error_becomes_one_short_line(error, most, said):
    assert reason_of(error, most) == said
