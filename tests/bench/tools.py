"""How often the right tool is chosen, with the right arguments, by the rules alone.

    python tests/bench/tools.py [--split tune|report] [--show]

Each line of `tests/evals/tools.jsonl` is a question with the tools that it needs (none, one or two),
the arguments that it gives and those that must be asked for. The peer chooses a tool wherever a word
of its title stands in the question. Ends with one JSON line. `--show` names what went wrong: on
`tune` only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from agents.context import Context
from agents.steps.understand import understand
from agents.toolkit.loader import loaded
from agents.toolkit.reading import chosen, shown
from retrieval.analyse import stem, stopwords, words
from ui.assemble import open_house
from ui.settings import Settings

CASES = Path(__file__).parents[1] / "evals" / "tools.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=("tune", "report"), default="report")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    cases = [case for case in cases if case["split"] == options.split]
    every, right, asked, peer = Counter(), Counter(), Counter(), Counter()
    given, same = 0, 0
    with tempfile.TemporaryDirectory() as home, open_house(Settings(home=Path(home))) as house:
        house.sync("seed")
        context = Context(searcher=house.searcher, places=house.places)
        for case in cases:
            state = understood(case, context)
            calls = calls_for(state, context)
            expected = case["expected"]
            names = {call.tool for call in calls}
            kind = case["kind"]
            every[kind] += 1
            good = names == set(expected["tools"])
            right[kind] += good
            missing = {name for call in calls for name in call.missing}
            asked[kind] += good and missing == set(expected.get("missing", ()))
            peer[kind] += by_title(case) == set(expected["tools"])
            wanted = expected.get("arguments", {})
            told = {k: v for call in calls for k, v in shown(call.arguments).items()}
            fitting = {k for k, v in wanted.items() if k in told and alike(told[k], v)}
            if good:
                given, same = given + len(wanted), same + len(fitting)
            if options.show and options.split == "tune" and not (good and fitting == set(wanted)):
                sys.stderr.write(
                    f"{kind} {case['country']} {case['question']!r}\n   wanted {expected['tools']} "
                    f"{wanted} missing {expected.get('missing')}\n"
                    f"   got {sorted(names)} {told} missing {sorted(missing)}\n"
                )
    print(f"{'questions':<20}{'n':>5}{'tools right':>13}{'and asked':>11}{'by title words':>16}")
    for kind in sorted(every):
        n = every[kind]
        shares = (right[kind] / n, asked[kind] / n, peer[kind] / n)
        print(f"{kind:<20}{n:>5}{shares[0]:>13.0%}{shares[1]:>11.0%}{shares[2]:>16.0%}")
    n = every.total()
    print(
        json.dumps(
            {
                "bench": "tools",
                "split": options.split,
                "questions": n,
                "tools_right": round(right.total() / n, 3),
                "tools_and_missing_right": round(asked.total() / n, 3),
                "arguments_right": round(same / given, 3) if given else None,
                "by_title_words": round(peer.total() / n, 3),
            }
        )
    )


def understood(case, context):
    """The state after the second step."""
    history = case.get("history", [])
    state = {
        "question": case["question"],
        "selected_country": case["country"],
        "selected_language": None,
        "history": history,
    }
    return {**state, **understand(state, context)}


def calls_for(state, context):
    """What the sector agents would call, each tool once."""
    understanding = state["understanding"]
    found = {}
    for country in understanding["countries"] or [None]:
        codes = [country] if country else []
        before = understanding["before"]
        calls, _ = chosen(understanding["asked"], loaded().values(), codes, context.places, before)
        for call in calls:
            found.setdefault(call.tool, call)
    return list(found.values())


def by_title(case):
    """The tools that have a word of their title in the question, whatever the country."""
    said = {stem(word, "es") for word in words(case["question"])}
    found = set()
    for name, each in loaded().items():
        for language in ("es", "pt"):
            title = words(each.texts.text("title", language))
            if {stem(w, language) for w in title if w not in stopwords(language)} & said:
                found.add(name)
    return found


def alike(told, wanted):
    """Whether an argument was read as it is meant, case and accents aside."""
    left, right = " ".join(words(str(told))), " ".join(words(str(wanted)))
    return left == right or (left and right and (left in right or right in left))


if __name__ == "__main__":
    main()
