"""Headings and labels announce the property that a reader would expect."""

from __future__ import annotations

import pytest
import yaml

from sources.document import Field
from sources.parsers.headings import DATA, exact_field, head_field, infer, label_field

HEADINGS = {
    Field.COST: "Costo · Valor del trámite · TARIFAS 2026 · ¿Cuánto cuesta? · Taxas · Preço · "
    "Derechos de trámite · Formas de pago · ¿Quanto custa? · 3. Costos y tasas · How much is it?",
    Field.REQUIREMENT: "Requisitos · ¿Quién puede solicitarlo? · ¿A quién está dirigido? · "
    "Quem pode pedir · Condições · Beneficiarios · II. REQUISITOS GENERALES",
    Field.EVIDENCE: "Documentos · Documentos necessários · ¿Qué necesito para hacer el trámite? · "
    "Documentación requerida · O que preciso levar",
    Field.PROCESSING_TIME: "Plazo · ¿Cuánto demora? · Prazo de atendimento · Tiempo de respuesta · "
    "Quanto tempo leva?",
    Field.TEMPORAL: "Fechas · Calendario de pagos · Plazo para postular · Cronograma · "
    "Prazo de inscrição · ¿Cuándo se hace?",
    Field.VALIDITY: "Vigencia · Validade do documento · Plazo de vigencia · ¿Por cuánto tiempo?",
    Field.CHANNEL: "¿Dónde se hace? · Onde pedir · Horario de atención · Canales de atención · "
    "¿Cómo y dónde hago el trámite? · Oficinas",
    Field.CONTACT_POINT: "Contacto · Teléfonos · Fale conosco · Correo electrónico",
    Field.LEGAL_RESOURCE: "Marco legal · Base legal · Legislação · Normativa aplicable",
    Field.STEPS: "Pasos · Etapas · Paso a paso · ¿Cómo se hace? · Como solicitar · Procedimiento",
    Field.OUTPUT: "Resultado · ¿Qué obtengo?",
    Field.DESCRIPTION: "Descripción · ¿En qué consiste? · O que é? · Qué es",
}


@pytest.mark.parametrize(
    ("text", "field"),
    [(text, field) for field, texts in HEADINGS.items() for text in texts.split(" · ")],
)
def test_headings_announce_their_property(text: str, field: Field) -> None:
    assert infer(text) is field


@pytest.mark.parametrize(
    "text",
    [
        "Introducción",
        "Licencia clase B",
        "Disposiciones",
        "Anexo",
        "Valoración",
        "Validación de datos",
        "",
    ],
)
def test_other_headings_announce_nothing(text: str) -> None:
    assert infer(text) is None


def test_what_only_looks_like_another_property_is_body() -> None:
    assert infer("Valores institucionales") is Field.BODY
    assert infer("Documentos relacionados") is Field.BODY


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("Costo: S/ 10.00", Field.COST),
        ("Plazo máximo de entrega: 5 días", Field.PROCESSING_TIME),
        ("Telefone: (11) 3000-0000", Field.CONTACT_POINT),
        ("¿Cuánto cuesta? Es gratuito.", Field.COST),
        ("Requisitos:", Field.REQUIREMENT),
        ("Nota: el valor cambia cada año", None),
        ("A las 10:30 horas", None),
        ("Se paga en https://pagos.gob.cl", None),
        ("La persona que presenta el plazo y el costo de todo: nadie", None),
    ],
)
def test_labels(line: str, field: Field | None) -> None:
    assert label_field(line) is field


def test_titles_and_columns_are_matched_more_strictly() -> None:
    assert head_field("Tarifas del Metro") is Field.COST
    assert head_field("Cómo renovar la licencia") is Field.STEPS
    assert head_field("Licencia: requisitos") is None
    assert exact_field("Costo") is Field.COST
    assert exact_field("Documento de identidad") is None


def test_no_phrase_stands_under_two_properties() -> None:
    data = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    for group in ("phrases", "weak"):
        phrases = [phrase for listed in data[group].values() for phrase in listed]
        assert all(isinstance(phrase, str) for phrase in phrases)
        repeated = {phrase for phrase in phrases if phrases.count(phrase) > 1}
        assert not repeated
