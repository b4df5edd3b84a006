"""APIs that give a table page by page, and portals that name a file in place of giving it.

    options:
      pages: {parameter: offset, size: 20, most: 100}

reads `origin` with `offset=0`, `offset=20` … until a page brings nothing new, at most `most` pages.
``{codigo_municipio}`` in an origin is filled from the call's parameters, or `options.parameters`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from sources.catalog import CatalogEntry, one_line
from sources.errors import CatalogError, ConnectorError
from sources.fetch import SECONDS, Fetched, fetch, may_lead_to
from sources.tables import Reading
from sources.tables.sheets import records

BLANK = re.compile(r"\{(\w+)\}")
_PARAMETER = re.compile(r"[\w-]{1,40}")
_FORMATS = ("csv", "xlsx", "json")


class Pages(BaseModel):
    """`options.pages`: how an API counts. `pause_seconds` between two pages is good manners."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: str
    size: int = Attribute(gt=0)
    most: int = Attribute(default=100, gt=0, le=2000)
    pause_seconds: float = Attribute(default=0.5, ge=0, le=10)


def pages_of(entry: CatalogEntry) -> Pages | None:
    """`options.pages`, or None. Raises CatalogError naming what is wrong."""
    given = entry.options.get("pages")
    if given is None:
        return None
    try:
        return Pages.model_validate(given)
    except ValidationError as error:
        raise CatalogError(
            f"{entry.id}: options.pages.{one_line(error)}", "Correct that field."
        ) from None


def parameters_of(entry: CatalogEntry, reading: Reading) -> dict[str, str]:
    """The parameters of one reading: the call's own before those of the entry."""
    usual = entry.options.get("parameters") or {}
    return {str(k): str(v) for k, v in {**usual, **reading.parameters}.items()}


def filled(entry: CatalogEntry, origin: str, reading: Reading) -> str:
    """The address without blanks. Raises ConnectorError naming the parameter that lacks."""
    given = parameters_of(entry, reading)

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in given:
            raise ConnectorError(
                f"{entry.id} is read for one {name} at a time",
                f"Write `options: {{parameters: {{{name}: …}}}}` in a catalogue entry of your own.",
            )
        if not _PARAMETER.fullmatch(given[name]):
            raise ConnectorError(f"{name} is {given[name]!r:.60}", "Letters, digits, - and _ only.")
        return quote(given[name])

    return BLANK.sub(value, origin)


@dataclass(frozen=True, slots=True)
class Got:
    """A file that was fetched, its address, and what the server said of it."""

    path: Path
    url: str
    fetched: Fetched
    partial: bool = False


def download(
    entry: CatalogEntry, url: str, folder: Path, reading: Reading, repairs: Counter[str]
) -> Got:
    """Fetches the table at `url`: a file, all pages of an API, or the file that a portal names.

    Raises ConnectorError where it cannot be had within `reading.seconds`.
    """
    until = monotonic() + (reading.seconds or SECONDS)
    headers = _headers(entry)
    into = folder / f"fetched{Path(urlsplit(url).path).suffix[:6]}"
    if pages := pages_of(entry):
        complete = _all_pages(url, into, pages, until, headers)
        if not complete:
            repairs[f"pages after the first {pages.most}, not read"] += 1
        return Got(into, url, Fetched(), partial=not complete)
    fetched = fetch(
        url, into, known=reading.known.get(url), headers=headers, seconds=_left(until, url)
    )
    if not fetched.unchanged and (named := _named(into)):
        may_lead_to(url, named)
        fetched = fetch(
            named,
            into,
            known=reading.known.get(named),
            headers=headers,
            seconds=_left(until, named),
        )
        url = named
    return Got(into, url, fetched)


def _headers(entry: CatalogEntry) -> dict[str, str]:
    headers = {"Accept": "application/json"} if pages_of(entry) else {}
    if agent := entry.options.get("user_agent"):
        headers["User-Agent"] = str(agent)
    return headers


def _left(until: float, url: str) -> float:
    left = until - monotonic()
    if left <= 0:
        raise ConnectorError(f"{url} did not answer in time", "Try again later.")
    return left


def _all_pages(
    url: str,
    into: Path,
    pages: Pages,
    until: float,
    headers: Mapping[str, str],
) -> bool:
    """Writes the rows of all pages; False where there are more pages than may be read."""
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    complete = False
    for page in range(pages.most):
        here = httpx.URL(url).copy_merge_params({pages.parameter: str(page * pages.size)})
        fetch(str(here), into, headers=headers, seconds=_left(until, url))
        try:
            found = records(json.loads(into.read_bytes()))
        except (ValueError, RecursionError):
            raise ConnectorError(f"{url} answered with something else than JSON") from None
        new = {json.dumps(row, sort_keys=True): row for row in found}
        new = {told: row for told, row in new.items() if told not in seen}
        seen.update(new)
        rows += new.values()
        if len(found) < pages.size or not new:
            complete = True
            break
        if page + 1 < pages.most:
            sleep(min(pages.pause_seconds, _left(until, url)))
    into.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return complete


def _named(path: Path) -> str | None:
    """The newest table that a CKAN `package_show` names, where the file is such an answer."""
    with path.open("rb") as file:
        if file.read(1) != b"{":
            return None
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return None
    result = data.get("result") if isinstance(data, dict) else None
    package = result[0] if isinstance(result, list) and result else result
    resources = package.get("resources") if isinstance(package, dict) else None
    if not isinstance(resources, list):
        return None
    tables = [
        r for r in resources
        if isinstance(r, dict) and r.get("url") and str(r.get("format", "")).lower().strip(".") in _FORMATS
    ]  # fmt: skip
    if not tables:
        raise ConnectorError("the portal names no CSV, XLSX or JSON file", "Check the package.")
    newest = max(tables, key=lambda r: str(r.get("last_modified") or r.get("created") or ""))
    return str(newest["url"])
