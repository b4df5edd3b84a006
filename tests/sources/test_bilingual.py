"""The word list between Spanish and Portuguese."""

from sources.bilingual import translations


def test_both_directions_are_there():
    there, back = translations()["es", "pt"], translations()["pt", "es"]
    assert "moradia" in there["vivienda"]
    assert "vivienda" in back["moradia"]
    assert len(there) > 4000


def test_words_are_written_as_people_write_them():
    for word, others in translations()["es", "pt"].items():
        assert word == word.strip().lower()
        assert all(other == other.strip() and other for other in others)
