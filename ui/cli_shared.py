"""What all commands of `ventanilla` share: where their lines go, and options that several have."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def say(text: str = "") -> None:
    """A line on standard output."""
    typer.echo(text)


def note(text: str) -> None:
    """A line on standard error, out of the way of what is piped."""
    typer.echo(text, err=True)
