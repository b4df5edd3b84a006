"""Whether an answer helped: the reasons that may be given, and who keeps what is said."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from sources.catalog import read_yaml
from ui.page import FOLDER

Keep = Callable[[str, bool, str | None], bool]
"""Keeps (id of the answer, whether it helped, reason or None); False where no such answer is known.

Raises VentanillaError where it cannot be kept.
"""


@cache
def reasons(language: str) -> dict[str, str]:
    """Key of each reason → its words in `language` (`feedback.yaml`)."""
    given = read_yaml(FOLDER / "feedback.yaml")
    return {key: words[language] for key, words in given.items()}
