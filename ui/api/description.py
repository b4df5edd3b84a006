"""The API's own description: OpenAPI 3.1, and a page of plain HTML that asks no other host."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from ui.problems import KINDS, PAGE, FieldError, Problem, problems

JSON = "/api/openapi.json"
ABOUT = (
    "Answers to questions on government services, every sentence traced to a dated official passage. "
    "Without a key, public document sets answer; with one (`Authorization: Bearer vk_…`), those of the "
    "key's agency, too. Beside these endpoints, `/mcp` speaks the Model Context Protocol. "
    "An error is a problem of RFC 9457."
)
TAGS = [
    {"name": "answers", "description": "Questions and searches."},
    {"name": "openai", "description": "The same answers, as OpenAI's clients ask for them."},
    {"name": "tools", "description": "The sector tools: rows of open data."},
    {"name": "sources", "description": "What may be cited."},
    {"name": "state", "description": "Whether this service is well."},
    {"name": "access", "description": "Logging in, for people."},
    {"name": "channel", "description": "A messaging channel brings what people write."},
]
RATE_HEADERS = {
    "RateLimit-Limit": "requests of the window",
    "RateLimit-Remaining": "requests that are left",
    "RateLimit-Reset": "seconds until all are back",
}
LOOK = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#f3f3f3;color:#111;padding:.7rem;overflow:auto}h3{margin-top:2rem}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}"
)


def describe(app: FastAPI) -> None:
    """Lets `app` tell the whole of its description, and shows it as a page."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]  # as FastAPI's own guide extends it

    @app.get(PAGE, include_in_schema=False)
    def page() -> HTMLResponse:
        """The description for people."""
        policy = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(as_html(made()), headers={"Content-Security-Policy": policy})


def _schema(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, routes=app.routes, description=ABOUT, tags=TAGS
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["FieldError"] = FieldError.model_json_schema()
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas["Problem"].pop("$defs", None)
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of an agency: `ventanilla access keys add`.",
        }
    }
    named = {
        name: {"description": about, "schema": {"type": "integer"}}
        for name, about in RATE_HEADERS.items()
    }
    for _, operation in operations(made):
        if "429" in operation["responses"]:
            operation["security"] = [{}, {"key": []}]
            operation["responses"]["200"].setdefault("headers", named)
        _complete(operation)
    return made


def _complete(operation: dict[str, Any]) -> None:
    """What every endpoint may tell, where it does not say so itself."""
    for status, told in problems().items():
        operation["responses"].setdefault(str(status), told)
    seconds = {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}}
    for status in ("429", "503"):
        if status in operation["responses"]:
            operation["responses"][status].setdefault("headers", seconds)


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every operation with its method and path, like `POST /api/ask`."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def as_html(schema: dict[str, Any]) -> str:
    """The page."""
    rows = [
        f"<h1>{escape(schema['info']['title'])}</h1><p>{escape(schema['info']['description'])}</p>"
    ]
    rows.append(f'<p>For programs: <a href="{JSON}">{JSON}</a></p>')
    for name, operation in operations(schema):
        about = escape(operation.get("description", operation["summary"]))
        rows.append(f"<h3><code>{escape(name)}</code></h3><p>{about}</p>")
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in body.get("examples", {}).values():
            shown = json.dumps(example["value"], ensure_ascii=False, indent=1)
            rows.append(f"<pre>{escape(shown)}</pre>")
        told = "".join(
            f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td></tr>"
            for status, answer in sorted(operation["responses"].items())
        )
        rows.append(f"<table>{told}</table>")
    rows.append("<h2>Problems</h2>")
    for kind in KINDS.values():
        rows.append(
            f'<h3 id="problem-{kind.name}">{kind.status} {escape(kind.title)}</h3>'
            f"<p>{escape(kind.meaning)}</p>"
        )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Ventanilla API</title>'
        f"<style>{LOOK}</style><body>{''.join(rows)}</body></html>"
    )
