"""How surely the names of territories are found in a question, and how fast.

    python tests/bench/places.py [--seed 1] [--show]

Names are drawn from the official lists in `../shared/data`, where these are, and from our own
files; each is put into a question as people write it: as it is, without accents and in small
letters, with one typing error. A name is found if the place of that name is among those returned.
False finds are counted over the questions of the golden sets' `tune` splits that name no place.
Prints a table, then one JSON line; `--show` writes what went wrong to standard error.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
import time
from pathlib import Path

from retrieval.analyse import fold
from retrieval.places import Places
from retrieval.places.rows import key_of, other_names

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
GOLDEN = ROOT / "tests" / "evals" / "golden"
COUNTRIES = ("CL", "PE", "BR", "DO")
SAMPLE = 300
TEMPLATES = {
    "CL": ("hospital con urgencia en {}", "¿qué farmacias hay en {}?", "colegios cerca de {}"),
    "PE": ("paraderos cerca de {}", "hospitales en {}", "¿dónde saco mi brevete en {}?"),
    "BR": ("escolas em {}", "onde tem UBS em {}?", "como tirar o RG em {}"),
    "DO": ("centros de salud en {}", "¿dónde pago la luz en {}?", "escuelas de {}"),
}
NAMES_A_PLACE = {
    "seed-0013", "seed-0027", "seed-0035", "seed-0068", "seed-0114", "seed-0193", "seed-0197",
    "seed-0205", "seed-0210", "seed-0211", "seed-0217", "seed-0292", "seed-0301", "seed-0310",
    "seed-0325", "card-0033", "card-0041", "card-0135", "card-0145", "card-0183", "card-0196",
    "card-0199",
}  # fmt: skip


def rows():
    """Rows of Peru's districts and Brazil's municipalities as the synced table has them."""
    found = []
    peru = DATA / "pe-ubigeo" / "ubigeo_distrito.csv"
    if peru.is_file():
        for row in _read(peru):
            found.append({
                "country": "PE", "code": row["inei"], "name": row["distrito"], "kind": "district",
                "parent_code": row["inei"][:4], "parent_name": row["provincia"],
                "iso_3166_2": row["iso_3166_2"], "latitude": row["latitude"],
                "longitude": row["longitude"],
            })  # fmt: skip
    brazil = DATA / "br-municipios" / "municipios.csv"
    if brazil.is_file():
        for row in _read(brazil):
            state = STATES[row["codigo_uf"]]
            found.append({
                "country": "BR", "code": row["codigo_ibge"], "name": row["nome"],
                "kind": "municipality", "parent_code": f"BR-{state}", "parent_name": "",
                "iso_3166_2": f"BR-{state}", "latitude": row["latitude"],
                "longitude": row["longitude"],
            })  # fmt: skip
    return found


STATES = {
    "11": "RO", "12": "AC", "13": "AM", "14": "RR", "15": "PA", "16": "AP", "17": "TO", "21": "MA",
    "22": "PI", "23": "CE", "24": "RN", "25": "PB", "26": "PE", "27": "AL", "28": "SE", "29": "BA",
    "31": "MG", "32": "ES", "33": "RJ", "35": "SP", "41": "PR", "42": "SC", "43": "RS", "50": "MS",
    "51": "MT", "52": "GO", "53": "DF",
}  # fmt: skip
"""IBGE's two digits of a state → its letters."""


