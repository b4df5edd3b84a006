"""A set that is being added: a draft of it, a dry run, and then the set itself.

    draft = write(desk, who, form, files)     # uploads/<agency>/.drafts/<set>/
    checked = dry_run(desk, who, draft)       # what would be read; nothing is indexed
    entry = add(desk, who, draft)             # into the catalogue, as the agency's own

Through the console nobody names a file of this machine but what their agency uploaded, and no
address of a private network: a document set would read it out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from sources.catalog import CatalogEntry, built_in, read_catalog, read_entry
from sources.document import PUBLIC
from sources.errors import CatalogError, ConnectorError
from sources.fetch import is_private
from ui.access.origins import confined
from ui.access.permissions import Principal, require
from ui.assemble import add_entry
from ui.catalogue import Checked, check_entry
from ui.console import Refused
from ui.console.desk import Desk
from ui.console.uploads import unpack

DRAFTS = ".drafts"
ENTRY, FOLDER, KEY = "entry.yaml", "documents", "portal.key"

MOST_SHOWN = 200
"""Documents after which a dry run ends: enough to see how a site is read."""

MOST_YAML = 50_000
"""Characters of an entry that somebody writes."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")

COMMON = ("id", "title", "country", "language", "agency", "url", "licence", "as_of", "schedule")
"""Fields that every form has."""

UPLOADED = ("files", "tables", "gtfs")
"""Connectors whose origin is what was uploaded."""

LINES = ("include", "exclude", "services", "packages", "formats", "norms")
"""Options that hold several values; a form has one on each line."""


