"""The citizen's page: its words (`texts/`), look (`page.css`, `theme.py`) and script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sources.catalog import read_yaml
from sources.country import countries

FOLDER = Path(__file__).parent
STYLES = (FOLDER / "page.css", FOLDER / "answer.css")
SCRIPT = FOLDER / "page.js"
HEAD = FOLDER / "head.html"
NO_COUNTRY = ""
"""The value of the country choice while none is made."""

MOST_EXAMPLES = 5

BUILT_IN = "es"
"""The language in which the page is built, before its visitor is known."""

ANSWERS = ("es", "pt")
"""The languages of answers, which quote their sources; the page itself speaks English, too."""


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
    region: str
    any_region: str
    everywhere: str
    question: str
    question_hint: str
    ask: str
    asking: str
    waiting: str
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
    foreign: str
    answers_in: str
    channel: str
    emergencies: str
    after: str
    country_chip: str
    change_country: str
    region_chip: str
    region_abroad: str
    corrected: str
    synonym: str
    not_meant: str
    literal: str
    copy_answer: str = Field(alias="copy")
    copied: str
    print: str
    share: str
    shared: str
    not_copied: str
    answered_on: str
    useful_question: str
    useful: str
    useless: str
    why: str
    send: str
    thanks: str
    not_kept: str
    lite: str
    full: str
    no_script: str
    accessibility: str
    privacy: str
    home: str
    again: str
    asked: str
    busy: str
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
    """The page's texts by language, Spanish first. Raises CatalogError or ValidationError where they
    are wrong.
    """
    files = (FOLDER / "texts" / f"{language}.yaml" for language in (*ANSWERS, "en"))
    return {file.stem: Texts.model_validate(read_yaml(file)) for file in files}


def language_for(*preferred: str) -> str:
    """The first of these BCP 47 tags that the page speaks ("pt-BR" → "pt"); Spanish if none.

    English comes last, wherever it stands: who reads a language of the answers, too, is served best
    by that.
    """
    known = [tag.split("-")[0].strip().lower() for tag in preferred]
    found = [language for language in known if language in languages()]
    return next((f for f in found if f in ANSWERS), next(iter(found), "es"))


def language_asked(address: str, accepted: str) -> str:
    """The language for an address's ``lang``; where it has none, for an `Accept-Language`, whose
    weights are left aside: browsers name the best first.
    """
    if address:
        return language_for(address)
    return language_for(*(tag.split(";")[0] for tag in accepted.split(",")))


def tag_of(language: str) -> str:
    """The BCP 47 tag of a language of the page: its Portuguese is that of Brazil."""
    return {"pt": "pt-BR"}.get(language, language)


def country_choices(language: str) -> list[tuple[str, str]]:
    """The countries by name with their codes, then the choice of none."""
    named = sorted((country.names[language], code) for code, country in countries().items())
    return [*named, (languages()[language].no_country, NO_COUNTRY)]
