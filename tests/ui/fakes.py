"""An assistant that answers from one document of its own, and a server that shows the page."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator

from agents.state import Answer, Citation, Clarification, Option, Request, Status
from sources.document import Document, PublicService

HOSTILE = '<script>window.broken=1</script><img src="x" onerror="window.broken=2">${1+1}{{value}}'

SERVICE = PublicService(
    id="do-renovacion",
    title="Renovación de la licencia de conducir",
    country="DO",
    language="es",
    sector=["transport"],
    competent_authority={"name": "INTRANT"},
    url="https://intrant.gob.do/renovacion",
    as_of="2026-03-05",
    verification="press",
    description=[{"text": "Es el trámite para renovar la licencia dominicana cuando ha vencido."}],
    requirement=[{"text": "No debe tener multas pendientes."}],
    evidence=[{"text": "Presente su cédula.", "verification": "official", "as_of": "2026-02"}],
    cost=[{"text": "La renovación de la licencia de conducir cuesta RD$ 1.900."}],
    processing_time=[{"text": "La renovación toma cerca de 30 minutos."}],
    legal_resource=[{"text": "La base legal sería la Ley 63-17.", "verification": "unverified"}],
    channel=[{"text": f"Texto hostil: {HOSTILE}"}],
)
DOCUMENT = SERVICE.to_document(source_id="fake", licence=None)


def cite(marker: int, words: str, document: Document = DOCUMENT) -> Citation:
    """A citation of `words`, which stand in `document`."""
    start = document.text.index(words)
    section = next(s for s in document.sections if s.start <= start < s.end)
    provenance = document.provenance
    return Citation(
        marker=marker,
        document_id=document.id,
        title=document.title,
        agency=provenance.agency,
        country=document.country,
        url=provenance.url,
        as_of=section.as_of or provenance.as_of,
        verification=section.verification or provenance.verification,
        quote=words,
        start=start,
        end=start + len(words),
        language=document.language,
    )


COST = "La renovación de la licencia de conducir cuesta RD$ 1.900."
ID_CARD = "Presente su cédula."
FINES = "No debe tener multas pendientes."
LAW = "La base legal sería la Ley 63-17."


def answer(status: Status, text: str, **more: object) -> Answer:
    """An answer in Spanish about the Dominican Republic."""
    given = {"id": "1", "language": "es", "country": "DO", "sectors": ["transport"]} | more
    return Answer.model_validate({"status": status, "answer": text, **given})


class FakeAssistant:
    """Answers by words in the question, and records what it was asked."""

    attribution: str | None = None

    def __init__(self) -> None:
        self.asked: list[tuple[Request, str | None]] = []
        self.forgotten: list[str] = []

    async def stream(
        self, request: Request, *, conversation: str | None = None
    ) -> AsyncIterator[str | Answer]:
        self.asked.append((request, conversation))
        made = self.reply(request)
        text = ""
        for line in made.answer.splitlines(keepends=True):
            text += line
            await asyncio.sleep(0.5 if "lento" in request.question else 0.005)
            yield text
        yield made

    async def forget(self, conversation: str) -> None:
        self.forgotten.append(conversation)

    def document(self, document_id: str) -> Document | None:
        return DOCUMENT if document_id == DOCUMENT.id else None

    def reply(self, request: Request) -> Answer:
        question = request.question.lower()
        if "roto" in question:
            raise RuntimeError("broken on purpose")
        if "suicid" in question:
            return answer(
                Status.CRISIS,
                "Lo que siente importa. Llame ahora:\n\n- ***4141** — Línea de prevención\n"
                "- **131** — SAMU\n\nCuando esté a salvo, puedo ayudarle.",
                country="CL",
            )
        if "hostil" in question:
            return answer(
                Status.ANSWERED,
                f"{HOSTILE} ![mapa](https://elsewhere.example/x.png)"
                " [pulse](javascript:window.broken=3) [1]",
                citations=[cite(1, f"Texto hostil: {HOSTILE}")],
            )
        if "eco" in question:
            return answer(Status.ANSWERED, f"Eco de {request.question}", country=request.country)
        if not request.country:
            options = [Option.model_validate({"value": c, "label": n}) for c, n in PLACES.items()]
            asked = "¿Para qué país necesita la respuesta?"
            return answer(
                Status.CLARIFICATION,
                asked,
                country=None,
                clarification=Clarification(kind="country", question=asked, options=options),
            )
        return LICENCE


PLACES = {"BR": "Brasil", "CL": "Chile", "DO": "República Dominicana", "PE": "Perú"}

LICENCE = answer(
    Status.ANSWERED,
    "### Renovación de la licencia de conducir\n\nINTRANT · República Dominicana\n\n**Costo**\n\n"
    f"- {COST} [1]\n\n**Documentos que debe presentar**\n\n- {ID_CARD} [2]\n\n**Requisitos**\n\n"
    f"- {FINES} [3]\n\n**Base legal**\n\n- {LAW} [4] *(por confirmar)*\n\n"
    "Información al 5 de marzo de 2026 (según prensa).",
    citations=[cite(1, COST), cite(2, ID_CARD), cite(3, FINES), cite(4, LAW)],
    notices=[
        "Entendí «carnet» como «licencia de conducir».",
        "Hay datos por confirmar: no los dé por ciertos sin consultar el canal oficial.",
    ],
    suggestions=["¿Cuánto demora?", "¿Dónde se hace?"],
)


@contextlib.contextmanager
def served(assistant: FakeAssistant) -> Iterator[str]:
    """The page over `assistant` on a free port of this machine, as its address."""
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI

    from ui import chat

    app = FastAPI()
    page = gr.mount_gradio_app(app, chat.build(assistant), path="/", **chat.launch_arguments())
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(page, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
