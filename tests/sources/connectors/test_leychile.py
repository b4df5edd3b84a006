"""LeyChile in XML and JSON: articles become sections, and what has expired is never today's."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.connectors.leychile import read
from sources.document import Document, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError
from tests.sources.portal import Portal

pytestmark = pytest.mark.usefixtures("waits")

TODAY = date.today()
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)

ENTRY = CatalogEntry(
    id="cl-leyes",
    title="Leyes de Chile",
    connector="leychile",
    country="CL",
    language="es",
    agency="Biblioteca del Congreso Nacional",
    options={"norms": [210676]},
)

XML = """<?xml version="1.0" encoding="UTF-8"?>
<Norma xmlns="http://www.leychile.cl/esquemas" normaId="210676" derogado="{derogado}"
    fechaVersion="2023-05-10">
  <Identificador fechaPromulgacion="2003-05-22" fechaPublicacion="2003-05-29">
    <TiposNumeros><TipoNumero><Tipo>Ley</Tipo><Numero>19880</Numero></TipoNumero></TiposNumeros>
  </Identificador>
  <Metadatos><TituloNorma>ESTABLECE BASES DE LOS PROCEDIMIENTOS</TituloNorma>
    <Materias><Materia>Procedimiento administrativo</Materia></Materias>
    <NombresUsoComun><NombreUsoComun>Ley de Bases</NombreUsoComun></NombresUsoComun>{ended}
  </Metadatos>
  <Encabezado><Texto>Teniendo presente que el H. Congreso ha aprobado</Texto></Encabezado>
  <EstructurasFuncionales>
    <EstructuraFuncional tipoParte="Capítulo" derogado="no derogado">
      <Texto>CAPITULO I
Disposiciones Generales</Texto>
      <EstructurasFuncionales>
        <EstructuraFuncional tipoParte="Artículo" derogado="no derogado" fechaVersion="2003-05-29">
          <Texto>     Artículo 1º.- La presente ley establece las
bases del procedimiento.
     En caso de duda se aplica esta.</Texto></EstructuraFuncional>
        <EstructuraFuncional tipoParte="Artículo" derogado="derogado">
          <Texto>     Artículo 2º.- Derogado texto.</Texto></EstructuraFuncional>
        <EstructuraFuncional tipoParte="Artículo" derogado="no derogado" fechaVersion="{later}">
          <Texto>     Artículo 5º bis.- El plazo es de 10 días.</Texto></EstructuraFuncional>
      </EstructurasFuncionales>
    </EstructuraFuncional>
  </EstructurasFuncionales>
  <Promulgacion><Texto>Santiago, 22 de mayo. RICARDO LAGOS</Texto></Promulgacion>
