"""`ventanilla …`: every door from the command line.

Heavy libraries are imported by the command that needs them, so that `ventanilla --help` is quick.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from sources.errors import CatalogError, UsageError, VentanillaError, reason_of
from ui import cli_pack, cli_report, cli_sources
from ui.access.commands import access_app
from ui.cli_shared import AsJson, note, say
from ui.settings import read_settings

app = typer.Typer(
    name="ventanilla",
    help="Answers questions on government services from dated official passages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_sources.app, name="sources")
app.add_typer(cli_pack.app, name="pack")
tools_app = typer.Typer(help="The tools that answer from tables.", no_args_is_help=True)
app.add_typer(tools_app, name="tools")
vocabulary_app = typer.Typer(help="The words that citizens use.", no_args_is_help=True)
app.add_typer(vocabulary_app, name="vocabulary")
app.add_typer(access_app, name="access")
app.add_typer(cli_report.app, name="report")

Country = Annotated[str | None, typer.Option(help="CL, PE, BR or DO (ISO 3166-1).")]
Territory = Annotated[str | None, typer.Option(help="Where you are, e.g. CL-VS or CL-13120.")]
Language = Annotated[str | None, typer.Option(help="es or pt (BCP 47).")]
Batch = Annotated[Path | None, typer.Option(help="A file of JSON lines, each with `question`.")]
Out = Annotated[Path | None, typer.Option(help="Where the answers go, one JSON line each.")]
Question = Annotated[str | None, typer.Argument(help="The question, in quotes.")]
Agency = Annotated[str | None, typer.Option(help="Read this agency's internal sets, too.")]


@app.command()
def ask(
    question: Question = None,
    country: Country = None,
    territory: Territory = None,
    language: Language = None,
    as_json: AsJson = False,
    batch: Batch = None,
    out: Out = None,
    agency: Agency = None,
) -> None:
    """Answer a question, or a file of them, with citations."""
    from ui import batch as batches

    settings = read_settings()
    with batches.answers(settings, note, agency) as answer:
        if batch:
            batches.run(batch, _needed(out), answer)
            return
        given = {
            "question": _text(question), "country": country, "territory": territory,
            "language": language,
        }  # fmt: skip
        result = answer([batches.checked(given)])[0]
    say(json.dumps(result, ensure_ascii=False) if as_json else batches.readable(result))


@app.command()
def search(
    query: Question = None,
    country: Country = None,
    territory: Territory = None,
    language: Language = None,
    top_k: Annotated[int, typer.Option(min=1, max=200, help="Passages to show.")] = 10,
    as_json: AsJson = False,
    batch: Batch = None,
    out: Out = None,
    agency: Agency = None,
) -> None:
    """Find passages, best first."""
    from ui import batch as batches

    settings = read_settings()
    with batches.searches(settings, note, top_k, agency) as find:
        if batch:
            batches.run(batch, _needed(out), find)
            return
        given = {
            "question": _text(query), "country": country, "territory": territory,
            "language": language,
        }  # fmt: skip
        result = find([batches.checked(given)])[0]
    if result.get("status") == "error_input":
        raise UsageError(result["answer"], "")
    say(json.dumps(result, ensure_ascii=False) if as_json else batches.listed(result))


def _text(question: str | None) -> str:
    if not question:
        raise UsageError("there is no question", "Write it in quotes, or give --batch FILE.")
    return question


def _needed(out: Path | None) -> Path:
    if out is None:
        raise UsageError("--batch needs --out", "Say where the answers go: --out answers.jsonl.")
    return out


@tools_app.command("list")
def list_tools(as_json: AsJson = False) -> None:
    """Show the tools, and those that were refused with the reason."""
    from agents.toolkit.loader import loaded, refused
    from agents.toolkit.schema import described

    if as_json:
        rows = [described(each) for each in loaded().values()]
        say(json.dumps({"tools": rows, "refused": refused()}, ensure_ascii=False))
        return
    for name, each in sorted(loaded().items()):
        where = ", ".join(each.tool.countries)
        summary = each.tool.description.splitlines()[0]
        say(f"{name:<24} {each.tool.sector.value:<10} {where:<15} {summary}")
    for origin, reason in refused().items():
        note(f"refused: {origin}: {reason}")


@tools_app.command("new")
def new_tool(
    sector: Annotated[str, typer.Argument(help="health, education or transport")],
    name: Annotated[str, typer.Argument(help="The tool's name, like vaccine_centres.")],
    country: Annotated[str, typer.Option(help="CL, PE, BR or DO (ISO 3166-1).")],
) -> None:
    """Write a tool that answers at once, with its words, its test and a table to read."""
    from ui.newtool import new_tool as write

    written = write(sector, name, country.upper())
    for path in written.files:
        say(f"wrote {path}")
    say("\nSee it answer:")
    say(f"  ventanilla sources sync {written.source}")
    say(f'  ventanilla ask "{written.question}" --country {country.upper()}')
    say(f"  scripts/test tests/agents/tools/test_{name}.py")


@vocabulary_app.command("export")
def export_vocabulary(
    file: Annotated[Path | None, typer.Argument(help="Where to; standard output.")] = None,
    base: Annotated[str | None, typer.Option(help="What the concepts' URIs begin with.")] = None,
) -> None:
    """Write all concepts as SKOS in Turtle."""
    from ui.vocabulary import export

    text = export(read_settings(), base)
    if file is None:
        say(text)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error})", "Name another file.") from None
    note(f"wrote {file}")


@vocabulary_app.command("import")
def import_vocabulary(
    file: Annotated[Path, typer.Argument(help="Your concepts, as SKOS in Turtle.")],
    name: Annotated[str | None, typer.Option(help="What to call them; the file's name.")] = None,
    base: Annotated[str | None, typer.Option(help="The base they were exported with.")] = None,
    language: Language = None,
) -> None:
    """Take in an agency's own concepts, unless they clash with those that are there."""
    from ui.vocabulary import AFTERWARDS, take

    taken = take(read_settings(), file, name=name, base=base, language=language)
    for line in taken.left_out:
        note(f"left out: {line}")
    for line in taken.hints:
        note(f"hint: {line}")
    ours = f", {taken.joined} of them further words for ours" if taken.joined else ""
    done = "replaced" if taken.replaced else "wrote"
    say(f"{taken.concepts} concepts{ours}: {done} {taken.path}")
    say(AFTERWARDS)