def write(desk: Desk, who: Principal, form: Mapping[str, Any], files: Sequence[Path] = ()) -> str:
    """Writes a draft of the entry that a form describes, with its files; returns the set's id.

    `form` holds the fields `COMMON`, `connector`, `internal`, `origin`, `token`, and options by their
    own names; or `yaml`, a whole entry. Raises Refused or CatalogError for what is wrong.
    """
    require(who, "upload")
    fields = _parsed(form["yaml"]) if form.get("yaml") else _fields(form, who)
    set_id = str(fields.get("id") or "")
    if not _ID.fullmatch(set_id):
        raise Refused("bad_id")
    _free(desk, who, set_id)
    draft = _draft(desk, who, set_id)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        if files:
            unpack(files, draft / FOLDER)
            fields["origin"] = f"./{FOLDER}"
        elif fields.get("connector") in UPLOADED and not fields.get("origin"):
            raise Refused("no_files")
        if token := str(form.get("token") or "").strip():
            key = draft / KEY
            key.touch(mode=0o600)
            key.write_text(token, encoding="utf-8")
            fields["options"] = {**(fields.get("options") or {}), "token_file": f"./{KEY}"}
        text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
        (draft / ENTRY).write_text(text, encoding="utf-8")
        _read(desk, who, draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return set_id


def dry_run(
    desk: Desk,
    who: Principal,
    set_id: object,
    progress: Callable[[int], None] = lambda taken: None,
) -> Checked:
    """Reads a draft without indexing it. Raises SourceError where nothing can be read."""
    require(who, "upload")
    draft = _known_draft(desk, who, set_id)
    return check_entry(_read(desk, who, draft), most=MOST_SHOWN, progress=progress)


def add(desk: Desk, who: Principal, set_id: object) -> CatalogEntry:
    """Makes a draft a set of the agency; one of the same id is replaced, with its files."""
    require(who, "upload")
    draft = _known_draft(desk, who, set_id)
    entry = _read(desk, who, draft)
    _free(desk, who, entry.id)
    _keep(desk.uploads(who), draft, entry.id)
    added = add_entry(desk.house.settings, draft / ENTRY, who.agency)
    desk.note(who, "add", added, f"readers: {added.tenant}")
    shutil.rmtree(draft, ignore_errors=True)
    return added


def _keep(uploads: Path, draft: Path, set_id: str) -> None:
    """Moves the files of a draft to where they stay, and has the entry name them there."""
    fields = _parsed((draft / ENTRY).read_text(encoding="utf-8"))
    if (draft / FOLDER).is_dir():
        target, old = uploads / set_id, uploads / f".{set_id}.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        (draft / FOLDER).rename(target)
        shutil.rmtree(old, ignore_errors=True)
        fields["origin"] = str(target.resolve())
    if (draft / KEY).is_file():
        key = uploads / f"{set_id}.key"
        (draft / KEY).replace(key)
        fields["options"] = {**fields["options"], "token_file": str(key.resolve())}
    golden = uploads / f"{set_id}.golden.jsonl"
    if golden.is_file() and not fields.get("golden"):
        fields["golden"] = str(golden.resolve())
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
    (draft / ENTRY).write_text(text, encoding="utf-8")


def _free(desk: Desk, who: Principal, set_id: str) -> None:
    """Raises Refused where the id is another's, or one of those that come with Ventanilla."""
    known = read_catalog(desk.house.settings.catalog).get(set_id)
    taken = known is not None and known.owner != who.agency
    if taken or set_id in {entry.id for entry in built_in()}:
        raise Refused("id_taken", id=set_id)


def _draft(desk: Desk, who: Principal, set_id: str) -> Path:
    return desk.uploads(who) / DRAFTS / set_id


def _known_draft(desk: Desk, who: Principal, set_id: object) -> Path:
    found = str(set_id or "")
    draft = _draft(desk, who, found)
    if not _ID.fullmatch(found) or not (draft / ENTRY).is_file():
        raise Refused("no_draft")
    return draft


def _parsed(text: object) -> dict[str, Any]:
    if len(str(text)) > MOST_YAML:
        raise Refused("bad_yaml", line=1)
    try:
        fields = yaml.safe_load(str(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Refused("bad_yaml", line=mark.line + 1 if mark else 1) from None
    if not isinstance(fields, dict):
        raise Refused("bad_yaml", line=1)
    return fields


def _fields(form: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    """The entry that a form describes; fields that were left empty are left out."""
    given: dict[str, Any] = {name: _text(form.get(name)) for name in COMMON}
    given |= {"connector": _text(form.get("connector")), "origin": _text(form.get("origin"))}
    if sectors := form.get("sectors"):
        given["sectors"] = list(sectors)
    if form.get("internal"):
        if who.agency is None:
            raise Refused("internal_of_nobody")
        given["tenant"] = who.agency
    options: dict[str, Any] = {}
    for name, value in (form.get("options") or {}).items():
        if name in LINES:
            made: Any = [_norm(each) if name == "norms" else each for each in _lines(value)]
        else:
            made = value if isinstance(value, int) else _text(value)
        if made:
            options[name] = made
    return {k: v for k, v in (given | {"options": options}).items() if v}


def _text(value: object) -> str:
    return str(value or "").strip()


def _lines(value: object) -> list[str]:
    return [line.strip() for line in str(value or "").splitlines() if line.strip()]


def _norm(line: str) -> Any:
    """A law by its number ("Ley 18.290"), LeyChile's own number, or else a URN."""
    if found := re.fullmatch(r"(?:ley|lei)\s*(?:n[°º.]*\s*)?([\d.]+)", line, re.I):
        return {"ley": int(found[1].replace(".", ""))}
    return int(line) if line.isdigit() else line


def _read(desk: Desk, who: Principal, draft: Path) -> CatalogEntry:
    """The draft's entry, if it may be read through the console."""
    entry = read_entry(draft / ENTRY, who.agency)
    if who.agency is None and entry.tenant != PUBLIC:
        raise Refused("internal_of_nobody")
    _confined(entry, draft, desk.uploads(who))
    return entry


def _confined(entry: CatalogEntry, draft: Path, uploads: Path) -> None:
    """Raises Refused where an entry names a file that was not uploaded for it, or a private address.

    Of the agency's own folder only what belongs to this set: beside it lie the keys of portals.
    """
    own = [draft / FOLDER, uploads / entry.id]
    _within(entry.questions, own)
    _within(entry.golden, [*own, uploads / f"{entry.id}.golden.jsonl"])
    _within(entry.options.get("token_file"), [draft / KEY, uploads / f"{entry.id}.key"])
    addresses = list(_addresses(entry.options))
    if entry.origin and "://" in entry.origin:
        addresses.append(entry.origin)
    else:
        _within(entry.origin, own)
    for address in dict.fromkeys(addresses):
        _public(address)
    confined(entry, uploads)


def _within(place: object, own: Sequence[Path]) -> None:
    if not place:
        return
    resolved = Path(str(place)).resolve()
    if not any(resolved.is_relative_to(each.resolve()) for each in own):
        raise Refused("not_yours", place=resolved.name)


def _addresses(value: object, name: str = "") -> Iterator[str]:
    """The addresses that options hold, at whatever depth."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _addresses(each, str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _addresses(each, name)
    elif isinstance(value, str):
        if "://" in value:
            yield value
        elif name == "hosts":
            yield f"https://{value}/"


def _public(address: str) -> None:
    """Raises Refused for what is no address of the web."""
    parts = urlsplit(address.split("{")[0] or address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("not_public", place=address[:120])
    try:
        private = is_private(f"{parts.scheme}://{parts.netloc}/")
    except ConnectorError as error:
        raise CatalogError(error.problem, error.remedy) from None
    if private:
        raise Refused("not_public", place=parts.hostname)


def uploaded(files: Iterable[Any] | None) -> list[Path]:
    """What Gradio hands over for uploaded files, as paths."""
    return [Path(str(getattr(file, "name", file))) for file in files or ()]
