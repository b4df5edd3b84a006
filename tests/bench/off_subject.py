"""How often an answer is about another matter than the one that was named.

    python tests/bench/off_subject.py [--concepts 150] [--home DIR]

In each country, the assistant without a model is asked for concepts of the vocabulary by their own
names, in one of two ways. An answer is `about` the concept where the title of the document that it
quotes first names it, `near` where that names one that the vocabulary relates to it, and `off`
otherwise. Most concepts are in no document: these should not be answered. The seed corpus is read, and
the Brazilian service cards where they are at hand. Some that count as off are right (a title may say
it in other words), so the share is an upper bound. Ends with one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from collections import Counter
from pathlib import Path

from agents.assistant import Assistant
from agents.state import Request, Status
from retrieval.reading import ACTIONS
from sources.country import countries
from sources.vocabulary import Concept, concepts
from ui.assemble import House, open_house
from ui.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT.parent / "shared" / "data" / "br-cartas-de-servico"
TEMPLATES = {
    "es": ("¿Dónde saco {}?", "Quiero hacer el trámite de {}, ¿qué necesito?"),
    "pt": ("Onde tiro {}?", "Quero {}, o que preciso?"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concepts", type=int, default=150)
    parser.add_argument("--home", type=Path, help="keep the index in this folder between runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=(options.home or Path(scratch)).absolute())
        with open_house(settings) as house:
            for source in ("seed", *(["br-servicos"] if CARDS.is_dir() else [])):
                house.sync(source, str(CARDS) if source != "seed" else None)
            counted = asyncio.run(ask(house, options.concepts))
    report: dict[str, float] = {}
    print(f"{'':<8}{'asked':>8}{'answered':>10}{'about':>8}{'near':>8}{'off':>8}{'off %':>8}")
    for code, found in counted.items():
        answered = found["about"] + found["near"] + found["off"]
        share = round(100 * found["off"] / max(1, answered), 1)
        report[code] = share
        print(
            f"{code:<8}{found.total():>8}{answered:>10}{found['about']:>8}{found['near']:>8}"
            f"{found['off']:>8}{share:>8}"
        )
    totals = {key: counted["all"][key] for key in ("about", "near", "off")}
    print(json.dumps({"bench": "off_subject", **totals, "off_percent": report}))


async def ask(house: House, number: int) -> dict[str, Counter[str]]:
    """What became of the questions, by country, and of all."""
    chosen = sorted((c for c in concepts().values() if c.scheme != ACTIONS), key=lambda c: c.id)
    chance = random.Random(2026)
    counted: dict[str, Counter[str]] = {code: Counter() for code in (*countries(), "all")}
    async with house.assistant() as assistant:
        for concept in chance.sample(chosen, min(number, len(chosen))):
            for code, country in countries().items():
                label = concept.prefLabel.get(country.language)
                if not label:
                    continue
                text = chance.choice(TEMPLATES[country.language])
                text = text.format(label if label.isupper() else label[:1].lower() + label[1:])
                ending = await of(concept, text, code, house, assistant)
                counted[code][ending] += 1
                counted["all"][ending] += 1
    return counted


async def of(
    concept: Concept, question: str, country: str, house: House, assistant: Assistant
) -> str:
    """`about`, `near` or `off` for an answer, and the status of anything else."""
    answer = await assistant.ask(Request(question=question, country=country))
    if answer.status is not Status.ANSWERED or not answer.citations:
        return answer.status.value
    document = assistant.document(answer.citations[0].document_id)
    assert document is not None
    matcher = house.searcher.matcher
    named = matcher.in_text(document.title, document.language, document.country)
    if concept.id in named:
        return "about"
    kin = set(matcher.neighbours(concept.id))
    kin |= {other.id for other in concepts().values() if concept.id in other.broader}
    return "near" if named & kin else "off"


if __name__ == "__main__":
    main()
