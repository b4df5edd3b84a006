"""How well coverage tells the right document from a wrong one, and the weights that do it best.

For each golden question of one split it takes the right document as a positive; as negatives the
best wrong document once the right ones are left out, and the best document for a question that
none answers. It fits the weights of `agents.steps.assess`, and prints them beside those in use,
with the share of positives kept and negatives let through, and the area under the ROC curve.

    python tests/bench/abstain.py --home DIR [--split tune]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from agents.context import Context
from agents.golden import Golden, read_golden
from agents.state import Status
from agents.steps import assess
from agents.steps.understand import understand
from retrieval.index import Scope
from ui.assemble import House, open_house
from ui.settings import read_settings

GOLDEN = Path(__file__).parents[1] / "evals" / "golden"
NAMES = list(assess.WEIGHTS)
SKIPPED = {"crisis", "refused", "ambiguous"}


def features(golden: Golden, house: House) -> list[tuple[list[float], bool]]:
    """Feature rows with whether the document is right."""
    context = Context(searcher=house.searcher)
    state = {
        "question": golden.question,
        "selected_country": golden.country,
        "history": [{"role": t.role, "content": t.content} for t in golden.history],
    }
    read = understand(state, context)["understanding"]  # type: ignore[typeddict-item]
    scope = Scope(tenants=("public",), countries=tuple(read["countries"]))
    found = house.searcher.search(
        read["standalone"], scope, limit=100, minor=read["minor"]
    ).documents
    right = set(golden.expect.documents)
    rows = []
    answerable = Status.ANSWERED in golden.expect.status and right
    for document in found:
        row = [assess.signs(asdict(document.coverage))[name] for name in NAMES]
        if answerable and document.document.id in right:
            rows.append((row, True))
            break
    wrong = [f for f in found if f.document.id not in right]
    # A field that a right document lacks is a matter of the writer, not of finding it.
    if wrong and (answerable or (golden.kind == "unanswerable" and not right)):
        rows.append(([assess.signs(asdict(wrong[0].coverage))[name] for name in NAMES], False))
    return rows


def fit(x: np.ndarray, y: np.ndarray, *, rounds: int = 20000, decay: float = 1e-3) -> np.ndarray:
    """Logistic regression by gradient descent; the last weight is the bias."""
    x = np.hstack([x, np.ones((len(x), 1))])
    weights = np.zeros(x.shape[1])
    balance = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-x @ weights))
        weights -= 0.5 * (x.T @ (balance * (p - y)) / len(y) + decay * np.r_[weights[:-1], 0])
    return weights


def main() -> None:
    """Prints a table, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--split", default="tune")
    options = parser.parse_args()
    settings = read_settings()
    if options.home:
        settings = settings.model_copy(update={"home": options.home.absolute()})
    golden = [g for g in read_golden(sorted(GOLDEN.glob("*.jsonl"))) if g.split == options.split]
    with open_house(settings) as house:
        rows = [r for g in golden if g.kind not in SKIPPED for r in features(g, house)]
    x = np.array([row for row, _ in rows])
    y = np.array([float(right) for _, right in rows])
    fitted = fit(x, y)
    used = np.array([*assess.WEIGHTS.values(), assess.BIAS])
    print(f"{len(y)} documents, {int(y.sum())} right")
    print(f"{'':12}" + "".join(f"{name:>12}" for name in (*NAMES, "bias")))
    report = {}
    for label, weights in (("fitted", fitted), ("in use", used)):
        score = x @ weights[:-1] + weights[-1]
        order = np.argsort(np.argsort(score))
        positives = y.sum()
        auc = (order[y == 1].sum() - positives * (positives - 1) / 2) / (
            positives * (len(y) - positives)
        )
        kept = (score[y == 1] >= assess.ENOUGH).mean()
        through = (score[y == 0] >= assess.ENOUGH).mean()
        print(f"{label:12}" + "".join(f"{w:12.2f}" for w in weights))
        print(f"{'':12}right kept {kept:.1%}, wrong let through {through:.1%}, AUC {auc:.3f}")
        report[label] = {"kept": kept, "through": through, "auc": auc, "weights": list(weights)}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
