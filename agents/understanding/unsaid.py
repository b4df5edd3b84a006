"""What no official document says: the state of one's own case, the future, an opinion, a count.

"¿Me aprobaron la beca?" names a service that the documents describe, and no description of it is an
answer. How people ask so is learnt from ``rules/unsaid_examples.yaml``.
"""

from __future__ import annotations

from agents.rules.likeness import ORDINARY, masked, scorer
from agents.rules.matching import words_of
from agents.understanding.aspects import aspects

SURE, SURER = 0.84, 0.93
"""How likely it must be, and where something is named besides that documents do say, as the cost:
to withhold what is known of a service harms one who asked for it."""


def unsaid(question: str, asked: list[str]) -> str | None:
    """What `question` wants to know that no document says (``own_case``, ``forecast``, ``opinion``,
    ``statistics``, ``complaint``), or None. `asked` are the names of the aspects it asks for.
    """
    least = SURE if all(aspects()[name].soft for name in asked) else SURER
    likely = scorer("unsaid").likelihoods(words_of(masked(question)))
    if 1 - likely.pop(ORDINARY) < least:
        return None
    return max(likely, key=likely.__getitem__)
