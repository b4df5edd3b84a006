"""Usage: nothing personal is kept, nothing older than was set, and no answer waits for it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from agents.state import Answer, Citation, Request, Status, ToolUse
from sources.document import Document, PublicService
from sources.errors import UsageError, VentanillaError
from ui.access.doors import Doorkeeper, guard
from ui.access.limits import Limiter
from ui.access.store import AccessStore
from ui.settings import Settings
from ui.usage.doors import add_feedback
from ui.usage.reasons import reasons
from ui.usage.recorded import Recorded
from ui.usage.recorder import Recorder, recording
from ui.usage.store import Count, Entry, Feedback, UsageStore

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

PLANTED = {  # valid where there is a checksum; none belongs to anybody that we know of
    "RUT": "12.345.678-5",
    "DNI": "45871236",
    "CPF": "529.982.247-25",
    "cédula": "001-1391820-0",
    "correo": "maria.soto771234@example.com",
    "teléfono": "+56 9 8123 4567",
    "celular": "(11) 98765-4321",
}

DOCUMENT = PublicService(
    id="do-licencia",
    title="Renovación de la licencia",
    country="DO",
    language="es",
    sector=["transport"],
    competent_authority={"name": "INTRANT"},
    cost=[{"text": "La renovación cuesta RD$ 1.900."}],
).to_document(source_id="seed", licence=None)


def citation(marker: int) -> Citation:
    return Citation(
        marker=marker,
        document_id=DOCUMENT.id,
        title=DOCUMENT.title,
        agency="INTRANT",
        country="DO",
        url=None,
        as_of=None,
        verification="official",
        quote="x",
        start=0,
        end=1,
    )


def answer(status: Status = Status.ANSWERED, id_: str = "a1", **more: object) -> Answer:
    given: dict[str, object] = {
        "id": id_, "language": "es", "country": "DO", "sectors": ["transport"], "answer": "…",
    }  # fmt: skip
    return Answer.model_validate(given | {"status": status} | more)


def lookup(document_id: str, tenants: tuple[str, ...]) -> Document | None:
    return DOCUMENT if document_id == DOCUMENT.id else None


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """A new database of each kind; PostgreSQL where its programs are installed."""
    if request.param == "sqlite":
        yield tmp_path / "usage.sqlite"
        return
    pytest.importorskip("psycopg", reason="install the extra `postgresql`")
    with tempfile.TemporaryDirectory() as folder:
        yield from _postgresql(Path(folder))


def _postgresql(folder: Path) -> Iterator[str]:
    bins = [*Path("/usr/lib/postgresql").glob("*/bin"), *map(Path, os.get_exec_path())]
    found = next((b for b in bins if (b / "initdb").exists() and (b / "pg_ctl").exists()), None)
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    user = None
    if os.geteuid() == 0:  # whom PostgreSQL refuses
        user = "nobody"
        shutil.chown(folder, user)
    data = folder / "data"

    def run(*command: str | Path) -> None:
        subprocess.run(
            command, check=True, user=user, cwd=folder, capture_output=command[0] != ctl, timeout=60
        )

    ctl = found / "pg_ctl"
    run(found / "initdb", "-D", data, "-A", "trust", "-U", "v", "--no-sync")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"-p {port} -k {folder} -h 127.0.0.1"
    run(ctl, "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    try:
        yield f"postgresql+psycopg://v@127.0.0.1:{port}/postgres"
    finally:
        run(ctl, "-D", data, "-m", "immediate", "stop")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy may take longer over a first write than a visitor waits."""
    monkeypatch.setattr("ui.usage.recorder.FEEDBACK_S", 120)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def recorder(tmp_path: Path, told: list[str]) -> Iterator[Recorder]:
    path = tmp_path / "usage.sqlite"
    made = Recorder(lambda: UsageStore.open(path), told.append, lookup, 180, now=lambda: NOW)
    yield made
    made.close()


def kept(path: Path | str) -> list[Entry]:
    with UsageStore.open(path) as store:
        return list(store.asked())


def ask(recorder: Recorder, question: str, given: Answer, **more: str) -> None:
    recorder.note_answer(Request(question=question), given, **({"door": "page"} | more))


# - what is kept -


