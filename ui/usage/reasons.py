"""The reasons that a reader may give for an answer that did not help (``reasons.yaml``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from sources.catalog import read_yaml


@cache
def reasons() -> Mapping[str, Mapping[str, str]]:
    """Key of each reason → language (es, pt, en) → its words."""
    read: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_suffix(".yaml"))
    return read
