"""The choice of a region, which a question need not name then."""

from __future__ import annotations

from html import escape

from retrieval.places import Place, regions
from retrieval.places.data import kind_label
from ui.page import Texts, country_choices

CHOSEN = """element.addEventListener("change", (event) => {
  trigger("input", {territory: event.target.value});
});"""
"""Gradio hears of a choice through this."""


def region_named(territory: str | None, country: str | None = None) -> Place | None:
    """The region with this code, of `country` where one is given; None for none of those to choose
    from.
    """
    code = (territory or "")[:2]
    if country and code != country:
        return None
    return next((place for place in regions(code) if place.territory == territory), None)


def region_choice(country: str | None, chosen: str | None, words: Texts, language: str) -> str:
    """A list of the country's regions, in the language of the page what they are called; "" while no
    country is chosen. The browser's own list: every screen reader and telephone knows it.
    """
    found = regions(country or "")
    if not found:
        return ""
    kind = kind_label(found[0].kind, language)
    label = words.region.format(kind=kind[:1].upper() + kind[1:])
    options = "".join(
        f'<option value="{place.territory}"{" selected" * (place.territory == chosen)}>'
        f"{escape(place.name)}</option>"
        for place in found
    )
    return (
        f'<label for="v-region">{escape(label)}</label><select id="v-region"'
        f' data-chosen="{escape(chosen or "")}">'
        f'<option value="">{escape(words.everywhere)}</option>{options}</select>'
    )


def region_groups(language: str) -> list[tuple[str, tuple[Place, ...]]]:
    """Every country by name, with its regions."""
    return [(name, regions(code)) for name, code in country_choices(language) if code]
