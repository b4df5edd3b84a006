"""normas.leg.br: the current text and no other, article by article."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sources import fetch
from sources.catalog import CatalogEntry
from sources.connectors import Memory
from sources.connectors.normas import read
from sources.document import Document, Field, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError
from tests.sources.portal import Portal

pytestmark = pytest.mark.usefixtures("waits")

URN = "urn:lex:br:federal:lei:1999-01-29;9784"
API = "/api/public/normas"
TEXT = "/api/public/binario/0a1b/texto"

ENTRY = CatalogEntry(
    id="br-normas",
    title="Leis federais",
    connector="normas",
    country="BR",
    language="pt",
    agency="Congresso Nacional",
    options={"norms": [URN]},
)

HTML = """<html><head><meta charset="iso-8859-1"></head><body>
<p>Faço saber que o Congresso Nacional decreta:</p>
<p>CAPÍTULO I</p><p>DAS DISPOSIÇÕES GERAIS</p>
<p><span>Art.</span> <span> 1º Esta Lei regula o processo administrativo.</span></p>
<p><s>§ 1º Texto <del>muito</del> antigo.</s></p>
<p>§ 1º Vale para todos.</p>
<p>Art. 49-A. O prazo é de 30 dias.</p>
<p>Brasília, 29 de janeiro de 1999.</p><p>FERNANDO HENRIQUE CARDOSO</p>
</body></html>""".encode("cp1252")


def encoding(web: Portal, version: str = "Current", **fields: Any) -> dict[str, Any]:
    where = f"{web.url}/api/binario/0a1b/texto"
    return {"version": version, "encodingFormat": "text/html", "contentUrl": where, **fields}


def norm(web: Portal, *encodings: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "legislationIdentifier": URN,
        "headline": "Lei nº 9.784 de 29/01/1999",
        "alternateName": ["Lei do Processo Administrativo", "Lei nº 9.784 de 29/01/1999"],
        "abstract": "Regula o processo administrativo federal.",
        "keywords": "PROCESSO ADMINISTRATIVO, PRAZO.",
        "encoding": list(encodings) or [encoding(web)],
        **fields,
    }


def serve(web: Portal, told: Any, html: bytes = HTML, etag: str | None = None) -> str:
    web.pages[API] = lambda query: told
    web.put(TEXT, html, etag)
    return web.url + API


def why(items: Any) -> str:
    (rejected,) = items
    assert isinstance(rejected, Rejected), rejected
    assert rejected.name == URN and "\n" not in rejected.reason
    return rejected.reason


def test_the_current_text_becomes_articles(web: Portal) -> None:
    older = encoding(web, "Original", contentUrl=f"{web.url}/old")
    (document,) = read(ENTRY, serve(web, norm(web, older, encoding(web))), Memory())
    assert isinstance(document, Document)
    assert document.id == "br-normas-lei-1999-01-29-9784"
    assert document.title == "Lei nº 9.784 de 29/01/1999"
    assert document.names == ("Lei do Processo Administrativo",)
    assert document.keywords == ("PROCESSO ADMINISTRATIVO", "PRAZO")
    told = [(s.field, s.heading, document.quote(s)) for s in document.sections]
    chapter = "CAPÍTULO I DAS DISPOSIÇÕES GERAIS"
    assert told == [
        (Field.DESCRIPTION, "Descrição", "Regula o processo administrativo federal."),
        (
            Field.BODY,
            f"{chapter} › Art. 1",
            "Art. 1º Esta Lei regula o processo administrativo.\n§ 1º Vale para todos.",
        ),
        (Field.BODY, f"{chapter} › Art. 49-A", "Art. 49-A. O prazo é de 30 dias."),
    ]
    assert "CARDOSO" not in document.text
    provenance = document.provenance
    assert provenance.licence == "CC-BY-4.0" and provenance.agency == "Congresso Nacional"
    assert provenance.url == f"https://normas.leg.br/?urn={URN}"
    assert provenance.as_of == date.today().isoformat()
    assert [path for path, _ in web.asked] == [
        f"{API}?urn={URN}&tipo_documento=maior-detalhe",
        TEXT,
    ]


def test_of_several_current_texts_the_portuguese_one_is_read(web: Portal) -> None:
    nowhere = f"{web.url}/nowhere"
    others = [
        encoding(web, name="TextoTraduzido-en", contentUrl=nowhere),
        encoding(web, inLanguage="fr", contentUrl=nowhere),
        encoding(web, inLanguage={"name": "English"}, contentUrl=nowhere),
    ]
    mine = encoding(web, inLanguage={"alternateName": "pt-BR"}, contentUrl=TEXT)
    found = list(read(ENTRY, serve(web, norm(web, *others, mine)), Memory()))
    assert isinstance(found[0], Document)


def test_one_encoding_that_is_no_list_is_taken(web: Portal) -> None:
    told = norm(web) | {"encoding": encoding(web)}
    assert isinstance(next(iter(read(ENTRY, serve(web, told), Memory()))), Document)


def test_without_a_current_text_the_norm_is_rejected(web: Portal) -> None:
    older = [encoding(web, "Original"), encoding(web, "Intermediate")]
    reason = why(read(ENTRY, serve(web, norm(web, *older)), Memory()))
    assert "no current text (there is: Intermediate, Original)" in reason
    assert len(web.asked) == 1, "no other text may be asked for"
    assert "there is: none" in why(read(ENTRY, serve(web, norm(web) | {"encoding": []}), Memory()))
    assert "there is: none" in why(
        read(ENTRY, serve(web, norm(web) | {"encoding": None}), Memory())
    )
    english = norm(web, encoding(web, inLanguage="en"))
    assert "none that is in Portuguese" in why(read(ENTRY, serve(web, english), Memory()))
    nowhere = norm(web, encoding(web, contentUrl=None))
    assert "has an address" in why(read(ENTRY, serve(web, nowhere), Memory()))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"urn": URN}, "knows no norm of that name"),
        ([], "gives no norm"),
        ({"legislationIdentifier": "urn:lex:br:federal:lei:1962-01-01;4118"}, "in its place"),
        (
            {
                "legislationIdentifier": URN,
                "legislationLegalForce": "https://schema.org/NotInForce",
            },
            "not in force",
        ),
    ],
)
def test_another_norm_in_its_place_is_rejected(web: Portal, told: Any, said: str) -> None:
    assert said in why(read(ENTRY, serve(web, told), Memory()))


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (b"", "no article"),
        (b"<html><body><p>Em breve.</p></body></html>", "no article"),
        (b"%PDF-1.7 \x00\x00", "no text"),
        (b"<div>" * 500 + b"Art. 1", "nested too deeply"),
    ],
)
def test_a_text_without_articles_is_rejected(web: Portal, html: bytes, said: str) -> None:
    assert said in why(read(ENTRY, serve(web, norm(web), html), Memory()))


def test_a_text_may_not_lie_in_a_private_network(
    web: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "is_private", lambda url: "localhost" in url)
    inner = web.url.replace("127.0.0.1", "localhost") + TEXT
    told = norm(web, encoding(web, contentUrl=inner))
    assert "private network" in why(read(ENTRY, serve(web, told), Memory()))
    told = norm(web, encoding(web, contentUrl="file:///etc/passwd"))
    assert "no web address" in why(read(ENTRY, serve(web, told), Memory()))


def test_faults_reject_one_norm_and_keep_its_document(web: Portal) -> None:
    other = "urn:lex:br:federal:lei:2018-08-14;13709"
    both = ENTRY.model_copy(update={"options": {"norms": [other, URN]}})
    url = serve(web, {})

    def api(query: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        if "13709" in query["urn"]:
            return 200, b'{"legislationIdentifier": "urn:lex', {}
        return 200, json.dumps(norm(web)).encode(), {}

    web.answers[API] = api
    memory = Memory(before={other: {"document": "br-normas-lei-2018-08-14-13709"}})
    rejected, kept, document = read(both, url, memory)
    assert isinstance(rejected, Rejected) and "broken JSON" in rejected.reason
    assert kept == Unchanged(document_id="br-normas-lei-2018-08-14-13709")
    assert isinstance(document, Document)
    web.answers[API] = lambda query, headers: (404, b"", {})
    assert all(isinstance(item, Rejected) for item in read(both, url, memory))
    web.answers.clear()
    web.redirects[API] = API
    assert "one address to the next" in why(read(ENTRY, url, Memory()))


def test_what_is_as_it_was_is_not_read_again(web: Portal) -> None:
    url = serve(web, norm(web), etag='"1"')
    first = Memory()
    (document,) = read(ENTRY, url, first)
    second = Memory(before=first.now)
    assert list(read(ENTRY, url, second)) == [Unchanged(document_id=document.id)]
    assert second.now == first.now
    serve(web, norm(web, abstract="Outra ementa."), etag='"1"')
    (renewed,) = read(ENTRY, url, Memory(before=first.now))
    assert isinstance(renewed, Document) and "Outra ementa." in renewed.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "options.norms"),
        ({"norms": []}, "options.norms"),
        ({"norms": ["lei 9784"]}, "options.norms"),
        ({"norms": [f"{URN}&x=1"]}, "options.norms"),
        ({"norms": [URN], "urns": []}, "options.urns"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogError, match=said) as caught:
        list(read(ENTRY.model_copy(update={"options": options}), "http://127.0.0.1:9", Memory()))
    assert "\n" not in str(caught.value)
    with pytest.raises(CatalogError, match="no web address"):
        list(read(ENTRY, "./folder", Memory()))


def test_a_portal_that_is_away_retires_nothing() -> None:
    with pytest.raises(ConnectorError, match="cannot be read") as caught:
        list(read(ENTRY, "http://127.0.0.1:9/api", Memory()))
    assert "\n" not in str(caught.value)
    rejected, kept = read(
        ENTRY, "http://127.0.0.1:9/api", Memory(before={URN: {"document": "br-1"}})
    )
    assert isinstance(rejected, Rejected) and kept == Unchanged(document_id="br-1")
