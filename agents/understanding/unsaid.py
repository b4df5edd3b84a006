"""What no official document says: the state of one's own case, the future, an opinion, a count.

"¿Me aprobaron la beca?" names a service that the documents describe, and no description of it is an
answer. How people ask so is learnt from ``rules/unsaid_examples.yaml``.
"""

from __future__ import annotations

from agents.rules.likeness import ORDINARY, masked, scorer
from agents.rules.matching import words_of

SURE, SURER = 0.9, 0.95
"""How likely it must be, and where something is asked for that documents or tools may say, as the
cost: to withhold it harms one who asked for it."""

SHORTEST = 6
"""Words below which a question does not tell: it may be no more than a name."""


def unsaid(question: str, asked: list[str], of_tools: bool = False) -> str | None:
    """What `question` wants to know that no document says (``own_case``, ``forecast``, ``opinion``,
    ``statistics``, ``complaint``), or None. `asked` are the names of the aspects it asks for: one that
    asks what something is, is told. `of_tools`: whether a tool seems to answer it.
    """
    words = words_of(masked(question))
    if "description" in asked or sum(key != "?" for key in words.keys) < SHORTEST:
        return None
    likely = scorer("unsaid").likelihoods(words)
    if 1 - likely.pop(ORDINARY) < (SURER if asked or of_tools else SURE):
        return None
    return max(likely, key=likely.__getitem__)
