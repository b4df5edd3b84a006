"""`ventanilla access …`: agencies, users, keys and the audit trail from the command line.

Who can run these can read VENTANILLA_HOME: on this machine they are the house's administrators.
"""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sources.catalog import read_catalog
from sources.errors import UsageError
from ui.access.permissions import ROLES, By, house_administrator, require
from ui.settings import read_settings

if TYPE_CHECKING:
    from ui.access.store import AccessStore

access_app = typer.Typer(help="Agencies, their users and their keys.", no_args_is_help=True)
agencies_app = typer.Typer(help="Agencies, to which document sets belong.", no_args_is_help=True)
users_app = typer.Typer(help="People who log in.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys by which programs ask.", no_args_is_help=True)
access_app.add_typer(agencies_app, name="agencies")
access_app.add_typer(users_app, name="users")
access_app.add_typer(keys_app, name="keys")

NAMED = ", ".join(ROLES)


Agency = Annotated[str | None, typer.Option(help="The agency's id; none: the house itself.")]
OfAgency = Annotated[str, typer.Option("--agency", help="The agency's id.")]
AnyAgency = Annotated[str | None, typer.Option("--agency", help="Only this agency's.")]
Name = Annotated[str, typer.Argument(help="The user's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="A file with the password on its first line; - is standard input."),
]


def by() -> By:
    """Who runs the command, for the audit trail."""
    return By(f"os:{getpass.getuser()}", "cli")


@contextmanager
def _store(action: str, agency: str | None) -> Iterator[AccessStore]:
    """The store, for somebody who may do `action` to what belongs to `agency`."""
    from ui.access.store import AccessStore

    doer = by()
    require(house_administrator(doer.who, doer.door), action, agency)
    with AccessStore.open(read_settings().access) as opened:
        yield opened


# ---------------------------------------------------------------------------------- agencies


@agencies_app.command("add")
def add_agency(
    agency_id: Annotated[str, typer.Argument(help="Its id, like `minsal`.")],
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
) -> None:
    """Add an agency."""
    with _store("manage_agencies", agency_id) as store:
        added = store.agencies.add(agency_id, title, by())
    typer.echo(f"{added.id}: added ({added.title})")


@agencies_app.command("list")
def list_agencies(as_json: AsJson = False) -> None:
    """Show the agencies, with how many users and keys each has."""
    with _store("manage_agencies", None) as store:
        for each in store.agencies.list():
            users, keys = len(store.users.list(each.id)), len(store.keys.list(each.id))
            if as_json:
                row = {"id": each.id, "title": each.title, "users": users, "keys": keys}
                typer.echo(json.dumps(row, ensure_ascii=False))
            else:
                typer.echo(f"{each.id:<22} {users:>3} users {keys:>3} keys  {each.title}")


@agencies_app.command("remove")
def remove_agency(agency_id: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Remove an agency with its users and keys; its document sets must be gone before."""
    owned = [e.id for e in read_catalog(read_settings().catalog).values() if e.owner == agency_id]
    if owned:
        raise UsageError(
            f"{agency_id!r} still owns {', '.join(owned)}",
            "Remove them first: ventanilla sources remove ID.",
        )
    with _store("manage_agencies", agency_id) as store:
        store.agencies.remove(agency_id, by())
    typer.echo(f"{agency_id}: removed")


# ------------------------------------------------------------------------------------- users


@users_app.command("add")
def add_user(
    name: Name,
    role: Annotated[str, typer.Option(help=f"What they may do: {NAMED}.")] = "reader",
    agency: Agency = None,
    label: Annotated[str, typer.Option(help="What people call them.")] = "",
    password_file: PasswordFile = None,
) -> None:
    """Add somebody who logs in; the password is asked for, and never an argument."""
    with _store("manage_users", agency) as store:
        if agency is not None:
            store.agencies.get(agency)  # before anybody types a password
        password = _password(password_file)
        added = store.users.add(name, password, agency=agency, role=role, by=by(), label=label)
    typer.echo(f"{added.name}: added ({added.role} of {added.agency or 'the house'})")


@users_app.command("list")
def list_users(agency: AnyAgency = None, as_json: AsJson = False) -> None:
    """Show who can log in."""
    with _store("manage_users", agency) as store:
        for each in store.users.list(agency):
            if as_json:
                row = {"name": each.name, "label": each.label, "agency": each.agency}
                row |= {"role": each.role, "created_at": _moment(each.created_at)}
                typer.echo(json.dumps(row, ensure_ascii=False))
            else:
                whose = each.agency or "(house)"
                typer.echo(f"{each.name:<24} {each.role:<14} {whose:<22} {each.label}".rstrip())


@users_app.command("remove")
def remove_user(name: Name) -> None:
    """Remove somebody, and end their sessions."""
    with _store("manage_users", None) as store:
        store.users.remove(name, by())
    typer.echo(f"{name}: removed")


@users_app.command("set-password")
def set_password(name: Name, password_file: PasswordFile = None) -> None:
    """Give somebody another password, and end their sessions."""
    with _store("manage_users", None) as store:
        store.users.get(name)
        store.users.set_password(name, _password(password_file), by())
    typer.echo(f"{name}: the password is changed, all sessions have ended")


@users_app.command("set-role")
def set_role(
    name: Name, role: Annotated[str, typer.Argument(help=f"What they may do: {NAMED}.")]
) -> None:
    """Let somebody do more, or less."""
    with _store("manage_users", None) as store:
        changed = store.users.set_role(name, role, by())
    typer.echo(f"{changed.name}: {changed.role}")


def _password(file: Path | None) -> str:
    """A password from a file, from standard input, or asked for twice where somebody sits there."""
    if file is not None and str(file) != "-":
        try:
            return _first_line(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{file} cannot be read ({type(error).__name__})", "Name a UTF-8 file."
            ) from None
    if file is not None or not sys.stdin.isatty():
        return _first_line(sys.stdin.read())
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Once more: "):
        raise UsageError("the two passwords differ", "Try again.")
    return first


def _first_line(text: str) -> str:
    line = text.partition("\n")[0].rstrip("\r")
    if not line:
        raise UsageError("there is no password", "Type it, or give --password-file.")
    return line


# -------------------------------------------------------------------------------------- keys


@keys_app.command("add")
def add_key(
    agency: OfAgency,
    label: Annotated[str, typer.Option(help="What it is for.")],
    role: Annotated[str, typer.Option(help="reader or editor.")] = "reader",
    days: Annotated[int, typer.Option(help="How long it is good; 0: until it is revoked.")] = 365,
    daily_quota: Annotated[int | None, typer.Option(help="Questions a day, at most.")] = None,
) -> None:
    """Make a key; it is shown this once."""
    with _store("manage_keys", agency) as store:
        token, key = store.keys.add(
            agency,
            label,
            by(),
            role=role,
            valid_for=timedelta(days=days) if days else None,
            daily_quota=daily_quota,
        )
    until = f"until {_moment(key.expires_at)}" if key.expires_at else "until it is revoked"
    typer.echo(token)
    typer.echo(f"{key.prefix}: a key of {agency} ({key.role}), good {until}", err=True)
    typer.echo("Keep it now: it is not shown again.", err=True)


@keys_app.command("list")
def list_keys(agency: AnyAgency = None, as_json: AsJson = False) -> None:
    """Show what is known of the keys, not the keys."""
    with _store("manage_keys", agency) as store:
        for key in store.keys.list(agency):
            ends = "revoked" if key.revoked_at else _moment(key.expires_at) or "no end"
            if as_json:
                row = asdict(key)
                row |= {name: _moment(row[name]) for name in row if name.endswith("_at")}
                typer.echo(json.dumps(row, ensure_ascii=False))
            else:
                typer.echo(f"{key.prefix} {key.agency:<22} {key.role:<8} {ends:<26} {key.label}")


@keys_app.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="What stands after vk_.")]) -> None:
    """Make a key worthless, at once."""
    with _store("manage_keys", None) as store:
        key = store.keys.revoke(prefix, by())
    typer.echo(f"{key.prefix}: revoked")


# ------------------------------------------------------------------------------------- trail


@access_app.command("audit")
def show_audit(
    agency: AnyAgency = None,
    form: Annotated[str, typer.Option("--format", help="lines, csv or json.")] = "lines",
    out: Annotated[Path | None, typer.Option(help="A file to write; standard output.")] = None,
) -> None:
    """Show who did what, newest first."""
    with _store("audit", agency) as store:
        if form == "lines":
            text = "".join(
                f"{line['at']}  {line['who']}  {line['door']}  {line['action']}  {line['target']}"
                f"  {line['detail']}".rstrip()
                + "\n"
                for line in store.trail.lines(agency)
            )
        elif form == "csv":
            text = "".join(store.trail.export("csv", agency))
        elif form == "json":
            text = "".join(store.trail.export("json", agency))
        else:
            raise UsageError(f"there is no format {form!r:.40}", "Use lines, csv or json.")
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror})", "Name another.") from None


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
