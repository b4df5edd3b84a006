"""`ventanilla tools new`: writes a tool that answers at once, for its author to change.

Five files: the tool, its words beside it, a test, a catalogue entry, and rows for it to read until
the official file takes their place. Nothing that exists is overwritten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from retrieval.places import Places
from sources.country import countries
from sources.document import Sector
from sources.errors import UsageError

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).parent / "new_tool"
ROLES = {"health": "health_facilities", "education": "schools", "transport": "transit_stops"}
"""The table that an example of each sector reads; any role of ``sources/tables/roles.yaml`` will do."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and how to see it work."""

    files: tuple[Path, ...]
    source: str
    question: str


def new_tool(sector: str, name: str, country: str, root: Path = ROOT) -> Written:
    """Writes the files below `root`. Raises UsageError for a name, sector or country that will not
    do, and where a file is there already.
    """
    if sector not in ROLES:
        raise UsageError(f"there is no sector {sector!r} with tools", f"Use {', '.join(ROLES)}.")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > 40:
        raise UsageError(f"{name!r} is no name for a tool", "Write it like vaccine_centres.")
    if country not in countries():
        known = ", ".join(countries())
        raise UsageError(f"country {country!r} is not described", f"Use one of {known}.")
    if not (root / "agents" / "tools").is_dir():
        raise UsageError("this is no checkout of the project", "Run it where you cloned it.")
    source = f"{country.lower()}-{name.replace('_', '-')}"
    values = _values(sector, name, country, source)
    made = {
        root / "agents" / "tools" / f"{name}.py": "tool.py.tmpl",
        root / "agents" / "tools" / f"{name}.yaml": "tool.yaml.tmpl",
        root / "tests" / "agents" / "tools" / f"test_{name}.py": "test.py.tmpl",
        root / "sources" / "catalog" / f"{source}.yaml": "entry.yaml.tmpl",
        root / "sources" / "catalog" / f"{source}.csv": "rows.csv.tmpl",
    }
    if there := [path for path in made if path.exists()]:
        raise UsageError(f"{there[0].relative_to(root)} is there already", "Choose another name.")
    for path, template in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        path.write_text(Template(text).substitute(values), encoding="utf-8")
    question = f"¿Dónde hay {values['word']} en {values['place_name']}?"
    return Written(tuple(path.relative_to(root) for path in made), source, question)


def _values(sector: str, name: str, country: str, source: str) -> dict[str, str]:
    word = name.replace("_", " ")
    place, other = _two_places(country)
    return {
        "name": name,
        "sector": Sector(sector).value,
        "role": ROLES[sector],
        "country": country,
        "language": countries()[country].language,
        "source": source,
        "title_es": word.capitalize(),
        "title_en": word.capitalize(),
        "word": word,
        "words": word,
        "place_name": place[0],
        "other_place": other[0],
        "latitude": place[1],
        "longitude": place[2],
        "today": date.today().isoformat(),
    }


def _two_places(country: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """Two towns whose names mean nothing else, for the example's rows and for its empty answer."""
    places = Places.built_in()
    found: list[tuple[str, str, str]] = []
    for town in (*countries()[country].cities, *countries()[country].territories):
        meant = places.find(f"en {town.name}", [country])
        if len(meant) == 1 and len(meant[0].places) == 1 and " " not in town.name:
            at = meant[0].places[0]
            known = at.latitude is not None and at.longitude is not None
            spot = (f"{at.latitude}", f"{at.longitude}") if known else ("", "")
            if at.name not in {name for name, *_ in found}:
                found.append((at.name, *spot))
        if len(found) == 2:
            return found[0], found[1]
    raise UsageError(f"no two towns of {country} are described", "Add cities to its YAML.")
