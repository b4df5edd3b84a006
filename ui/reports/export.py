"""Rows of a report as CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula."""


def as_json(rows: Sequence[DataclassInstance]) -> str:
    """One JSON array, with nested rows as objects."""
    return json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1)


def as_csv(rows: Sequence[DataclassInstance]) -> str:
    """CSV (RFC 4180) with a line of headers; nested rows become columns (`one.quote`), lists and
    counts one cell of JSON. What citizens wrote cannot run as a formula. Empty for no rows.
    """
    flat = [_flat(asdict(row)) for row in rows]
    written = io.StringIO()
    if flat:
        writer = csv.DictWriter(written, list(flat[0]))
        writer.writeheader()
        writer.writerows(flat)
    return written.getvalue()


COUNTED = {"endings", "reasons", "countries", "languages", "statuses"}


def _flat(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and name not in COUNTED:
            found |= _flat(value, f"{before}{name}.")
        elif isinstance(value, dict | list | tuple):
            found[before + name] = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str) and value.startswith(FORMULA):
            found[before + name] = f"'{value}"
        else:
            found[before + name] = value
    return found
