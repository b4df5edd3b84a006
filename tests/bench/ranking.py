"""Fits the weights of `retrieval.ranking`, and prints how well they tell right documents from wrong.

    python tests/bench/ranking.py [--write] [--sample N] [--home DIR]

Questions: those that the catalogue knows citizens to ask (`sources.asked`), the `tune` part of the
golden questions, and one for each of many concepts of the vocabulary: answered by the documents whose
titles or names have it, and by none where no document found has it anywhere. A question that stands
in the index would find itself, so the known ones are dealt into five parts: each is asked of an index
that holds the other four. The order of documents is fitted as a conditional logit over the first
documents found; the trust in the first of them as a logistic regression, for which questions without
an answer count too. What is printed comes from five-fold cross-validation. Ends with one JSON line.
`--write` renews ``retrieval/ranking.yaml``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from agents.context import Context
from agents.golden import read_golden
from agents.steps.understand import understand
from retrieval import ranking
from retrieval.concepts import Matcher
from retrieval.coverage import Coverage
from retrieval.index import Scope, open_index
from retrieval.ingest import sync
from retrieval.profile import Profile
from retrieval.reading import ACTIONS
from retrieval.search import Searcher
from retrieval.store import Store
from sources import connectors
from sources.asked import read_asked
from sources.catalog import read_catalog
from sources.country import countries
from sources.document import Document, Rejected
from sources.vocabulary import concepts

Array = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "evals" / "golden"
ORIGINS = {"seed": None, "br-servicos": ROOT.parent / "shared/data/br-cartas-de-servico"}
PARTS = 5
CANDIDATES = 20
NONE_COUNTS, KNOWN_COUNTS, CONCEPT_COUNTS = 2.0, 0.4, 0.15
"""How much a question without an answer counts, since a wrong answer is worse than none; one that the
catalogue knows, of which many are on services that hardly anybody asks for; and one made of a concept,
which is no citizen's."""

TEMPLATES = {
    "es": ("¿Dónde puedo hacer {}?", "{}: ¿qué documentos piden?", "Necesito información sobre {}"),
    "pt": ("Onde posso fazer {}?", "{}: quais documentos pedem?", "Preciso de informação sobre {}"),
}
CONCEPTS_EACH = 350
"""Concepts that are asked for in each country."""

THRESHOLDS = (-1.0, -0.5, 0.0, 0.5)

FREE = frozenset({"foreign"})
PENALTY = 1e-3
SKIPPED = {"crisis", "refused", "ambiguous", "unanswerable"}


class Question(NamedTuple):
    """A question, the documents that answer it, and whether the catalogue knows it."""

    text: str
    country: str | None
    history: list[dict[str, str]]
    right: frozenset[str]
    known: bool
    concept: str | None = None


@dataclass
class Choice:
    """The signs of the candidates (n, signs), which are right (n), and how much it counts."""

    signs: Array
    right: NDArray[np.bool_]
    weight: float
    kind: str


def part_of(question: str) -> int:
    """The part that a question belongs to; the same at every run."""
    return hashlib.sha256(question.encode()).digest()[0] % PARTS


def questions(sample: int) -> list[Question]:
    """Every golden question of the tuning part, and some of the known ones of each set."""
    found = []
    for entry in read_catalog().values():
        if not entry.questions:
            continue
        asked = read_asked(Path(entry.questions))
        known = [
            Question(q, entry.country or document[:2].upper(), [], frozenset({document}), True)
            for document, qs in asked.items()
            for q in qs
        ]
        known.sort(key=lambda q: hashlib.sha256(q.text.encode()).digest())
        found += known[:sample]
    for golden in read_golden(sorted(GOLDEN.glob("*.jsonl"))):
        right = frozenset(golden.expect.documents)
        none = golden.kind == "unanswerable" and not right
        if golden.split == "tune" and (none or (right and golden.kind not in SKIPPED)):
            history = [turn.model_dump() for turn in golden.history]
            found.append(Question(golden.question, golden.country, history, right, False))
    return found


def of_concepts() -> list[Question]:
    """Questions by the names of concepts, the same at every run; which documents answer is seen when
    they are asked.
    """
    found = []
    for code, country in countries().items():
        named = [
            (concept, concept.prefLabel[country.language])
            for concept in concepts().values()
            if concept.scheme != ACTIONS and concept.prefLabel.get(country.language)
        ]
        named.sort(key=lambda n: hashlib.sha256(f"{code}{n[1]}".encode()).digest())
        for number, (concept, label) in enumerate(named[:CONCEPTS_EACH]):
            template = TEMPLATES[country.language][number % 3]
            text = template.format(label if label.isupper() else label[:1].lower() + label[1:])
            found.append(Question(text, code, [], frozenset(), False, concept.id))
    return found


