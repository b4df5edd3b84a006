"""The console over HTTP, as a browser and as an attacker speak to it: without a session, or with that
of another agency, its endpoints give nothing.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from tests.ui.console.conftest import PASSWORD, copied, furnished  # noqa: F401 – a fixture
from ui.access.doors import COOKIE
from ui.assemble import House
from ui.serve import bind

pytestmark = pytest.mark.integration

OPENED: list[httpx.Client] = []
CANARIES = ("gavilán", "hospital-interno", "7.000", "Agencia hospital")


@pytest.fixture(scope="module")
def house(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:  # noqa: F811
    with copied(furnished, tmp_path_factory.mktemp("console")) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Closes what a test opened."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(scope="module")
def url(house: House) -> Iterator[str]:
    """A server with console and page, as `ventanilla serve` puts them together."""
    import asyncio

    from ui.api import create_app
    from ui.console.page import add_console
    from ui.window import open_window

    listener = bind(house.settings.model_copy(update={"port": 0}))
    started, stop = threading.Event(), threading.Event()

    def run() -> None:
        async def work() -> None:
            async with house.assistant() as assistant:
                app = create_app(house, assistant, "t0ken")
                add_console(app, house, assistant)
                page = open_window(app, assistant)
                server = uvicorn.Server(uvicorn.Config(page, log_level="error"))
                task = asyncio.create_task(server.serve(sockets=[listener]))
                while not server.started and not task.done():  # noqa: ASYNC110 – uvicorn has no event
                    await asyncio.sleep(0.05)
                started.set()
                await asyncio.to_thread(stop.wait)
                server.should_exit = True
                await task

        asyncio.run(work())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(60)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    thread.join(20)


def client_of(url: str) -> httpx.Client:
    OPENED.append(httpx.Client(base_url=url, timeout=30, trust_env=False))
    return OPENED[-1]


class Browser:
    """Somebody at the console, by the protocol of Gradio's own page."""

    def __init__(self, url: str, name: str | None) -> None:
        self.http = client_of(url)
        self.page = uuid.uuid4().hex[:12]
        if name is not None:
            assert self.log_in(name) == 303

    def log_in(self, name: str, password: str = PASSWORD, **more: str) -> int:
        form = self.http.get("/consola/entrar").text
        mark = re.search(r'name="mark" value="([^"]+)"', form)
        assert mark
        given = {"name": name, "password": password, "mark": mark[1]} | more
        return self.http.post("/consola/entrar", data=given).status_code

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get("/consola/config").json()["dependencies"]
        return found

    def join(self, event: int, data: list[Any], page: str | None = None) -> httpx.Response:
        body = {"fn_index": event, "data": data, "session_hash": page or self.page}
        return self.http.post("/consola/gradio_api/queue/join", json=body)

    def outcome(self, page: str | None = None) -> str:
        """All that comes back until the event is over."""
        told = ""
        place = f"/consola/gradio_api/queue/data?session_hash={page or self.page}"
        with self.http.stream("GET", place) as stream:
            for line in stream.iter_lines():
                told += line
                if '"process_completed"' in line or '"close_stream"' in line:
                    break
        return told

    def call(self, event: int, data: list[Any]) -> str:
        joined = self.join(event, data)
        if joined.status_code != 200:
            return joined.text
        return json.dumps(_decoded(self.outcome()), ensure_ascii=False)


def _decoded(told: str) -> list[Any]:
    return [json.loads(piece) for piece in re.split(r"data: (?=\{)", told) if piece.strip()]


def leaks(told: str) -> list[str]:
    return [word for word in CANARIES if word.casefold() in told.casefold()]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/consola/config"), ("GET", "/consola/gradio_api/info"),
        ("POST", "/consola/gradio_api/queue/join"), ("GET", "/consola/gradio_api/queue/data?session_hash=x"),
        ("POST", "/consola/gradio_api/upload"), ("POST", "/consola/gradio_api/run/predict"),
        ("POST", "/consola/gradio_api/call/x"), ("GET", "/consola/gradio_api/heartbeat/x"),
        ("POST", "/consola/gradio_api/cancel"), ("POST", "/consola/gradio_api/reset"),
        ("GET", "/consola/pt/config"), ("POST", "/consola/pt/gradio_api/queue/join"),
        ("GET", "/consola/descargas/rastro.csv"), ("GET", "/consola/descargas/vacios.json"),
    ],
)  # fmt: skip
def test_without_a_session_nothing_is_given(url: str, method: str, path: str) -> None:
    client = client_of(url)
    for headers in ({}, {"cookie": f"{COOKIE}={'x' * 43}"}):
        told = client.request(method, path, json={}, headers=headers)
        assert told.status_code == 401
        assert told.json() == {"detail": "the session has ended"}


