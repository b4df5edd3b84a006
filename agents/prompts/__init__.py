"""What a model is told: one Markdown file per prompt and language, kept as data beside this module.

A file is the system's part, a line ``---``, then the citizen's part. ``$name`` stands for a value.
Values are put in once and never read for placeholders: a document cannot fill in another.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

from agents.llm.protocol import Message
from agents.replies import LANGUAGES
from sources.catalog import read_yaml

FOLDER = Path(__file__).parent


@cache
def _parts(name: str, language: str) -> tuple[Template, Template]:
    text = (FOLDER / f"{name}.{language}.md").read_text(encoding="utf-8")
    system, _, user = text.partition("\n---\n")
    return Template(system.strip()), Template(user.strip())


def prompt(name: str, language: str, **values: str) -> list[Message]:
    """The messages of prompt `name` in `language` (Spanish for a language without prompts).

    Raises KeyError for a value that the prompt needs and `values` lack.
    """
    system, user = _parts(name, language if language in LANGUAGES else "es")
    return [
        {"role": "system", "content": system.substitute(values)},
        {"role": "user", "content": user.substitute(values)},
    ]


@cache
def form_of_address(name: str) -> str:
    """How to address the reader, in words for the model. Raises KeyError for an unknown form."""
    return str(read_yaml(FOLDER / "forms_of_address.yaml")[name])
