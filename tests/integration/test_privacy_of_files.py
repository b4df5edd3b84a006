"""Personal numbers that people write are found in no answer, no log and no file afterwards."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import date
from pathlib import Path

import pytest

from agents.state import Request, Turn
from ui import cli
from ui.assemble import open_house
from ui.settings import Settings

# Checksums are valid where there is one; none belongs to anybody that we know of.
PLANTED = {
    "mi RUT es {}": "12.345.678-5",
    "mi rut es {} ": "11111112-K",
    "mi DNI es {}": "45871236",
    "meu CPF é {}": "529.982.247-25",
    "mi cédula es {}": "001-1391820-0",
    "mi teléfono es {}": "+56 9 8123 4567",
    "meu celular é {}": "(11) 98765-4321",
    "mi correo es {}": "maria.soto771234@example.com",
    "pagué con la tarjeta {}": "4539 1488 0343 6467",
}
QUESTION = "¿cuánto cuesta renovar la licencia de conducir?"
BETWEEN = rb"[ .\-/()]{0,2}"


def _patterns() -> list[re.Pattern[bytes]]:
    """Each planted number of six digits or more, whatever stands between and beside its digits."""
    bare = [re.sub(r"\D", "", planted).encode() for planted in PLANTED.values()]
    numbers = [BETWEEN.join(re.findall(rb"\d", digits)) for digits in bare if len(digits) >= 6]
    texts = [re.escape(planted.encode()) for planted in PLANTED.values()]
    return [re.compile(pattern) for pattern in (*numbers, *texts, rb"maria\.soto")]


PATTERNS = _patterns()


def leaks(data: bytes) -> set[bytes]:
    """What of the planted numbers stands in `data`."""
    return {found.group() for pattern in PATTERNS if (found := pattern.search(data))}


def files_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_search_for_leaks_finds_them() -> None:
    for planted in PLANTED.values():
        assert leaks(f"x {planted} y".encode())
        assert (
            leaks(b"\x00" + re.sub(r"[ .\-()]", "", planted).encode() + b"\x00") or "@" in planted
        )
    assert not leaks(b"RD$ 1.900, 5 de marzo de 2026")


async def test_kept_conversations_hold_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = []
    with caplog.at_level(logging.DEBUG), open_house(Settings(home=tmp_path)) as house:
        house.sync("seed")
        async with house.assistant(keep=True, today=lambda: date(2026, 11, 23)) as assistant:

            async def talk(number: int, announced: str) -> None:
                name = f"person-{number}"
                earlier = [Turn(role="user", content=announced)]
                for request in (
                    Request(question=f"Hola, {announced}, {QUESTION}"),  # a choice is left open
                    Request(question=f"{announced}. {QUESTION}", country="DO"),
                    Request(question=f"¿y los requisitos? {announced}"),
                    Request(question="¿y dónde?", country="CL", history=earlier),
                ):
                    answer = await assistant.ask(request, conversation=name)
                    told.append(answer.model_dump_json())

            texts = [form.format(planted) for form, planted in PLANTED.items()]
            await asyncio.gather(*(talk(n, text) for n, text in enumerate(texts)))
        # The files as a crash would leave them, too: journals are still there.
        during = files_below(tmp_path)
    assert any(path.name == "conversations.sqlite" for path in during)
    after = files_below(tmp_path)
    for held in (during, after):
        assert not {path.name: found for path, data in held.items() if (found := leaks(data))}
    assert not leaks("\n".join(told).encode())
    assert not leaks(caplog.text.encode())
    assert any("Oculté datos personales" in answer for answer in told)


def test_a_batch_holds_none(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home, source, out = tmp_path / "home", tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    monkeypatch.setenv("VENTANILLA_HOME", str(home))
    lines = [
        {"id": str(n), "question": f"{form.format(planted)}, {QUESTION}", "country": "DO"}
        for n, (form, planted) in enumerate(PLANTED.items())
    ]
    source.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with caplog.at_level(logging.DEBUG), pytest.raises(SystemExit) as ended:
        cli.main(["ask", "--batch", str(source), "--out", str(out)])
    assert not ended.value.code
    answers = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [a["id"] for a in answers] == [line["id"] for line in lines]
    assert not leaks(out.read_bytes())
    assert not leaks(caplog.text.encode())
    assert not leaks("".join(capsys.readouterr()).encode())
    files = files_below(home)
    assert files
    assert not {path.name: found for path, data in files.items() if (found := leaks(data))}
