"""`ventanilla doctor`: what of this installation works, and what to mend."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.llm import attribution, open_model
from agents.llm.protocol import Health
from retrieval.dense import problem_of
from retrieval.index import EMBEDDED_PASSAGES
from sources.catalog import read_catalog
from sources.country import countries
from sources.errors import VentanillaError
from sources.parsers import ocr
from sources.vocabulary import concepts
from ui.assemble import House, open_house
from ui.local import Running
from ui.settings import Settings

ROOMS = ("sources", "retrieval", "agents", "ui")
LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing examined."""

    subject: str
    ok: bool
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Everything examined, in order; never raises."""
    return [
        *_python(),
        *_rooms(),
        *_data(settings),
        *_home(settings),
        *_index(settings),
        *_login(settings),
        *_ocr(),
        *_models(),
        *_reranker(settings),
        *_model(settings),
    ]


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info >= (3, 11)
    yield Finding("python", fits, version if fits else f"{version}: install Python 3.11 or newer")


def _rooms() -> Iterator[Finding]:
    """Whether another installed package shadows one of our rooms."""
    ours = Path(__file__).resolve().parents[1]
    for room in ROOMS:
        spec = importlib.util.find_spec(room)
        found = Path(spec.origin).resolve() if spec and spec.origin else None
        if found is None or not found.is_relative_to(ours):
            yield Finding(
                f"package {room}",
                False,
                f"{found} stands before ours: use an environment of its own",
            )
            return
    yield Finding("packages", True, f"{', '.join(ROOMS)} are ours")


def _data(settings: Settings) -> Iterator[Finding]:
    try:
        catalog = read_catalog(settings.catalog)
        known = f"{len(countries())} countries, {len(concepts(settings.vocabulary))} concepts"
        text = f"{len(catalog)} document sets, {known}"
        yield Finding("catalogue", True, text)
    except VentanillaError as error:
        yield Finding("catalogue", False, str(error))


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    existing = next(p for p in (home, *home.parents) if p.exists())
    writable = os.access(existing, os.W_OK)
    yield Finding(
        "home",
        writable,
        f"{home}" if writable else f"{home} cannot be written: set VENTANILLA_HOME",
    )
    free = shutil.disk_usage(existing).free
    enough = free > LEAST_FREE_BYTES
    yield Finding("disk", enough, f"{free / 1e9:.1f} GB free" + ("" if enough else ": make room"))


def _index(settings: Settings) -> Iterator[Finding]:
    if Running.find(settings):
        yield Finding("index", True, "held by a running `ventanilla serve`, which answers")
        return
    try:
        with open_house(settings) as house:
            points = house.index.count()
            documents = sum(house.store.counts().values())
            empty = " (run `ventanilla sources sync`)" if not documents else ""
            where = settings.qdrant_url or "embedded"
            told = f"{where}: {documents} documents, {points} passages{empty}"
            yield outgrown(told, points, embedded=not settings.qdrant_url)
            if outdated := house.outdated():
                text = f"it changed since {', '.join(outdated)} was read: ventanilla sources sync"
                yield Finding("vocabulary", False, text)
            yield from _dense(house)
    except VentanillaError as error:
        yield Finding("index", False, str(error))


def _login(settings: Settings) -> Iterator[Finding]:
    """Whether anybody can log in to the console and look after the rest."""
    from ui.access.store import AccessStore

    if settings.oidc_issuer:
        yield Finding("console", True, f"people log in through {settings.oidc_issuer}")
        return
    if isinstance(settings.access, Path) and not settings.access.exists():
        able = 0  # to look must not make the database
    else:
        try:
            with AccessStore.open(settings.access) as store:
                users = store.users.list()
        except VentanillaError as error:
            yield Finding("console", False, str(error))
            return
        able = sum(u.role == "administrator" and u.has_password for u in users)
    text = f"{able} administrators can log in at /consola"
    remedy = (
        "nobody can log in at /consola yet: ventanilla access users add NAME --role administrator"
    )
    yield Finding("console", True, text if able else remedy)


def _ocr() -> Iterator[Finding]:
    """Whether scanned pages can be read, and in which languages. Without, the rest is read."""
    there = ocr.packs()
    languages = [language for language, pack in ocr.PACKS.items() if pack in there]
    missing = [f"tesseract-ocr-{ocr.PACKS[each]}" for each in ("es", "pt") if each not in languages]
    if not there:
        text = (
            "no Tesseract: scanned pages are not read (install tesseract-ocr and its spa and por)"
        )
    elif missing:
        read = f"scanned pages in {', '.join(languages)}" if languages else "no scanned pages"
        text = f"Tesseract reads {read}; install {' and '.join(missing)} for more"
    else:
        text = f"Tesseract reads scanned pages in {', '.join(languages)}"
    yield Finding("scans", True, text)


def _dense(house: House) -> Iterator[Finding]:
    """What the dense leg answers with, and of how many passages; no model is read for it."""
    if house.dense is None:
        yield Finding("dense leg", True, "off: no VENTANILLA_EMBED_MODEL is set")
        return
    status = house.dense.status()
    there = f"{status.embedded} of {status.passages} passages have a vector"
    answers = f"{status.answers} ({status.dimension} numbers) answers, {there}"
    if status.problem:
        yield Finding("dense leg", False, status.problem)
    elif status.answers is None:
        text = f"{status.model}: run `ventanilla sources embed`; meanwhile it does not answer"
        yield Finding("dense leg", False, text)
    elif status.answers != status.model:
        text = f"{answers}, until `ventanilla sources embed` has brought in {status.model}"
        yield Finding("dense leg", False, text)
    else:
        rest = "" if status.embedded >= status.passages else "; run `ventanilla sources embed`"
        yield Finding("dense leg", not rest, answers + rest)


def _reranker(settings: Settings) -> Iterator[Finding]:
    if not settings.rerank_model:
        yield Finding("reranker", True, "off: no VENTANILLA_RERANK_MODEL is set")
        return
    problem = problem_of(settings.rerank_model)
    yield Finding("reranker", not problem, str(problem or settings.rerank_model))


def outgrown(told: str, passages: int, *, embedded: bool) -> Finding:
    """The finding on an index that works, `told` so far; not well where it is too large to be
    embedded.
    """
    if embedded and passages > EMBEDDED_PASSAGES:
        remedy = "set VENTANILLA_QDRANT_URL to a Qdrant server and sync again"
        text = f"{told}; beyond {EMBEDDED_PASSAGES:,} a search grows slow: {remedy}"
        return Finding("index", False, text)
    return Finding("index", True, told)


def _models() -> Iterator[Finding]:
    installed = importlib.util.find_spec("torch") is not None
    text = (
        f"torch {importlib.metadata.version('torch')}"
        if installed
        else "none installed: answers quote the sources "
        "(pip install 'ventanilla[models]' adds them)"
    )
    yield Finding("models", True, text)


def _model(settings: Settings) -> Iterator[Finding]:
    """Whether the model that was set answers. One in this process is not loaded for that."""
    backend = settings.model_backend
    if backend == "extractive":
        yield Finding("model", True, "none set: rules decide and answers quote the sources")
        return
    shown = ", ".join(filter(None, (settings.model, attribution(settings.model))))
    if backend == "local":
        able = importlib.util.find_spec("transformers") is not None
        text = shown if able else f"{shown}: pip install 'ventanilla[models]'"
        yield Finding("model", able, f"local: {text}")
        return
    try:
        health = asyncio.run(_health(settings))
    except VentanillaError as error:
        yield Finding("model", False, f"{backend}: {error}")
        return
    detail = f" ({health.detail})" if health.detail else ""
    yield Finding("model", health.ok, f"{backend}: {shown}, context {health.context}{detail}")


async def _health(settings: Settings) -> Health:
    model = open_model(settings.model_backend, settings.model_options)
    if model is None:
        return Health(ok=True, model="", context=0)
    try:
        return await model.health()
    finally:
        await model.close()
