"""An answer as plain text, to be copied or shared, and the address that asks the same question."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from agents.privacy import mask
from agents.replies import spoken_date
from agents.state import Answer, Citation
from ui.page import Texts

LONGEST_SPOKEN = 700
"""Characters of an answer that a screen reader is told at once; the rest is there to be read."""

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_LINK = re.compile(r"(?<!\\)\[([^\]\[]+)\]\(([^)\s]*)\)")


def words_of(answer: Answer) -> str:
    """The answer without Markdown's signs; its markers stay."""
    lines = []
    for line in answer.answer.splitlines():
        line = re.sub(r"^#{1,6} ", "", line.strip())
        line = re.sub(r"(?<!\\)\*+([^*]+)(?<!\\)\*+", r"\1", line)
        line = _LINK.sub(r"\1 (\2)", line)
        lines.append(_ESCAPED.sub(r"\1", line).replace("&lt;", "<"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def with_sources(question: str, answer: Answer, today: str, words: Texts, language: str) -> str:
    """Question, answer and sources with their dates; `today` is an ISO 8601 date."""
    parts = [question.strip(), words_of(answer)]
    if answer.citations:
        parts.append(f"{words.sources}:\n" + "\n".join(sources(answer, words, language)))
    parts.append(words.answered_on.format(date=spoken_date(today, language)))
    return "\n\n".join(parts)


def sources(answer: Answer, words: Texts, language: str) -> list[str]:
    """One line for each citation."""
    return [_source(citation, words, language) for citation in answer.citations]


def _source(citation: Citation, words: Texts, language: str) -> str:
    label = words.verification.get(citation.verification, words.verification["unverified"])
    held = f"{as_of(citation.as_of, words, language)} ({label})"
    known = [citation.agency, citation.title, held, citation.url or ""]
    return f"[{citation.marker}] " + ". ".join(filter(None, known))


def as_of(day: str | None, words: Texts, language: str) -> str:
    """When a value held, as the reader is told it; `day` is an ISO 8601 date, or a month."""
    if not day:
        return words.undated
    template = words.as_of if len(day) == 10 else words.as_of_month
    return template.format(date=spoken_date(day, language))


def beginning(answer: Answer) -> str:
    """How the answer begins, without markers, as a screen reader is told it."""
    text = re.sub(r"\s*\[\d{1,3}\]", "", " ".join(words_of(answer).split()))
    if len(text) > LONGEST_SPOKEN:
        text = text[:LONGEST_SPOKEN].rsplit(" ", 1)[0] + "…"
    return text


def shared_query(question: str, country: str | None, language: str) -> str:
    """The query of an address that fills in the question, without personal numbers, and sends
    nothing.
    """
    given = {"q": mask(question.strip(), country or None).text, "country": country or ""}
    return urlencode({key: value for key, value in given.items() if value} | {"lang": language})
