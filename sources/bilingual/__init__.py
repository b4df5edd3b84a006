"""A word list between the languages of the documents: what a Spanish word is called in Portuguese.

``sources/bilingual/es-pt/*.yaml``, one line a headword, the most usual translation first:

    vivienda: [moradia, habitação, imóvel]

Only pairs that spelling does not already join are listed: "documento" needs no line. The list helps
a question to find documents in the other language; nothing of it is shown.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sources.catalog import read_yaml
from sources.errors import CatalogError

FOLDER = Path(__file__).parent


@cache
def translations() -> dict[tuple[str, str], dict[str, tuple[str, ...]]]:
    """``{("es", "pt"): {"vivienda": ("moradia", …)}, ("pt", "es"): …}``, words as they are written.

    Raises CatalogError for a line that holds no list of words.
    """
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for folder in sorted(path for path in FOLDER.iterdir() if "-" in path.name):
        source, _, target = folder.name.partition("-")
        there: dict[str, dict[str, None]] = {}
        back: dict[str, dict[str, None]] = {}
        for path in sorted(folder.glob("*.yaml")):
            for word, others in read_yaml(path).items():
                if not isinstance(word, str) or not isinstance(others, list):
                    raise CatalogError(f"{path.name}: {word!r} has no list", "Write w: [a, b].")
                for other in map(str, others):
                    there.setdefault(word, {})[other] = None
                    back.setdefault(other, {})[word] = None
        found[source, target] = {word: tuple(others) for word, others in there.items()}
        found[target, source] = {word: tuple(others) for word, others in back.items()}
    return found
