"""What the console does for whom: each only with their own sets, and only as far as the role goes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sources.catalog import read_catalog
from sources.errors import CatalogError, Forbidden, NotLoggedIn, VentanillaError
from tests.ui.console.conftest import BY, PAGE
from ui.access import origins
from ui.access.permissions import ANYONE, Principal
from ui.console import Refused, adding, insight, people, reading, sets, shown, words
from ui.console.desk import Desk
from ui.console.tabs.adding import checked
from ui.console.tabs.sets import detail
from ui.console.testing import add_golden

Who = Callable[[str], Principal]


def form(set_id: str = "muni-gatos", **more: object) -> dict[str, object]:
    fields = {"id": set_id, "title": "Gatos", "country": "CL", "language": "es",
              "agency": "Municipalidad", "as_of": "2026-11-01", "connector": "files"}  # fmt: skip
    return fields | more


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "gatos.md"
    path.write_text(PAGE.format(title="Registro de gatos", price="9.000"), encoding="utf-8")
    return path


# ---------------------------------------------------------------------------------- own sets


def test_everybody_sees_their_own_sets_and_no_others(desk: Desk, who: Who) -> None:
    def seen(name: str) -> set[str]:
        return {each.entry.id for each in sets.standings(desk, who(name))}

    assert seen("ana") == seen("lea") == {"muni-perros", "muni-interno"}
    assert seen("hugo") == {"hospital-interno"}
    assert {"muni-perros", "seed"} <= seen("jefa")
    assert "hospital-interno" in seen("jefa")  # whom it belongs to reads it, see below
    assert desk.own(ANYONE) == {}


@pytest.mark.parametrize(
    "act",
    [
        lambda d, w, s: list(sets.sync(d, w, s)),
        lambda d, w, s: list(sets.confirm(d, w, s)),
        lambda d, w, s: sets.discard(d, w, s),
        lambda d, w, s: sets.remove(d, w, s, s),
        lambda d, w, s: sets.standing(d, w, s),
        lambda d, w, s: reading.listed(d, w, s),
        lambda d, w, s: reading.reading(d, w, s, f"{s}-uno"),
        lambda d, w, s: reading.version(d, w, s, f"{s}-uno", "0"),
        lambda d, w, s: add_golden(d, w, s, "¿?", "CL", [f"{s}-uno"], "5"),
        lambda d, w, s: insight.rows(d, w, "staleness", s),
    ],
)
def test_another_agencys_set_is_as_none(
    desk: Desk, who: Who, act: Callable[[Desk, Principal, str], object]
) -> None:
    told = []
    for set_id in ("hospital-interno", "no-such-set"):
        with pytest.raises(Refused) as refused:
            act(desk, who("ana"), set_id)
        told.append(str(refused.value).replace(set_id, ""))
    assert told[0] == told[1]
    assert desk.house.store.get("hospital-interno-uno") is not None


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("lea", lambda d, w: list(sets.sync(d, w, "muni-perros"))),
        ("lea", lambda d, w: adding.write(d, w, form())),
        ("edu", lambda d, w: sets.discard(d, w, "muni-perros")),
        ("edu", lambda d, w: sets.remove(d, w, "muni-perros", "muni-perros")),
        ("edu", lambda d, w: people.users(d, w)),
        ("edu", lambda d, w: people.trail(d, w)),
        ("edu", lambda d, w: people.add_key(d, w, None, label="x", role="reader", days=1, quota=0)),
        ("edu", lambda d, w: list(insight.file(d, w, "gaps", "csv"))),
    ],
)
def test_a_role_goes_no_further(
    desk: Desk, who: Who, name: str, act: Callable[[Desk, Principal], object]
) -> None:
    with pytest.raises(Forbidden):
        act(desk, who(name))
    assert desk.house.store.get("muni-perros-uno") is not None


def test_an_ended_session_is_nobodys(desk: Desk) -> None:
    for token in ("", "x" * 43):
        with pytest.raises(NotLoggedIn):
            desk.who(token)
    assert desk.line(NotLoggedIn("x"), words("pt")) == words("pt")["login_ended"]


def test_no_line_names_a_path_of_this_machine(desk: Desk) -> None:
    home = desk.house.settings.home
    told = desk.line(CatalogError(f"{home}/catalog/x.yaml: wrong", "Mend it."), words("es"))
    assert "…/catalog/x.yaml: wrong. Mend it." in told and str(home) not in told


# ---------------------------------------------------------------------------------- sync


def test_a_sync_tells_how_far_it_is_and_is_in_the_trail(desk: Desk, who: Who) -> None:
    ana = who("ana")
    steps = list(sets.sync(desk, ana, "muni-perros"))
    assert steps[0].state == "reading"
    assert steps[-1].report is not None and steps[-1].report.unchanged == 1
    assert ("sync", "muni-perros", "ana") in {
        (line["action"], line["target"], line["who"]) for line in people.trail(desk, ana)
    }


def test_a_sync_that_fails_says_why(desk: Desk, who: Who, tmp_path: Path) -> None:
    (tmp_path / "muni-perros").rename(tmp_path / "away")
    with pytest.raises(VentanillaError, match="does not exist"):
        list(sets.sync(desk, who("ana"), "muni-perros"))
    one = sets.standing(desk, who("ana"), "muni-perros")
    assert one.state.startswith("failed") and one.documents == 1
    assert "does not exist" in detail(one, words("es"))


def test_a_quarantined_set_shows_both_answers_and_waits(
    desk: Desk, who: Who, tmp_path: Path
) -> None:
    ana = who("ana")
    add_golden(
        desk, ana, "muni-perros", "¿Cuánto cuesta el registro de perros?", "CL",
        ["muni-perros-uno"], "5.000",
    )  # fmt: skip
    page = PAGE.format(title="Registro de perros", price="8.800")
    (tmp_path / "muni-perros" / "uno.md").write_text(page, encoding="utf-8")
    end = list(sets.sync(desk, ana, "muni-perros"))[-1]
    one = sets.standing(desk, ana, "muni-perros")
    assert (end.state, one.waits) == ("quarantined", True)
    told = detail(one, words("es"))
    assert "¿Cuánto cuesta el registro de perros?" in told
    assert "5.000" in told and "8.800" in told
    sets.discard(desk, ana, "muni-perros")
    assert "5.000" in desk.house.store.get("muni-perros-uno").text  # type: ignore[union-attr]
    list(sets.sync(desk, ana, "muni-perros"))
    assert list(sets.confirm(desk, ana, "muni-perros"))[-1].state == "done"
    assert "8.800" in desk.house.store.get("muni-perros-uno").text  # type: ignore[union-attr]


def test_removing_needs_the_id_typed(desk: Desk, who: Who) -> None:
    ana = who("ana")
    with pytest.raises(Refused) as refused:
        sets.remove(desk, ana, "muni-perros", "muni")
    assert refused.value.name == "remove_typed_wrong"
    assert desk.house.store.get("muni-perros-uno") is not None
    assert sets.remove(desk, ana, "muni-perros", " muni-perros ") == 1
    assert desk.house.store.get("muni-perros-uno") is None
    with pytest.raises(Refused):
        sets.remove(desk, who("jefa"), "seed", "seed")


# ---------------------------------------------------------------------------------- adding


def test_a_set_is_tried_and_then_added(desk: Desk, who: Who, page: Path) -> None:
    edu = who("edu")
    draft = adding.write(desk, edu, form(), [page])
    found = adding.dry_run(desk, edu, draft)
    assert [(d.title, d.headings) for d in found.documents] == [
        ("Registro de gatos", ("Costo", "Requisitos"))
    ]
    assert "Registro de gatos" in checked(found, words("es"))
    assert "muni-gatos" not in read_catalog(desk.house.settings.catalog)
    entry = adding.add(desk, edu, draft)
    home = desk.house.settings.home
    assert (entry.owner, entry.tenant) == ("muni", "public")
    assert (home / "uploads" / "muni" / "muni-gatos" / "gatos.md").is_file()
    assert list(sets.sync(desk, edu, "muni-gatos"))[-1].report.indexed == 1  # type: ignore[union-attr]
    with pytest.raises(Refused):
        adding.add(desk, edu, draft)  # the draft is used up


def test_an_internal_set_is_the_agencys_own(desk: Desk, who: Who, page: Path) -> None:
    draft = adding.write(desk, who("edu"), form(internal=True), [page])
    assert adding.add(desk, who("edu"), draft).tenant == "muni"
    with pytest.raises(Refused):
        adding.write(desk, who("jefa"), form("casa", internal=True), [page])


def test_what_cannot_be_read_is_told_in_the_dry_run(
    desk: Desk, who: Who, page: Path, tmp_path: Path
) -> None:
    (tmp_path / "viejo.doc").write_bytes(b"\xd0\xcf\x11\xe0 old")
    draft = adding.write(desk, who("edu"), form(), [page, tmp_path / "viejo.doc"])
    found = adding.dry_run(desk, who("edu"), draft)
    assert (found.taken, found.refused) == (1, 1)
    assert "viejo.doc" in checked(found, words("es"))


def test_nobody_adds_in_anothers_name_or_place(desk: Desk, who: Who, page: Path) -> None:
    for taken in ("hospital-interno", "seed"):
        with pytest.raises(Refused) as refused:
            adding.write(desk, who("edu"), form(taken), [page])
        assert refused.value.name == "id_taken"
    for set_id in ("../hospital", "A", "", "x" * 80):
        with pytest.raises(Refused) as refused:
            adding.write(desk, who("edu"), form(set_id), [page])
        assert refused.value.name == "bad_id"
    draft = adding.write(desk, who("edu"), form(), [page])
    with pytest.raises(Refused):
        adding.dry_run(desk, who("hugo"), draft)


@pytest.mark.parametrize(
    "origin",
    ["/etc", "../..", "~", "../hospital/secreto", "file:///etc/passwd", "http://127.0.0.1:7860/",
     "http://localhost/", "http://169.254.169.254/latest", "https://[::1]/", "ftp://10.0.0.1/"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["ana", "jefa"])
def test_no_place_of_this_machine_or_its_network_can_be_named(
    desk: Desk, who: Who, origin: str, name: str
) -> None:
    text = f"id: robo\ntitle: R\nconnector: files\norigin: '{origin}'\ncountry: CL\nagency: M\n"
    with pytest.raises(VentanillaError) as refused:
        adding.write(desk, who(name), {"yaml": text})
    assert getattr(refused.value, "name", "") in ("not_yours", "not_public")
    assert not (desk.uploads(who(name)) / adding.DRAFTS / "robo").exists()


@pytest.mark.parametrize(
    "line",
    ["golden: /etc/passwd", "questions: ../../hospital/x.jsonl",
     "options: {token_file: /etc/shadow}", "options: {start: ['http://10.0.0.1/']}",
     "options: {hosts: ['127.0.0.1:6333']}", "owner: hospital", "tenant: hospital"],
)  # fmt: skip
def test_no_other_field_does_either(desk: Desk, who: Who, page: Path, line: str) -> None:
    text = f"id: robo\ntitle: R\nconnector: files\ncountry: CL\nagency: M\n{line}\n"
    with pytest.raises(VentanillaError):
        adding.write(desk, who("edu"), {"yaml": text}, [page])
    assert not (desk.uploads(who("edu")) / adding.DRAFTS / "robo").exists()


def test_forms_become_options(desk: Desk, who: Who, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (adding, origins):
        monkeypatch.setattr(module, "is_private", lambda url: False)
    filled = form(
        "leyes", connector="leychile", origin="https://www.leychile.cl/Consulta/obtxml?opt=7",
        options={"norms": "Ley N° 18.290\n210676\n\n", "query": ""}, token=" secreto ",
    )  # fmt: skip
    adding.write(desk, who("edu"), filled)
    entry = adding.add(desk, who("edu"), "leyes")
    assert entry.options["norms"] == [{"ley": 18290}, 210676]
    key = Path(entry.options["token_file"])
    assert key.read_text(encoding="utf-8") == "secreto" and key.stat().st_mode & 0o077 == 0
    assert "secreto" not in (desk.house.settings.catalog / "leyes.yaml").read_text("utf-8")


# ---------------------------------------------------------------------------------- documents


def test_documents_are_listed_searched_and_shown_with_their_passages(
    desk: Desk, who: Who, tmp_path: Path
) -> None:
    ana = who("ana")
    assert [d.id for d in reading.listed(desk, ana, "muni-perros", "PÉRROS costo")] == [
        "muni-perros-uno"
    ]
    assert reading.listed(desk, ana, "muni-perros", "gavilán") == []
    found = reading.reading(desk, ana, "muni-perros", "muni-perros-uno")
    quotes = [found.document.text[p.start : p.end] for p in found.passages]
    assert "El trámite cuesta $ 5.000." in quotes and found.here
    with pytest.raises(Refused):  # a document of another set of theirs, by this one's name
        reading.reading(desk, ana, "muni-perros", "hospital-interno-uno")


def test_earlier_texts_are_compared(desk: Desk, who: Who, tmp_path: Path) -> None:
    ana = who("ana")
    page = PAGE.format(title="Registro de perros", price="5.500")
    (tmp_path / "muni-perros" / "uno.md").write_text(page, encoding="utf-8")
    list(sets.sync(desk, ana, "muni-perros"))
    found = reading.reading(desk, ana, "muni-perros", "muni-perros-uno")
    ((mark, _),) = found.versions
    before = reading.version(desk, ana, "muni-perros", "muni-perros-uno", mark)
    told = shown.difference(before.text, found.document.text)
    assert "<del>5.000.\n</del><ins>5.500.\n</ins>" in told


def test_the_house_does_not_read_what_is_internal(desk: Desk, who: Who) -> None:
    with pytest.raises(Forbidden):
        reading.listed(desk, who("jefa"), "hospital-interno")
    with desk.house.store.transaction() as connection:
        report = {
            "source_id": "hospital-interno",
            "notes": ["gavilán"],
            "rejected": ["gavilán: x"],
            "turned": [dict.fromkeys(("question", "expected", "now", "then"), "gavilán")],
        }
        connection.execute(
            "UPDATE syncs SET state = 'quarantined', report = ? WHERE source_id = ?",
            (json.dumps(report), "hospital-interno"),
        )
    for name, told in (("jefa", False), ("hugo", True)):
        one = sets.standing(desk, who(name), "hospital-interno")
        assert ("gavilán" in detail(one, words("es"))) is told
    assert reading.listed(desk, who("jefa"), "muni-perros")


# ---------------------------------------------------------------------------------- golden, people


def test_a_golden_question_joins_the_sets_file(desk: Desk, who: Who) -> None:
    for figures in ("5.000", "$ 5.000"):
        path = add_golden(
            desk, who("edu"), "muni-perros", "¿Cuánto cuesta?", "CL", ["muni-perros-uno"], figures
        )
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["expect"]["figures"] for line in lines] == [["5.000"], ["$ 5.000"]]
    assert read_catalog(desk.house.settings.catalog)["muni-perros"].golden == str(path.resolve())
    with pytest.raises(Refused):
        add_golden(desk, who("edu"), "muni-perros", "¿?", "CL", ["hospital-interno-uno"], "")


def test_administrators_manage_their_own_people_alone(desk: Desk, who: Who) -> None:
    ana = who("ana")
    assert {u.name for u in people.users(desk, ana, "hospital")} == {"ana", "edu", "lea"}
    people.add_user(
        desk, ana, "hospital", name="Nora", label="Nora", password="una clave bien larga",
        role="reader",
    )  # fmt: skip
    assert desk.house.access.users.get("nora").agency == "muni"
    for act in (
        lambda name: people.set_role(desk, ana, name, "reader"),
        lambda name: people.set_password(desk, ana, name, "otra clave bien larga"),
        lambda name: people.remove_user(desk, ana, name),
    ):
        told = set()
        for name in ("hugo", "jefa", "nadie"):
            with pytest.raises(Refused) as refused:
                act(name)
            told.add(str(refused.value))
        assert len(told) == 1
    with pytest.raises(Refused):
        people.remove_user(desk, ana, "ana")
    people.remove_user(desk, ana, "nora")


def test_keys_are_shown_once_and_revoked_by_their_own(desk: Desk, who: Who) -> None:
    ana = who("ana")
    token = people.add_key(desk, ana, "hospital", label="web", role="reader", days=30, quota=0)
    assert desk.house.access.keys.principal(token).agency == "muni"
    (key,) = people.keys(desk, ana)
    with pytest.raises(Refused):
        people.revoke_key(desk, who("hugo"), key.prefix)
    people.revoke_key(desk, ana, key.prefix)
    with pytest.raises(NotLoggedIn):
        desk.house.access.keys.principal(token)


def test_the_trail_is_ones_own(desk: Desk, who: Who) -> None:
    desk.house.access.trail.record(BY, "sync", "hospital-interno", agency="hospital")
    told = "".join(people.trail_file(desk, who("ana"), "csv"))
    assert "hospital" not in told and "ana" in told
    assert "hospital-interno" in "".join(people.trail_file(desk, who("jefa"), "json"))


def test_reports_are_of_ones_own_sets(desk: Desk, who: Who) -> None:
    for kind in insight.KINDS:
        assert "gavilán" not in json.dumps(insight.rows(desk, who("ana"), kind), default=str)
    assert "hospital" not in "".join(insight.file(desk, who("ana"), "staleness", "csv"))
    with pytest.raises(Refused):
        insight.rows(desk, who("ana"), "secrets")


def test_texts_are_the_same_in_both_languages() -> None:
    spanish, portuguese = words("es"), words("pt")
    assert spanish.names() == portuguese.names()
    for name in spanish.names():
        holes = [set(re.findall(r"\{(\w+)\}", told[name])) for told in (spanish, portuguese)]
        assert holes[0] == holes[1], name


def test_every_text_that_is_named_is_there() -> None:
    folder = Path(adding.__file__).parent
    source = "\n".join(p.read_text(encoding="utf-8") for p in folder.rglob("*.py"))
    named = set(re.findall(r"""(?:told|words\(other\))\[["'](\w+)["']\]""", source))
    named |= set(re.findall(r"""(?:Refused|\.say)\(\s*["'](\w+)["']""", source))
    assert len(named) > 150
    assert named - words("es").names() == set()
