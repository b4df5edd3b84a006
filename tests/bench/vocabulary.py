"""How large the vocabulary is, how well its concepts hang together, and how fast it is asked.

    python tests/bench/vocabulary.py [--home FOLDER]

Counts concepts and labels by theme, language and country, and the share of concepts with a relation,
stated or led to. Times the look-up of every known question of the document sets (all countries and
languages allowed), after one round to warm up. `--home` adds an agency's own files. Prints tables,
then one JSON line.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from retrieval.analyse import words
from retrieval.concepts import Matcher, content
from retrieval.reading import LANGUAGES
from sources.catalog import BUILT_IN
from sources.vocabulary import concepts, narrower

EVENT = "event-"


def questions():
    """What citizens ask, as the catalogue's question files have it."""
    return [
        json.loads(line)["question"]
        for path in sorted(BUILT_IN.glob("*.questions.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]


def milliseconds(matcher, asked):
    """How long each question takes: its words, and the look-up in both languages."""
    taken = []
    for question in asked:
        begin = time.perf_counter()
        for language in LANGUAGES:
            matcher.find(content(question, language), language)
        taken.append((time.perf_counter() - begin) * 1000)
    return sorted(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    begin = time.perf_counter()
    found = concepts(options.home / "vocabulary" if options.home else None)
    read_s = time.perf_counter() - begin
    begin = time.perf_counter()
    matcher = Matcher(found)
    built_s = time.perf_counter() - begin

    led_to = {r for c in found.values() for r in (*c.broader, *c.related)}
    related = {c.id for c in found.values() if c.broader or c.related or c.id in led_to}
    themes = Counter(c.scheme for c in found.values())
    labels = Counter(tag for c in found.values() for tag, _ in c.labels())
    per_theme = Counter(c.scheme for c in found.values() for _ in c.labels())
    hanging = Counter(found[i].scheme for i in related)
    local = Counter(tag for c in found.values() for tag in c.altLabel if "-" in tag)
    events = [c for c in found.values() if c.id.startswith(EVENT)]
    reach = sum(len(c.related) for c in events) / len(events)
    asked = [q for q in questions() if words(q)]
    milliseconds(matcher, asked)
    taken = milliseconds(matcher, asked)

    print(f"{'theme':<20}{'concepts':>9}{'labels':>8}{'related':>9}")
    for theme, count in sorted(themes.items()):
        share = hanging[theme] / count
        print(f"{theme:<20}{count:>9,}{per_theme[theme]:>8,}{share:>9.0%}")
    print(f"{'all':<20}{len(found):>9,}{labels.total():>8,}{len(related) / len(found):>9.0%}\n")
    print(f"{'language or country':<20}{'labels':>8}{'concepts':>10}")
    for tag, count in sorted(labels.items()):
        own = local[tag] if "-" in tag else sum(tag in c.prefLabel for c in found.values())
        print(f"{tag:<20}{count:>8,}{own:>10,}")
    p95 = taken[int(len(taken) * 0.95)]
    print(
        f"\n{len(events)} life events lead to {reach:.1f} services on average; "
        f"{len(narrower(found))} concepts have narrower ones"
    )
    print(
        f"{len(asked):,} questions: p50 {taken[len(taken) // 2]:.3f} ms, p95 {p95:.3f} ms; "
        f"read in {read_s:.2f} s, matcher built in {built_s:.2f} s"
    )
    print(
        json.dumps(
            {
                "bench": "vocabulary",
                "concepts": len(found),
                "labels": labels.total(),
                "labels_by_tag": dict(sorted(labels.items())),
                "concepts_by_theme": dict(sorted(themes.items())),
                "related_share": round(len(related) / len(found), 4),
                "life_events": len(events),
                "services_per_event": round(reach, 2),
                "questions": len(asked),
                "match_p50_ms": round(taken[len(taken) // 2], 4),
                "match_p95_ms": round(p95, 4),
                "read_s": round(read_s, 2),
                "built_s": round(built_s, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