def _read(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def gazetteer():
    """Our own files, with the official lists where these are."""
    return Places.of_rows(rows(), Places.built_in().places)


def questions(country, how, places, seed=1):
    """(question, place) for up to SAMPLE names of `country`, written as `how` says."""
    # A bench draws the same names each time; nothing here is secret.
    draw = random.Random(f"{seed}{country}{how}")
    pool = [p for p in places if p.country == country and p.code]
    if how == "misspelt":
        pool = [p for p in pool if len(p.name) >= 6]
    for place in draw.sample(pool, min(SAMPLE, len(pool))):
        name = place.name
        if how != "exact":
            name = fold(name)
        if how == "misspelt":
            name = mistyped(name, draw)
        yield draw.choice(TEMPLATES[country]).format(name), place


def mistyped(name, draw):
    """`name` with one letter of a word of five letters or more left out, doubled, swapped or changed;
    of the longest word where none has five.
    """
    words = list(re.finditer(r"[^\W\d_]+", name))
    # An everyday word or a particle is no place for an error that could be told.
    fit = [w for w in words if len(w[0]) >= 5] or [max(words, key=lambda w: len(w[0]))]
    word = draw.choice(fit)
    at = draw.randrange(word.start() + 1, word.end() - 1)
    kind = draw.choice(("left out", "doubled", "swapped", "changed"))
    letter = name[at]
    if kind == "left out":
        return name[:at] + name[at + 1 :]
    if kind == "doubled":
        return name[:at] + letter + name[at:]
    if kind == "swapped" and name[at + 1] != letter:
        return name[:at] + name[at + 1] + letter + name[at + 2 :]
    return name[:at] + draw.choice("aeioursnltmc".replace(letter, "")) + name[at + 1 :]


def recall(gazetteer_, country, how, seed=1):
    """The share of names found, and what was not."""
    missed, asked = [], 0
    for question, place in questions(country, how, gazetteer_.places, seed):
        asked += 1
        found = [p for f in gazetteer_.find(question, [country]) for p in f.places]
        # A territory and the chief town in it share a name: either is that name found.
        names = [n for p in found for n in (p.name, *other_names().get((p.country, p.code), ()))]
        if key_of(place.name) not in map(key_of, names):
            missed.append((question, place.name, [p.name for p in found][:3]))
    return 1 - len(missed) / asked if asked else 0.0, missed


def placeless():
    """(question, country) of the golden sets' `tune` splits, those that name a place left out."""
    files = [GOLDEN / name for name in ("seed.jsonl", "cards.jsonl")]
    lines = [
        json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [
        (line["question"], line["country"])
        for line in lines
        if line["split"] == "tune" and line["id"] not in NAMES_A_PLACE
    ]


def false_finds(gazetteer_, asked):
    """What is found in questions that name no place."""
    return [
        (question, found.words, [p.label for p in found.places][:2])
        for question, country in asked
        for found in gazetteer_.find(question, [country] if country else [])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    asked = placeless()
    Places.built_in().find("¿Dónde queda?")  # reads the files, once a process
    table, ours = rows(), Places.built_in().places
    begin = time.perf_counter()
    found = Places.of_rows(table, ours)
    built = time.perf_counter() - begin
    result = {"places": len(found.places), "build_s": round(built, 2)}
    print(f"{'country':<10}{'exact':>8}{'folded':>8}{'misspelt':>10}")
    for country in COUNTRIES:
        rates = []
        for how in ("exact", "folded", "misspelt"):
            rate, missed = recall(found, country, how, options.seed)
            rates.append(rate)
            result[f"{country.lower()}_{how}"] = round(rate, 3)
            if options.show:
                for miss in missed:
                    sys.stderr.write(f"{country} {how} {miss}\n")
        print(f"{country:<10}{rates[0]:>8.1%}{rates[1]:>8.1%}{rates[2]:>10.1%}")
    wrong = false_finds(found, asked)
    if options.show:
        for one in wrong:
            sys.stderr.write(f"false {one}\n")
    times = []
    for question, country in asked:
        begin = time.perf_counter()
        found.find(question, [country] if country else [])
        times.append(time.perf_counter() - begin)
    result |= {"placeless": len(asked), "false_finds": len(wrong)}
    result["find_p95_ms"] = round(sorted(times)[int(len(times) * 0.95)] * 1000, 3)
    print(f"false finds in {len(asked)} questions without a place: {len(wrong)}")
    print(f"{len(found.places)} places built in {built:.2f} s; find p95 {result['find_p95_ms']} ms")
    print(json.dumps({"bench": "places", **result}))


if __name__ == "__main__":
    main()
