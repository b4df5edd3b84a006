"""The embedded seed corpus agrees with the record of facts that it was written from.

The facts lie beside the project, in ``../shared/facts/procedures.yaml``; the tests that compare
with them are skipped where that file is absent. The others need nothing but the corpus itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from sources.catalog import built_in
from sources.connectors import read
from sources.connectors.corpus import BUILT_IN, read_service
from sources.document import Document, Field, PublicService, Statement, Verification

FACTS = Path(__file__).resolve().parents[2].parent / "shared" / "facts" / "procedures.yaml"
FILES = sorted(BUILT_IN.rglob("*.yaml"))

if FACTS.is_file():
    LOADED = yaml.safe_load(FACTS.read_text(encoding="utf-8"))
else:
    LOADED = {"records": [], "contradictions": []}
RECORDS: dict[str, dict[str, Any]] = {record["id"]: record for record in LOADED["records"]}
CONTRADICTIONS: list[dict[str, Any]] = LOADED["contradictions"]

needs_facts = pytest.mark.skipif(not FACTS.is_file(), reason="../shared/facts is not here")
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def every_record(test: Callable[..., None]) -> Callable[..., None]:
    """Runs `test` once for each record of facts."""
    each: Callable[..., None] = pytest.mark.parametrize("record_id", sorted(RECORDS))(test)
    marked: Callable[..., None] = needs_facts(each)
    return marked


FIGURES_FROM = ("cost", "phone", "legal_basis", "requirements", "deadline")
MONTHS = {
    "Jan": ("enero", "janeiro"),
    "Feb": ("febrero", "fevereiro"),
    "Mar": ("marzo", "marco"),
    "Apr": ("abril",),
    "May": ("mayo", "maio"),
    "Jun": ("junio", "junho"),
    "Jul": ("julio", "julho"),
    "Aug": ("agosto",),
    "Sep": ("septiembre", "setiembre", "setembro"),
    "Oct": ("octubre", "outubro"),
    "Nov": ("noviembre", "novembro"),
    "Dec": ("diciembre", "dezembro"),
}
MONTH = re.compile(
    r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?\b"
)
# A conditional ("sería", "seria") or an explicit reservation, in folded Spanish or Portuguese.
HEDGED = re.compile(
    r"\w(?:ria|rian|riam)\b|\b(?:por|a) confirmar\b|\bnao confirmad|\bsin confirmar\b"
)
NUMBER_WORDS = {
    "1": ("un", "una", "uno", "primer", "primera", "um", "uma"),
    "2": ("dos", "dois", "duas"),
    "3": ("tres",),
    "4": ("cuatro", "quatro"),
    "5": ("cinco",),
    "6": ("seis",),
    "7": ("siete", "sete"),
    "8": ("ocho", "oito"),
    "9": ("nueve", "nove"),
    "10": ("diez", "dez"),
}


def fold(text: str) -> str:
    """Lower case, without accents, single spaces: how two wordings are compared."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).split())


def figures(text: str) -> set[str]:
    """The groups of digits in `text`; 3.600, 3,600 and 3600 are one, and 0 says nothing.

    Of a date such as 2025-09-05 the year and the day count: the month is written as a word.
    """
    plain = re.sub(r"\b(\d{4})-\d{2}-0?(\d{1,2})\b", r"\1 \2", text)
    return {re.sub(r"\D", "", found) for found in re.findall(r"\d+(?:[.,]\d+)*", plain)} - {"0"}


def says(text: str, figure: str) -> bool:
    """True where `text` gives `figure` in digits or, up to ten, in a word."""
    return figure in figures(text) or bool(
        set(NUMBER_WORDS.get(figure, ())) & set(re.findall(r"\w+", fold(text)))
    )


@cache
def services() -> dict[str, PublicService]:
    return {service.id: service for service in map(read_service, FILES)}


def service_of(record_id: str) -> PublicService:
    assert record_id in services(), f"no file of the corpus is called {record_id}"
    return services()[record_id]


@cache
def documents() -> dict[str, Document]:
    """The corpus as the connector reads it; a file that it rejects fails the test."""
    seed = next(entry for entry in built_in() if entry.id == "seed")
    found = {}
    for item in read(seed):
        assert isinstance(item, Document), f"{item.name}: {item.reason}"
        found[item.id] = item
    return found


def text_of(record_id: str) -> str:
    return documents()[service_of(record_id).id].text


