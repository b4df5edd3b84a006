"""Rows of a report as CSV, JSON or lines for a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula."""


def as_json(rows: Sequence[Row]) -> str:
    """One JSON array, with nested rows as objects."""
    return json.dumps(list(rows), ensure_ascii=False, indent=1)


def as_csv(rows: Sequence[Row]) -> str:
    """CSV (RFC 4180) with a line of headers; nested rows become columns (`one.quote`), lists and
    counts one cell of JSON. What citizens wrote cannot run as a formula. Empty for no rows.
    """
    flat = [_flat(row) for row in rows]
    written = io.StringIO()
    if flat:
        writer = csv.DictWriter(written, list(flat[0]))
        writer.writeheader()
        writer.writerows(flat)
    return written.getvalue()


def as_table(rows: Sequence[Row], columns: Sequence[str], width: int = 60) -> list[str]:
    """Lines for a terminal: the `columns` of each row (as in `as_csv`), cut to `width` characters."""
    flat = [_flat(row) for row in rows]
    cells = [[_cell(row.get(name), width) for name in columns] for row in flat]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in ([*columns], *cells)
    ]


def _cell(value: Any, width: int) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    shown = "–" if value is None else " ".join(str(value).split())
    return shown if len(shown) <= width else f"{shown[: width - 1]}…"


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
