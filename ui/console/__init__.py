"""The agency's console: its document sets, questions and people, behind a login.

    add_console(app, house, assistant)       # before the citizen's page is mounted

It lies at `PATH` in Spanish and at `PATH`/pt in Portuguese: one Gradio application each, with the
words of ``texts.yaml``. Who asks is found out anew at every event, from the session's cookie alone;
what a component holds is never believed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sources.catalog import read_yaml
from sources.errors import VentanillaError

FOLDER = Path(__file__).parent
PATH = "/consola"
PATHS = {"es": PATH, "pt": f"{PATH}/pt"}
"""Where the console lies in each language."""


class Words:
    """All that the console says in one language, by name."""

    def __init__(self, language: str, texts: dict[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __getitem__(self, name: str) -> str:
        """One text. Raises KeyError where there is none."""
        return self._texts[name]

    def say(self, name: str, /, **values: object) -> str:
        """A text with what stands in its braces."""
        return self._texts[name].format(**values)

    def maybe(self, name: str, otherwise: str) -> str:
        """A text, or `otherwise` where there is none of that name: for names that come from elsewhere."""
        return self._texts.get(name, otherwise)

    def names(self) -> frozenset[str]:
        """The names of all texts."""
        return frozenset(self._texts)


@cache
def words(language: str) -> Words:
    """The texts of a language (`es` or `pt`)."""
    read = read_yaml(FOLDER / "texts.yaml")
    return Words(language, {name: told[language] for name, told in read.items()})


class Refused(VentanillaError):
    """Something that the console does not do; told in the reader's language by a text's name."""

    def __init__(self, name: str, /, **values: object) -> None:
        """`name` is that of a text, `values` what stands in its braces."""
        self.name, self.values = name, values
        super().__init__(words("es").say(name, **values))