def documents(part: int, source: str) -> Iterator[Document | Rejected]:
    """A document set without the questions of one part."""
    origin = ORIGINS[source]
    for item in connectors.read(read_catalog()[source], str(origin) if origin else None):
        if isinstance(item, Document):
            kept = tuple(q for q in item.asked if part_of(q) != part)
            item = item.model_copy(update={"asked": kept})
        yield item


def choices(part: int, home: Path, asked: list[Question]) -> list[Choice]:
    """Asks the questions of one part of an index that holds the others."""
    folder = home / str(part)
    folder.mkdir(parents=True, exist_ok=True)
    index, store = open_index(folder / "index"), Store(folder / "documents.sqlite")
    matcher = Matcher(concepts())
    for source, origin in ORIGINS.items():
        if origin is None or origin.is_dir():
            sync(documents(part, source), source, index, store, matcher)
    context = Context(searcher=Searcher(index, store, matcher))
    found = []
    for question in asked:
        if part_of(question.text) != part:
            continue
        choice = choose(question, context)
        if choice:
            found.append(choice)
    store.close()
    index.close()
    return found


def choose(question: Question, context: Context) -> Choice | None:
    """One question's candidates; None where the right document is not among them."""
    state = {
        "question": question.text,
        "selected_country": question.country,
        "history": question.history,
    }
    read = understand(state, context)["understanding"]  # type: ignore[arg-type]
    scope = Scope(tenants=("public",), countries=tuple(read["countries"]))
    passages = context.searcher.search(
        read["standalone"], scope, limit=400, minor=read["minor"], language=read["language"]
    )
    candidates = passages.documents[:CANDIDATES]
    right = np.array([c.document.id in question.right for c in candidates], bool)
    if question.concept:
        revisions = context.searcher.store.revisions(c.document.id for c in candidates)
        profiles = context.searcher.profiler.profiles(revisions, context.searcher.store)
        has = [where(question.concept, profiles[c.document.id]) for c in candidates]
        right = np.array([h == "named" for h in has], bool)
        if not right.any() and "aside" in has:
            return None  # it may answer, or not
    if not candidates or (question.right and not right.any()):
        return None
    rows = [list(ranking.signs(c.coverage, c.fused).values()) for c in candidates]
    kind = "none" if not right.any() else "known" if question.known else "golden"
    counts = NONE_COUNTS if not right.any() else KNOWN_COUNTS if question.known else 1.0
    if question.concept:
        kind, counts = f"concept {'named' if right.any() else 'none'}", CONCEPT_COUNTS
    kind += " BR" if "BR" in read["countries"] else ""
    return Choice(np.array(rows), right, counts, kind)


def where(concept: str, profile: Profile) -> str:
    """Whether a document has a concept in its title or names, elsewhere in it, or not at all."""
    if concept in profile.subjects:
        return "named"
    said = (profile.concepts, profile.body_concepts, *(asked.concepts for asked in profile.asked))
    return "aside" if any(concept in concepts for concepts in said) else "nowhere"


def bounds() -> tuple[Array, Array]:
    """The least and the most that each sign may weigh."""
    names = list(ranking.signs(Coverage(), 0.0))
    least = np.array([-np.inf if n in ranking.AGAINST | FREE else 0.0 for n in names])
    most = np.array([0.0 if n in ranking.AGAINST else np.inf for n in names])
    return least, most


def adam(
    slope: Callable[[Array], Array], size: int, *, rounds: int = 1500, rate: float = 0.05
) -> Array:
    """Minimises by Adam (Kingma & Ba 2015), given the gradient; the weights of signs are kept
    within `bounds`, what comes after them is free.
    """
    least, most = bounds()
    weights, first, second = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, rounds + 1):
        g = slope(weights)
        first, second = 0.9 * first + 0.1 * g, 0.999 * second + 0.001 * g**2
        moved = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights = weights - rate * moved
        weights[: len(least)] = np.clip(weights[: len(least)], least, most)
    return weights


