"""Office files as hostile hands write them: refused before a part of them is read."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import docx
import openpyxl
import pytest

from sources.parsers import parse
from sources.parsers.blocks import Unreadable
from sources.parsers.package import MOST_PARTS, check, kind

LAUGHS = '<!DOCTYPE x [<!ENTITY a "ja"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x><p>&b;</p></x>'


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph("El trámite es gratuito.")
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["El trámite es gratuito."])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def package(parts: dict[str, str | bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_part(data: bytes, name: str, content: str | bytes) -> bytes:
    """The same file, with a part added or put in another's place."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts: dict[str, str | bytes] = {each: archive.read(each) for each in archive.namelist()}
    return package(parts | {name: content})


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"word/document.xml": "<x/>"}, "docx"),
        ({"xl/workbook.xml": "<x/>"}, "xlsx"),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}, "odt"),
        ({"mimetype": "application/vnd.oasis.opendocument.presentation", "content.xml": ""}, None),
        ({"otra/cosa.txt": "x"}, None),
    ],
)
def test_a_package_is_told_by_its_parts(parts: dict[str, str | bytes], found: str | None) -> None:
    assert kind(package(parts)) == found


@pytest.mark.parametrize("data", [word(), workbook()])
def test_sound_files_pass(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("word/media/zeros.bin", b"\0" * 20_000_000, r"unpacks to 20 MB, \d{3} times its size"),
        ("word/vbaProject.bin", b"x", "it holds macros. Save it without them"),
        ("xl/vbaProject.bin", b"x", "it holds macros"),
        ("../../etc/cron.d/x", b"x", "a part that leads out of it"),
        ("word/../../x", b"x", "a part that leads out of it"),
        ("/etc/passwd", b"x", "a part that leads out of it"),
        ("C:\\x", b"x", "a part that leads out of it"),
        ("word/document.xml", LAUGHS, "its XML declares entities"),
        ("word/document.xml", LAUGHS.encode("utf-16"), "its XML declares entities"),
        ("word/_rels/document.xml.rels", LAUGHS, "its XML declares entities"),
    ],
)
def test_what_no_office_program_writes(name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as raised:
        parse(with_part(word(), name, content), "a.docx")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["a.docm", "a.xlsm", "a.docx"])
def test_macros_are_refused_whatever_the_name(name: str) -> None:
    with pytest.raises(Unreadable, match="it holds macros"):
        parse(with_part(workbook(), "xl/vbaProject.bin", b"x"), name)


def test_entities_in_a_workbook() -> None:
    with pytest.raises(Unreadable, match="its XML declares entities"):
        parse(with_part(workbook(), "xl/sharedStrings.xml", LAUGHS), "a.xlsx")


def test_names_with_two_dots_are_no_way_out() -> None:
    check(with_part(word(), "word/media/foto..final.png", b"x"))


def test_too_many_parts() -> None:
    parts: dict[str, str | bytes] = {f"word/{n}": b"" for n in range(MOST_PARTS)}
    with pytest.raises(Unreadable, match="it has 10001 parts"):
        check(package(parts | {"word/document.xml": "<x/>"}))


def test_a_password_on_a_part() -> None:
    data = bytearray(word())
    at = data.index(b"PK\x01\x02")
    (flags,) = struct.unpack_from("<H", data, at + 8)
    struct.pack_into("<H", data, at + 8, flags | 1)
    with pytest.raises(Unreadable, match="password"):
        parse(bytes(data), "a.docx")


def test_a_size_that_lies_ends_in_an_error_too() -> None:
    data = bytearray(with_part(word(), "word/document.xml", b"<x>" + b" " * 900_000 + b"</x>"))
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = archive.namelist()
    at = -1
    for _ in range(names.index("word/document.xml") + 1):
        at = data.index(b"PK\x01\x02", at + 1)
    struct.pack_into("<I", data, at + 24, 10)
    with pytest.raises(Unreadable, match="cut short or damaged"):
        parse(bytes(data), "a.docx")


@pytest.mark.parametrize("data", [word(), workbook()])
@pytest.mark.parametrize("part", [3, 2])
def test_files_cut_short(data: bytes, part: int) -> None:
    with pytest.raises(Unreadable, match="cut short or damaged"):
        check(data[: len(data) * (part - 1) // part])
