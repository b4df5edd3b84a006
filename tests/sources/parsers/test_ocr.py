"""Scanned pages: read in their language, trusted less, and named where they cannot be read."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from sources.document import Verification
from sources.parsers import ocr, pdf
from sources.parsers.blocks import Kind, Unreadable
from sources.parsers.sections import write
from tests.sources.parsers.scans import (
    FEES,
    PORTUGUESE,
    SPANISH,
    needs_tesseract,
    scanned,
    typed,
)


@pytest.fixture(autouse=True)
def _forgetful() -> None:
    ocr.packs.cache_clear()


@needs_tesseract
@pytest.mark.parametrize("text", [SPANISH, PORTUGUESE])
def test_a_scan_is_read_in_its_language(text: str) -> None:
    parsed = pdf.parse(scanned(typed(text, "Permiso")))
    assert [(b.kind, b.text, b.page) for b in parsed.blocks] == [
        (Kind.HEADING, "Permiso", 1),
        (Kind.TEXT, text, 1),
    ]
    assert not parsed.unread


@needs_tesseract
def test_rows_of_a_scanned_table_keep_their_headers() -> None:
    parsed = pdf.parse(scanned(typed(SPANISH, rows=FEES)))
    assert [b.text.replace(" ", "") for b in parsed.blocks if b.kind is Kind.ROW] == [
        "Trámite:Licencia;Costo:S/24;Plazo:5días.",
        "Trámite:Patente;Costo:S/9;Plazo:1día.",
    ]


@needs_tesseract
def test_only_what_ocr_read_is_trusted_less() -> None:
    parsed = pdf.parse(scanned(typed(SPANISH), text=SPANISH))
    builder = write(parsed.blocks, "Permiso")
    assert [(s.page, s.verification) for s in builder.sections] == [
        (1, None),
        (2, Verification.UNVERIFIED),
    ]
    assert [builder.text[s.start : s.end] for s in builder.sections] == [SPANISH, SPANISH]


@needs_tesseract
def test_a_sentence_over_two_pages_is_not_joined_with_what_ocr_read() -> None:
    half = SPANISH.index("municipalidad")
    first, second = SPANISH[:half].strip(), SPANISH[half:]
    parsed = pdf.parse(scanned(typed(second), text=first))
    assert [b.text for b in parsed.blocks] == [first, second]


@needs_tesseract
def test_a_stamp_on_a_scan_does_not_hide_it() -> None:
    parsed = pdf.parse(scanned(typed(SPANISH), stamp="Folio 12"))
    assert any(SPANISH in b.text for b in parsed.blocks)


@needs_tesseract
def test_a_picture_under_a_few_words_is_no_scan() -> None:
    parsed = pdf.parse(scanned(typed(SPANISH), stamp="Guía de trámites", colour=200))
    assert [(b.text, b.verification) for b in parsed.blocks] == [("Guía de trámites", None)]
    assert not parsed.unread


@needs_tesseract
def test_a_picture_without_letters_is_named() -> None:
    with pytest.raises(Unreadable, match="no text that can be told"):
        pdf.parse(scanned(typed(SPANISH), colour=200))
    parsed = pdf.parse(scanned(typed(SPANISH), typed(SPANISH), text=SPANISH, colour=200))
    ((part, reason),) = parsed.unread
    assert part == "pages 2–3"
    assert "no text that can be told" in reason


def test_without_tesseract_the_other_pages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    parsed = pdf.parse(scanned(typed(SPANISH), text=SPANISH))
    assert [b.text for b in parsed.blocks] == [SPANISH]
    assert parsed.unread == (
        (
            "page 2",
            "it has no text of its own, and Tesseract is not installed. "
            "Install tesseract-ocr, tesseract-ocr-spa and tesseract-ocr-por.",
        ),
    )
    with pytest.raises(Unreadable, match="Tesseract is not installed"):
        pdf.parse(scanned(typed(SPANISH)))


HOCR = """<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body>
<span class='ocr_line' title='bbox 100 200 1000 240; x_size 40; x_descenders 8'>{}</span>
<span class='ocr_line' title='bbox 100 300 1000 340'>
  <span class='ocrx_word' title='bbox 100 300 200 340; x_wconf {}'>|</span></span>
