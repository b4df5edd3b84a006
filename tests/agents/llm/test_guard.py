"""A broken generation is stopped, and an ordinary answer never is."""

import pytest

from agents.llm.guard import WINDOW, Guard, guarded
from sources.errors import ModelBroken

ANSWER = (
    "Para renovar la licencia de conducir, presente su cédula. [1]\n"
    "La renovación cuesta RD$ 1.900. [2]\n"
    "No debe tener multas pendientes. [3]\n"
    "El trámite toma cerca de 30 minutos y la licencia renovada vale cuatro años. [4]\n"
    "Puede hacerlo en las oficinas del INTRANT o pedir su cita por el sitio intrant.gob.do. [5]\n"
)


def pieces(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


def run(text, size=5):
    guard = Guard()
    for piece in pieces(text, size):
        guard.push(piece)
    guard.end()


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "assistant\n\nassistant\n\nassistant\n\n",
        "La renovación cuesta RD$ 1.900.assistant\n\nHola.assistant\n\n",
        "assistantassistantassistant",
        "Cuesta 5 pesos. <|start_header_id|> <|end_header_id|>",
        "no sé no sé " * WINDOW,
        "x" * 2000,
    ],
)
def test_a_broken_generation_is_stopped(text, size):
    with pytest.raises(ModelBroken):
        run(text, size)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "",
        "Sí.",
        "El asistente social del municipio le ayuda. O assistente social também.",
        "\n".join(
            f"- Documento {n}: copia del recibo del mes {n}, sellada. [{n}]" for n in range(9)
        ),
        " ".join(f"palabra{n}" for n in range(500)),
    ],
)
def test_an_ordinary_answer_passes_whole(text, size):
    run(text, size)


async def test_what_came_before_the_break_was_given_and_the_source_is_closed():
    closed = []

    async def source():
        try:
            for piece in ["Cuesta ", "cinco. ", "assistant ", "assistant ", "never "]:
                yield piece
        finally:
            closed.append(True)

    seen = []
    with pytest.raises(ModelBroken, match="template"):  # noqa: PT012 – what came before is kept
        async for piece in guarded(source()):
            seen.append(piece)
    assert seen == ["Cuesta ", "cinco. ", "assistant "]
    assert closed == [True]


async def test_closing_the_guarded_stream_closes_the_source():
    closed = []

    async def source():
        try:
            while True:
                yield "una palabra y otra "
        finally:
            closed.append(True)

    stream = guarded(source())
    await anext(stream)
    await stream.aclose()
    assert closed == [True]
