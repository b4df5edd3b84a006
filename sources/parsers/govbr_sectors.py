"""Service card → sectors, by the rules of ``govbr_sectors.yaml``; other portals' by rules of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import Pattern

from sources.catalog import read_yaml
from sources.document import Sector
from sources.parsers.govbr_card import Card, fold


@dataclass(frozen=True, slots=True)
class Rule:
    """What puts a service into `sector`: an area it lies in, its agency, or words that name it."""

    sector: Sector
    areas: frozenset[str]
    agencies: Pattern[str]
    terms: Pattern[str]

    def fits(self, areas: set[str], agency: str, words: str) -> bool:
        """Whether one of them is among what is given, all of it folded (`fold`)."""
        return bool(self.areas & areas or self.agencies.search(agency) or self.terms.search(words))


def _any_of(phrases: list[str]) -> Pattern[str]:
    """Any of `phrases` as whole words; "*" stands for any ending."""
    parts = [re.escape(fold(phrase)).replace(r"\*", r"\w*") for phrase in phrases]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)" if parts else r"(?!)")


@cache
def _rules() -> tuple[Rule, ...]:
    return rules_of(read_yaml(Path(__file__).with_name("govbr_sectors.yaml")))


def rules_of(data: Mapping[str, Mapping[str, list[str]]]) -> tuple[Rule, ...]:
    """Sector → areas, agencies and terms, as ``govbr_sectors.yaml`` writes them, as rules."""
    return tuple(
        Rule(
            Sector(name),
            frozenset(map(fold, rule["areas"])),
            _any_of(rule["agencies"]),
            _any_of(rule["terms"]),
        )
        for name, rule in data.items()
    )


def sectors_of(card: Card) -> tuple[Sector, ...]:
    """The sectors that the card's areas, agency or words name; none where they name none."""
    areas = set(map(fold, card.areas))
    agency = fold(card.agency)
    words = fold(" | ".join((card.name, card.acronym, *card.popular_names, *card.keywords)))
    return tuple(rule.sector for rule in _rules() if rule.fits(areas, agency, words))