def statements(service: PublicService) -> list[tuple[Field, Statement]]:
    return list(service.statements())


def standing(service: PublicService, statement: Statement) -> Verification:
    """How far a statement was verified, its own mark first."""
    return statement.verification or service.verification


def unverified_values(record: dict[str, Any]) -> list[tuple[str, str]]:
    """The values that a record's caveats flag as unverified, with the field they belong to."""
    marks = (re.match(r"unverified (\w+): (.+)", caveat) for caveat in record["caveats"])
    return [(mark[1], mark[2]) for mark in marks if mark]


def gives(text: str, field: str, value: str) -> bool:
    """True where `text` states `value`: a site by its name, anything else by all its figures."""
    if field == "url":
        return value.casefold() in text.casefold()
    return bool(figures(value)) and figures(value) <= figures(text)


# --- the corpus on its own --------------------------------------------------------------------


def test_every_file_loads_and_ids_are_unique() -> None:
    loaded = [read_service(path) for path in FILES]
    assert loaded
    assert not [n for n, times in Counter(s.id for s in loaded).items() if times > 1]
    assert set(documents()) == {service.id for service in loaded}


@every_file
def test_a_file_is_named_after_its_id_and_lies_in_its_country(path: Path) -> None:
    service = read_service(path)
    assert path.stem == service.id
    assert path.parent.name == service.country.lower() == service.id.split("-")[0]


@every_file
def test_quotes_are_proved_by_their_offsets(path: Path) -> None:
    service = read_service(path)
    document = documents()[service.id]
    quoted = [(section.field, document.quote(section)) for section in document.sections]
    assert quoted == [(field, statement.text.strip()) for field, statement in statements(service)]


@every_file
def test_every_statement_is_a_sentence_of_its_own(path: Path) -> None:
    for _, statement in statements(read_service(path)):
        text = statement.text
        assert len(text) >= 15 and len(text.split()) >= 3, text
        assert re.match(r"[¿¡«]?[A-ZÁÉÍÓÚÂÊÔÀÑ0-9]", text), f"begins in the middle: {text}"
        assert re.search(r"[.!?]»?$", text), f"does not end: {text}"
        assert text == " ".join(text.split()), f"broken spacing: {text!r}"


@every_file
def test_no_statement_is_made_twice(path: Path) -> None:
    texts = Counter(fold(statement.text) for _, statement in statements(read_service(path)))
    assert not [text for text, times in texts.items() if times > 1]


@every_file
def test_a_procedure_has_what_it_takes_to_be_found(path: Path) -> None:
    service = read_service(path)
    assert service.description and service.names and service.keywords
    assert len({fold(name) for name in service.names}) == len(service.names)


@every_file
def test_addresses_are_https(path: Path) -> None:
    url = read_service(path).url
    assert url is None or re.fullmatch(r"https://[a-z0-9.-]+\.[a-z]{2,}(/[^\s]*)?", url)


@every_file
def test_values_that_disagree_stand_in_one_field_and_name_their_source(path: Path) -> None:
    sides: dict[str, list[tuple[Field, Statement]]] = defaultdict(list)
    for field, statement in statements(read_service(path)):
        if statement.conflict:
            sides[statement.conflict].append((field, statement))
    for key, found in sides.items():
        assert len(found) >= 2, f"{key} has one side only"
        assert len({field for field, _ in found}) == 1, f"{key} is spread over several fields"
        assert not any(statement.note for _, statement in found), f"{key} is a remark"


@every_file
def test_what_is_unverified_is_never_stated_as_fact(path: Path) -> None:
    """What a procedure is may be said plainly; any other unverified value is worded as such."""
    service = read_service(path)
    for field, statement in statements(service):
        if field is Field.DESCRIPTION or statement.note:
            continue
        if standing(service, statement) is Verification.UNVERIFIED:
            assert HEDGED.search(fold(statement.text)), statement.text


@every_file
def test_dates_of_validity_are_in_order(path: Path) -> None:
    for _, statement in statements(read_service(path)):
        if statement.valid_from and statement.valid_to:
            assert statement.valid_from <= statement.valid_to, statement.text


