"""The dense leg of the search: which model's vectors answer, and how another model takes over.

    leg = DenseLeg(index, store, "BAAI/bge-m3")
    leg.embed()                                # passages that lack a vector; then the switch
    leg.of_question("¿Cómo saco el pasaporte?")

Each model has a named vector of its own, `dense_<fingerprint>`. The one that answers is written in
the store. Another model's is filled beside it; when every passage has it, it answers from one moment
to the next and the old one is dropped. Where a model cannot be used the sparse legs answer alone.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.dense import Encoder, open_encoder, problem_of
from retrieval.embed import Dense, Vector
from retrieval.index import Embedded, Index
from retrieval.store import Store
from sources.document import Document
from sources.errors import ModelError, ModelUnavailable

log = logging.getLogger(__name__)

WEIGHT = 1.0
"""Beside the sparse legs' 1.0 each: no weight was ever fitted, for want of a model to fit it with."""

PREFIX = "dense_"
BATCH = 128
"""Passages between two looks at whether to stop."""

QUESTIONS = 512
"""Vectors of questions kept: the agents of one answer, and people, ask the same again."""

_KEY = ("dense", "active")

Known = Callable[[str, Sequence[tuple[str, str]]], Sequence[Dense | None]]
"""The fingerprint of an encoder, and passages as (set, text) → their vectors where they are known."""


def nothing_known(fingerprint: str, passages: Sequence[tuple[str, str]]) -> list[Dense | None]:
    """See `Known`: every passage is embedded here."""
    return [None] * len(passages)


class Active(BaseModel):
    """The vector that answers: its name in the index and what it was made with."""

    model_config = ConfigDict(frozen=True)

    vector: str
    model: str
    dimension: int
    fingerprint: str


class EmbedReport(BaseModel):
    """What one run of `DenseLeg.embed` did."""

    model: str
    dimension: int = 0
    embedded: int = 0
    passages: int = 0
    replaced: str | None = None
    finished: bool = False


class DenseStatus(BaseModel):
    """How the leg stands: what was set, what answers, how many of all passages have its vector."""

    model: str
    answers: str | None
    dimension: int
    embedded: int
    passages: int
    problem: str | None


def passage_text(document: Document, heading: str, start: int, end: int) -> str:
    """What is embedded of a passage: it must be understood without what stands around it."""
    parts = (document.title, heading, document.text[start:end])
    return "\n".join(filter(None, parts))