</body></html>"""
WORD = "<span class='ocrx_word' title='bbox {0} 200 {1} 240; x_wconf {2}'>{3}</span>"


class Tesseract:
    """A double of the program: it notes what data it was asked to use."""

    def __init__(self, packs: str, texts: dict[str, str], confidence: int = 95) -> None:
        self.packs, self.texts, self.confidence = packs, texts, confidence
        self.asked: list[str] = []

    def __call__(self, command: list[str], **options: Any) -> Any:
        if "--list-langs" in command:
            listed = "List of available languages (9):\n" + self.packs
            return subprocess.CompletedProcess(command, 0, listed, "")
        pack = command[command.index("-l") + 1]
        self.asked.append(pack)
        text = f"{['Primera', 'Segunda', 'Tercera'][len(self.asked) - 1]} {self.texts[pack]}"
        words = (
            WORD.format(100 + 90 * n, 180 + 90 * n, self.confidence, word)
            for n, word in enumerate(text.split())
        )
        made = HOCR.format("".join(words), self.confidence).encode()
        return subprocess.CompletedProcess(command, 0, made, b"")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    def use(double: Any) -> Any:
        monkeypatch.setattr(ocr.shutil, "which", lambda name: f"/usr/bin/{name}")
        monkeypatch.setattr(ocr.subprocess, "run", double)
        return double

    return use


def test_one_language_at_a_time_and_told_once(program: Any) -> None:
    texts = {"spa": "O cidadao nao precisa pagar uma taxa da prefeitura", "por": PORTUGUESE}
    double = program(Tesseract("eng\nosd\npor\nspa\n", texts))
    parsed = pdf.parse(scanned(typed(PORTUGUESE), typed(PORTUGUESE)))
    assert double.asked == ["spa", "por", "por"]
    assert len(parsed.blocks) == 2
    double.asked.clear()
    pdf.parse(scanned(typed(PORTUGUESE), text=PORTUGUESE))
    assert double.asked == ["por"]


def test_a_missing_language_is_named(program: Any) -> None:
    texts = {"spa": "O cidadao nao precisa pagar uma taxa da prefeitura"}
    program(Tesseract("spa\n", texts))
    with pytest.raises(Unreadable, match=r"lacks its data for 'por'\. Install tesseract-ocr-por"):
        pdf.parse(scanned(typed(PORTUGUESE)))
    program(Tesseract("osd\n", texts))
    ocr.packs.cache_clear()
    with pytest.raises(Unreadable, match=r"lacks its data for 'spa'\. Install tesseract-ocr-spa"):
        pdf.parse(scanned(typed(PORTUGUESE)))


def test_a_poor_scan_is_refused(program: Any) -> None:
    program(Tesseract("spa\n", {"spa": SPANISH}, confidence=50))
    with pytest.raises(Unreadable, match="too poor to be read"):
        pdf.parse(scanned(typed(SPANISH)))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (subprocess.TimeoutExpired("tesseract", 1), "takes too long"),
        (subprocess.CalledProcessError(1, "tesseract"), "failed at it .CalledProcessError"),
        (OSError(), "failed at it .OSError"),
    ],
)
def test_a_program_that_fails_costs_its_page(program: Any, error: Exception, said: str) -> None:
    double = Tesseract("spa\n", {})

    def failing(command: list[str], **options: Any) -> Any:
        if "--list-langs" in command:
            return double(command)
        raise error

    program(failing)
    ((part, reason),) = pdf.parse(scanned(typed(SPANISH), text=SPANISH)).unread
    assert part == "page 2"
    assert said.replace(".", "(") in reason


def test_a_document_has_its_own_time(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    program(Tesseract("spa\n", {"spa": SPANISH}))
    monkeypatch.setattr(ocr, "SECONDS", -1.0)
    ((_, reason),) = pdf.parse(scanned(typed(SPANISH), text=SPANISH)).unread
    assert "take too long" in reason
