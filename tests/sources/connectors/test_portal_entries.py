"""Every entry for a portal that we ship or show to agencies has options that its connector takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sources.catalog import CatalogEntry, built_in
from sources.connectors import chileatiende, ckan, leychile, normas
from sources.portals import options_of

GUIDE = Path(__file__).parents[3] / "docs" / "agencies.md"
OPTIONS = {
    "chileatiende": chileatiende.Options,
    "ckan": ckan.Options,
    "leychile": leychile.Options,
    "normas": normas.Options,
}


def shown() -> list[CatalogEntry]:
    blocks = re.findall(r"^```yaml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    entries = [yaml.safe_load(block) for block in blocks]
    return [CatalogEntry(**each) for each in entries if each.get("connector") in OPTIONS]


def shipped() -> list[CatalogEntry]:
    return [entry for entry in built_in() if entry.connector in OPTIONS]


def test_each_connector_is_shown_once() -> None:
    assert sorted(entry.connector for entry in shown()) == sorted(OPTIONS)


@pytest.mark.parametrize("entry", [*shown(), *shipped()], ids=lambda entry: entry.id)
def test_options_are_taken(entry: CatalogEntry) -> None:
    options = options_of(entry, OPTIONS[entry.connector])
    assert options.model_dump(exclude_defaults=True).keys() == entry.options.keys()


def test_no_portal_is_read_unasked() -> None:
    assert [entry.id for entry in shipped()] == ["br-normas", "cl-leyes"]
    assert not any(entry.enabled for entry in shipped())
