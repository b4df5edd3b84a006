"""Files are read in a process of its own: what hangs, eats memory or crashes costs one file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from io import BytesIO

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen import canvas

from sources.document import Field, Verification
from sources.parsers import Parsed, Unreadable, parse
from sources.parsers.apart import SMALL, Reader
from sources.parsers.blocks import Block, Kind
from sources.parsers.child import MEGABYTES
from sources.parsers.wire import packed, unpacked

GIGABYTE = 1024**3
TEXT = "El trámite es gratuito."


def pdf(pages: int = 1) -> bytes:
    buffer = BytesIO()
    sheet = canvas.Canvas(buffer)
    for page in range(pages):
        for line in range(45):
            words = "el ciudadano presenta su documento de identidad vigente y paga en caja."
            sheet.drawString(60, 780 - 16 * line, f"Artículo {page}.{line}: {words}")
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph(TEXT)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader() as opened:
        yield opened


def stand_in(body: str, **limits: int) -> tuple[str, ...]:
    """The real process, with `body` in the place of the module that reads PDF."""
    program = (
        "import os, time\n"
        "from sources.parsers import child, pdf\n"
        f"def parse(data):\n    {body}\n"
        "pdf.parse = parse\n"
        f"child.main(**{limits!r})\n"
    )
    return (sys.executable, "-c", program)


def test_what_is_read_apart_is_what_is_read_here(reader: Reader) -> None:
    for data, name in ((pdf(3), "a.pdf"), (word(), "a.docx"), (b"\n\nHola.\n" * SMALL, "a.txt")):
        assert reader.parse(data, name) == parse(data, name)


def test_one_process_reads_file_after_file(reader: Reader) -> None:
    first = reader.parse(word(), "a.docx")
    process = reader._process
    with pytest.raises(Unreadable, match="cut short"):
        reader.parse(pdf()[:-300], "b.pdf")
    assert reader.parse(word(), "c.docx") == first
    assert reader._process is process is not None


def test_its_memory_is_its_own_and_not_that_of_who_started_it(reader: Reader) -> None:
    ours = bytearray(1 << 30)
    ours[:: 1 << 12] = b"x" * (1 << 18)
    reader.parse(word(), "a.docx")
    assert 10_000_000 < reader.peak_bytes < len(ours) // 4


def test_small_texts_start_no_process(reader: Reader) -> None:
    assert [b.text for b in reader.parse(TEXT.encode(), "a.md").blocks] == [TEXT]
    with pytest.raises(Unreadable, match="no reader"):
        reader.parse(b"x", "a.jsonl")
    assert reader._process is None


@pytest.mark.parametrize(
    ("body", "limits", "said"),
    [
        ("while True: pass", {"cpu_seconds": 2}, "reading it takes too long. Split it"),
        ("bytearray(2 << 30)", {"megabytes": 1024}, "needs too much memory .MemoryError"),
        ("os.abort()", {}, "it breaks its reader, or needs too much memory .SIGABRT"),
        ("os._exit(3)", {}, "it breaks its reader, or needs too much memory .code 3"),
    ],
)
def test_a_file_that_harms_its_reader(body: str, limits: dict[str, int], said: str) -> None:
    with Reader(stand_in(body, **limits)) as reader:
        for _ in range(2):
            with pytest.raises(Unreadable, match=said.replace(". ", r"\. ")):
                reader.parse(pdf(), "a.pdf")
            # The next file is read all the same.
            assert reader.parse(word(), "b.docx").blocks[-1].text == TEXT


def test_a_reader_that_waits_for_ever_is_ended() -> None:
    with Reader(stand_in("time.sleep(3600)"), seconds=1.5) as reader:
        with pytest.raises(Unreadable, match="takes too long"):
            reader.parse(pdf(), "a.pdf")
        assert reader._process is None


def test_a_reader_that_does_not_take_its_file_is_ended() -> None:
    with (
        Reader((sys.executable, "-c", "import time; time.sleep(3600)"), seconds=0.3) as reader,
        pytest.raises(Unreadable, match="takes too long"),
    ):
        reader.parse(pdf() + b"%" * 1_000_000 + b"%%EOF", "a.pdf")


def test_what_a_reader_prints_is_no_answer() -> None:
    body = "print('hola', flush=True); os.write(1, b'x'); return child.parse(b'Hola.', 'a.txt')"
    with Reader(stand_in(body)) as reader:
        assert [b.text for b in reader.parse(pdf(), "a.pdf").blocks] == ["Hola."]


def test_settings_and_secrets_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENTANILLA_MODEL_KEY", "secreto")
    body = "return child.parse(repr(sorted(os.environ)).encode(), 'a.txt')"
    with Reader(stand_in(body)) as reader:
        (block,) = reader.parse(pdf(), "a.pdf").blocks
    assert "PYTHONPATH" in block.text
    assert "VENTANILLA" not in block.text


@pytest.mark.slow
def test_a_thousand_pages_take_less_than_a_gigabyte(reader: Reader) -> None:
    parsed = reader.parse(pdf(1000), "a.pdf")
    assert {block.page for block in parsed.blocks} == set(range(1, 1001))
    assert 10_000_000 < reader.peak_bytes < GIGABYTE == MEGABYTES * 1024**2


def test_more_pages_than_are_read(reader: Reader) -> None:
    buffer = BytesIO()
    sheet = canvas.Canvas(buffer)
    for _ in range(2001):
        sheet.showPage()
    sheet.save()
    with pytest.raises(Unreadable, match="it has 2001 pages"):
        reader.parse(buffer.getvalue(), "a.pdf")


BLOCKS = st.builds(
    Block,
    text=st.text(),
    kind=st.sampled_from(Kind),
    level=st.integers(0, 7),
    marker=st.text(max_size=3),
    page=st.none() | st.integers(1, 2000),
    hint=st.none() | st.sampled_from(Field),
    verification=st.none() | st.sampled_from(Verification),
)


@given(st.lists(BLOCKS).map(tuple), st.none() | st.text(), st.booleans())
def test_nothing_is_lost_between_the_processes(
    blocks: tuple[Block, ...], title: str | None, is_page: bool
) -> None:
    parsed = Parsed(blocks, title, is_page, {"names": ["a"]}, "es-CL", (("page 1", "x"),))
    assert unpacked(json.loads(json.dumps(packed(parsed)))) == parsed


def test_dates_become_text() -> None:
    parsed = Parsed((), metadata={"as_of": date(2026, 3, 5), "names": ("a", date(2026, 3, 5))})
    assert packed(parsed)["metadata"] == {"as_of": "2026-03-05", "names": ["a", "2026-03-05"]}
