"""The citizen's page: its words (`texts.yaml`), look (`page.css`, `theme.py`) and script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sources.catalog import read_yaml
from sources.country import countries

FOLDER = Path(__file__).parent
CSS = FOLDER / "page.css"
SCRIPT = FOLDER / "page.js"
HEAD = FOLDER / "head.html"
NO_COUNTRY = ""
"""The value of the country choice while none is made."""

MOST_EXAMPLES = 5


class Texts(BaseModel):
    """All that the page says in one language; templates take the names in braces."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language_name: str
    title: str
    promise: str
    skip: str
    language: str
    country: str
    no_country: str
    question: str
    question_hint: str
    ask: str
    asking: str
    new: str
    conversation: str
    welcome: str
    examples_heading: str
    sources: str
    map: str
    sources_empty: str
    sources_none: str
    sources_earlier: str
    source: str
    open_source: str
    new_window: str
    no_link: str
    page: str
    as_of: str
    as_of_month: str
    undated: str
    found: str
    ready: str
    empty: str
    cleared: str
    failed: str
    you: str
    call: str
    verification: dict[str, str]
    legend: str
    legend_text: dict[str, str]
    about_heading: str
    about: list[str]
    examples: dict[str, list[str]]

    def examples_for(self, country: str) -> list[str]:
        """At most `MOST_EXAMPLES` questions to start with; a country without any has the general
        ones.
        """
        return self.examples.get(country or "NONE", self.examples["NONE"])[:MOST_EXAMPLES]


@cache
def languages() -> dict[str, Texts]:
    """The page's texts by language. Raises CatalogError or ValidationError where they are wrong."""
    given = read_yaml(FOLDER / "texts.yaml")
    return {language: Texts.model_validate(words) for language, words in given.items()}


def language_for(*preferred: str) -> str:
    """The first of these BCP 47 tags that the page speaks ("pt-BR" → "pt"); Spanish if none."""
    for tag in preferred:
        if (language := tag.split("-")[0].strip().lower()) in languages():
            return language
    return "es"


def country_choices(language: str) -> list[tuple[str, str]]:
    """The countries by name with their codes, then the choice of none."""
    named = sorted((country.names[language], code) for code, country in countries().items())
    return [*named, (languages()[language].no_country, NO_COUNTRY)]
