"""Questions that citizens ask of documents: read, attached, and never shown."""

import json
from pathlib import Path

import pytest

from sources import connectors
from sources.asked import read_asked, with_asked
from sources.catalog import read_catalog, read_entry
from sources.connectors import load
from sources.document import Document, Rejected
from sources.errors import CatalogError


def test_questions_are_read_by_document(tmp_path):
    path = tmp_path / "q.jsonl"
    lines = [
        ("a", "¿cuánto vale?"),
        ("b", "onde fica?"),
        ("a", "¿cuánto vale?"),
        ("a", "¿y dónde?"),
    ]
    rows = (json.dumps({"document": d, "question": q}) for d, q in lines)
    path.write_text("\ufeff" + "\n\n".join(rows), encoding="utf-8")
    assert read_asked(path) == {"a": ("¿cuánto vale?", "¿y dónde?"), "b": ("onde fica?",)}


@pytest.mark.parametrize(
    "line", ['{"document": "a"}', "no json", '{"document": "a", "question": "ok?", "more": 1}']
)
def test_a_wrong_line_is_named(tmp_path, line):
    path = tmp_path / "q.jsonl"
    path.write_text('{"document": "a", "question": "¿dónde?"}\n' + line, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"q\.jsonl:2: .*Write"):
        read_asked(path)


def test_a_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(CatalogError, match="cannot be read"):
        read_asked(tmp_path / "none.jsonl")


def test_documents_take_their_questions_and_rejections_pass():
    document = next(iter(load("corpus")(read_catalog()["seed"], "")))
    items = [document, Rejected(name="x", reason="y")]
    asked = {document.id: ("¿una pregunta?",)}
    found = list(with_asked(items, asked))
    assert found[0].asked == ("¿una pregunta?",)
    assert found[0].content_hash != document.content_hash
    assert found[1] == items[1]


def test_an_entry_names_its_questions_beside_itself(tmp_path):
    (tmp_path / "q.jsonl").write_text('{"document": "theirs-a", "question": "¿chip del perro?"}\n')
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Registro\n\nLa inscripción es gratuita.\n")
    (tmp_path / "theirs.yaml").write_text(
        "id: theirs\ntitle: T\nconnector: files\norigin: docs\nquestions: q.jsonl\n"
        "country: CL\nlanguage: es\nagency: A\n"
    )
    entry = read_entry(tmp_path / "theirs.yaml")
    assert entry.questions == str(tmp_path / "q.jsonl")
    (document,) = connectors.read(entry)
    assert document.id == "theirs-a"
    assert document.asked == ("¿chip del perro?",)


def test_every_shipped_question_of_the_seed_names_a_document():
    entry = read_catalog()["seed"]
    ids = {item.id for item in connectors.read(entry) if isinstance(item, Document)}
    assert set(read_asked(Path(entry.questions))) <= ids
