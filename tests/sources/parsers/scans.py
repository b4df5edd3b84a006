"""Scanned pages for tests: a PDF's pages drawn as pictures, and what there is to read them."""

from __future__ import annotations

from io import BytesIO
from textwrap import wrap

import pypdfium2 as pdfium
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from sources.parsers import ocr

STYLES = getSampleStyleSheet()
SPANISH = (
    "El propietario del vehículo paga el permiso de circulación cada año en la municipalidad que "
    "elija, con la revisión técnica al día y con el seguro obligatorio vigente."
)
PORTUGUESE = (
    "O cidadão deve apresentar o documento de identidade e não precisa pagar taxa alguma para "
    "emitir a segunda via da certidão na prefeitura da sua cidade."
)
FEES = [
    ["Trámite", "Costo", "Plazo"],
    ["Licencia", "S/ 24", "5 días"],
    ["Patente", "S/ 9", "1 día"],
]

needs_tesseract = pytest.mark.skipif(
    not {"spa", "por"} <= ocr.packs(),
    reason="Tesseract with the data spa and por is not installed",
)


def typed(text: str, heading: str = "", rows: list[list[str]] | None = None) -> bytes:
    """One page of a PDF with text."""
    story: list[object] = [Paragraph(heading, STYLES["Heading1"])] if heading else []
    story += [Paragraph(text, STYLES["BodyText"]), *([Table(rows)] if rows else [])]
    buffer = BytesIO()
    SimpleDocTemplate(buffer, pagesize=A4).build(story)
    return buffer.getvalue()


def scanned(*pages: bytes, text: str = "", stamp: str = "", colour: int | None = None) -> bytes:
    """A PDF whose first page holds `text`, where given; the others are pictures of `pages`.

    `stamp` is written on every picture; `colour` paints it over.
    """
    buffer = BytesIO()
    sheet = canvas.Canvas(buffer, pagesize=A4)
    if text:
        for number, line in enumerate(wrap(text, 90)):
            sheet.drawString(60, 760 - 15 * number, line)
        sheet.showPage()
    for page in pages:
        with pdfium.PdfDocument(page) as document:
            picture = document[0].render(scale=200 / 72, grayscale=True).to_pil()
        if colour is not None:
            picture.paste(colour, (0, 0, *picture.size))
        sheet.drawImage(ImageReader(picture), 0, 0, *A4)
        sheet.drawString(60, 30, stamp)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()