def test_a_question_is_kept_with_all_that_reports_need(place: Path | str, told: list[str]) -> None:
    recorder = Recorder(lambda: UsageStore.open(place), told.append, lookup, 180, now=lambda: NOW)
    given = answer(
        citations=[citation(1), citation(2)],
        tools=[ToolUse(name="fares", arguments={}, rows=2)],
        timings_ms={"total": 21},
        written=True,
    )
    ask(recorder, "¿Cuánto cuesta  renovar la licencia?", given, tenant="intrant")
    assert recorder.flush(20)
    assert recorder.give_feedback("a1", False, "outdated", "subió en marzo")
    assert recorder.give_feedback("a1", True)
    recorder.close()
    (entry,) = kept(place)
    assert entry.question == "¿Cuánto cuesta renovar la licencia?"
    assert (entry.at, entry.door, entry.tenant) == (NOW, "page", "intrant")
    assert (entry.status, entry.country, entry.language) == ("answered", "DO", "es")
    assert (entry.sectors, entry.tools) == (("transport",), ("fares",))
    assert (entry.latency_ms, entry.written) == (21, True)
    assert [(c.document_id, c.source_id, c.agency) for c in entry.cited] == [
        ("do-licencia", "seed", "INTRANT")
    ]
    assert entry.feedback == Feedback(True)
    assert told == []
    with UsageStore.open(place) as store:
        assert store.forget(NOW + timedelta(days=1)) == 1
        assert list(store.asked()) == []


@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_personal_is_kept(kind: str, recorder: Recorder, tmp_path: Path) -> None:
    said = f"mi {kind} es {PLANTED[kind]}, ¿cuánto cuesta renovar la licencia?"
    ask(recorder, said, answer(country="CL"))
    recorder.give_feedback("a1", False, "wrong", f"escríbanme, mi {kind} es {PLANTED[kind]}")
    recorder.close()
    (entry,) = kept(tmp_path / "usage.sqlite")
    assert "renovar la licencia" in entry.question
    assert entry.feedback and "escríbanme" in str(entry.feedback.comment)
    digits = re.sub(r"\D", "", PLANTED[kind])
    for path in tmp_path.glob("usage.sqlite*"):
        data = path.read_bytes()
        assert PLANTED[kind].encode() not in data
        assert digits.encode() not in data


@pytest.mark.parametrize("status", [Status.REFUSED, Status.CRISIS])
def test_of_refusals_and_crises_only_numbers_are_kept(
    status: Status, recorder: Recorder, tmp_path: Path
) -> None:
    for _ in range(3):
        ask(recorder, "palabras que nadie debe leer", answer(status))
    recorder.close()
    assert kept(tmp_path / "usage.sqlite") == []
    with UsageStore.open(tmp_path / "usage.sqlite") as store:
        assert store.counts() == [
            Count("2026-11-23", "page", "public", "DO", "es", status.value, 3)
        ]
    assert b"nadie" not in b"".join(p.read_bytes() for p in tmp_path.glob("usage.sqlite*"))


def test_a_clarification_is_followed_by_the_answer_of_its_conversation_alone(
    recorder: Recorder, tmp_path: Path
) -> None:
    ask(recorder, "¿licencia?", answer(Status.CLARIFICATION, "c1"), conversation="thread-7f3a")
    ask(recorder, "¿licencia?", answer(Status.CLARIFICATION, "c2"), conversation="two")
    ask(recorder, "en Chile", answer(id_="a1"), conversation="thread-7f3a")
    ask(recorder, "¿bono?", answer(Status.CLARIFICATION, "c3"), door="api")
    ask(recorder, "¿bono?", answer(id_="a2"), door="api")
    recorder.close()
    followed = {e.answer_id: e.followed for e in kept(tmp_path / "usage.sqlite")}
    assert followed == {"c1": True, "c2": False, "a1": False, "c3": True, "a2": False}
    assert b"7f3a" not in b"".join(p.read_bytes() for p in tmp_path.glob("usage.sqlite*"))


def test_the_file_is_its_owners_alone(recorder: Recorder, tmp_path: Path) -> None:
    assert recorder.flush(20)
    assert stat.S_IMODE((tmp_path / "usage.sqlite").stat().st_mode) == 0o600


# - for how long -


