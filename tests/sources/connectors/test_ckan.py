"""CKAN portals: what they publish becomes documents; what they break becomes one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sources import fetch
from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.connectors.ckan import read
from sources.document import Document, Field, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError
from tests.sources.portal import Portal, portal

pytestmark = pytest.mark.usefixtures("waits")

KEY = "s3cr3t-key"
HTML = "<html><body><h1>Guía</h1><h2>Costo</h2><p>El trámite cuesta $100.</p></body></html>"
SHOW = "/api/3/action/package_show"
SEARCH = "/api/3/action/package_search"

ENTRY = CatalogEntry(
    id="cl-datos",
    title="Datos abiertos",
    connector="ckan",
    country="CL",
    language="es",
    options={"packages": ["guia"]},
)


def package(web: Portal, *resources: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "p-1",
        "name": "guia",
        "title": "Guía de trámites",
        "notes": "Reúne los **trámites** de la agencia.",
        "license_title": "CC-BY 4.0",
        "organization": {"name": "agencia", "title": "Agencia de Ejemplo"},
        "metadata_modified": "2026-02-01T10:00:00",
        "tags": [{"name": "guia", "display_name": "guía"}],
        "resources": list(resources),
        **fields,
    }


def page(web: Portal, **fields: Any) -> dict[str, Any]:
    return {
        "id": "r-1",
        "name": "La guía",
        "format": "HTML",
        "url": f"{web.url}/guia.html",
        **fields,
    }


def options(**given: Any) -> CatalogEntry:
    return ENTRY.model_copy(update={"options": given})


def serve(web: Portal, found: dict[str, Any], *, as_list: bool = False) -> None:
    web.put("/guia.html", HTML, etag='"1"')
    result = [found] if as_list else found
    web.pages[SHOW] = lambda query: {"success": True, "result": result}


def documents(items: Any) -> list[Document]:
    return [item for item in items if isinstance(item, Document)]


def reasons(items: Any) -> list[str]:
    return [item.reason for item in items if isinstance(item, Rejected)]


@pytest.mark.parametrize("as_list", [False, True])
def test_a_file_becomes_a_document_of_its_agency(web: Portal, as_list: bool) -> None:
    serve(web, package(web, page(web, last_modified="2026-03-05T00:00:00")), as_list=as_list)
    (document,) = read(ENTRY, web.url, Memory())
    assert isinstance(document, Document)
    assert document.id.startswith("cl-datos-guia-")
    assert document.title == "Guía de trámites" and "La guía" in document.names
    assert document.keywords == ("guía",)
    told = document.provenance
    assert (told.agency, told.licence, told.as_of) == (
        "Agencia de Ejemplo",
        "CC-BY 4.0",
        "2026-03-05",
    )
    assert told.url == f"{web.url}/guia.html"
    assert [(section.field, document.quote(section)) for section in document.sections] == [
        (Field.DESCRIPTION, "Reúne los trámites de la agencia."),
        (Field.COST, "El trámite cuesta $100."),
    ]


def test_risky_files_are_read_apart(web: Portal, tmp_path: Path) -> None:
    from docx import Document as Word

    word = Word()
    word.add_heading("Requisitos", 1)
    word.add_paragraph("Tener la cédula vigente.")
    word.save(str(tmp_path / "a.docx"))
    web.put("/a b.docx", "")
    web.files["/a%20b.docx"] = (tmp_path / "a.docx").read_bytes()
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    serve(web, package(web, {"id": "r", "url": f"{web.url}/a b.docx", "mimetype": office}))
    (document,) = documents(read(ENTRY, web.url, Memory()))
    assert document.quote(document.sections[-1]) == "Tener la cédula vigente."
    assert document.sections[-1].field is Field.REQUIREMENT


def test_a_portal_is_searched_page_by_page(web: Portal) -> None:
    serve(web, {})
    every = [package(web, page(web, id=f"r{n}"), id=f"p{n}", name=f"guia-{n}") for n in range(150)]

    def search(query: dict[str, str]) -> Any:
        start = int(query.get("start", 0))
        found = every[start : start + int(query["rows"])]
        return {"success": True, "result": {"count": len(every), "results": found}}

    web.pages[SEARCH] = search
    part = options(organization="agencia", groups=["salud"], query="guía")
    assert len(documents(read(part, f"{web.url}/api/3/action/", Memory()))) == 150
    asked = [path for path, _ in web.asked if "package_search" in path]
    assert len(asked) == 2 and "q=gu%C3%ADa" in asked[0]
    assert "organization%3A%22agencia%22+groups%3A%22salud%22" in asked[0]
    with pytest.raises(ConnectorError, match="has 150 data sets"):
        list(read(options(query="x", most_packages=100), web.url, Memory()))


def test_a_search_without_an_end_ends_with_one_line(web: Portal) -> None:
    serve(web, {})
    same = {"success": True, "result": {"results": [package(web, page(web))]}}
    web.pages[SEARCH] = lambda query: same
    with pytest.raises(ConnectorError, match="again and again"):
        list(read(options(query="x"), web.url, Memory()))


def test_what_is_not_wanted_is_left_out(web: Portal) -> None:
    csv = {"id": "c", "format": "CSV", "url": f"{web.url}/a.csv"}
    gone = page(web, id="d", state="deleted")
    serve(web, package(web, csv, gone, page(web)))
    assert len(list(read(ENTRY, web.url, Memory()))) == 1
    serve(web, package(web, csv, csv, {"id": "x", "url": f"{web.url}/thing"}))
    with pytest.raises(ConnectorError, match=r"pdf, docx.*2 csv, 1 without a format"):
        list(read(ENTRY, web.url, Memory()))
    serve(web, package(web, page(web), private=True))
    with pytest.raises(ConnectorError, match="no file of these formats"):
        list(read(ENTRY, web.url, Memory()))


def test_what_is_as_it_was_is_not_read_again(web: Portal) -> None:
    serve(web, package(web, page(web)))
    first = Memory()
    (document,) = documents(read(ENTRY, web.url, first))
    second = Memory(before=first.now)
    assert list(read(ENTRY, web.url, second)) == [Unchanged(document_id=document.id)]
    assert second.now == first.now
    assert web.asked[-1][1]["If-None-Match"] == '"1"'
    web.etags.clear()  # a server without ETags sends the same bytes again
    assert list(read(ENTRY, web.url, Memory(before=first.now))) == [
        Unchanged(document_id=document.id)
    ]
    serve(web, package(web, page(web), license_title="CC0"))
    (renewed,) = documents(read(ENTRY, web.url, Memory(before=first.now)))
    assert renewed.id == document.id and renewed.provenance.licence == "CC0"


def test_a_file_out_of_reach_keeps_its_document_and_one_that_is_gone_does_not(
    web: Portal,
) -> None:
    serve(web, package(web, page(web)))
    first = Memory()
    (document,) = documents(read(ENTRY, web.url, first))
    web.answers["/guia.html"] = lambda query, headers: (503, b"", {})
    again = Memory(before=first.now)
    rejected, kept = read(ENTRY, web.url, again)
    assert isinstance(rejected, Rejected) and "503" in rejected.reason
    assert kept == Unchanged(document_id=document.id) and again.now == first.now
    web.answers["/guia.html"] = lambda query, headers: (404, b"", {})
    (rejected,) = read(ENTRY, web.url, Memory(before=first.now))
    assert isinstance(rejected, Rejected) and "404" in rejected.reason


def test_broken_files_are_rejected_and_the_rest_goes_on(web: Portal) -> None:
    web.put("/login.pdf", HTML)
    web.put("/broken.pdf", "%PDF-1.7 no more")
    web.put("/empty.txt", "")
    web.redirects["/loop.html"] = "/loop.html"
    serve(
        web,
        package(
            web,
            {"id": "1", "name": "a", "format": "PDF", "url": f"{web.url}/login.pdf"},
            {"id": "2", "name": "b", "format": "pdf", "url": f"{web.url}/broken.pdf"},
            {"id": "3", "name": "c", "format": "TXT", "url": f"{web.url}/empty.txt"},
            {"id": "4", "name": "d", "format": "HTML", "url": f"{web.url}/loop.html"},
            {"id": "5", "name": "e", "format": "HTML", "url": "file:///etc/passwd"},
            {"id": "6", "name": "f", "format": "HTML", "url": None},
            page(web),
        ),
    )
    found = list(read(ENTRY, web.url, Memory()))
    assert len(documents(found)) == 1
    said = reasons(found)
    assert len(said) == 6 and all("\n" not in one for one in said)
    assert "a web page came" in said[0] and "empty" in said[2]
    assert "one address to the next" in said[3] and said[4] == said[5] == "it has no web address"


def test_a_portal_may_not_lead_into_a_private_network(
    web: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = web.url.replace("127.0.0.1", "localhost")
    serve(web, package(web, page(web, url=f"{inner}/guia.html"), page(web, id="2")))
    web.redirects["/moved.html"] = f"{inner}/guia.html"
    monkeypatch.setattr(fetch, "is_private", lambda url: "localhost" in url)
    found = list(read(ENTRY, web.url, Memory()))
    assert len(documents(found)) == 1 and "private network" in reasons(found)[0]
    serve(web, package(web, page(web, url=f"{web.url}/moved.html")))
    assert "private network" in reasons(read(ENTRY, web.url, Memory()))[0]


@pytest.mark.parametrize(
    ("header", "name", "value"),
    [
        ("chave-api-dados-abertos", "chave-api-dados-abertos", KEY),
        ("Authorization: Bearer", "Authorization", f"Bearer {KEY}"),
        ("X-CKAN-API-Key", "X-CKAN-API-Key", KEY),
    ],
)
def test_the_key_goes_to_the_api_and_to_no_other_host(
    web: Portal, tmp_path: Path, header: str, name: str, value: str
) -> None:
    (tmp_path / "key").write_text(KEY)
    given = options(packages=["guia"], token_file=str(tmp_path / "key"), token_header=header)
    with portal() as elsewhere:
        elsewhere.put("/guia.html", HTML)
        elsewhere.pages[SHOW] = lambda query: {"success": False}
        serve(web, package(web, page(web, url=f"{elsewhere.url}/guia.html")))
        assert len(documents(read(given, web.url, Memory()))) == 1
        assert web.asked[0][1][name] == value
        web.redirects[SHOW] = elsewhere.url + SHOW
        (rejected,) = read(given, web.url, Memory())
        assert isinstance(rejected, Rejected) and "gives no result" in rejected.reason
        assert len(elsewhere.asked) == 2
        assert KEY not in str(elsewhere.asked)


def test_a_portal_that_refuses_programs_is_explained(web: Portal) -> None:
    def teapot(query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        if headers["User-Agent"] == "Municipalidad de Ejemplo":
            return 200, json.dumps({"result": package(web, page(web))}).encode(), {}
        return 418, b"", {}

    serve(web, {})
    web.answers[SHOW] = teapot
    with pytest.raises(ConnectorError, match=r"HTTP status 418.*options.user_agent"):
        list(read(ENTRY, web.url, Memory()))
    named = options(packages=["guia"], user_agent="Municipalidad de Ejemplo")
    assert len(documents(read(named, web.url, Memory()))) == 1
    web.answers[SEARCH] = teapot
    with pytest.raises(ConnectorError, match=r"HTTP status 418.*options.user_agent"):
        list(read(options(query="x"), web.url, Memory()))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b"", {}), "HTTP status 503"),
        ((403, b"", {}), r"HTTP status 403.*token_file"),
        ((200, b'{"success": true, "result": {"cou', {}), "broken JSON"),
        ((200, b"<html>", {}), "a page, not with data"),
        ((200, b'{"success": false, "error": {"message": "off"}}', {}), r"no result \(off\)"),
        ((200, b'{"result": []}', {}), "no `results`"),
        ((200, b'{"result": {"results": 7}}', {}), "no `results`"),
    ],
)
def test_a_search_that_fails_says_what_else_to_do(web: Portal, answer: Any, said: str) -> None:
    web.answers[SEARCH] = lambda query, headers: answer
    with pytest.raises(ConnectorError, match=said) as caught:
        list(read(options(query="x"), web.url, Memory()))
    assert "options.packages" in caught.value.remedy and "\n" not in str(caught.value)


def test_a_named_data_set_that_is_gone_is_rejected_and_a_portal_that_is_down_is_an_error(
    web: Portal,
) -> None:
    serve(web, package(web, page(web)))
    shown = web.pages.pop(SHOW)

    def show(query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        if query["id"] == "gone":
            return 404, b'{"success": false}', {}
        return 200, json.dumps(shown(query)).encode(), {}

    web.answers[SHOW] = show
    found = list(read(options(packages=["gone", "guia"]), web.url, Memory()))
    assert isinstance(found[0], Rejected) and found[0].name == "gone"
    assert len(documents(found)) == 1
    web.down = True
    with pytest.raises(ConnectorError, match="503"):
        list(read(ENTRY, web.url, Memory()))


def test_each_host_is_asked_twice_a_second(web: Portal, waits: list[float]) -> None:
    with portal() as elsewhere:
        elsewhere.put("/guia.html", HTML)
        far = [page(web, id=f"e{n}", url=f"{elsewhere.url}/guia.html") for n in range(2)]
        serve(web, package(web, page(web), *far))
        assert len(documents(read(ENTRY, web.url, Memory()))) == 3
    assert len(waits) == 2, "one pause for each host: the two take no turns"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"format": ["pdf"]}, "options.format"),
        ({"formats": ["exe"]}, "options.formats"),
        ({"formats": []}, "options.formats"),
        ({"organization": 'a" OR b'}, "options.organization"),
        ({"token_header": "a\r\nb: c"}, "options.token_header"),
    ],
)
def test_a_wrong_option_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogError, match=said) as caught:
        list(read(options(**given), "http://127.0.0.1:9", Memory()))
    assert "\n" not in str(caught.value)
    with pytest.raises(CatalogError, match="no web address"):
        list(read(ENTRY, "./folder", Memory()))
