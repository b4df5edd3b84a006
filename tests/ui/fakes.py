"""An assistant that answers from one document of its own, and a server that shows the page."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator

from agents.state import Answer, Citation, Clarification, Option, Request, Status
from retrieval.table_text import to_document
from retrieval.tables import Dataset
from sources.document import Document, PublicService
from sources.tables import roles
from ui.workers import Workers

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
        field=section.field.value,
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
        self.judged: list[tuple[str, bool, str | None]] = []

    def keep(self, answer_id: str, useful: bool, reason: str | None) -> bool:
        self.judged.append((answer_id, useful, reason))
        return True

    async def stream(
        self, request: Request, *, conversation: str | None = None
    ) -> AsyncIterator[str | Answer]:
        self.asked.append((request, conversation))
        made = self.reply(request).model_copy(update={"territory": request.territory})
        text = ""
        for line in made.answer.splitlines(keepends=True):
            text += line
            await asyncio.sleep(self.pace(request.question))
            yield text
        yield made

    @staticmethod
    def pace(question: str) -> float:
        """Seconds that each line takes."""
        return 3.0 if "muy lento" in question else 0.2 if "lento" in question else 0.005

    async def forget(self, conversation: str) -> None:
        self.forgotten.append(conversation)

    def document(self, document_id: str) -> Document | None:
        return {d.id: d for d in (DOCUMENT, *ROWS)}.get(document_id)

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
        if "votar" in question:
            return REFUSED
        if "inexistente" in question:
            return UNKNOWN
        if "hospital" in question:
            return PLACES_OF_HEALTH
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
        "Leí «liscencia» como «licencia».",
        "Entendí «carnet» como «licencia de conducir».",
        "Hay datos por confirmar: no los dé por ciertos sin consultar el canal oficial.",
    ],
    understood=[
        {"kind": "corrected", "word": "liscencia", "label": "licencia"},
        {"kind": "synonym", "word": "carnet", "label": "licencia de conducir"},
    ],
    suggestions=["¿Cuánto demora?", "¿Dónde se hace?"],
)


def _row(number: int, name: str, address: str, phone: str) -> Document:
    """A health facility, as a row of a register is cited."""
    dataset = Dataset.model_validate(
        {
            "source_id": "cl-deis", "roles": ["health_facilities"], "rows": 2, "country": "CL",
            "licence": None, "verification": "official", "tenant": "public", "sectors": ["health"],
            "language": "es", "agency": "DEIS", "title": "Establecimientos de salud",
            "url": "https://deis.minsal.cl", "as_of": "2026-03-01",
            "retrieved_at": "2026-03-02",
        }
    )  # fmt: skip
    row = {"id": str(number), "name": name, "address": address, "phone": phone,
           "kind_label": "Hospital", "municipality": "Ñuñoa"}  # fmt: skip
    return to_document(
        dataset, roles()["health_facilities"], row, f"cl-deis.health_facilities.{number}"
    )


ROWS = [
    _row(1, "Hospital Base de la Ribera", "Av. Grecia 3500", "+56 2 2345 6789"),
    _row(2, "CESFAM Los Castaños de la Comuna", "Los Castaños 120", "+56 2 2987 6543"),
]
PLACES_OF_HEALTH = answer(
    Status.ANSWERED,
    "**Establecimientos de salud en Ñuñoa**\n\n"
    + "\n".join(f"- {d.quote(d.sections[0])} [{n}]" for n, d in enumerate(ROWS, 1)),
    country="CL",
    sectors=["health"],
    citations=[cite(n, d.quote(d.sections[0]), d) for n, d in enumerate(ROWS, 1)],
    points=[
        {
            "label": "Hospital Base de la Ribera",
            "latitude": -33.45,
            "longitude": -70.6,
            "marker": 1,
        },
        {"label": "CESFAM Los Castaños", "latitude": -33.46, "longitude": -70.61, "marker": 2},
    ],
)
REFUSED = answer(
    Status.REFUSED,
    "No doy opiniones políticas ni recomiendo por quién votar. Sí puedo ayudarle con trámites.",
    country="CL",
)
UNKNOWN = answer(
    Status.UNANSWERABLE,
    "No lo sé: en los documentos oficiales de Chile que tengo no encontré una respuesta.\n\n"
    "Para confirmarlo, el canal oficial es ChileAtiende (https://chileatiende.gob.cl).",
    country="CL",
    sectors=[],
)


@contextlib.contextmanager
def served(assistant: FakeAssistant, workers: Workers | None = None) -> Iterator[str]:
    """The page over `assistant` on a free port of this machine, as its address."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    from ui.window import open_window

    class Given(BaseModel):
        answer_id: str
        useful: bool
        reason: str | None = None

    app = FastAPI()

    @app.post("/api/feedback")
    def feedback(given: Given) -> dict[str, str]:
        assistant.keep(given.answer_id, given.useful, given.reason)
        return {"status": "kept"}

    page = open_window(app, assistant, assistant.keep, kept_days=180, workers=workers)
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