def test_files_of_the_house_are_served_to_nobody(url: str, house: House) -> None:
    ana = Browser(url, "ana")
    upload = ana.http.post(
        "/consola/gradio_api/upload", files={"files": ("secreto.md", b"zapato", "text/plain")}
    )
    (uploaded,) = upload.json()
    assert Path(uploaded).read_bytes() == b"zapato"
    places = [uploaded, str(house.settings.access), str(house.settings.documents), "/etc/passwd"]
    for client in (ana.http, client_of(url)):
        for place in places:
            for door in ("/consola/gradio_api/", "/consola/pt/gradio_api/", "/gradio_api/",
                         "/consola//gradio_api/", "/consola/x/../gradio_api/"):  # fmt: skip
                for form in ("file=", "file/", "proxy="):
                    told = client.get(f"{door}{form}{place}")
                    assert told.status_code in (401, 404) and b"zapato" not in told.content
    assert client_of(url).post("/gradio_api/upload", files={"files": b"x"}).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["deep_link?session_hash=x", "info", "call/x", "run-history/records", "vibe-code", "app_id"],
)
def test_what_gradio_brings_and_no_page_uses_is_closed(url: str, path: str) -> None:
    for method in ("GET", "POST"):
        assert client_of(url).request(method, f"/gradio_api/{path}").status_code == 404


def test_every_event_of_another_agency_gives_nothing_of_ones_own(url: str) -> None:
    """Each event, with every component told the name of another agency's set, document and user."""
    ana, hugo = Browser(url, "ana"), Browser(url, "hugo")
    events = ana.events()
    assert len(events) > 20
    opening = [e["id"] for e in events if not e["inputs"]]
    assert leaks("".join(hugo.call(event, []) for event in opening))  # the own people see theirs
    for event in events:
        ana.page = uuid.uuid4().hex[:12]
        for given in ("hospital-interno", "hospital-interno-uno", "hugo", "hospital"):
            told = ana.call(event["id"], [given] * len(event["inputs"]))
            assert leaks(told.replace(given, "…")) == [], event  # what was asked may be repeated


def test_a_page_belongs_to_the_session_that_opened_it(url: str) -> None:
    ana, hugo = Browser(url, "ana"), Browser(url, "hugo")
    load = next(e["id"] for e in hugo.events() if not e["inputs"])
    assert hugo.join(load, []).status_code == 200
    assert ana.join(load, [], page=hugo.page).status_code == 404
    stolen = ana.http.get(f"/consola/gradio_api/queue/data?session_hash={hugo.page}")
    assert stolen.status_code == 404
    assert "hospital-interno" in hugo.outcome()


def test_a_session_that_ended_ends_in_the_login_form(url: str, house: House) -> None:
    ana = Browser(url, "ana")
    load = ana.events()[0]["id"]
    house.access.sessions.end(ana.http.cookies[COOKIE])
    assert ana.join(load, []).status_code == 401
    told = ana.http.get("/consola/", headers={"accept": "text/html"})
    assert (told.status_code, told.headers["location"]) == (303, "/consola/entrar?fin=1")
    assert "Su sesión terminó. Ingrese de nuevo." in ana.http.get(told.headers["location"]).text


def test_login_and_logout_take_no_word_from_another_site(url: str) -> None:
    ana = Browser(url, None)
    assert ana.log_in("ana", mark="x") == 403  # not the form's own mark
    form = ana.http.get("/consola/entrar").text
    mark = re.search(r'name="mark" value="([^"]+)"', form)
    assert mark
    given = {"name": "ana", "password": PASSWORD, "mark": mark[1]}
    for headers in ({"origin": "https://otro.example"}, {"sec-fetch-site": "cross-site"}):
        assert ana.http.post("/consola/entrar", data=given, headers=headers).status_code == 403
        told = ana.http.post("/api/access/login", json=given, headers=headers)
        assert told.status_code == 403 and COOKIE not in ana.http.cookies
    assert ana.http.post("/consola/entrar", data=given).status_code == 303
    ana.http.post("/consola/salir", data={"mark": "x"})
    ana.http.post("/api/access/logout", headers={"origin": "https://otro.example"})
    assert ana.http.get("/consola/config").status_code == 200
    top = ana.call(next(e["id"] for e in ana.events() if not e["inputs"]), [])
    mark = re.search(r'name=\\"mark\\" value=\\"(\w+)\\"', top)
    assert mark
    assert ana.http.post("/consola/salir", data={"mark": mark[1]}).status_code == 303
    assert ana.http.get("/consola/config").status_code == 401


def test_a_wrong_password_is_one_line_and_then_a_wait(url: str) -> None:
    ana = Browser(url, None)
    codes = [ana.log_in("nadie", "no es esta clave")]
    while codes[-1] == 401 and len(codes) < 40:  # the slower the machine, the more it takes
        codes.append(ana.log_in("nadie", "no es esta clave"))
    assert codes[0] == 401 and codes[-1] == 429


def test_downloads_are_the_agencys_own_and_for_administrators(url: str) -> None:
    told = Browser(url, "ana").http.get("/consola/descargas/rastro.csv")
    assert told.headers["content-disposition"] == 'attachment; filename="rastro.csv"'
    assert "login,ana" in told.text and not leaks(told.text)
    for name in ("vacios", "contradicciones", "antiguedad", "calidad"):
        assert Browser(url, "ana").http.get(f"/consola/descargas/{name}.json").json() == []
    for name, path in (("edu", "rastro.csv"), ("lea", "vacios.csv"), ("ana", "otro.csv")):
        assert Browser(url, name).http.get(f"/consola/descargas/{path}").status_code == 404
