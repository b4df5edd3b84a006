"""`ventanilla sources …`: the document sets that may be cited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sources.errors import UsageError
from ui.cli_shared import AsJson, note, say
from ui.settings import Settings, read_settings

SHOWN = 20
"""Lines of what could not be read that a terminal shows."""

app = typer.Typer(help="The document sets that may be cited.", no_args_is_help=True)


@app.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """Show the document sets, what is indexed of each, and how the last reading ended."""
    from ui.catalogue import overview

    rows = overview(read_settings())
    if as_json:
        say(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        on = "on " if row["enabled"] else "off"
        count = f"{row['rows']:>6} rows     " if row["rows"] else f"{row['documents']:>6} documents"
        came = f"  (pack {row['pack']} of {row['made_by']})" if row["pack"] else ""
        say(f"{row['id']:<22} {on} {count}  {row['state']}  {row['title']}{came}")


@app.command("add")
def add_source(
    entry: Annotated[Path, typer.Argument(help="The catalogue YAML of the set.")],
    sync: Annotated[bool, typer.Option(help="Read it right away.")] = True,
    agency: Annotated[str | None, typer.Option(help="Whose it is; see `access agencies`.")] = None,
) -> None:
    """Add an agency's document set and read it."""
    from ui.catalogue import add

    settings = read_settings()
    added = add(settings, entry, agency)
    say(f"{added.id}: added ({added.title})")
    if sync:
        _sync(settings, added.id, None)


@app.command("sync")
def sync_sources(
    ids: Annotated[list[str] | None, typer.Argument(help="Which sets; all that are on.")] = None,
    origin: Annotated[
        str | None, typer.Option("--from", help="Read this folder or file in place of the origin.")
    ] = None,
) -> None:
    """Read document sets into the index: only what changed, and what vanished goes."""
    from sources.catalog import read_catalog

    settings = read_settings()
    catalog = read_catalog(settings.catalog)
    chosen = ids or [entry.id for entry in catalog.values() if entry.enabled]
    if origin and len(chosen) != 1:
        raise UsageError("--from goes with one document set", "Name the set: sync ID --from PATH.")
    if origin and "://" not in origin:
        origin = str(Path(origin).absolute())  # a running server has another working directory
    for source_id in chosen:
        _sync(settings, source_id, origin)


@app.command("remove")
def remove_source(
    source_id: Annotated[str, typer.Argument(help="Which set.")],
    purge: Annotated[bool, typer.Option(help="Erase its earlier texts, too.")] = False,
) -> None:
    """Take a document set out of the index: none of it can answer any more."""
    from ui.catalogue import kept_as, remove

    settings = read_settings()
    unit = kept_as(settings, source_id)
    say(f"{source_id}: {remove(settings, source_id, purge=purge)} {unit} removed")


@app.command("embed")
def embed_sources() -> None:
    """Give passages the vectors of VENTANILLA_EMBED_MODEL; a run that was stopped goes on."""
    from ui.catalogue import embed

    report = embed(read_settings())
    replaced = f", in place of {report.replaced}" if report.replaced else ""
    say(
        f"{report.model}: {report.embedded} of {report.passages} passages embedded "
        f"({report.dimension} numbers); it answers{replaced}"
    )


@app.command("check")
def check_source(
    entry: Annotated[Path, typer.Argument(help="The catalogue YAML of the set.")],
) -> None:
    """Read a set without indexing it, and say what would be taken and what not."""
    from ui.catalogue import check

    found = check(entry)
    for line in found.reasons:
        note(f"not read: {line}")
    say(f"{found.taken} {found.unit} can be read, {found.refused} cannot")
    if not found.taken:
        raise UsageError("nothing can be read from that set", "See the reasons above.")


@app.command("confirm")
def confirm_source(
    source_id: Annotated[str, typer.Argument(help="Which set.")],
) -> None:
    """Let answer what was read of a set and held or quarantined."""
    from ui.catalogue import confirm

    told(source_id, confirm(read_settings(), source_id))


@app.command("discard")
def discard_source(
    source_id: Annotated[str, typer.Argument(help="Which set.")],
) -> None:
    """Forget what was read of a set and held or quarantined; what answers now stays."""
    from ui.catalogue import discard

    discard(read_settings(), source_id)
    say(f"{source_id}: what was read is forgotten")


@app.command("version")
def show_version(
    document_id: Annotated[str, typer.Argument(help="A document's id, as an answer cites it.")],
    version: Annotated[str | None, typer.Argument(help="The citation's `version`.")] = None,
) -> None:
    """Show what a document said when it was cited, also after it was replaced or removed."""
    from ui.catalogue import versions

    for line in versions(read_settings(), document_id, version):
        say(line)


def _sync(settings: Settings, source_id: str, origin: str | None) -> None:
    from ui.catalogue import sync

    report = sync(settings, source_id, origin)
    told(source_id, report)


def told(source_id: str, report: dict[str, Any]) -> None:
    """Says how a sync ended. Raises UsageError where a person must decide."""
    for line in report["rejected"][:SHOWN]:
        note(f"not read: {line}")
    if len(report["rejected"]) > SHOWN:
        note(
            f"… and {len(report['rejected']) - SHOWN} more; "
            "`ventanilla sources list --json` has them"
        )
    if report["state"] != "done":
        for line in report["notes"]:
            note(line)
        raise UsageError(
            f"{source_id} is {report['state']}: {report['reason']}; what answered before still does",
            f"`ventanilla sources confirm {source_id}` lets it answer, `discard` forgets it.",
        )
    for line in report["notes"]:
        note(f"mended or left out: {line}")
    not_read = report["rows_rejected"] or len(report["rejected"])
    say(
        f"{source_id}: {report['indexed']} indexed, {report['unchanged']} unchanged, "
        f"{report['removed']} removed, {not_read} not read "
        f"({report['seconds']:.1f} s)"
    )
