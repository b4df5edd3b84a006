"""Whose a document set is: `owner` may manage it, `tenant` says who reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.catalog import CatalogEntry, built_in, read_entry
from sources.errors import CatalogError

FIELDS = "id: internos\ntitle: Instructivos\nconnector: files\ncountry: CL\n"


def entry(tmp_path: Path, more: str) -> CatalogEntry:
    path = tmp_path / "internos.yaml"
    path.write_text(FIELDS + more, encoding="utf-8")
    return read_entry(path)


@pytest.mark.parametrize(
    ("more", "owner", "tenant", "internal"),
    [
        ("", None, "public", False),
        ("owner: muni", "muni", "public", False),
        ("owner: muni\ntenant: public", "muni", "public", False),
        ("owner: muni\ntenant: muni", "muni", "muni", True),
    ],
)
def test_a_set_is_public_or_its_owners(
    tmp_path: Path, more: str, owner: str | None, tenant: str, internal: bool
) -> None:
    read = entry(tmp_path, more)
    assert (read.owner, read.tenant, read.internal) == (owner, tenant, internal)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ("tenant: muni", "tenant"),
        ("owner: muni\ntenant: hospital", "tenant"),
        ("owner: public", "owner"),
        ("owner: Muni", "owner"),
        ("owner: a:b", "owner"),
        ("owner: ''", "owner"),
    ],
)
def test_anything_else_is_refused_and_the_field_named(
    tmp_path: Path, more: str, field: str
) -> None:
    with pytest.raises(CatalogError) as refused:
        entry(tmp_path, more)
    assert f"internos.yaml: {field}: " in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_comes_with_ventanilla_is_everybodys_and_the_houses() -> None:
    assert {(each.owner, each.tenant) for each in built_in()} == {(None, "public")}