def test_what_is_older_than_the_setting_is_erased_at_the_start(
    tmp_path: Path, told: list[str]
) -> None:
    path = tmp_path / "usage.sqlite"
    for days in (1, 29, 31, 400):
        made = Recorder(
            lambda: UsageStore.open(path),
            told.append,
            lookup,
            3650,
            now=lambda days=days: NOW - timedelta(days=days),
        )
        ask(made, f"pregunta-de-hace-{days}", answer(id_=str(days)))
        ask(made, "x", answer(Status.REFUSED))
        made.close()
    made = Recorder(lambda: UsageStore.open(path), told.append, lookup, 30, now=lambda: NOW)
    assert made.flush(20)
    made.close()
    assert {e.answer_id for e in kept(path)} == {"1", "29"}
    with UsageStore.open(path) as store:
        assert sum(c.count for c in store.counts()) == 2
    left = b"".join(p.read_bytes() for p in tmp_path.glob("usage.sqlite*"))
    assert b"hace-29" in left
    assert b"hace-31" not in left


def test_it_is_tidied_again_every_day(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.usage.recorder.TIDY_S", 0.2)
    clock = [NOW]
    path = tmp_path / "usage.sqlite"
    made = Recorder(lambda: UsageStore.open(path), told.append, lookup, 30, now=lambda: clock[0])
    ask(made, "x", answer())
    assert made.flush(20)
    assert len(kept(path)) == 1
    clock[0] += timedelta(days=31)
    until = time.monotonic() + 10
    while kept(path) and time.monotonic() < until:
        time.sleep(0.05)
    assert kept(path) == []
    made.close()


def test_nothing_is_kept_where_the_setting_says_so(tmp_path: Path, told: list[str]) -> None:
    settings = Settings(home=tmp_path, usage_days=0)
    with recording(settings, told.append, lookup) as recorder:
        assert recorder is None
    assert list(tmp_path.iterdir()) == []


# - a store that fails -


class Breaking:
    """Opens a store that fails for as long as `broken` is set."""

    def __init__(self, path: Path) -> None:
        self.path, self.broken, self.opened = path, True, 0

    def __call__(self) -> UsageStore:
        self.opened += 1
        if self.broken:
            raise VentanillaError("the usage database does not open", "Check it.")
        return UsageStore.open(self.path)


def test_a_store_that_does_not_open_is_told_once_and_tried_again(
    tmp_path: Path, told: list[str]
) -> None:
    opened = Breaking(tmp_path / "usage.sqlite")
    made = Recorder(opened, told.append, lookup, 180, now=lambda: NOW, try_again_s=0.0)
    for number in range(20):
        ask(made, "x", answer(id_=str(number)))
    until = time.monotonic() + 10
    while opened.opened < 21 and time.monotonic() < until:
        time.sleep(0.01)
    assert told == [
        "usage is not kept for now, answers go on: the usage database does not open. Check it."
    ]
    opened.broken = False
    ask(made, "x", answer(id_="later"))
    made.close()
    assert [e.answer_id for e in kept(opened.path)] == ["later"]
    assert told[1:] == ["usage: it is kept again; 20 entries were not"]


def test_a_store_that_breaks_while_it_is_used_is_opened_anew(
    tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add, failing = UsageStore.add, [True]

    def fails_once(store: UsageStore, entry: Entry) -> int:
        if failing.pop() if failing else False:
            raise OperationalError("INSERT", {}, Exception("disk full"))
        return add(store, entry)

    monkeypatch.setattr(UsageStore, "add", fails_once)
    path = tmp_path / "usage.sqlite"
    made = Recorder(
        lambda: UsageStore.open(path), told.append, lookup, 180, now=lambda: NOW, try_again_s=0.0
    )
    ask(made, "x", answer(id_="lost"))
    ask(made, "x", answer(id_="kept"))
    made.close()
    assert [e.answer_id for e in kept(path)] == ["kept"]
    assert [line.split(":")[0] for line in told] == [
        "usage is not kept for now, answers go on",
        "usage",
    ]


def test_a_full_queue_delays_nothing(tmp_path: Path, told: list[str]) -> None:
    go_on, opened = threading.Event(), threading.Event()

    def slow() -> UsageStore:
        go_on.wait(60)
        opened.set()
        return UsageStore.open(tmp_path / "usage.sqlite")

    made = Recorder(slow, told.append, lookup, 180, now=lambda: NOW, waiting=5)
    for number in range(200):
        ask(made, "x", answer(id_=str(number)))
    assert not opened.is_set()  # nobody waited for the store
    assert told == ["usage is not kept for now, answers go on: more is asked than it can write"]
    go_on.set()
    made.close()
    assert [e.answer_id for e in kept(tmp_path / "usage.sqlite")] == ["0", "1", "2", "3", "4"]


def test_an_address_that_is_none_is_told_in_one_line_without_its_password() -> None:
    for url in ("nonsense", "nodb://u:hush@h/x"):
        with pytest.raises(UsageError) as caught:
            UsageStore.open(url)
        assert "VENTANILLA_USAGE_URL" in str(caught.value)
        assert "hush" not in str(caught.value)


def test_a_database_that_is_away_is_told_in_one_line_without_its_password() -> None:
    with pytest.raises(VentanillaError) as caught:
        UsageStore.open("postgresql+psycopg://u:hush@127.0.0.1:9/x")
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


# - the doors -


class Fake:
    """Answers at once."""

    attribution = None

    async def ask(self, request: Request, **more: object) -> Answer:
        return answer(id_=request.id or "none")

    async def stream(self, request: Request, **more: object):
        yield "text"
        yield answer(id_="streamed")

    async def forget(self, conversation: str, **more: object) -> None: ...

    def document(self, document_id: str, **more: object) -> Document | None:
        return lookup(document_id, ())


def test_every_door_is_noted_with_whom_it_was_opened_for(
    recorder: Recorder, tmp_path: Path
) -> None:
    async def doors() -> None:
        api = Recorded(Fake(), recorder, door="api")  # type: ignore[arg-type]
        page = Recorded(Fake(), recorder, door="page")  # type: ignore[arg-type]
        await api.ask(Request(question="a", id="1"))
        await api.ask(Request(question="b", id="2"), door="cli", tenants=("public", "minsal"))
        pieces = [p async for p in page.stream(Request(question="c"), conversation="k")]
        assert pieces[0] == "text"

    asyncio.run(doors())
    recorder.close()
    noted = [(e.door, e.tenant, e.question) for e in kept(tmp_path / "usage.sqlite")]
    assert noted == [
        ("api", "public", "a"),
        ("cli", "minsal", "b"),
        ("page", "public", "c"),
    ]


def client(recorder: Recorder | None) -> TestClient:
    app = FastAPI()

    def nobody() -> AccessStore:
        raise AssertionError("nobody shows a key")

    guard(app, Doorkeeper(nobody, "t0ken"))
    app.state.limiter = Limiter(key=0, address=0, address_day=0)
    add_feedback(app, recorder)
    return TestClient(app)


def test_feedback_comes_in_by_the_api(recorder: Recorder, tmp_path: Path) -> None:
    ask(recorder, "x", answer())
    door = client(recorder)
    body = {"answer_id": "a1", "useful": False, "reason": "outdated", "comment": "subió"}
    assert door.post("/api/feedback", json=body).json() == {"status": "kept"}
    assert door.post("/api/feedback", json=body | {"answer_id": "no"}).status_code == 404
    assert door.post("/api/feedback", json={"answer_id": "a1"}).status_code == 422
    recorder.close()
    assert kept(tmp_path / "usage.sqlite")[0].feedback == Feedback(False, "outdated", "subió")


def test_a_reason_that_there_is_not_is_refused(recorder: Recorder) -> None:
    with pytest.raises(UsageError, match="outdated"):
        recorder.give_feedback("a1", False, "bah")


def test_feedback_says_so_where_nothing_is_kept() -> None:
    response = client(None).post("/api/feedback", json={"answer_id": "a", "useful": True})
    assert response.status_code == 503


def test_feedback_that_cannot_be_kept_is_told(
    told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.usage.recorder.FEEDBACK_S", 0.2)
    made = Recorder(Breaking(tmp_path / "u"), told.append, lookup, 180, now=lambda: NOW)
    with pytest.raises(VentanillaError, match="just now"):
        made.give_feedback("a1", True)
    made.close()


def test_every_reason_has_words_in_each_language() -> None:
    known = client(None).get("/api/feedback/reasons").json()
    assert known == {key: dict(words) for key, words in reasons().items()}
    assert all(set(words) == {"es", "pt", "en"} for words in known.values())
    assert len(known) >= 5
