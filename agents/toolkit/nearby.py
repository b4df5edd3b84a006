"""Rows of a table in a place, nearest first; and, where there are none, those in its surroundings.

A row belongs to a place by its territory's code, or where it has none by its names, folded. What is
near is measured from the place's own coordinates, or else from the middle of all that the
table has in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.toolkit import Access, Cited, Part, Point, Result
from retrieval.analyse import fold, particles, words
from retrieval.places import Place
from retrieval.table_text import to_document
from retrieval.tables import Dataset, Tables
from sources.tables import role_named

Row = Mapping[str, Any]
Sets = Mapping[str, Dataset]
"""Data sets by their id."""

LONGEST_ABBREVIATION = 3
"""Letters of a region's abbreviation, at most."""

_KM = (
    "12742.0176 * asin(sqrt(pow(sin(radians(latitude - ?) / 2), 2) + cos(radians(?))"
    " * cos(radians(latitude)) * pow(sin(radians(longitude - ?) / 2), 2)))"
)
"""Great-circle distance in km (haversine, on a sphere with the Earth's mean radius)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over the columns of a table, with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """How much is shown: rows in the place, rows around it, and how far around (km)."""

    most: int
    most_around: int
    within_km: float


@dataclass(frozen=True, slots=True)
class Near:
    """What was found: `rows` of the `total` in the place; `around` are rows outside with their
    distance in km, looked for only where the place has none. `sets` are the data sets that were
    asked, none where no table of the country has that role.
    """

    rows: tuple[Row, ...] = ()
    total: int = 0
    around: tuple[tuple[Row, float], ...] = ()
    sets: Sets = field(default_factory=dict)


def near(
    access: Access, role: str, place: Place, conditions: Sequence[Condition], reach: Reach
) -> Near:
    """Rows of the table `role` in or near `place` that hold all `conditions`."""
    tables, sets = access.tables, sets_of(access, role)
    if not sets:
        return Near()
    allowed = of_sets(sets)
    inside = _inside(tables, role, place, allowed)
    center = _center(tables, role, place, [allowed, inside])
    rows = _query(tables, role, [allowed, inside, *conditions], center, reach.most)
    if rows:
        return Near(tuple(rows), int(rows[0]["total"]), sets=sets)
    if center is None:
        return Near(sets=sets)
    close = Condition(f"{_KM} <= ?", (center[0], center[0], center[1], reach.within_km))
    around = _query(tables, role, [allowed, close, *conditions], center, reach.most_around)
    return Near(around=tuple((row, float(row["km"])) for row in around), sets=sets)


def result_near(access: Access, role: str, found: Near, values: Mapping[str, str]) -> Result:
    """Rows in the place as lines; those around it each under its distance, and the notices.

    The tool's texts have at_distance ({km}), none_in_place, more ({shown}, {total}), dated, no_data.
    """
    tables = access.tables
    if not found.sets:
        return Result(values=values, unable="no_data")
    rows = found.rows or tuple(row for row, _ in found.around)
    lines = lines_of(tables, role, rows, found.sets)
    if found.around:
        distances = [f"{km:.1f}".replace(".", ",") for _, km in found.around]
        return Result(
            parts=tuple(
                Part("at_distance", (line,), {"km": km})
                for line, km in zip(lines, distances, strict=True)
            ),
            values=values,
            notices=("none_in_place", "dated"),
            points=points(rows),
        )
    notices = ("more",) * (found.total > len(rows)) + ("dated",) * bool(rows)
    counted = {"total": str(found.total), "shown": str(len(rows))}
    return Result(tuple(lines), values={**values, **counted}, notices=notices, points=points(rows))


def sets_of(access: Access, role: str) -> Sets:
    """The country's own data sets of a role that the reader may see."""
    return {each.source_id: each for each in access.datasets(role)}


def of_sets(sets: Sets) -> Condition:
    """Rows of these data sets and no others."""
    if not sets:
        return Condition("FALSE")
    return Condition(f"source_id IN ({', '.join('?' for _ in sets)})", tuple(sets))


def in_place(tables: Tables, role: str, place: Place, sets: Sets) -> Condition:
    """Rows of these data sets that lie in `place`."""
    allowed = of_sets(sets)
    return both([allowed, _inside(tables, role, place, allowed)])


def both(conditions: Iterable[Condition]) -> Condition:
    """All `conditions` in one."""
    listed = list(conditions)
    return Condition(
        " AND ".join(f"({each.sql})" for each in listed),
        tuple(p for each in listed for p in each.parameters),
    )


def lines_of(tables: Tables, role: str, rows: Sequence[Row], sets: Sets) -> list[Cited]:
    """Whole rows as lines to show, cited as `Tables.document` gives them.

    Documents are made of the rows at hand: to ask for each once more would take longer than all else.
    """
    twins, spec = _twins(tables, role, rows), role_named(role)
    lines = []
    for row in rows:
        # Rows that share an id are told apart by their number.
        alone = (row["source_id"], row["id"]) not in twins
        row_id = tables.row_id(role, row) if alone else f"#{row['row_no']}"
        document_id = tables.document_id(row["source_id"], role, row_id)
        lines.append(Cited.first(to_document(sets[row["source_id"]], spec, row, document_id)))
    return lines