@vocabulary_app.command("check")
def check_vocabulary() -> None:
    """Look for labels with two meanings, relations that lead nowhere, rings and wrong languages."""
    from ui.vocabulary import check

    found = check(read_settings())
    for complaint in found.complaints:
        note(str(complaint))
    say(f"{found.concepts} concepts with {found.labels} labels in {found.files} files")
    if found.complaints:
        raise CatalogError(f"the vocabulary has {len(found.complaints)} faults", "See above.")


@app.command("eval")
def evaluate(
    golden: Annotated[list[Path], typer.Argument(help="Files of golden questions (JSON lines).")],
    as_json: AsJson = False,
    split: Annotated[str | None, typer.Option(help="Only tune or report.")] = None,
    show: Annotated[
        bool, typer.Option(help="List the failures (never of the report part).")
    ] = False,
) -> None:
    """Put golden questions to the assistant and count right, wrong and withheld answers."""
    from ui.evaluation import evaluate as run

    report = run(read_settings(), golden, split, note)
    say(json.dumps(report.to_json(), ensure_ascii=False) if as_json else report.table())
    if show:
        say(report.failures_text("tune"))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Open the page and the API; reads the seed corpus first if needed."""
    from ui.serve import serve as run

    settings = read_settings()
    given = {"host": host, "port": port}
    run(settings.model_copy(update={k: v for k, v in given.items() if v is not None}), note)


@app.command()
def mcp(agency: Agency = None) -> None:
    """Speak the Model Context Protocol on standard input and output."""
    from ui.stdio import serve as run

    run(read_settings(), note, agency)


@app.command()
def doctor() -> None:
    """Check this installation and say what to mend."""
    from ui.doctor import examine

    findings = examine(read_settings())
    for finding in findings:
        say(f"{'ok  ' if finding.ok else 'MEND'} {finding.subject}: {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main(arguments: list[str] | None = None) -> None:
    """Runs a command; an error is one line and a non-zero exit."""
    # A tracing variable left in the environment would send questions to an outside service.
    os.environ.update(LANGSMITH_TRACING="false", LANGCHAIN_TRACING_V2="false")
    # Start-up makes many small lasting objects: collecting among them is time for nothing.
    gc.set_threshold(50_000, 20, 50)
    run: Callable[..., Any] = app
    try:
        run(args=arguments)
    except VentanillaError as error:
        note(f"ventanilla: {error}")
        sys.exit(error.exit_code)
    except Exception as error:
        if os.environ.get("VENTANILLA_DEBUG"):
            raise
        reason = reason_of(error)
        note(
            f"ventanilla: something of ours broke ({type(error).__name__}: {reason}). "
            "Run `ventanilla doctor`; with VENTANILLA_DEBUG=1 it says where."
        )
        sys.exit(70)
    except KeyboardInterrupt:
        note("ventanilla: stopped")
        sys.exit(130)


if __name__ == "__main__":
    main()