def fit_order(found: list[Choice]) -> Array:
    """The weights that put right documents before the others."""
    found = [c for c in found if c.right.any()]
    size, widest = found[0].signs.shape[1], max(len(c.right) for c in found)
    x = np.zeros((len(found), widest, size))
    there, right = np.zeros((2, len(found), widest), bool)
    for n, choice in enumerate(found):
        k = len(choice.right)
        x[n, :k], there[n, :k], right[n, :k] = choice.signs, True, choice.right
    counts = np.array([c.weight for c in found])

    def slope(weights: Array) -> Array:
        u = np.where(there, x @ weights, -np.inf)
        p = np.exp(u - u.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        good = np.where(right, p, 0)
        good /= good.sum(axis=1, keepdims=True)
        return np.einsum("n,nk,nkf->f", counts, p - good, x) / counts.sum() + PENALTY * weights

    return adam(slope, size)


def firsts(found: list[Choice], order: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The signs of each question's first document with its lead, and whether it is right."""
    rows, right = [], []
    for choice in found:
        scores = choice.signs @ order
        best = int(scores.argmax())
        rest = np.delete(scores, best)
        lead = scores[best] - rest.max() if len(rest) else ranking.FURTHEST
        rows.append([*choice.signs[best], min(lead, ranking.FURTHEST)])
        right.append(bool(choice.right[best]))
    return np.array(rows), np.array(right)


def fit_trust(found: list[Choice], order: Array) -> Array:
    """The weights of the signs, of the lead, and the bias, that tell whether the first is right."""
    x, right = firsts(found, order)
    x = np.hstack([x, np.ones((len(x), 1))])
    counts = np.array([c.weight for c in found])
    scale = np.maximum(x.std(axis=0), 1e-3)
    scale[-1] = 1.0

    def slope(weights: Array) -> Array:
        p = 1 / (1 + np.exp(-(x / scale) @ weights))
        kept = np.r_[weights[:-1], 0.0]
        return (x / scale).T @ (counts * (p - right)) / counts.sum() + PENALTY * kept

    return adam(slope, x.shape[1]) / scale


def judge(found: list[Choice]) -> tuple[dict[str, dict[str, float]], str]:
    """Cross-validated, per kind: how often the first is right, and what thresholds would do."""
    part = np.random.default_rng(0).integers(0, PARTS, len(found))
    trust, right = np.zeros(len(found)), np.zeros(len(found), bool)
    for n in range(PARTS):
        taught = [c for c, p in zip(found, part, strict=True) if p != n]
        order = fit_order(taught)
        weights = fit_trust(taught, order)
        x, hit = firsts([c for c, p in zip(found, part, strict=True) if p == n], order)
        trust[part == n] = x @ weights[:-1] + weights[-1]
        right[part == n] = hit
    kinds = np.array([c.kind for c in found])
    report, lines = {}, []
    for kind in sorted(set(kinds)):
        of = kinds == kind
        row = {"n": int(of.sum()), "first right": float(right[of].mean())}
        for least in THRESHOLDS:
            row[f"answered >{least:g}"] = float((trust[of] >= least).mean())
            row[f"right >{least:g}"] = float((right & (trust >= least))[of].mean())
        report[kind] = {k: round(v, 3) for k, v in row.items()}
        lines.append(f"{kind:<18}" + "".join(f"{v:>15.3f}" for v in row.values()))
    head = f"{'':<18}" + "".join(f"{name:>15}" for name in row)
    return report, "\n".join([head, *lines])


def main() -> None:
    """Prints the tables, then one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sample", type=int, default=900, help="known questions of each set")
    parser.add_argument("--home", type=Path, help="keep the five indexes in this folder")
    options = parser.parse_args()
    asked = [*questions(options.sample), *of_concepts()]
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(2) as pool:
        home = options.home or Path(scratch)
        jobs = [pool.submit(choices, part, home, asked) for part in range(PARTS)]
        found = [choice for job in jobs for choice in job.result()]
    if not found:
        sys.exit("ranking: no question found its document.")
    names = list(ranking.signs(Coverage(), 0.0))
    order = fit_order(found)
    trust = fit_trust(found, order)
    report, table = judge(found)
    print(f"{len(asked)} questions, {len(found)} with the right document among the candidates")
    print(table)
    fitted = {
        "bias": round(float(trust[-1]), 3),
        "order": {n: round(float(w), 3) for n, w in zip(names, order, strict=True)},
        "trust": {n: round(float(w), 3) for n, w in zip([*names, "lead"], trust[:-1], strict=True)},
    }
    if options.write:
        head = "# Weights of retrieval/ranking.py, as `python tests/bench/ranking.py --write` fits them.\n"
        text = head + yaml.safe_dump(fitted, sort_keys=False)
        ranking.WEIGHTS.write_text(text, encoding="utf-8")
    print(json.dumps({"bench": "ranking", "questions": len(asked), **report, "fitted": fitted}))


if __name__ == "__main__":
    main()