def _twins(tables: Tables, role: str, rows: Sequence[Row]) -> set[tuple[str, str]]:
    """(data set, id) of those of `rows` whose id is some other row's too."""
    ids = {row["id"] for row in rows if row["id"] is not None}
    if not ids:
        return set()
    marks = ", ".join("?" for _ in ids)
    found = tables.query(
        f"SELECT source_id, id FROM {role} WHERE id IN ({marks})"  # noqa: S608
        " GROUP BY source_id, id HAVING count(*) > 1",
        *ids,
    )
    return {(row["source_id"], row["id"]) for row in found}


def points(rows: Iterable[Row]) -> tuple[Point, ...]:
    """Those of `rows` that can be drawn."""
    return Point.of((str(row["name"]), row["latitude"], row["longitude"]) for row in rows)


def _query(
    tables: Tables,
    role: str,
    conditions: Sequence[Condition],
    center: tuple[float, float] | None,
    most: int,
) -> Sequence[Row]:
    latitude, longitude = center or (None, None)
    where = both(conditions)
    return tables.query(
        f"SELECT *, {_KM} AS km, count(*) OVER () AS total FROM {role}"  # noqa: S608
        f" WHERE {where.sql} ORDER BY km NULLS LAST, name, row_no LIMIT {int(most)}",
        latitude, latitude, longitude, *where.parameters,
    )  # fmt: skip


def _center(
    tables: Tables, role: str, place: Place, conditions: Sequence[Condition]
) -> tuple[float, float] | None:
    if place.latitude is not None and place.longitude is not None:
        return place.latitude, place.longitude
    where = both(conditions)
    # The median: one facility with wrong coordinates does not move it.
    [row] = tables.query(
        f"SELECT median(latitude) AS a, median(longitude) AS b FROM {role}"  # noqa: S608
        f" WHERE {where.sql} AND latitude IS NOT NULL AND longitude IS NOT NULL",
        *where.parameters,
    )
    return None if row["a"] is None else (float(row["a"]), float(row["b"]))


def _inside(tables: Tables, role: str, place: Place, allowed: Condition) -> Condition:
    """Rows that lie in `place`: a smaller territory's code begins with that of the larger one."""
    digits = place.code.removeprefix(f"{place.country}-")
    by_name = _named(tables, role, place, allowed)
    if not digits.isdigit():
        return by_name
    return Condition(
        f"CASE WHEN territory_code IS NULL THEN {by_name.sql}"
        " ELSE starts_with(territory_code, ?) END",
        (*by_name.parameters, f"{place.country}-{digits}"),
    )


def _named(tables: Tables, role: str, place: Place, allowed: Condition) -> Condition:
    """The same by names: of a region or its like, or of a municipality in the right region."""
    listed = tables.query(
        f"SELECT DISTINCT region FROM {role}"  # noqa: S608
        f" WHERE region IS NOT NULL AND {allowed.sql}",
        *allowed.parameters,
    )
    regions = [str(row["region"]) for row in listed]
    if place.code.startswith(f"{place.country}-") or place.kind == "region":
        letters = place.code.partition("-")[2]
        return _one_of([r for r in regions if r == letters] or _like(regions, (place.name,)))
    same = Condition("strip_accents(lower(municipality)) = ?", (fold(place.name),))
    # Where the table abbreviates its regions ("SP"), they tell nothing of the parents.
    if not place.parents or all(len(region) <= LONGEST_ABBREVIATION for region in regions):
        return Condition(f"({same.sql})", same.parameters)
    lies = _one_of(_like(regions, place.parents))
    return Condition(
        f"({same.sql} AND (region IS NULL OR {lies.sql}))", (*same.parameters, *lies.parameters)
    )


def _one_of(regions: Sequence[str]) -> Condition:
    if not regions:
        return Condition("FALSE")
    return Condition(f"region IN ({', '.join('?' for _ in regions)})", tuple(regions))


def _like(regions: Sequence[str], names: Iterable[str]) -> list[str]:
    """The `regions` that one of `names` means: written alike, or else with parts left out or cut
    ("Región del Libertador Gral. B. O'Higgins").
    """
    wanted = [parts for name in names if (parts := _parts(name))]
    same = [region for region in regions if _parts(region) in wanted]
    if same:
        return same
    return [r for r in regions if any(_holds(_parts(r), parts) for parts in wanted)]


def _parts(name: str) -> tuple[str, ...]:
    return tuple(word for word in words(name) if word not in particles())


def _holds(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    few, many = sorted((one, other), key=len)
    return bool(few) and all(any(_alike(a, b) for b in many) for a in few)


def _alike(one: str, other: str) -> bool:
    """Whether two words are one, or one is cut: "b" or "gral" for "general"."""
    short, long = sorted((one, other), key=len)
    if long.startswith(short):
        return True
    rest = iter(long)
    return short[0] == long[0] and short[-1] == long[-1] and all(c in rest for c in short)