@every_file
def test_a_statement_is_no_newer_than_its_document(path: Path) -> None:
    """Except for one side of a contradiction, whose source may be none of the procedure's own."""
    service = read_service(path)
    for _, statement in statements(service):
        if statement.as_of and service.as_of and not statement.conflict:
            # Compared at the precision that both have: 2025-10 is no newer than 2025.
            length = min(len(statement.as_of), len(service.as_of))
            assert statement.as_of[:length] <= service.as_of[:length], statement.text


def test_no_name_is_shared_by_two_procedures_of_a_country() -> None:
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for service in services().values():
        for name in (service.title, *service.names):
            owners[service.country, fold(name)].add(service.id)
    assert not {name: ids for name, ids in owners.items() if len(ids) > 1}


# --- the corpus against the record of facts ---------------------------------------------------


@needs_facts
def test_every_record_has_its_document_and_no_other_is_there() -> None:
    assert set(services()) == set(RECORDS)


@every_record
def test_the_document_agrees_with_its_record(record_id: str) -> None:
    record, service = RECORDS[record_id], service_of(record_id)
    assert service.country == record["country"]
    assert service.language == record["language"]
    assert [sector.value for sector in service.sector] == record["sector"]
    assert service.as_of == record["as_of"]
    assert service.verification.value == record["status"]
    assert bool(service.sources) == bool(record["sources"])


@every_record
def test_the_address_is_the_record_s(record_id: str) -> None:
    record, service = RECORDS[record_id], service_of(record_id)
    if service.url:
        assert service.url.removeprefix("https://").rstrip("/") in record["url"]


@every_record
def test_every_figure_of_the_record_is_in_the_text(record_id: str) -> None:
    record, text = RECORDS[record_id], text_of(record_id)
    missing = [
        (field, figure)
        for field in FIGURES_FROM
        for figure in figures(record[field] or "")
        if not says(text, figure)
    ]
    assert not missing


@every_record
def test_every_month_of_the_record_is_in_the_text(record_id: str) -> None:
    record, text = RECORDS[record_id], fold(text_of(record_id))
    missing = [
        (field, month)
        for field in FIGURES_FROM
        for month in set(MONTH.findall(record[field] or ""))
        if not any(word in text for word in MONTHS[month])
    ]
    assert not missing


@every_record
def test_every_amount_of_the_text_is_in_the_record(record_id: str) -> None:
    """No figure was added: years of sources, days and months written as numbers included."""
    record = RECORDS[record_id]
    known = figures(yaml.safe_dump(record, allow_unicode=True))
    for contradiction in CONTRADICTIONS:
        if record_id in contradiction["ids"]:
            known |= figures(yaml.safe_dump(contradiction, allow_unicode=True))
    added = {
        figure
        for _, statement in statements(service_of(record_id))
        for figure in figures(statement.text)
    } - known
    assert not added


@every_record
def test_what_is_unverified_is_marked_as_such(record_id: str) -> None:
    record, service = RECORDS[record_id], service_of(record_id)
    for field, value in unverified_values(record):
        if field == "url":
            assert value not in (service.url or "")
        for _, statement in statements(service):
            if gives(statement.text, field, value):
                assert standing(service, statement) is Verification.UNVERIFIED, statement.text


@every_record
def test_a_record_without_a_source_is_unverified_throughout(record_id: str) -> None:
    record, service = RECORDS[record_id], service_of(record_id)
    if not record["sources"]:
        marks = {standing(service, statement) for _, statement in statements(service)}
        assert marks == {Verification.UNVERIFIED}


@every_record
def test_what_was_not_found_is_said_as_a_remark(record_id: str) -> None:
    record, service = RECORDS[record_id], service_of(record_id)
    if any("not found" in caveat for caveat in record["caveats"]):
        assert any(statement.note for _, statement in statements(service))


@needs_facts
@pytest.mark.parametrize("contradiction", CONTRADICTIONS, ids=lambda item: item["key"])
def test_contradictions_show_both_sides_or_the_resolution(contradiction: dict[str, Any]) -> None:
    found = [
        statement
        for record_id in contradiction["ids"]
        for _, statement in statements(service_of(record_id))
    ]
    if contradiction["resolution"] is None:
        sides = [s for s in found if s.conflict == contradiction["key"]]
        assert len(sides) >= 2
        assert len({fold(side.text) for side in sides}) >= 2
    else:
        assert not any(s.conflict == contradiction["key"] for s in found)
        wanted = figures(contradiction["resolution"])
        assert any(wanted <= figures(s.text) and not s.note for s in found)
        assert any(s.note for s in found)
