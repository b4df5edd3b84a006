"""`ventanilla report …`: how the documents do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ui.cli_shared import note, say
from ui.settings import read_settings

if TYPE_CHECKING:
    from ui.reports.quality import Period
    from ui.reports.run import Kind

app = typer.Typer(help="How the documents do: for the people who keep them.", no_args_is_help=True)

Source = Annotated[str | None, typer.Option(help="Of this document set alone.")]
Agency = Annotated[str | None, typer.Option(help="As this agency sees it: its own sets.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on.")]
Form = Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print it.")]

COLUMNS = {
    "gaps": "count example endings countries nearest",
    "contradictions": "field kind one.document_id one.quote other.document_id other.quote",
    "staleness": "kind since document_id field quote",
    "quality": "period questions answered useful judged latency_p50 latency_p95 statuses",
}
"""What a terminal shows of each report; CSV and JSON have everything."""


@app.command()
def gaps(
    source: Source = None, agency: Agency = None, since: Since = None, form: Form = "table"
) -> None:
    """What people asked and did not get, by subject."""
    _report("gaps", source, agency, since, form)


@app.command()
def contradictions(source: Source = None, agency: Agency = None, form: Form = "table") -> None:
    """Passages that give different values for one thing."""
    _report("contradictions", source, agency, None, form)


@app.command()
def staleness(
    source: Source = None, agency: Agency = None, since: Since = None, form: Form = "table"
) -> None:
    """Values that expired, are old, undated or unverified; with --since, what changed from then on."""
    _report("staleness", source, agency, since, form)


@app.command()
def quality(
    source: Source = None,
    agency: Agency = None,
    since: Since = None,
    form: Form = "table",
    by: Annotated[Literal["day", "week"], typer.Option(help="How long a period is.")] = "day",
) -> None:
    """How questions ended, and how long answers took."""
    _report("quality", source, agency, since, form, by)


def _report(
    kind: Kind,
    source: str | None,
    agency: str | None,
    since: datetime | None,
    form: str,
    by: Period = "day",
) -> None:
    from ui.reports.export import as_csv, as_json, as_table
    from ui.reports.run import Asked, report

    day = since.date() if since else None
    asked = Asked(kind=kind, source=source, agency=agency, since=day, by=by)
    rows = report(read_settings(), asked, note)
    if form == "json":
        say(as_json(rows))
    elif form == "csv":
        typer.echo(as_csv(rows), nl=False)
    elif rows:
        for line in as_table(rows, COLUMNS[kind].split()):
            say(line)
    else:
        say("nothing to report")
