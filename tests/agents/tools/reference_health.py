"""The same answers once more, with pandas straight from the CSV: nothing of it is the tools' own."""

from __future__ import annotations

import math
import unicodedata
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pandas as pd


def frame(path: Path) -> pd.DataFrame:
    """A normalised CSV, all text, numbered from 1."""
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    read["row_no"] = range(1, len(read) + 1)
    for column in ("latitude", "longitude"):
        if column in read:
            read[column] = pd.to_numeric(read[column], errors="coerce")
    return read


def folded(text: str) -> str:
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def kilometres(a: float, b: float, c: float, d: float) -> float:
    """By the chord through a sphere of the Earth's mean radius (not by haversines)."""

    def vector(lat: float, lon: float) -> tuple[float, float, float]:
        lat, lon = math.radians(lat), math.radians(lon)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    chord = math.dist(vector(a, b), vector(c, d))
    return 2 * 6371.0088 * math.asin(chord / 2)


def facilities(
    rows: pd.DataFrame, code: str, kind: str | None, emergency: bool, ownership: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All facilities of a comuna, and those that are asked for anywhere."""
    wanted = rows[rows["active"] != "false"]
    if kind:
        wanted = wanted[wanted["kind"] == kind]
    elif not emergency:
        wanted = wanted[wanted["kind"] != "other"]
    if emergency:
        wanted = wanted[(wanted["emergency"] == "true") | (wanted["kind"] == "emergency")]
    if ownership:
        wanted = wanted[wanted["ownership"] == ownership]
    return rows[rows["territory_code"].str.startswith(code)], wanted


def schools(
    rows: pd.DataFrame, municipality: str, region: str, ownership: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All schools of a municipality, and those that are asked for anywhere."""
    wanted = rows[rows["active"] != "false"]
    if ownership:
        wanted = wanted[wanted["ownership"] == ownership]
    here = rows["municipality"].map(folded) == folded(municipality)
    home = rows["region"].map(folded).isin([folded(region), ""])
    return rows[here & home], wanted


def nearest(
    here: pd.DataFrame, wanted: pd.DataFrame, most: int, most_around: int, within_km: float
) -> tuple[list[int], int, list[tuple[int, str]]]:
    """Numbers of the rows in the place, how many there are, and (number, km) of those around it."""
    drawn = here.dropna(subset=["latitude", "longitude"])
    center = None
    if len(drawn):
        center = float(drawn["latitude"].median()), float(drawn["longitude"].median())
    far = [
        math.inf
        if center is None or pd.isna(row.latitude) or pd.isna(row.longitude)
        else kilometres(*center, row.latitude, row.longitude)
        for row in wanted.itertuples()
    ]
    wanted = wanted.assign(km=[round(km, 6) for km in far]).sort_values(["km", "name", "row_no"])
    inside = wanted[wanted["row_no"].isin(here["row_no"])]
    if len(inside):
        return list(inside["row_no"][:most]), len(inside), []
    around = wanted[wanted["km"] <= within_km][:most_around]
    return [], 0, [(r.row_no, f"{r.km:.1f}".replace(".", ",")) for r in around.itertuples()]


def on_duty(rows: pd.DataFrame, municipality: str, now: datetime) -> list[tuple[int, str]]:
    """Numbers of the pharmacies whose shift runs at `now` or begins later the same day, and which of
    both, by day, opening and name.
    """
    found = []
    for row in rows.sort_values(["date", "opens", "name", "row_no"]).itertuples():
        if folded(row.municipality) != folded(municipality):
            continue
        day = date.fromisoformat(row.date)
        opens = time.fromisoformat(row.opens) if row.opens else time(0)
        closes = time.fromisoformat(row.closes) if row.closes else time(0)
        minute = datetime.combine(day, opens)
        last = datetime.combine(day + timedelta(days=closes <= opens), closes)
        if minute <= now < last:
            found.append((row.row_no, "now"))
        elif day == now.date() and now < minute:
            found.append((row.row_no, "later"))
    return found


_ABBREVIATED = ("s.a.c.", "s.a.", "asociacion civil")


def plain_name(name: str) -> str:
    """A university's name folded, without what companies add and without articles."""
    text = folded(name).replace('"', " ")
    for ending in _ABBREVIATED:
        text = text.replace(ending, " ")
    text = text.replace("univ.", "universidad").replace("u. ", "universidad ")
    left = [
        w
        for w in text.replace("-", " ").split()
        if w not in {"de", "del", "la", "las", "los", "el", "y"}
    ]
    return " ".join(left)


def edits(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours, by the plain recurrence."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            same = one[i - 1] == other[j - 1]
            best = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (not same))
            swapped = i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]
            table[i, j] = min(best, table[i - 2, j - 2] + 1) if swapped else best
    return table[len(one), len(other)]


def closest(names: pd.Series, asked: str) -> list[str]:
    """The names of the register with the fewest edits to `asked`, all of them plain."""
    wanted = plain_name(asked)
    best, found = len(wanted), []
    for name in sorted(names, key=lambda n: abs(len(plain_name(n)) - len(wanted))):
        plain = plain_name(name)
        if abs(len(plain) - len(wanted)) > best:  # so many edits it takes at least
            break
        distance = edits(plain, wanted)
        found = [name] if distance < best else [*found, name] if distance == best else found
        best = min(best, distance)
    return found
