"""What a reading leaves on disk, whole or cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.spool import Spool
from sources.connectors import Memory
from sources.document import Document, Item, Rejected, Unchanged
from sources.errors import SourceError


def portal(documents: list[Document], memory: Memory, fetched: list[str]) -> Iterator[Item]:
    """Sends a document in full unless its mark says that it is known."""
    for document in documents:
        mark = {"hash": document.content_hash, "document": document.id}
        if memory.before.get(document.id) == mark:
            yield Unchanged(document_id=document.id)
        else:
            fetched.append(document.id)
            yield document
        memory.now[document.id] = mark


def take(items: Iterator[Item], number: int) -> None:
    for _ in range(number):
        next(items)


def test_a_whole_reading_comes_back_as_it_was(tmp_path: Path, documents: list[Document]) -> None:
    spool, memory = Spool(tmp_path / "a", "1"), Memory()
    items: list[Item] = [*documents, Rejected(name="x.pdf", reason="it is encrypted\nso")]
    memory.now["x.pdf"] = {"etag": '"1\n"'}
    assert not spool.whole
    assert list(spool.fill(iter(items), memory)) == items
    assert spool.whole
    again = Spool(tmp_path / "a", "1")
    assert list(again.items()) == items
    assert again.marks() == {"x.pdf": {"etag": '"1\n"'}}


@pytest.mark.parametrize("cuts", [[2], [2, 1, 3], [3, 3]])
def test_what_was_fetched_before_a_cut_is_not_fetched_again(
    tmp_path: Path, documents: list[Document], cuts: list[int]
) -> None:
    fetched: list[str] = []
    for cut in cuts:
        spool = Spool(tmp_path / "a", "1")
        memory = spool.begin({})
        take(spool.fill(portal(documents, memory, fetched), memory), cut)
        assert not spool.whole
    spool = Spool(tmp_path / "a", "1")
    memory = spool.begin({})
    assert list(spool.fill(portal(documents, memory, fetched), memory)) == documents
    assert spool.marks().keys() == {d.id for d in documents}
    # Only the item at each cut, whose mark had not been written, is fetched a second time.
    assert len(fetched) <= len(documents) + len(cuts)
    assert len(fetched) < len(documents) + sum(cuts)


@pytest.mark.parametrize("marked_first", [False, True])
def test_a_document_whose_mark_was_cut_off_is_not_taken_for_another_text(
    tmp_path: Path, documents: list[Document], marked_first: bool
) -> None:
    """Read as it was, read changed and cut before its mark, and then changed back."""
    was = documents[0]
    became = was.model_copy(update={"title": "Otro título"})

    def read(texts: list[Document], cut: int | None) -> list[Item]:
        spool = Spool(tmp_path / "a", "1")
        memory = spool.begin({})
        items = spool.fill(portal(texts, memory, []), memory)
        if cut is None:
            return list(items)
        take(items, cut)
        return []

    rest = documents[1:3]
    if marked_first:
        read([was, *rest], 2)
    read([became, *rest], 1)
    assert read([was, *rest], None)[0] == was


def test_a_line_that_was_cut_in_the_middle_is_left_out(
    tmp_path: Path, documents: list[Document]
) -> None:
    spool = Spool(tmp_path / "a", "1")
    memory = spool.begin({})
    take(spool.fill(portal(documents, memory, []), memory), 3)
    file = tmp_path / "a" / "reading.jsonl"
    file.write_bytes(file.read_bytes()[:-7])
    spool = Spool(tmp_path / "a", "1")
    memory = spool.begin({})
    assert list(spool.fill(portal(documents, memory, []), memory)) == documents


def test_a_reading_of_another_kind_is_thrown_away(
    tmp_path: Path, documents: list[Document]
) -> None:
    spool, memory = Spool(tmp_path / "a", "1"), Memory()
    list(spool.fill(iter(documents), memory))
    spool.accept()
    assert Spool(tmp_path / "a", "1").accepted
    assert Spool(tmp_path / "a").accepted
    assert not Spool(tmp_path / "a", "2").whole
    assert not Spool(tmp_path / "a").accepted


def test_a_spoilt_file_is_one_line(tmp_path: Path, documents: list[Document]) -> None:
    spool = Spool(tmp_path / "a", "1")
    list(spool.fill(iter(documents), Memory()))
    (tmp_path / "a" / "read.jsonl").write_text('D{"id": 1}\n', encoding="utf-8")
    with pytest.raises(SourceError, match="sources discard") as caught:
        list(spool.items())
    assert "\n" not in str(caught.value)
