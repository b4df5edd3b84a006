"""Golden questions: how right the answers are, and in which ways they are wrong.

report = await run(read_golden([Path("golden.jsonl")]), assistant.ask)
print(report.table())
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from agents.golden import Expectation, Golden, read_golden
from agents.judgement import Flag, Lookup, Outcome, Verdict, judge
from agents.readings import figures_in
from agents.state import Answer, Request, Status
from sources.errors import UsageError

__all__ = [
    "Expectation",
    "Failure",
    "Flag",
    "Golden",
    "Outcome",
    "Report",
    "Result",
    "Tally",
    "Verdict",
    "figures_in",
    "judge",
    "read_golden",
    "run",
    "tally",
]


class Result(BaseModel):
    """One question, asked and judged."""

    golden: Golden
    verdict: Verdict
    got: str
    status: Status
    latency_ms: float

    @property
    def failed(self) -> bool:
        """Whether anything at all was wrong."""
        return self.verdict.outcome is not Outcome.RIGHT or bool(self.verdict.flags)


class Failure(BaseModel):
    """What went wrong with one question, short enough to read a page of them."""

    id: str
    kind: str
    question: str
    outcome: str
    flags: list[str]
    expected: str
    got: str

    def __str__(self) -> str:
        """Four lines: what went wrong, the question, what was expected, what came."""
        wrong = ", ".join((self.outcome, *self.flags))
        lines = (f"? {self.question}", f"= {self.expected}", f"> {self.got}")
        return "\n  ".join((f"{self.id} {self.kind}: {wrong}", *lines))


class Tally(BaseModel):
    """Counts and rates over some questions; a rate over no question is None."""

    n: int
    right: int
    right_rate: float | None
    outcomes: dict[str, int]
    flags: dict[str, int]
    right_of_answerable: float | None
    false_answers_of_unanswerable: float | None
    false_refusals_of_answerable: float | None
    crisis_recall: float | None
    refused_recall: float | None
    p50_ms: float | None
    p95_ms: float | None


def _rate(results: Sequence[Result], hit: Callable[[Result], bool]) -> float | None:
    return round(sum(map(hit, results)) / len(results), 4) if results else None


def _percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)] if values else None


def tally(results: Sequence[Result]) -> Tally:
    """Counts `results`. A question that may be answered or not belongs to neither rate."""

    def ended(outcome: Outcome) -> Callable[[Result], bool]:
        return lambda result: result.verdict.outcome is outcome

    def recall(status: Status) -> float | None:
        due = [r for r in results if status in r.golden.expect.status]
        due = [r for r in due if Status.ANSWERED not in r.golden.expect.status]
        return _rate(due, lambda r: r.status in r.golden.expect.status)

    answerable = [r for r in results if r.golden.expect.must_answer]
    unanswerable = [r for r in results if r.golden.expect.must_abstain]
    outcomes = Counter(r.verdict.outcome for r in results)
    flags = Counter(flag for r in results for flag in r.verdict.flags)
    latencies = [r.latency_ms for r in results if not ended(Outcome.ERROR)(r)]
    return Tally(
        n=len(results),
        right=outcomes[Outcome.RIGHT],
        right_rate=_rate(results, ended(Outcome.RIGHT)),
        outcomes={outcome: outcomes[outcome] for outcome in Outcome},
        flags={flag: flags[flag] for flag in Flag},
        right_of_answerable=_rate(answerable, ended(Outcome.RIGHT)),
        false_answers_of_unanswerable=_rate(unanswerable, ended(Outcome.FALSE_ANSWER)),
        false_refusals_of_answerable=_rate(answerable, ended(Outcome.FALSE_REFUSAL)),
        crisis_recall=recall(Status.CRISIS),
        refused_recall=recall(Status.REFUSED),
        p50_ms=_percentile(latencies, 0.5),
        p95_ms=_percentile(latencies, 0.95),
    )


class Report:
    """All results of a run. The questions of the reporting split show only in counts."""

    def __init__(self, results: Iterable[Result]) -> None:
        """`results` in the order in which they are to be listed."""
        self._results = list(results)

    def tally(self, split: str | None = None, kind: str | None = None) -> Tally:
        """The counts of a split and kind; None for all."""
        return tally(
            [
                r
                for r in self._results
                if split in (None, r.golden.split) and kind in (None, r.golden.kind)
            ]
        )

    @property
    def splits(self) -> dict[str, list[str]]:
        """The splits at hand and the kinds in each."""
        found: dict[str, set[str]] = {}
        for result in self._results:
            found.setdefault(result.golden.split, set()).add(result.golden.kind)
        return {split: sorted(kinds) for split, kinds in sorted(found.items(), reverse=True)}

    def failures(self, split: str = "tune", *, show_report: bool = False) -> list[Failure]:
        """What failed in `split`; for the reporting one raises UsageError unless `show_report`."""
        if split == "report" and not show_report:
            raise UsageError(
                "failures of the reporting split are not shown: it would no longer report",
                "Show those of the split `tune`, or ask for it outright with show_report.",
            )
        wrong = [r for r in self._results if r.failed and r.golden.split == split]
        return [_failure(result) for result in wrong]

    def table(self) -> str:
        """Counts per split and kind, in columns; a column that is 0 throughout is left out."""
        return "\n\n".join(self._table(split, kinds) for split, kinds in self.splits.items())

    def _table(self, split: str, kinds: list[str]) -> str:
        rows = [(kind, self.tally(split, kind)) for kind in kinds]
        rows.append(("all", total := self.tally(split)))
        columns = [o for o in Outcome if o is not Outcome.RIGHT and total.outcomes[o]]
        flags = [flag for flag in Flag if total.flags[flag]]
        heads = ["kind", "n", "right", "right %", *columns, *flags]
        cells = [[h.replace("_", " ") for h in heads]]
        for kind, row in rows:
            counts = [*(row.outcomes[c] for c in columns), *(row.flags[f] for f in flags)]
            cells.append([kind, *map(str, (row.n, row.right, _percent(row.right_rate), *counts))])
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in cells
        ]
        lines.insert(1, "-" * len(lines[0]))
        return "\n".join([f"split {split}", *lines, "", *_summary(total)])

    def failures_text(self, split: str = "tune", *, show_report: bool = False) -> str:
        """`failures` as text, one paragraph each."""
        return "\n\n".join(map(str, self.failures(split, show_report=show_report)))

    def to_json(self, *, show_report: bool = False) -> dict[str, Any]:
        """Everything as plain data; failures of the reporting split only on demand."""
        splits = {
            split: {
                "all": self.tally(split).model_dump(),
                "kinds": {kind: self.tally(split, kind).model_dump() for kind in kinds},
                "failures": [f.model_dump() for f in self.failures(split, show_report=show_report)]
                if split != "report" or show_report
                else None,
            }
            for split, kinds in self.splits.items()
        }
        return {"all": self.tally().model_dump(), "splits": splits}


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f}"


def _summary(total: Tally) -> list[str]:
    rates = {
        "right of answerable": total.right_of_answerable,
        "false answers of unanswerable": total.false_answers_of_unanswerable,
        "false refusals of answerable": total.false_refusals_of_answerable,
        "crisis recall": total.crisis_recall,
        "refused recall": total.refused_recall,
    }
    lines = [f"{name:<32}{_percent(rate):>6} %" for name, rate in rates.items()]
    lines += [f"{flag.replace('_', ' '):<32}{total.flags[flag]:>6}" for flag in Flag]
    if total.p50_ms is not None:
        lines.append(f"{'latency p50 / p95':<32}{total.p50_ms:>6.0f} / {total.p95_ms:.0f} ms")
    return lines


def _failure(result: Result) -> Failure:
    golden, verdict = result.golden, result.verdict
    wanted = golden.expect.model_dump(mode="json", exclude_defaults=True, exclude={"planted"})
    wanted["status"] = golden.expect.status
    expected = "; ".join(
        f"{name} {' | '.join(value) if isinstance(value, list) else value}"
        for name, value in wanted.items()
        if value
    )
    return Failure(
        id=golden.id,
        kind=golden.kind,
        question=golden.question,
        outcome=verdict.outcome,
        flags=[*verdict.flags],
        expected=expected,
        got=result.got,
    )


# --- the run ------------------------------------------------------------------------------------


def _short(answer: Answer, verdict: Verdict) -> str:
    cited = ", ".join(dict.fromkeys(citation.document_id for citation in answer.citations))
    text = " ".join(answer.answer.split())
    parts = [f"{answer.status} {answer.country or '-'}", f"cites {cited}" if cited else ""]
    if verdict.unsupported:
        parts.append(f"unsupported {' | '.join(verdict.unsupported)}")
    return "; ".join(p for p in (*parts, text[:200] + "…" * (len(text) > 200)) if p)


async def run(
    golden: Sequence[Golden],
    ask: Callable[[Request], Awaitable[Answer]],
    concurrency: int = 8,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    lookup: Lookup | None = None,
) -> Report:
    """Asks every question, `concurrency` at a time, and judges the answers.

    `progress` is told how many of how many are done. A question whose `ask` raises counts as
    `error`, with the reason in what was got; the rest goes on. The latency is the answer's own
    `timings_ms["total"]`, or else the time until it came, both in milliseconds; either holds what
    it waits for the other questions, so that a latency to be quoted wants `concurrency` 1.
    """
    gate = asyncio.Semaphore(concurrency)
    done = 0

    async def one(question: Golden) -> Result:
        nonlocal done
        async with gate:
            began = time.perf_counter()
            answer, got = None, ""
            try:
                answer = await ask(question.request())
            except Exception as error:  # noqa: BLE001 – whatever broke is this question's result
                got = f"{type(error).__name__}: {error}"
            elapsed = 1000 * (time.perf_counter() - began)
        done += 1
        progress(done, len(golden))
        if answer is None:
            verdict, status = Verdict(outcome=Outcome.ERROR), Status.ERROR_INTERNAL
        else:
            verdict, status = judge(question, answer, lookup), answer.status
            got, elapsed = _short(answer, verdict), answer.timings_ms.get("total", elapsed)
        return Result(golden=question, verdict=verdict, got=got, status=status, latency_ms=elapsed)

    return Report(await asyncio.gather(*(one(question) for question in golden)))