class DenseLeg:
    """See the module. `model` is what was set; `note` gets a line, once, for what went wrong; `known`
    gives vectors that another machine has made with the same model.

    Safe to share between threads. One process switches; others over the same server follow when
    they are started anew, and until then answer by the sparse legs.
    """

    def __init__(
        self,
        index: Index,
        store: Store,
        model: str,
        *,
        note: Callable[[str], None] = log.warning,
        opener: Callable[[str], Encoder] = open_encoder,
        known: Known = nothing_known,
    ) -> None:
        self.model = model
        self._known = known
        self._index, self._store = index, store
        self._note, self._opener = note, opener
        self._noted: set[str] = set()
        self._said = False
        self._encoders: dict[str, Encoder] = {}
        self._writing = threading.RLock()
        self._asking, self._opening = threading.Lock(), threading.Lock()
        self._embedding = threading.Lock()
        self._question = lru_cache(QUESTIONS)(self._embed_question)
        self._active = self._read_active()

    @property
    def active(self) -> Active | None:
        """The vector that answers, if any."""
        return self._active

    def of_question(self, question: str) -> dict[str, tuple[Vector, float]]:
        """The leg of a question; empty where no model can embed it."""
        try:
            with self._asking:  # two agents that ask the same wait for one embedding
                active = self._active
                if not self._said and (active is None or active.model != self.model):
                    self._say_what_waits(active)
                if active is None:
                    return {}
                return {active.vector: (self._question(active, question), WEIGHT)}
        except ModelError as error:
            self._tell(error)
            return {}

    def writing(self) -> threading.RLock:
        """To be held from `of_passages` until the points are written: no switch comes between."""
        return self._writing

    def of_passages(self, passages: Sequence[tuple[str, str]]) -> list[dict[str, Vector]]:
        """The vectors of new passages, given as (set, text), by name; empty where no model can embed
        them.
        """
        try:
            active = self._active or self._begin()
            if active is None or active.vector not in self._index.dense_vectors():
                return [{} for _ in passages]
            vectors = self._vectors(active, passages, lambda: self._encoder(active))
        except ModelError as error:
            self._tell(error)
            return [{} for _ in passages]
        return [{active.vector: vector} for vector in vectors]

    def _vectors(
        self,
        made_with: Active,
        passages: Sequence[tuple[str, str]],
        encoder: Callable[[], Encoder],
    ) -> list[Dense]:
        """The vectors of passages: those that are known, and the rest by the model, read if needed."""
        known = self._known(made_with.fingerprint, passages)
        texts = [text for (_, text), vector in zip(passages, known, strict=True) if vector is None]
        made = iter(encoder().encode(texts, query=False) if texts else ())
        return [next(made) if vector is None else vector for vector in known]

    def embed(
        self,
        progress: Callable[[int, int], None] = lambda embedded, passages: None,
        *,
        stop: threading.Event | None = None,
    ) -> EmbedReport:
        """Embeds every passage that lacks the model's vector, then switches to it.

        Where it is stopped or dies, the next run goes on. Raises ModelError where the model
        cannot be used, IndexUnavailable where the index cannot.
        """
        stop = stop or threading.Event()
        with self._embedding:
            target = self._open_target()
            self._index.add_dense(target.vector, target.dimension)
            report = EmbedReport(model=self.model, dimension=target.dimension)
            report.passages = self._index.count()
            while not stop.is_set() and self._fill(target, report, progress, stop):
                pass  # what came in meanwhile
            with self._writing:
                self._fill(target, report, progress, stop)
                if not stop.is_set():
                    report.replaced = self._switch(target)
                    report.finished = True
            if report.embedded:
                self._index.compact()  # each vector written has moved its point back to memory
            self._index.flush()
        return report

    def status(self) -> DenseStatus:
        """How the leg stands; no model is read for it."""
        active = self._active
        problem = problem_of(self.model)
        return DenseStatus(
            model=self.model,
            answers=active.model if active else None,
            dimension=active.dimension if active else 0,
            embedded=self._index.count_dense(active.vector) if active else 0,
            passages=self._index.count(),
            problem=str(problem) if problem else None,
        )

    def _embed_question(self, active: Active, question: str) -> Dense:
        (vector,) = self._encoder(active).encode([question], query=True)
        return np.asarray(vector, np.float32)

    def _encoder(self, active: Active) -> Encoder:
        """The encoder of the vector that answers. Raises ModelUnavailable where it is no longer so."""
        encoder = self._open(active.model)
        if encoder.dimension != active.dimension:
            raise ModelUnavailable(
                f"the model {active.model!r} gives {encoder.dimension} numbers where the index has "
                f"{active.dimension}",
                "Run `ventanilla sources embed`.",
            )
        if encoder.fingerprint != active.fingerprint:
            raise ModelUnavailable(
                f"the model {active.model!r} is not the one that the passages were embedded with",
                "Run `ventanilla sources embed`.",
            )
        return encoder

    def _open(self, model: str) -> Encoder:
        with self._opening:
            if model not in self._encoders:
                self._encoders[model] = self._opener(model)
            return self._encoders[model]

    def _open_target(self) -> Active:
        encoder = self._open(self.model)
        return Active(
            vector=PREFIX + encoder.fingerprint,
            model=self.model,
            dimension=encoder.dimension,
            fingerprint=encoder.fingerprint,
        )

    def _begin(self) -> Active | None:
        """In an index without passages, or whose passages all have the vector, it answers at once."""
        if self._index.count() and not self._index.dense_vectors():
            return None  # known without reading the model
        target = self._open_target()
        if self._index.count() and not self._complete(target):
            return None
        self._index.add_dense(target.vector, target.dimension)
        self._switch(target)
        return target

    def _complete(self, target: Active) -> bool:
        there = target.vector in self._index.dense_vectors()
        return there and not self._index.lacking(target.vector, None, 1)[0]

    def _fill(
        self,
        target: Active,
        report: EmbedReport,
        progress: Callable[[int, int], None],
        stop: threading.Event,
    ) -> int:
        """Goes once through the passages that lack a vector; returns how many got one."""
        encoder, filled, after = self._open(target.model), 0, None
        while not stop.is_set():
            payloads, after = self._index.lacking(target.vector, after, BATCH)
            found = [(p, self._store.get(p["document_id"], p["revision"])) for p in payloads]
            # Without its text a passage is about to go, and cannot be quoted anyway.
            quoted = [(p, document) for p, document in found if document is not None]
            if quoted:
                texts = [
                    (d.provenance.source_id, passage_text(d, p["heading"], p["start"], p["end"]))
                    for p, d in quoted
                ]
                vectors = self._vectors(target, texts, lambda: encoder)
                rows = [
                    Embedded(p["passage_id"], p["revision"], vector)
                    for (p, _), vector in zip(quoted, vectors, strict=True)
                ]
                self._index.put_dense(target.vector, rows)
                filled += len(rows)
                report.embedded += len(rows)
                progress(report.embedded, report.passages)
            if after is None:
                break
        return filled

    def _switch(self, target: Active) -> str | None:
        """Makes `target` answer and drops all other vectors; returns the model it replaced."""
        with self._writing:
            before = self._active
            with self._store.transaction() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO kv VALUES (?, ?, ?)", (*_KEY, target.model_dump_json())
                )
            with self._asking, self._opening:
                self._active = target
                self._encoders = {self.model: self._encoders[self.model]}
                self._question.cache_clear()
            self._noted.clear()
            self._said = False
            for name in self._index.dense_vectors():
                if name.startswith(PREFIX) and name != target.vector:
                    self._index.drop_dense(name)
        return before.model if before and before.vector != target.vector else None

    def _read_active(self) -> Active | None:
        query = "SELECT value FROM kv WHERE collection = ? AND key = ?"
        found = self._store.rows(query, *_KEY)
        try:
            active = Active.model_validate(json.loads(found[0][0])) if found else None
        except (ValidationError, ValueError):
            return None  # of another release: the passages are embedded anew
        there = self._index.dense_vectors()
        return active if active and there.get(active.vector) == active.dimension else None

    def _say_what_waits(self, active: Active | None) -> None:
        self._said = True
        if problem := problem_of(self.model):
            line = str(problem)
        else:
            line = f"no passage has vectors of {self.model!r} yet. Run `ventanilla sources embed`."
        meanwhile = f"{active.model!r} answers" if active else "the search does without it"
        self._tell_once(f"{line} Meanwhile {meanwhile}.")

    def _tell(self, error: ModelError) -> None:
        self._tell_once(f"{error} Meanwhile the search does without it.")

    def _tell_once(self, line: str) -> None:
        if line not in self._noted:
            self._noted.add(line)
            self._note(line)
