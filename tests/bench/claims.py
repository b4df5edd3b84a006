"""How many true sentences of a model are kept, and how many false ones are dropped.

    python tests/bench/claims.py [--split tune|report] [--show]

Each line of `tests/evals/claims.jsonl` is a sentence as a model might write it, with the
quotes it cites and whether these bear it. The peer is a check of figures alone, as is usual.
Prints a table, then one JSON line. `--show` names the sentences that went wrong: on `tune` only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from agents.figures import unsupported
from agents.support import Quote, objection
from sources.catalog import read_catalog
from sources.connectors import read
from sources.document import Document

CASES = Path(__file__).parents[1] / "evals" / "claims.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    cases = [case for case in cases if case["split"] == options.split]
    documents = seed()
    right: Counter[tuple[bool, str]] = Counter()
    figures: Counter[tuple[bool, str]] = Counter()
    every: Counter[tuple[bool, str]] = Counter()
    for case in cases:
        language, context = ("pt" if case["document_id"].startswith("br-") else "es"), ""
        if document := documents.get(case["document_id"]):  # the cards are not part of this project
            context = (
                f"{document.title}\n{document.provenance.agency}\n{document.provenance.url or ''}"
            )
        quotes = [Quote(quote, language, context) for quote in case["quotes"]]
        reason = objection(case["sentence"], quotes, case["language"])
        key = (case["faithful"], case["kind"])
        every[key] += 1
        right[key] += (reason is None) == case["faithful"]
        figures[key] += (not unsupported(case["sentence"], case["quotes"])) == case["faithful"]
        if options.show and options.split == "tune" and (reason is None) != case["faithful"]:
            sys.stderr.write(f"{key} {reason}\n  {case['sentence']}\n  {case['quotes']}\n")
    print(f"{'sentences':<32}{'n':>5}{'right':>8}{'figures alone':>15}")
    for key in sorted(every, key=lambda k: (not k[0], k[1])):
        name = f"{'kept if true' if key[0] else 'dropped if false'}: {key[1]}"
        print(
            f"{name:<32}{every[key]:>5}{right[key] / every[key]:>8.0%}{figures[key] / every[key]:>15.0%}"
        )
    result = {"split": options.split, "sentences": len(cases)}
    for faithful, name in ((True, "true_kept"), (False, "false_dropped")):
        of = [key for key in every if key[0] is faithful]
        total = sum(every[key] for key in of)
        result[name] = round(sum(right[key] for key in of) / total, 3)
        result[f"{name}_by_figures_alone"] = round(sum(figures[key] for key in of) / total, 3)
    print(json.dumps({"bench": "claims", **result}))


def seed():
    """The seed documents by id."""
    entry = read_catalog()["seed"]
    return {item.id: item for item in read(entry) if isinstance(item, Document)}


if __name__ == "__main__":
    main()
