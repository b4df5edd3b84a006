"""`ventanilla pack …`: signed document sets, for other machines and from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from sources.errors import UsageError
from ui.cli_shared import AsJson, note, say
from ui.cli_sources import told
from ui.settings import read_settings

app = typer.Typer(help="Signed document sets to exchange with others.", no_args_is_help=True)
keys_app = typer.Typer(help="The keys that packs are signed with.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

File = Annotated[Path, typer.Argument(help="The pack.")]


@app.command("export")
def export_pack(
    ids: Annotated[list[str], typer.Argument(help="Which document sets.")],
    out: Annotated[Path, typer.Option(help="The folder or file that it is written to.")] = Path(),
    name: Annotated[
        str | None, typer.Option(help="The series; else it is called like its sets.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only what changed since: last, a number, a pack's id or its file."),
    ] = None,
    vectors: Annotated[bool, typer.Option(help="With the vectors of the embedding model.")] = True,
) -> None:
    """Write public document sets into one signed file."""
    from ui.packs import ExportRequest, export

    if since and Path(since).is_file():
        since = str(Path(since).absolute())  # a running server has another working directory
    request = ExportRequest(
        sets=ids, out=str(out.absolute()), name=name, since=since, vectors=vectors
    )
    made = export(read_settings(), request)
    for line in made.warnings:
        note(f"warning: {line}")
    if made.path is None:
        say(f"nothing has changed since {made.pack}: no pack was written")
        return
    for each in made.sets:
        gone = f", {len(each.removed)} removed" if each.base_state else ""
        say(f"{each.id}: {each.carried} of {each.documents} documents{gone}")
    say(f"wrote {made.path}")


@app.command("import")
def import_pack(
    file: File,
    renamed: Annotated[
        list[str] | None,
        typer.Option(
            "--as", help="Another id for its set: NEW-ID, or ID=NEW-ID for one of several."
        ),
    ] = None,
) -> None:
    """Take in a pack that a trusted key has signed, and let it answer."""
    from ui.packs import ImportRequest, take, verify

    settings = read_settings()
    names = _names(renamed or [])
    if "" in names:
        sets = verify(settings, file).sets
        if len(sets) != 1:
            raise UsageError("the pack has several sets", "Write --as ID=NEW-ID for each.")
        names[sets[0].id] = names.pop("")
    reports = take(settings, ImportRequest(path=str(file.absolute()), renamed=names)).reports
    for report in sorted(
        reports, key=lambda each: each.state != "done"
    ):  # what waits ends the telling
        told(report.source_id, report.model_dump())


def _names(given: list[str]) -> dict[str, str]:
    return {before: after for before, _, after in (each.rpartition("=") for each in given)}


@app.command("verify")
def verify_pack(file: File, as_json: AsJson = False) -> None:
    """Look at all of a pack without taking it in, and say what it holds."""
    from ui.packs import verify

    manifest = verify(read_settings(), file)
    if as_json:
        say(json.dumps(manifest.model_dump(mode="json") | {"pack": manifest.pack}))
        return
    since = f", only what changed since {manifest.base.pack}" if manifest.base else ""
    say(f"{manifest.pack}: signed by {manifest.agency} ({manifest.key}) {manifest.made_at}{since}")
    for each in manifest.sets:
        licences = ", ".join(name or "none named" for name in each.licences)
        gone = f", {len(each.removed)} removed" if each.removed else ""
        vectors = f", vectors of {each.vectors.model}" if each.vectors else ""
        say(
            f"{each.id}: {each.carried} of {each.documents} documents{gone}, "
            f"{'/'.join(each.countries)}, licence: {licences}{vectors}  {each.title}"
        )


@keys_app.command("new")
def new_key(
    name: Annotated[str, typer.Argument(help="The agency that signs with it.")],
) -> None:
    """Make the key that this home signs its packs with."""
    from retrieval.pack_keys import Keyring

    keys = Keyring(read_settings().keys)
    key = keys.new(name)
    say(f"{key.name}: {key.id}")
    say(f"Give {keys.public_file} to whoever shall take your packs, and tell them its id.")


@keys_app.command("trust")
def trust_key(
    file: Annotated[Path, typer.Argument(help="Another agency's public key.")],
    name: Annotated[str | None, typer.Option(help="What to call it here.")] = None,
) -> None:
    """Take packs that are signed by this key from now on."""
    from retrieval.pack_keys import Keyring

    key = Keyring(read_settings().keys).trust(file, name)
    say(f"{key.name}: {key.id} is trusted. Compare that id with the agency's, by telephone.")


@keys_app.command("distrust")
def distrust_key(key_id: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Take no more packs of a key; what came already stays."""
    from retrieval.pack_keys import Keyring

    say(f"{Keyring(read_settings().keys).distrust(key_id).name}: no more packs are taken")


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Show the own key and those that are trusted."""
    from retrieval.pack_keys import Keyring

    keys = Keyring(read_settings().keys)
    trusted = keys.trusted()
    rows = [
        {"id": key.id, "name": key.name, "own": key.id not in trusted}
        for key in keys.known().values()
    ]
    if as_json:
        say(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        say(f"{row['id']}  {'own    ' if row['own'] else 'trusted'}  {row['name']}")
