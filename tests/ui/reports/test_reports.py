"""Gaps, staleness and quality over made-up usage and documents, for agencies and the house."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from retrieval.store import Store
from sources.document import Document, PublicService, Sector
from ui import cli
from ui.assemble import House, open_house
from ui.reports.export import as_csv, as_json, as_table
from ui.reports.gaps import Gap, gaps
from ui.reports.quality import quality
from ui.reports.run import Asked, rows
from ui.reports.staleness import staleness
from ui.reports.viewer import Viewer
from ui.settings import Settings
from ui.usage.store import Cited, Count, Entry, Feedback, UsageStore

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(Settings(home=tmp_path_factory.mktemp("home"))) as opened:
        opened.sync("seed")
        yield opened


@pytest.fixture
def usage(tmp_path: Path) -> Iterator[UsageStore]:
    with UsageStore.open(tmp_path / "usage.sqlite") as opened:
        yield opened


def entry(question: str, status: str = "unanswerable", **more: object) -> Entry:
    given: dict[str, object] = {
        "answer_id": "x", "at": NOW - timedelta(days=1), "door": "page", "language": "es",
        "country": "CL",
    }  # fmt: skip
    return Entry(question=question, status=status, **(given | more))  # type: ignore[arg-type]


# - gaps -


def found(
    usage: UsageStore, house: House, viewer: Viewer | None = None, **more: object
) -> list[Gap]:
    return gaps(usage, house.searcher, viewer or Viewer(), NOW, **more)  # type: ignore[arg-type]


def test_questions_alike_are_one_gap_the_biggest_first(usage: UsageStore, house: House) -> None:
    for question, language, country in (
        ("¿Dónde saco la licencia de pesca artesanal?", "es", "CL"),
        ("¿Dónde saco la licencia de pesca artesanal?", "es", "PE"),
        ("licensia de pesca artesanal, dónde?", "es", "CL"),
        ("Onde tiro a licença de pesca artesanal?", "pt", "BR"),
        ("¿Cómo registro un dron?", "es", "CL"),
        ("¿Cuándo abre la piscina municipal?", "es", "CL"),
        ("quiero registrar mi dron", "es", "CL"),
    ):
        usage.add(entry(question, language=language, country=country))
    first, second, third = found(usage, house)
    assert (first.example, first.count) == ("¿Dónde saco la licencia de pesca artesanal?", 4)
    assert first.countries == {"CL": 2, "PE": 1, "BR": 1}
    assert first.languages == {"es": 3, "pt": 1}
    assert (second.count, third.count) == (2, 1)
    assert "dron" in second.example
    assert "piscina" in third.example


def test_a_gap_is_what_was_not_answered_not_helpful_or_given_up(
    usage: UsageStore, house: House
) -> None:
    usage.add(entry("¿Cómo registro un dron?"))
    usage.add(entry("¿Cómo registro un dron?", "answered", answer_id="bad"))
    usage.judge("bad", Feedback(False, "wrong"), NOW)
    usage.add(entry("¿Cómo registro un dron?", "answered", answer_id="good"))
    usage.judge("good", Feedback(True), NOW)
    usage.add(entry("¿Cómo registro un dron?", "answered"))
    usage.add(entry("¿Cómo registro un dron?", "clarification"))
    usage.add(entry("¿Cómo registro un dron?", "clarification", followed=True))
    usage.add(entry("¿Cómo registro un dron?", "clarification", at=NOW - timedelta(minutes=5)))
    usage.add(entry("¿Cómo registro un dron?", "error_timeout"))
    (gap,) = found(usage, house)
    assert gap.count == 3
    assert gap.endings == {"unanswerable": 1, "not_useful": 1, "abandoned": 1}
    assert gap.reasons == {"wrong": 1}


def test_a_gap_names_the_nearest_documents(usage: UsageStore, house: House) -> None:
    usage.add(entry("¿Cuánto vale la renovación de la licencia para zurdos?", country="DO"))
    (gap,) = found(usage, house)
    assert gap.nearest[0].document_id == "do-transport-renovacion-licencia"
    assert gap.nearest[0].source_id == "seed"


def test_gaps_begin_where_they_are_asked_to(usage: UsageStore, house: House) -> None:
    usage.add(entry("¿Cómo registro un dron?", at=NOW - timedelta(days=40)))
    assert len(found(usage, house)) == 1
    assert found(usage, house, since=NOW - timedelta(days=30)) == []


def test_an_agency_sees_its_own_and_what_concerns_its_sets(usage: UsageStore, house: House) -> None:
    usage.add(entry("¿Cómo registro un dron?", tenant="muni", country=None))
    usage.add(entry("secreto del hospital", tenant="hospital", country=None))
    usage.add(entry("¿Sirve la renovación de la licencia de conducir vencida?", country="DO"))
    usage.add(entry("¿piscina municipal?", country="CL", sectors=("transport",)))
    usage.add(entry("¿feria navideña?", country=None))

    def asked(sources: tuple[str, ...]) -> set[str]:
        mine = Viewer(tenants=("public", "muni"), sources=sources)
        return {gap.example for gap in found(usage, house, mine)}

    own = "¿Cómo registro un dron?"
    assert asked(("another",)) == {own}
    assert asked(("seed",)) == {
        own,
        "¿Sirve la renovación de la licencia de conducir vencida?",
        "¿piscina municipal?",
    }
    assert len(found(usage, house)) == 5


# - quality -


def test_quality_counts_by_day_and_by_week(usage: UsageStore) -> None:
    cited = (Cited("doc-a", "one", "A"), Cited("doc-b", "two", "B"))
    for day, status, latency in (
        (0, "answered", 10), (0, "answered", 20), (0, "unanswerable", 1000), (1, "answered", 30),
        (7, "answered", 40),
    ):  # fmt: skip
        at = NOW - timedelta(days=day)
        made = entry("x", status, at=at, latency_ms=latency, answer_id=f"{day}-{latency}")
        usage.add(made if status != "answered" else entry(
            "x", status, at=at, latency_ms=latency, answer_id=f"{day}-{latency}", cited=cited[: 1 + day],
        ))  # fmt: skip
    usage.count(Count("2026-11-25", "page", "public", "CL", "es", "refused", 4))
    usage.judge("0-10", Feedback(True), NOW)
    usage.judge("0-20", Feedback(False), NOW)
    usage.judge("0-1000", Feedback(False), NOW)
    days = quality(usage, Viewer())
    assert [day.period for day in days] == ["2026-11-18", "2026-11-24", "2026-11-25"]
    today = days[-1]
    assert (today.questions, today.statuses) == (
        7,
        {"answered": 2, "refused": 4, "unanswerable": 1},
    )
    assert today.answered == pytest.approx(2 / 3)
    assert (today.useful, today.judged) == (pytest.approx(1 / 3), 3)
    assert (today.latency_p50, today.latency_p95) == (20, 1000)
    assert today.documents == [("doc-a", 2)]
    weeks = quality(usage, Viewer(), by="week")
    assert [(w.period, w.questions) for w in weeks] == [("2026-11-16", 1), ("2026-11-23", 8)]
    theirs = quality(usage, Viewer(tenants=("public",), sources=("two",)))
    assert [(day.period, day.questions) for day in theirs] == [("2026-11-18", 1), ("2026-11-24", 1)]
    assert quality(usage, Viewer(tenants=("hospital",))) == []


# - staleness -


def service(**more: object) -> Document:
    given: dict[str, object] = {
        "id": "a", "title": "Registro de mascotas", "country": "CL", "language": "es",
        "sector": [Sector.GENERAL], "competent_authority": {"name": "Municipalidad"},
        "as_of": "2026-10-01",
    }  # fmt: skip
    source = str(more.pop("source", "one"))
    return PublicService.model_validate(given | more).to_document(source_id=source, licence=None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "documents.sqlite")
    yield opened
    opened.close()


TODAY = date(2026, 11, 25)


def test_values_that_may_not_hold_are_listed_with_the_reason(store: Store) -> None:
    cost = [
        {"text": "Cuesta $1.000.", "valid_to": "2026-11-24"},
        {"text": "Cuesta $2.000.", "valid_to": "2026-11-25"},
        {"text": "Costaba $3.000.", "as_of": "2024-01"},
        {"text": "Costaría $4.000.", "verification": "unverified"},
        {"text": "No hay datos de 2020.", "note": True, "as_of": "2020"},
    ]
    old_law = [{"text": "Rige la Ley 21.020.", "as_of": "2024-01"}]
    undated = service(id="b", as_of=None, cost=[{"text": "Cuesta $5.000."}])
    store.put([service(cost=cost, legal_resource=old_law), undated], {"a": "1", "b": "1"})
    told = [(row.kind, row.quote, row.since) for row in staleness(store, Viewer(), TODAY)]
    assert told == [
        ("expired", "Cuesta $1.000.", "2026-11-24"),
        ("old", "Costaba $3.000.", "2024-01"),
        ("unverified", "Costaría $4.000.", "2026-10-01"),
        ("undated", "Cuesta $5.000.", None),
    ]
    assert staleness(store, Viewer(sources=("two",)), TODAY) == []
    assert staleness(store, Viewer(tenants=("muni",)), TODAY) == []


def test_what_changed_since_a_day_is_listed(store: Store) -> None:
    same = {"requirement": [{"text": "Debe ser mayor de edad."}]}
    store.put([service(cost=[{"text": "Cuesta $1.000."}], **same)], {"a": "1"})
    store.put([service(cost=[{"text": "Cuesta $2.000."}], **same)], {"a": "2"})
    changed = staleness(store, Viewer(), TODAY, since=date.today() - timedelta(days=1))
    assert [(row.kind, row.quote) for row in changed] == [("changed", "Cuesta $2.000.")]
    assert staleness(store, Viewer(), TODAY, since=date.today() + timedelta(days=2)) == []


# - export and command line -


def test_rows_go_out_as_json_csv_and_table() -> None:
    told = [
        {"count": 1, "text": "=1+1", "one": {"quote": "a, «b»\nc"}, "endings": {"x": 2}, "v": 0.5}
    ]
    assert json.loads(as_json(told)) == told
    (row,) = csv.DictReader(io.StringIO(as_csv(told)))
    assert row == {
        "count": "1", "text": "'=1+1", "one.quote": "a, «b»\nc", "endings": '{"x": 2}', "v": "0.5",
    }  # fmt: skip
    assert as_csv([]) == ""
    header, line = as_table(told, ["count", "one.quote", "v"], width=6)
    assert header.split() == ["count", "one.quote", "v"]
    assert line.split("  ")[0] == "1"
    assert "a, «b…" in line
    assert line.endswith("0.50")


def test_an_agency_is_answered_from_its_own_sets_alone(house: House) -> None:
    from ui.access.permissions import By

    by = By("tester", "cli")
    house.access.agencies.add("muni", "Municipalidad", by)
    assert rows(house, Asked(kind="staleness", agency="muni")) == []
    everything = rows(house, Asked(kind="staleness"))
    assert everything
    assert rows(house, Asked(kind="staleness", source="seed")) == everything
    assert rows(house, Asked(kind="contradictions", agency="muni")) == []
    declared = rows(house, Asked(kind="contradictions"))
    assert {row["declared"] for row in declared} == {True}


def test_the_command_line_reports_what_it_was_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.main(list(arguments))
        assert not ended.value.code, capsys.readouterr().err
        return capsys.readouterr().out

    run("ask", "¿Cómo registro un satélite con mi RUT 12.345.678-5?", "--country", "CL")
    (gap,) = json.loads(run("report", "gaps", "--format", "json"))
    assert gap["example"] == "¿Cómo registro un satélite con mi RUT [RUT]?"
    assert gap["countries"] == {"CL": 1}
    assert "unanswerable" in run("report", "gaps")
    (day,) = csv.DictReader(io.StringIO(run("report", "quality", "--format", "csv")))
    assert day["questions"] == "1"
    assert run("report", "gaps", "--since", "2999-01-01") == "nothing to report\n"
    assert "licencia" in run("report", "contradictions", "--source", "seed")
    assert "expired" in run("report", "staleness")
