"""A public website becomes documents; whatever a site does wrong costs that page and is said."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from reportlab.pdfgen import canvas

from sources import connectors
from sources.catalog import CatalogEntry
from sources.connectors import Memory, website
from sources.crawl import run
from sources.document import Document, Field, Item, Rejected, Unchanged
from sources.errors import CatalogError, ConnectorError
from sources.fetch import AGENT
from tests.sources.portal import Answer, Portal, portal

TEXT = "<p>El trámite es gratuito para todas las personas que viven en la comuna.</p>"


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(website, "TIMEOUT_S", 1.5)
        patch.setattr(website, "BACKOFF_S", 0.05)
        patch.setattr(website, "PAGE_LARGEST", 1024**2)
        yield


def page(title: str, *links: str, head: str = "", body: str = TEXT) -> str:
    anchors = "".join(f'<p><a href="{link}">ver</a></p>' for link in links)
    return (
        f'<!doctype html><html lang="es"><head><title>{title}</title>{head}</head>'
        f"<body><main><h1>{title}</h1>{body}{anchors}</main></body></html>"
    )


def pdf() -> bytes:
    buffer = io.BytesIO()
    drawn = canvas.Canvas(buffer)
    drawn.drawString(72, 720, "El certificado es gratuito para todas las personas.")
    drawn.save()
    return buffer.getvalue()


def entry(**options: Any) -> CatalogEntry:
    known = {"country": "CL", "agency": "Municipalidad de Ejemplo", "as_of": "2025"}
    options = {"per_second": 100} | options
    return CatalogEntry(id="sitio", title="Sitio", connector="website", options=options, **known)


def crawl(web: Portal, memory: Memory | None = None, path: str = "/", **options: Any) -> list[Item]:
    return list(website.read(entry(**options), web.url + path, memory or Memory()))


def documents(items: list[Item]) -> dict[str, Document]:
    return {item.id: item for item in items if isinstance(item, Document)}


def rejects(web: Portal, items: list[Item]) -> dict[str, str]:
    found = {i.name.removeprefix(web.url): i.reason for i in items if isinstance(i, Rejected)}
    assert not [reason for reason in found.values() if "\n" in reason]
    return found


# ------------------------------------------------------------------ one site with every fault

LINKS = (
    *(
        "/ok",
        "/ok/",
        "/ok?utm_source=correo",
        "/ok#parte",
        "/vista?orden=2",
        "/a-si-misma",
        "/par-1",
    ),
    *("/noindex", "/cabecera-noindex", "/nofollow", "/prohibido", "/viejo", "/circulo-1", "/mismo"),
    *("/fuera", "/ftp", "/lento", "/enorme", "/roto", "/imagen", "/datos", "/caido", "/tropieza"),
    *("/espera", "/nunca", "/cortafuegos", "/tetera", "/bloqueo", "/vacio", "/no-hay", "/guia.pdf"),
    *("/foto.jpg", "http://example.org/", "mailto:a@x.cl", "javascript:void(0)", "ftp://x.cl/a"),
    *("http://[malo/", "/wp-admin/x", "/latin1", "/bomba", "/blanda"),
)


def publish(web: Portal) -> None:
    web.put("/robots.txt", "User-agent: *\nDisallow: /prohibido\n")
    web.put("/", page("Inicio", *LINKS))
    web.put("/ok", page("Permiso"))
    web.put("/ok/", page("Permiso"))
    web.put("/vista", page("Otra vista", head='<link rel="canonical" href="/vista-canonica">'))
    web.put("/vista-canonica", page("Vista"))
    web.put("/a-si-misma", page("Bien", head='<link rel="canonical" href="/">'))
    web.put("/par-1", page("Par uno", head='<link rel="canonical" href="/par-2">'))
    web.put("/par-2", page("Par dos", head='<link rel="canonical" href="/par-1">'))
    web.put("/noindex", page("No", "/tras-noindex", head='<meta name="robots" content="noindex">'))
    web.put("/tras-noindex", page("Tras"))
    web.put("/cabecera-noindex", page("No"))
    web.headers["/cabecera-noindex"] = {"X-Robots-Tag": "noindex"}
    web.put("/nofollow", page("Sin", "/oculto", head='<meta name="robots" content="nofollow">'))
    web.redirects |= {"/viejo": "/nuevo", "/circulo-1": "/circulo-2", "/circulo-2": "/circulo-1"}
    web.redirects |= {
        "/fuera": "http://example.org/x",
        "/ftp": "ftp://127.0.0.1/a",
        "/mismo": "/ok",
    }
    web.put("/nuevo", page("Nuevo"))
    web.ill |= {"/lento": "drip", "/enorme": "endless", "/roto": "break"}
    web.put("/imagen", b"\x89PNG\r\n\x1a\n" + bytes(60))
    web.put("/datos", '{"a": 1}')
    web.headers |= {"/imagen": {"Content-Type": "image/png"}}
    web.headers |= {"/datos": {"Content-Type": "application/json"}}
    web.statuses |= {"/caido": [-503], "/tropieza": [500], "/espera": [429], "/nunca": [-429]}
    web.statuses |= {"/cortafuegos": [-403], "/tetera": [-418]}
    web.headers |= {"/espera": {"Retry-After": "1"}, "/nunca": {"Retry-After": "86400"}}
    web.put("/tropieza", page("Tropieza"))
    web.put("/espera", page("Espera"))
    web.put("/bloqueo", "<html><body>Request Rejected. Your support ID is 1</body></html>")
    web.put("/vacio", "<html><body><div id=app></div><script>x()</script></body></html>")
    web.put("/bomba", gzip.compress(bytes(50_000_000)))
    web.headers["/bomba"] = {"Content-Encoding": "gzip", "Content-Type": "text/html"}
    web.put("/blanda", page("Página no encontrada"))
    web.put("/guia.pdf", pdf())
    web.put("/latin1", page("Señal", head='<meta charset="iso-8859-1">').encode("latin-1"))


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[Portal, list[Item]]]:
    with portal() as running:
        publish(running)
        yield running, crawl(running)


def test_what_is_sound_is_read(faulty: tuple[Portal, list[Item]]) -> None:
    web, items = faulty
    found = documents(items)
    names = {"index", "ok", "vista-canonica", "a-si-misma", "par-2", "tras-noindex", "nofollow"}
    names |= {"nuevo", "tropieza", "espera", "guia", "latin1"}
    assert set(found) == {f"sitio-{name}" for name in names}
    assert found["sitio-latin1"].title == "Señal"
    assert "certificado es gratuito" in found["sitio-guia"].text
    own = found["sitio-nuevo"]
    assert own.provenance.url == f"{web.url}/nuevo"
    assert (own.language, own.country) == ("es", "CL")
    assert own.provenance.retrieved_at == date.today().isoformat()
    assert own.provenance.as_of == "2025"
    assert own.quote(own.sections[0]).startswith("El trámite es gratuito")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/circulo-1", "redirected in a circle"),
        ("/fuera", "redirected to another site"),
        ("/ftp", "redirected to no web address"),
        ("/lento", "did not come within 1.5 s"),
        ("/enorme", "more than 1 MB"),
        ("/roto", "connection breaks off"),
        ("/imagen", "no page or document (image/png)"),
        ("/datos", "no page or document (application/json)"),
        ("/caido", "HTTP status 503. Try again later"),
        ("/nunca", "slow down (HTTP status 429)"),
        ("/cortafuegos", "turns us away (HTTP status 403). Ask its agency"),
        ("/tetera", "turns us away (HTTP status 418)"),
        ("/bloqueo", "turns us away (a block page)"),
        ("/vacio", "there is no text in it"),
        ("/bomba", "more than 1 MB"),
        ("/blanda", "not there (an error page)"),
        ("/no-hay", "not there (HTTP status 404)"),
    ],
)
def test_what_is_wrong_is_said(faulty: tuple[Portal, list[Item]], path: str, said: str) -> None:
    web, items = faulty
    assert said in rejects(web, items)[path]


def test_nothing_else_is_said_or_asked(faulty: tuple[Portal, list[Item]]) -> None:
    web, items = faulty
    assert len(rejects(web, items)) == 17
    paths = web.paths()
    asked = set(paths)
    assert not asked & {"/prohibido", "/oculto", "/foto.jpg", "/wp-admin/x"}
    assert [path for path in paths if path.startswith("/ok")] == ["/ok"]
    assert paths.count("/robots.txt") == 1
    assert (paths.count("/caido"), paths.count("/nunca"), paths.count("/cortafuegos")) == (3, 1, 1)
    sent = {name.lower() for _, headers in web.asked for name in headers}
    assert sent == {"accept", "accept-language", "accept-encoding", "user-agent", "host"}
    assert {headers["User-Agent"] for _, headers in web.asked} == {AGENT}


def test_a_pause_that_is_asked_for_is_kept(faulty: tuple[Portal, list[Item]]) -> None:
    web, _ = faulty
    first, second = (
        t for t, (path, _) in zip(web.times, web.asked, strict=True) if path == "/espera"
    )
    assert 1.0 <= second - first < 5
    between = [t for t in web.times if first < t < second]
    # What was under way already may still arrive; then nothing is asked of the host.
    assert not [t for t in between if first + 0.3 < t < first + 0.95]


# ------------------------------------------------------------------ which pages


def test_sitemaps_name_the_pages(web: Portal) -> None:
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = "".join(f"<sitemap><loc>{web.url}/{n}</loc></sitemap>" for n in ("a.xml", "b.xml.gz"))
    web.put("/robots.txt", f"User-agent: *\nDisallow:\nSitemap: {web.url}/mapas.xml\n")
    web.put("/mapas.xml", f"<sitemapindex {space}>{index}</sitemapindex>")
    web.put("/a.xml", f"<urlset {space}><url><loc>{web.url}/uno</loc></url></urlset>")
    far = "<url><loc>http://example.org/x</loc></url>"
    listed = f"<urlset {space}><url><loc>{web.url}/dos</loc></url>{far}</urlset>"
    web.put("/b.xml.gz", gzip.compress(listed.encode()))
    web.put("/", page("Inicio", "/sin-mapa", "/guia.pdf"))
    web.put("/uno", page("Uno", "/sin-mapa"))
    web.put("/dos", page("Dos"))
    web.put("/sin-mapa", page("Sin mapa"))
    web.put("/guia.pdf", pdf())
    read = crawl(web)
    assert set(documents(read)) == {"sitio-index", "sitio-uno", "sitio-dos", "sitio-guia"}
    assert rejects(web, read) == {}
    deeper = documents(crawl(web, depth=1, documents=False))
    assert set(deeper) == {"sitio-index", "sitio-uno", "sitio-dos", "sitio-sin-mapa"}


@pytest.mark.parametrize(
    ("content", "said"), [("no xml", "no XML"), (None, "HTTP status 404"), ("", "no XML")]
)
def test_a_sitemap_that_cannot_be_read_is_named_and_links_are_followed(
    web: Portal, content: str | None, said: str
) -> None:
    web.put("/", page("Inicio", "/uno"))
    web.put("/uno", page("Uno"))
    if content is not None:
        web.put("/mapa.xml", content)
    items = crawl(web, sitemap="/mapa.xml")
    assert set(documents(items)) == {"sitio-index", "sitio-uno"}
    assert said in rejects(web, items)["/mapa.xml"]


def test_patterns_and_start_pages_choose_what_is_read(web: Portal) -> None:
    web.put("/", page("Inicio", "/tramites/a", "/noticias/n"))
    web.put("/temas", page("Temas", "/tramites/b", "/tramites/c?impr=1"))
    for path in ("/tramites/a", "/tramites/b", "/noticias/n", "/tramites/c"):
        web.put(path, page(path))
    items = crawl(web, start=["/temas"], include=["/tramites/*"], exclude=["*impr=*"])
    assert set(documents(items)) == {"sitio-tramites-a", "sitio-tramites-b"}
    assert not {"/noticias/n", "/tramites/c?impr=1"} & set(web.paths())


def test_other_hosts_are_read_where_they_are_listed(web: Portal) -> None:
    other = web.url.replace("127.0.0.1", "localhost")
    web.put("/", page("Inicio", f"{other}/guia.pdf", f"{other}/a"))
    web.put("/a", page("A"))
    web.put("/guia.pdf", pdf())
    assert set(documents(crawl(web))) == {"sitio-index"}
    port = web.url.rpartition(":")[2]
    found = set(documents(crawl(web, hosts=[f"localhost:{port}"])))
    prefix = f"sitio-localhost-{port}"
    assert found == {"sitio-index", f"{prefix}-guia", f"{prefix}-a"}


def test_a_calendar_without_end_is_left(web: Portal) -> None:
    web.put("/", page("Inicio", "/agenda?mes=0"))

    def month(query: dict[str, str], headers: dict[str, str]) -> Answer:
        body = page("Agenda", f"?mes={int(query['mes']) + 1}")
        return 200, body.encode(), {"Content-Type": "text/html"}

    web.answers["/agenda"] = month
    deep = crawl(web, depth=4)
    assert len(documents(deep)) == 5
    assert "deeper than 4 links" in rejects(web, deep)["/"]
    assert [path for path in web.paths() if "mes=" in path][-1] == "/agenda?mes=3"
    many = crawl(web, depth=50, most_pages=7)
    assert len(documents(many)) == 7
    assert (
        "more than 7 pages" in rejects(web, many)["/"] and "most_pages" in rejects(web, many)["/"]
    )


# ------------------------------------------------------------------ manners


def test_a_page_that_robots_txt_forbids_is_told_where_it_was_named(web: Portal) -> None:
    web.put("/robots.txt", "User-agent: Ventanilla\nDisallow: /no\nUser-agent: *\nDisallow:\n")
    web.put("/", page("Inicio", "/no/dos"))
    items = crawl(web, start=["/no/uno"])
    assert set(documents(items)) == {"sitio-index"}
    assert rejects(web, items) == {
        "/no/uno": "the site's robots.txt asks not to read it. Ask its agency."
    }
    with pytest.raises(ConnectorError, match=r"robots\.txt asks not to read it"):
        crawl(web, path="/no/uno")


def test_a_broken_robots_txt_forbids_everything_for_now(web: Portal) -> None:
    web.put("/", page("Inicio"))
    web.statuses["/robots.txt"] = [-503]
    with pytest.raises(ConnectorError, match=r"robots\.txt cannot be read \(HTTP status 503\)"):
        crawl(web)
    assert "/" not in web.paths()


@pytest.mark.parametrize(
    ("robots", "options", "gap"),
    [("", {"per_second": 4}, 0.25), ("User-agent: *\nCrawl-delay: 0.4\n", {}, 0.4)],
)
def test_the_pace_is_kept(web: Portal, robots: str, options: dict[str, Any], gap: float) -> None:
    web.put("/robots.txt", robots)
    web.put("/", page("Inicio", *(f"/{n}" for n in range(4))))
    for n in range(4):
        web.put(f"/{n}", page(str(n)))
    assert len(documents(crawl(web, **options))) == 5
    # All of them together: a machine that is busy may hand one on late and the next at once.
    times = web.times[1:]
    assert times[-1] - times[0] > gap * 0.8 * (len(times) - 1)


def test_a_site_that_turns_us_away_is_left_alone(web: Portal) -> None:
    web.put("/", page("Inicio", *(f"/{n}" for n in range(40))))
    for n in range(40):
        web.statuses[f"/{n}"] = [-403]
    items = crawl(web)
    assert set(documents(items)) == {"sitio-index"}
    assert "turned us away again and again" in rejects(web, items)["/"]
    assert len(web.asked) < 40
    web.statuses["/"] = [-403]
    with pytest.raises(ConnectorError, match="turns us away") as error:
        crawl(web, user_agent="Otro/1.0 (prueba)")
    assert "user_agent" in str(error.value)
    assert web.asked[-1][1]["User-Agent"] == "Otro/1.0 (prueba)"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_public_site_leads_into_no_private_network(
    web: Portal, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    web.put("/", page("Inicio"))
    monkeypatch.setattr(website, "is_private", lambda url: False)
    with pytest.raises(ConnectorError, match="private network"):
        list(website.read(entry(), web.url.replace("127.0.0.1", host), Memory()))
    assert web.asked == []


def test_a_site_that_does_not_answer_is_one_error(web: Portal) -> None:
    gone = web.url[:-1] + ("1" if web.url[-1] != "1" else "2")
    with pytest.raises(ConnectorError, match="cannot be read") as error:
        list(website.read(entry(), gone, Memory()))
    assert "\n" not in str(error.value)


@pytest.fixture
def self_signed(tmp_path: Path) -> Iterator[str]:
    """The address of a site whose certificate nobody vouches for."""
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, own.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
    key = own.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ) + made.sign(own, hashes.SHA256()).public_bytes(Encoding.PEM)
    (tmp_path / "site.pem").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "site.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"https://localhost:{server.server_port}/"
        server.shutdown()


def test_a_certificate_that_nobody_vouches_for_is_not_believed(self_signed: str) -> None:
    with pytest.raises(ConnectorError, match="certificate is not valid"):
        list(website.read(entry(), self_signed, Memory()))


# ------------------------------------------------------------------ once more


def test_what_is_unchanged_is_not_read_again(web: Portal) -> None:
    web.put("/", page("Inicio", "/a", "/b"), etag='"1"')
    web.put("/a", page("A", "/c"))
    web.put("/b", page("B"))
    web.headers["/b"] = {"Last-Modified": "Tue, 10 Mar 2026 10:00:00 GMT"}
    web.put("/c", page("C"), etag='"1"')
    first = Memory()
    assert documents(crawl(web, first))["sitio-b"].provenance.as_of == "2026-03-10"
    pages = {f"{web.url}/{name}" for name in ("", "a", "b", "c")}
    (table,) = set(first.now) - pages
    assert set(first.now[table].values()) == {f"{web.url}/{name}" for name in ("a", "b", "c")}

    web.put("/c", page("C dos", "/d"), etag='"2"')
    web.put("/d", page("D"))
    web.asked.clear()
    second = Memory(before=first.now)
    items = crawl(web, second)
    sent = dict(web.asked)
    assert sent["/"]["If-None-Match"] == '"1"'
    assert sent["/b"]["If-Modified-Since"] == "Tue, 10 Mar 2026 10:00:00 GMT"
    assert not {"If-None-Match", "If-Modified-Since"} & {*sent["/a"], *sent["/d"]}
    assert set(documents(items)) == {"sitio-c", "sitio-d"}
    same = {item.document_id for item in items if isinstance(item, Unchanged)}
    assert same == {"sitio-index", "sitio-a", "sitio-b"}

    del web.files["/b"]
    third = Memory(before=second.now)
    items = crawl(web, third)
    assert {i.document_id for i in items if isinstance(i, Unchanged)} == {
        *("sitio-index", "sitio-a", "sitio-c", "sitio-d"),
    }
    assert "not there" in rejects(web, items)["/b"]
    assert f"{web.url}/b" not in third.now


def test_a_reading_that_was_cut_off_is_taken_up(web: Portal) -> None:
    web.put("/", page("Inicio", "/a"), etag='"1"')
    web.put("/a", page("A", "/b"), etag='"1"')
    web.put("/b", page("B", "/c"), etag='"1"')
    web.put("/c", page("C"), etag='"1"')
    whole = Memory()
    crawl(web, whole)
    web.put("/", page("Inicio", "/nuevo", "/a"), etag='"2"')
    web.put("/nuevo", page("Nuevo"), etag='"1"')
    cut = Memory(before=whole.now)
    reading = website.read(entry(), web.url + "/", cut)
    for item in reading:
        if isinstance(item, Unchanged):  # after the new home page, before what follows
            break
    reading.close()
    assert 0 < len(set(cut.now) & set(whole.now)) < 4
    again = Memory(before={**whole.now, **cut.now})
    items = crawl(web, again)
    assert set(documents(items)) == {"sitio-nuevo"}
    same = {item.document_id for item in items if isinstance(item, Unchanged)}
    assert same == {"sitio-index", "sitio-a", "sitio-b", "sitio-c"}
    assert len([name for name in again.now if name.startswith("links ")]) == 1


def test_a_page_that_fails_for_now_keeps_its_document_for_a_while(web: Portal) -> None:
    web.put("/", page("Inicio", "/a"))
    web.put("/a", page("A", "/b"))
    web.put("/b", page("B"))
    memory = Memory()
    crawl(web, memory)
    web.statuses["/a"] = [-503]
    kept = []
    for _ in range(3):
        memory = Memory(before=memory.now)
        items = crawl(web, memory)
        assert "503" in rejects(web, items)["/a"]
        kept.append({item.document_id for item in items if isinstance(item, Unchanged)})
    assert [("sitio-a" in ids) for ids in kept] == [True, True, False]


def test_a_page_that_fails_for_now_leads_where_it_led(web: Portal) -> None:
    web.put("/", page("Inicio", "/a"))
    web.put("/a", page("A"))
    memory = Memory()
    crawl(web, memory)
    web.statuses["/"] = [-503]
    web.put("/a", page("A dos"))
    items = crawl(web, Memory(before=memory.now))
    assert documents(items)["sitio-a"].title == "A dos"
    assert Unchanged(document_id="sitio-index") in items


def test_a_sitemap_that_fails_for_now_takes_no_document_away(web: Portal) -> None:
    listed = f"<urlset><url><loc>{web.url}/a</loc></url></urlset>"
    web.put("/sitemap.xml", listed)
    web.put("/", page("Inicio"))
    web.put("/a", page("A"))
    memory = Memory()
    assert set(documents(crawl(web, memory))) == {"sitio-index", "sitio-a"}
    web.statuses["/sitemap.xml"] = [-503]
    items = crawl(web, Memory(before=memory.now))
    assert Unchanged(document_id="sitio-a") in items
    assert "HTTP status 503" in rejects(web, items)["/sitemap.xml"]


def test_a_firewall_takes_no_document_away(web: Portal) -> None:
    web.put("/", page("Inicio", *(f"/{n}" for n in range(30))))
    for n in range(30):
        web.put(f"/{n}", page(f"Trámite {n}"))
    memory = Memory()
    names = set(documents(crawl(web, memory)))
    web.statuses |= {f"/{n}": [-403] for n in range(30)}
    again = Memory(before=memory.now)
    items = crawl(web, again)
    assert {item.document_id for item in items if isinstance(item, Unchanged)} == names
    assert 10 <= len(rejects(web, items)) < 20
    assert set(again.now) == set(memory.now)


def test_a_site_of_which_nothing_can_be_made_is_an_error(web: Portal) -> None:
    """So that what was read before stays."""
    web.put("/", page("Inicio"))
    with pytest.raises(ConnectorError, match="fits the selector '#no-hay'"):
        crawl(web, main="#no-hay")
    memory = Memory()
    web.put("/", "<html><body><h1>Solo un título</h1></body></html>")
    with pytest.raises(ConnectorError, match=r"gave a document .*no text"):
        crawl(web, memory)


# ------------------------------------------------------------------ what is made of a page

SERVICE = """<h2 id="{id}">{title}</h2><h3>Descripción</h3><p>Se inscribe a la persona en el seguro.</p>
<h3>A quién va dirigido</h3><p>Personas sin empleo formal.</p><h3>Requerimientos</h3><ul><li>Cédula</li></ul>
<h3>Procedimiento</h3><ol><li>Acudir a la oficina</li></ol>
<h3>Área Responsable</h3><p>Gerencia de Afiliación, Lic. María Pérez</p>
<h3>Teléfono</h3><p>809-555-0100</p><h3>Costo</h3><p>Gratuito</p>
<h3>Tiempo de realización</h3><p>3 días laborables</p><h3>Canal</h3><p>Presencial</p>"""


def test_procedures_under_headings_become_documents_with_their_fields(web: Portal) -> None:
    services = [("afiliacion", "Afiliación"), ("carne", "Duplicado de carné")]
    content = "".join(SERVICE.format(id=i, title=t) for i, t in services)
    web.put("/servicios/", page("Servicios", body=f'<div id="c">{content}</div><p>Pie</p>'))
    memory = Memory()
    found = documents(crawl(web, memory, "/servicios/", main="#c", anchors="h2"))
    assert set(found) == {"sitio-servicios-afiliacion", "sitio-servicios-carne"}
    document = found["sitio-servicios-afiliacion"]
    assert document.title == "Afiliación"
    assert document.provenance.url == f"{web.url}/servicios/#afiliacion"
    fields = {document.quote(section): section.field for section in document.sections}
    assert fields == {
        "Se inscribe a la persona en el seguro.": Field.DESCRIPTION,
        "Personas sin empleo formal.": Field.REQUIREMENT,
        "Cédula": Field.REQUIREMENT,
        "1) Acudir a la oficina": Field.STEPS,
        "Gerencia de Afiliación": Field.CONTACT_POINT,
        "809-555-0100": Field.CONTACT_POINT,
        "Gratuito": Field.COST,
        "3 días laborables": Field.PROCESSING_TIME,
        "Presencial": Field.CHANNEL,
    }
    assert "Pérez" not in document.text and "Pie" not in document.text
    again = crawl(web, Memory(before=memory.now), "/servicios/", main="#c", anchors="h2")
    assert {item.document_id for item in again if isinstance(item, Unchanged)} == set(found)


def test_a_strangers_meta_elements_are_believed_only_where_they_make_sense(web: Portal) -> None:
    head = """<meta name="language" content="Spanish"><meta name="country" content="Chile">
    <meta name="agency" content="Diseños Web SpA"><meta name="valid_to" content="fin de mes">
    <meta name="valid_from" content="2026-01-01"><link rel="canonical" href="http://example.org/">"""
    web.put("/a", page("A", head=head))
    (document,) = documents(crawl(web, path="/a")).values()
    provenance = document.provenance
    assert (provenance.agency, document.country) == ("Municipalidad de Ejemplo", "CL")
    assert (str(provenance.valid_from), provenance.valid_to) == ("2026-01-01", None)
    assert provenance.url == f"{web.url}/a"


def test_headings_that_an_entry_names_are_left_out(web: Portal) -> None:
    body = f"<h2>Costo</h2>{TEXT}<h2>Comentarios de usuarios</h2><p>Muy malo.</p>"
    web.put("/a", page("A", body=body))
    (document,) = documents(crawl(web, path="/a", drop=["Comentarios*"])).values()
    assert "malo" not in document.text and "gratuito" in document.text


def test_a_site_is_read_through_the_catalogue(web: Portal) -> None:
    web.put("/", page("Inicio"))
    site = entry().model_copy(update={"origin": web.url})
    memory = Memory()
    assert [type(item) for item in connectors.read(site, memory=memory)] == [Document]
    assert f"{web.url}/" in memory.now


# ------------------------------------------------------------------ what is refused at once


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"deep": 3}, "deep"),
        ({"most_pages": 0}, "most_pages"),
        ({"per_second": 0}, "per_second"),
        ({"main": "#["}, "main"),
        ({"anchors": "h2["}, "anchors"),
        ({"include": ["tramites"]}, "include.0"),
        ({"hosts": ["https://x.cl/"]}, "hosts.0"),
        ({"user_agent": "a\nb"}, "user_agent"),
    ],
)
def test_an_option_that_is_wrong_is_named(options: dict[str, Any], field: str) -> None:
    with pytest.raises(CatalogError, match=rf"options: {field}: "):
        list(website.read(entry(**options), "http://127.0.0.1/", Memory()))


@pytest.mark.parametrize(
    ("origin", "options", "said"),
    [
        ("", {}, "no web address"),
        ("ftp://127.0.0.1/", {}, "no web address"),
        ("./sitio", {}, "no web address"),
        ("http://127.0.0.1/", {"start": ["http://127.0.0.2/a"]}, "Name its host in `hosts`"),
        ("http://127.0.0.1/", {"start": ["mailto:a@x.cl"]}, "another host"),
        ("http://127.0.0.1/", {"sitemap": "http://127.0.0.2/a.xml"}, "another host"),
    ],
)
def test_an_address_that_is_none_of_the_site_is_refused(
    origin: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConnectorError, match=said):
        list(website.read(entry(**options), origin, Memory()))


# ------------------------------------------------------------------ the process


def test_a_crawler_that_is_killed_is_one_error(
    web: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.put("/", page("Inicio", "/a"))
    started: list[subprocess.Popen[bytes]] = []
    start = run._start

    def kept(*arguments: Any) -> subprocess.Popen[bytes]:
        started.append(start(*arguments))
        return started[0]

    def kill(query: dict[str, str]) -> str:
        os.kill(started[0].pid, signal.SIGKILL)
        return "dead"

    monkeypatch.setattr(run, "_start", kept)
    web.pages["/a"] = kill
    memory = Memory()
    with pytest.raises(ConnectorError, match=r"broke off while it read .*SIGKILL") as error:
        crawl(web, memory)
    assert "\n" not in str(error.value)
    assert memory.now == {}


def test_a_crawler_ends_with_its_reader(web: Portal, tmp_path: Path) -> None:
    job = website._job(website.Options(per_second=100), web.url, Memory())
    web.ill["/"] = "drip"
    (tmp_path / "job.json").write_text(json.dumps(asdict(job)))
    process = run._start(run.COMMAND, tmp_path, subprocess.DEVNULL)
    assert process.stdin is not None
    try:
        until = time.monotonic() + 20
        while "/" not in web.paths() and time.monotonic() < until:
            time.sleep(0.05)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(5) == 1
    finally:
        run._end(process)