</Norma>"""


def xml(derogado: str = "no derogado", ended: str = "", later: str = "2023-05-10") -> str:
    return XML.format(derogado=derogado, ended=ended, later=later)


def norm(
    begin: date | str = "2023-05-10", end: date | str = "", versions: Any = None, **told: Any
) -> dict[str, Any]:
    return {
        "html": [
            {"i": 1, "t": "<div>Teniendo presente</div>"},
            {
                "i": 2,
                "t": "<div><span>CAPITULO I</span></div><div>Disposiciones Generales</div>",
                "h": [
                    {"i": 3, "t": "<div>Artículo 1º.- La ley <b>rige</b>.</div><div>Siempre.</div>"}
                ],
            },
        ],
        "metadatos": {
            "id_norma": "210676",
            "titulo_norma": "ESTABLECE BASES",
            "tipos_numeros": [{"compuesto": "Ley 19880"}],
            "vigencia": {"inicio_vigencia": str(begin), "fin_vigencia": str(end)},
            "vigencias": versions or [],
            **told,
        },
    }


def options(**given: Any) -> CatalogEntry:
    return ENTRY.model_copy(update={"options": given})


def one(items: Any) -> Document:
    (document,) = items
    assert isinstance(document, Document), document
    return document


def why(items: Any) -> str:
    (rejected,) = items
    assert isinstance(rejected, Rejected), rejected
    assert "\n" not in rejected.reason
    return rejected.reason


def test_articles_of_the_xml_become_sections(web: Portal) -> None:
    web.put("/obtxml", xml())
    document = one(read(ENTRY, f"{web.url}/obtxml?opt=7", Memory()))
    assert "opt=7&idNorma=210676" in web.asked[0][0]
    assert document.id == "cl-leyes-210676"
    assert document.title == "Ley 19880: ESTABLECE BASES DE LOS PROCEDIMIENTOS"
    assert document.names == ("Ley de Bases", "Ley 19880")
    assert document.keywords == ("Procedimiento administrativo",)
    told = [(section.heading, document.quote(section)) for section in document.sections]
    assert told == [
        (
            "CAPITULO I Disposiciones Generales › Artículo 1",
            "Artículo 1º.- La presente ley establece las bases del procedimiento.\n"
            "En caso de duda se aplica esta.",
        ),
        (
            "CAPITULO I Disposiciones Generales › Artículo 5 bis",
            "Artículo 5º bis.- El plazo es de 10 días.",
        ),
    ]
    assert document.sections[0].valid_from == date(2003, 5, 29)
    provenance = document.provenance
    assert provenance.url == "https://www.bcn.cl/leychile/navegar?idNorma=210676"
    assert provenance.valid_from == date(2023, 5, 10) and provenance.valid_to is None
    assert provenance.as_of == TODAY.isoformat()


def test_articles_of_the_json_become_sections(web: Portal) -> None:
    web.pages["/get_norma_json"] = lambda query: norm()
    document = one(read(options(norms=[{"ley": 19880}]), f"{web.url}/get_norma_json", Memory()))
    assert "idLey=19880" in web.asked[0][0] and f"idVersion={TODAY}" in web.asked[0][0]
    assert document.title == "Ley 19880: ESTABLECE BASES"
    (section,) = document.sections
    assert section.heading == "CAPITULO I Disposiciones Generales › Artículo 1"
    assert document.quote(section) == "Artículo 1º.- La ley rige.\nSiempre."
    assert document.provenance.valid_from == date(2023, 5, 10)


def test_an_expired_version_is_exchanged_for_the_one_in_force(web: Portal) -> None:
    versions = [
        {"desde": "2010-01-01", "hasta": str(YESTERDAY)},
        {"desde": str(TODAY), "hasta": str(TOMORROW)},
        {"desde": "2222-02-02", "hasta": "2222-02-02"},
    ]

    def page(query: dict[str, str]) -> Any:
        if query["idNorma"] and query["idVersion"] == TODAY.isoformat() and len(web.asked) > 1:
            return norm(TODAY, TOMORROW, versions)
        return norm("2010-01-01", YESTERDAY, versions)

    web.pages["/get_norma_json"] = page
    document = one(read(ENTRY, f"{web.url}/get_norma_json", Memory()))
    assert len(web.asked) == 2
    assert document.provenance.valid_from == TODAY and document.provenance.valid_to == TOMORROW


@pytest.mark.parametrize(
    ("payload", "begin", "end"),
    [
        (norm("2010-01-01", YESTERDAY), date(2010, 1, 1), YESTERDAY),
        (norm(TOMORROW, ""), TOMORROW, None),
        (norm("2010-01-01", "2222-02-02"), date(2010, 1, 1), None),
    ],
)
def test_a_version_bears_its_days(web: Portal, payload: Any, begin: date, end: date | None) -> None:
    web.pages["/get_norma_json"] = lambda query: payload
    provenance = one(read(ENTRY, f"{web.url}/get_norma_json", Memory())).provenance
    assert (provenance.valid_from, provenance.valid_to) == (begin, end)


def test_a_repealed_law_is_never_todays(web: Portal) -> None:
    url = f"{web.url}/obtxml?opt=7"
    web.put("/obtxml", xml("derogado", f"<FechaDerogacion>{TODAY}</FechaDerogacion>"))
    assert one(read(ENTRY, url, Memory())).provenance.valid_to == YESTERDAY
    web.put("/obtxml", xml("derogado"))
    assert "repealed" in why(read(ENTRY, url, Memory()))
    web.pages["/get_norma_json"] = lambda query: norm(derogado=True)
    assert "repealed" in why(read(ENTRY, f"{web.url}/get_norma_json", Memory()))


def test_an_article_that_begins_later_bears_its_day(web: Portal) -> None:
    web.put("/obtxml", xml(later=str(TOMORROW)))
    document = one(read(ENTRY, f"{web.url}/obtxml", Memory()))
    assert document.sections[1].valid_from == TOMORROW


@pytest.mark.parametrize("body", [b"", b"Request Rejected", b"<html>Support ID: 1</html>"])
def test_a_silent_block_ends_the_reading_and_is_said(web: Portal, body: bytes) -> None:
    web.put("/obtxml", body)
    with pytest.raises(ConnectorError, match="firewall blocks without saying so") as caught:
        list(read(options(norms=[1, 2]), f"{web.url}/obtxml", Memory()))
    assert len(web.asked) == 1 and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"html": []}', "no such norm"),
        (b'{"html": [], "metadatos": {"id_norma": 1, "titulo_norma": "x"}}', "no article in it"),
        (b'{"html": [7, {"t": 1}], "metadatos": {"id_norma": 1}}', "it has no title"),
        (b'{"html": [], "metadatos": {"titulo_norma": "x"}}', "it has no number"),
        (b"<Error>No existe</Error>", "there is no such norm"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML entities"),
    ],
)
def test_what_is_no_norm_is_rejected(web: Portal, body: bytes, said: str) -> None:
    web.put("/obtxml", body)
    assert said in why(read(ENTRY, f"{web.url}/obtxml", Memory()))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>" + b"x" * 600 + b"</html>", "a page came, not a norm"),
        (b"Mantenimiento " * 60, "a page came, not a norm"),
        (b'{"html": [{"i": 1, "t": "<div>', "broken JSON"),
        (xml()[:700].encode(), "broken XML"),
    ],
)
def test_answers_that_are_no_answers_retire_nothing(web: Portal, body: bytes, said: str) -> None:
    web.put("/obtxml", body)
    with pytest.raises(ConnectorError, match=said) as caught:
        list(read(ENTRY, f"{web.url}/obtxml", Memory()))
    assert "\n" not in str(caught.value)


def test_one_norm_that_fails_leaves_the_others_and_keeps_its_document(web: Portal) -> None:
    both = options(norms=[1, 210676])
    web.answers["/obtxml"] = lambda query, headers: (
        (503, b"", {}) if query["idNorma"] == "1" else (200, xml().encode(), {})
    )
    memory = Memory(before={"norma 1": {"document": "cl-leyes-1"}})
    rejected, kept, document = read(both, f"{web.url}/obtxml", memory)
    assert isinstance(rejected, Rejected) and "503" in rejected.reason
    assert kept == Unchanged(document_id="cl-leyes-1")
    assert isinstance(document, Document)
    web.answers["/obtxml"] = lambda query, headers: (404, b"", {})
    gone = list(read(both, f"{web.url}/obtxml", memory))
    assert all(isinstance(item, Rejected) for item in gone) and len(gone) == 2


def test_what_is_as_it_was_is_not_read_again(web: Portal) -> None:
    web.put("/obtxml", xml(), etag='"7"')
    first = Memory()
    document = one(read(ENTRY, f"{web.url}/obtxml", first))
    second = Memory(before=first.now)
    assert list(read(ENTRY, f"{web.url}/obtxml", second)) == [Unchanged(document_id=document.id)]
    assert second.now == first.now


def test_downloaded_answers_are_read_without_a_list(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(xml())
    (tmp_path / "b.json").write_text(json.dumps(norm(id_norma="7")))
    (tmp_path / "c.json").write_text("{")
    found = list(read(options(), str(tmp_path), Memory()))
    assert [item.id for item in found[:2] if isinstance(item, Document)] == [
        "cl-leyes-210676",
        "cl-leyes-7",
    ]
    assert isinstance(found[2], Rejected) and found[2].name == "c.json"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "options.norms"),
        ({"norms": ["x"]}, "options.norms"),
        ({"norms": [{"law": 1}]}, "options.norms"),
        ({"norms": [-1]}, "options.norms"),
        ({"norm": [1]}, "options.norm:"),
    ],
)
def test_a_wrong_option_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogError, match=said) as caught:
        list(read(options(**given), "http://127.0.0.1:9", Memory()))
    assert "\n" not in str(caught.value)
