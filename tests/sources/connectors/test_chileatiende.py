"""ChileAtiende's API in all its published shapes, well and broken; its key is seen by nobody."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from sources import catalog, portals
from sources import connectors as house
from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.connectors.chileatiende import read
from sources.document import Document, Field, Rejected, Sector, Unchanged
from sources.errors import CatalogError, ConnectorError
from tests.sources.portal import Portal

pytestmark = pytest.mark.usefixtures("waits")

KEY = "s3cr3t/llave+1"

FICHA: dict[str, Any] = {
    "id": "AD001-1",
    "fecha": "2026-03-10 12:30:00",
    "servicio": "Servicio de Registro Civil e Identificación",
    "titulo": "Permiso de circulación &amp; patente",
    "objetivo": "<p>Permite <b>circular</b> por un año.</p><p>Se paga en marzo.</p>",
    "beneficiarios": "<h3>Chilenos</h3><ul><li>Tener 18 años</li><li>Tener RUN</li></ul>",
    "doc_requeridos": "<p>Presente:</p><ol><li>Cédula</li><li>Revisión técnica</li></ol>",
    "costo": "<p>$12.500</p>",
    "vigencia": "&lt;p&gt;Un año.&lt;/p&gt;",
    "plazo": "No aplica.",
    "marco_legal": "<a href='x'>Ley N° 3.063</a>",
    "guia_online": "<p>Ingrese con ClaveÚnica.</p>",
    "guia_online_url": "https://www.example.cl/pagar",
    "guia_oficina": "<p>Diríjase a la municipalidad.</p>",
    "guia_consulado": "",
    "temas": {"tema": ["Transporte"]},
    "tags": {"tag": ["auto", "patente"]},
    "permalink": "https://www.chileatiende.gob.cl/fichas/1-permiso",
}


@pytest.fixture
def entry(tmp_path: Path) -> CatalogEntry:
    (tmp_path / "key").write_text(f"{KEY}\n")
    return CatalogEntry(
        id="cl-chileatiende",
        title="ChileAtiende",
        connector="chileatiende",
        country="CL",
        options={"token_file": str(tmp_path / "key")},
    )


def with_options(entry: CatalogEntry, **options: Any) -> CatalogEntry:
    return entry.model_copy(update={"options": {**entry.options, **options}})


def numbered(*numbers: int) -> list[dict[str, Any]]:
    return [{**FICHA, "id": f"AD001-{number}"} for number in numbers]


def feed(items: Any, following: Any = None) -> dict[str, Any]:
    return {
        "fichas": {
            "titulo": "Listado de Fichas",
            "tipo": "chileatiende#fichasFeed",
            "nextPageToken": following,
            "items": items,
        }
    }


def ids(items: list[Any]) -> list[str]:
    return [item.id for item in items if isinstance(item, Document)]


def test_a_ficha_becomes_a_public_service(web: Portal, entry: CatalogEntry) -> None:
    web.pages["/api/fichas"] = lambda query: feed({"ficha": [FICHA]})
    (document,) = read(entry, f"{web.url}/api/", Memory())
    assert isinstance(document, Document)
    assert document.id == "cl-chileatiende-ad001-1"
    assert document.title == "Permiso de circulación & patente"
    assert document.sectors == (Sector.TRANSPORT,)
    assert document.keywords == ("auto", "patente", "Transporte")
    told = [(section.field, document.quote(section)) for section in document.sections]
    assert told == [
        (Field.DESCRIPTION, "Permite circular por un año."),
        (Field.DESCRIPTION, "Se paga en marzo."),
        (Field.REQUIREMENT, "Chilenos:\n- Tener 18 años\n- Tener RUN"),
        (Field.EVIDENCE, "Presente:\n1) Cédula\n2) Revisión técnica"),
        (Field.COST, "$12.500"),
        (Field.VALIDITY, "Un año."),
        (Field.CHANNEL, "Se hace en línea en https://www.example.cl/pagar"),
        (Field.CHANNEL, "En línea: Ingrese con ClaveÚnica."),
        (Field.CHANNEL, "En oficina: Diríjase a la municipalidad."),
        (Field.LEGAL_RESOURCE, "Ley N° 3.063"),
    ]
    assert document.provenance.as_of == "2026-03-10"
    assert document.provenance.url == FICHA["permalink"]
    assert document.provenance.agency == FICHA["servicio"]
    assert document.provenance.retrieved_at


@pytest.mark.parametrize(
    "items",
    [
        {"ficha": numbered(1, 2)},
        numbered(1, 2),
        [{"ficha": each} for each in numbered(1, 2)],
    ],
)
def test_every_envelope_is_taken(web: Portal, entry: CatalogEntry, items: Any) -> None:
    web.pages["/api/fichas"] = lambda query: feed(items)
    found = list(read(entry, f"{web.url}/api", Memory()))
    assert ids(found) == ["cl-chileatiende-ad001-1", "cl-chileatiende-ad001-2"]


def test_one_ficha_alone_and_xml_are_taken(web: Portal, entry: CatalogEntry) -> None:
    web.pages["/api/fichas"] = lambda query: feed({"ficha": FICHA})
    assert len(ids(list(read(entry, f"{web.url}/api", Memory())))) == 1
    web.pages.clear()
    web.put(
        "/api/fichas",
        """<?xml version="1.0"?><fichas><titulo>x</titulo><items>
        <ficha><codigo>AD001-7</codigo><titulo>Uno</titulo><costo>&lt;p&gt;Gratis&lt;/p&gt;</costo>
          <tags><tag>a</tag><tag>b</tag></tags></ficha>
        <ficha><codigo>AD001-8</codigo><titulo>Dos</titulo><costo>$ 100</costo></ficha>
        </items></fichas>""",
    )
    found = list(read(with_options(entry, type="xml"), f"{web.url}/api", Memory()))
    assert ids(found) == ["cl-chileatiende-ad001-7", "cl-chileatiende-ad001-8"]
    assert isinstance(found[0], Document)
    assert found[0].keywords == ("a", "b") and found[0].quote(found[0].sections[0]) == "Gratis"
    assert "type=xml" in web.asked[-1][0]


@pytest.mark.parametrize("last", [None, "", "3"])
def test_pages_are_read_until_the_last(web: Portal, entry: CatalogEntry, last: Any) -> None:
    """A version of the API names a next page even on the last one, and then gives none."""
    listed = {None: (numbered(1, 2), 2), "2": (numbered(3), last), "3": ([], "4")}

    def page(query: dict[str, str]) -> Any:
        return feed(*listed[query.get("pageToken")])

    web.pages["/api/fichas"] = page
    found = list(read(entry, f"{web.url}/api", Memory()))
    assert ids(found) == [f"cl-chileatiende-ad001-{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("endless", ["token repeats", "same fichas", "new fichas"])
def test_a_list_without_an_end_ends_with_one_line(
    web: Portal, entry: CatalogEntry, endless: str
) -> None:
    def page(query: dict[str, str]) -> Any:
        at = int(query.get("pageToken", 1))
        following = 2 if endless == "token repeats" else at + 1
        return feed(numbered(at if endless == "new fichas" else 1), following)

    web.pages["/api/fichas"] = page
    with pytest.raises(ConnectorError) as caught:
        list(read(with_options(entry, most_pages=7), f"{web.url}/api", Memory()))
    assert "\n" not in str(caught.value)
    assert ("more than 7 pages" if endless == "new fichas" else "again and again") in str(
        caught.value
    )
    assert len(web.asked) <= 7


def test_broken_fichas_are_rejected_and_the_rest_goes_on(web: Portal, entry: CatalogEntry) -> None:
    broken: list[Any] = [
        {**FICHA, "titulo": None},
        {key: value for key, value in FICHA.items() if key != "id"},
        {"id": "AD9-1", "titulo": "Nada", "costo": {"odd": 1}},
        {**FICHA, "id": "AD9-2", "objetivo": "<div>" * 400 + "x"},
        7,
    ]
    web.pages["/api/fichas"] = lambda query: feed([*broken, *numbered(1)])
    memory = Memory()
    found = list(read(entry, f"{web.url}/api", memory))
    assert ids(found) == ["cl-chileatiende-ad001-1"]
    reasons = {item.name: item.reason for item in found if isinstance(item, Rejected)}
    assert reasons["AD001-1"] == "it has no title"
    assert reasons["a ficha without `id`"] == "it has no code"
    assert "HTTP status 404" in reasons["AD9-1"]
    assert "nested too deeply" in reasons["AD9-2"]
    assert memory.now == {}, "a page with broken fichas is read again"


def test_a_list_of_titles_is_filled_in(web: Portal, entry: CatalogEntry) -> None:
    web.pages["/api/fichas"] = lambda query: feed([{"codigo": "AD001-1", "titulo": "x"}])
    web.pages["/api/fichas/AD001-1"] = lambda query: {"ficha": FICHA}
    (document,) = read(entry, f"{web.url}/api", Memory())
    assert isinstance(document, Document) and document.title.startswith("Permiso")


def test_services_are_read_one_after_the_other(web: Portal, entry: CatalogEntry) -> None:
    web.pages["/api/servicios/AD001/fichas"] = lambda query: feed(numbered(1, 2))
    web.pages["/api/servicios/AD002/fichas"] = lambda query: feed(numbered(2, 3))
    part = with_options(entry, services=["AD001", "AD002"])
    found = list(read(part, f"{web.url}/api", Memory()))
    assert ids(found) == [f"cl-chileatiende-ad001-{number}" for number in (1, 2, 3)]


def test_what_is_as_it_was_is_not_read_again(web: Portal, entry: CatalogEntry) -> None:
    def page(query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        at = query.get("pageToken", "1")
        if headers.get("If-None-Match") == f'"{at}"':
            return 304, b"", {}
        more = "2" if at == "1" else None
        return 200, json.dumps(feed(numbered(int(at)), more)).encode(), {"ETag": f'"{at}"'}

    web.answers["/api/fichas"] = page
    first = Memory()
    assert len(ids(list(read(entry, f"{web.url}/api", first)))) == 2
    second = Memory(before=first.now)
    assert list(read(entry, f"{web.url}/api", second)) == [
        Unchanged(document_id="cl-chileatiende-ad001-1"),
        Unchanged(document_id="cl-chileatiende-ad001-2"),
    ]
    assert second.now == first.now
    assert KEY not in json.dumps(first.now) and "access_token" not in json.dumps(first.now)


def test_a_page_is_noted_once_all_of_it_was_taken(web: Portal, entry: CatalogEntry) -> None:
    """A reading that is cut off within a page must not take the rest of it for known."""
    web.put("/api/fichas", json.dumps(feed(numbered(1, 2))), etag='"1"')
    memory = Memory()
    items = read(entry, f"{web.url}/api", memory)
    next(items)
    assert memory.now == {}
    assert len(ids(list(items))) == 1 and len(memory.now) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><body>Mantenimiento</body></html>", "a page, not with data"),
        (b'{"fichas": {"items": [{"id": ', "broken JSON"),
        (b"", "nothing came"),
        (b'{"error": "x"}', "no `items`"),
        (b"[1, 2]", "no `items`"),
        (b"<fichas><items>", "broken XML"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "XML entities"),
    ],
)
def test_what_is_no_answer_is_one_line(
    web: Portal, entry: CatalogEntry, body: bytes, said: str
) -> None:
    web.put("/api/fichas", body)
    with pytest.raises(ConnectorError, match=said) as caught:
        list(read(entry, f"{web.url}/api", Memory()))
    assert "\n" not in str(caught.value)


def test_a_busy_server_is_asked_again_and_an_absent_one_is_not(
    web: Portal, entry: CatalogEntry, waits: list[float]
) -> None:
    web.down = True
    with pytest.raises(ConnectorError, match=r"HTTP status 503.*--from"):
        list(read(entry, f"{web.url}/api", Memory()))
    assert len(web.asked) == 3 and {2.0, 8.0} <= set(waits)
    web.down = False
    web.asked.clear()
    with pytest.raises(ConnectorError, match="HTTP status 404"):
        list(read(entry, f"{web.url}/api", Memory()))
    assert len(web.asked) == 1


def test_requests_keep_half_a_second_apart(
    web: Portal, entry: CatalogEntry, waits: list[float]
) -> None:
    listed = {None: (numbered(1), "2"), "2": (numbered(2), None)}
    web.pages["/api/fichas"] = lambda query: feed(*listed[query.get("pageToken")])
    list(read(entry, f"{web.url}/api", Memory()))
    assert len(waits) == 1 and 0.3 < waits[0] <= 0.5


def test_an_answer_without_an_end_is_cut(
    web: Portal, entry: CatalogEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portals.Portal.get, "__kwdefaults__", {
        **(portals.Portal.get.__kwdefaults__ or {}), "largest": 2 * 1024 * 1024,
    })  # fmt: skip
    web.put("/api/fichas", b" " * (3 * 1024 * 1024))
    with pytest.raises(ConnectorError, match="sends more than 2 MB"):
        list(read(entry, f"{web.url}/api", Memory()))


def test_the_key_is_sent_and_seen_by_nobody(
    web: Portal, entry: CatalogEntry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web.pages["/api/fichas"] = lambda query: feed(numbered(int(query["access_token"] == KEY)))
    found = list(read(entry, f"{web.url}/api", Memory()))
    assert ids(found) == ["cl-chileatiende-ad001-1"]
    assert "HTTP Request" in caplog.text
    assert "s3cr3t" not in caplog.text and "access_token" not in caplog.text
    web.redirects["/api/fichas"] = f"ftp://elsewhere.example/?k={KEY}"
    with pytest.raises(ConnectorError) as caught:
        list(read(entry, f"{web.url}/api", Memory()))
    assert "no web address" in str(caught.value)
    assert "s3cr3t" not in f"{caught.value!r} {caught.value.problem} {caught.value.args}"
    web.redirects["/api/fichas"] = "/api/fichas"
    with pytest.raises(ConnectorError, match="one address to the next"):
        list(read(entry, f"{web.url}/api", Memory()))


def test_the_key_lies_beside_the_entry(tmp_path: Path) -> None:
    (tmp_path / "llave").write_text(KEY)
    path = tmp_path / "cl.yaml"
    path.write_text(
        "id: cl-x\ntitle: x\nconnector: chileatiende\norigin: https://x.example/api\ncountry: CL\n"
        "options: {token_file: ./llave}\n"
    )
    entry = catalog.read_entry(path)
    assert entry.options["token_file"] == str(tmp_path / "llave")
    assert "chileatiende" in house.available()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "options.token_file"),
        ({"token_file": "/none"}, "cannot be read"),
        ({"tokenfile": "x"}, "options.tokenfile"),
        ({"page_size": 500}, "options.page_size"),
        ({"services": "AD001"}, "options.services"),
        ({"user_agent": "a\nb"}, "options.user_agent"),
    ],
)
def test_a_wrong_option_is_named(entry: CatalogEntry, options: dict[str, Any], said: str) -> None:
    wrong = entry.model_copy(update={"options": options})
    with pytest.raises(CatalogError, match=said) as caught:
        list(read(wrong, "http://127.0.0.1:9/api", Memory()))
    assert "\n" not in str(caught.value)


def test_a_file_that_holds_no_key_is_refused_without_showing_it(
    entry: CatalogEntry, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(f"KEY = {KEY}\n")
    with pytest.raises(CatalogError, match="nothing else") as caught:
        list(read(entry, "http://127.0.0.1:9/api", Memory()))
    assert "s3cr3t" not in str(caught.value)


def test_downloaded_answers_are_read_without_a_key(tmp_path: Path, entry: CatalogEntry) -> None:
    (tmp_path / "a.json").write_text(json.dumps(feed(numbered(1))))
    (tmp_path / "b.json").write_text('{"fichas": ')
    found = list(read(entry.model_copy(update={"options": {}}), str(tmp_path), Memory()))
    assert ids(found) == ["cl-chileatiende-ad001-1"]
    assert isinstance(found[1], Rejected) and found[1].name == "b.json"
    assert isinstance(found[0], Document) and found[0].provenance.retrieved_at is None
    with pytest.raises(ConnectorError, match="does not exist"):
        list(read(entry, str(tmp_path / "none"), Memory()))
