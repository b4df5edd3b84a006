"""Makes a message stand by itself: "¿y cuánto cuesta?" after a question on the licence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from agents.phrases import Phrases, rules
from retrieval.analyse import fold, question_words, words
from retrieval.reading import Reading, Subject


@dataclass(frozen=True, slots=True)
class Standalone:
    """`subject_text` names the subject, `question` is the message itself; `follow_up` whether the
    subject was taken from an earlier message; `minor` are the words that then only qualify it.
    """

    question: str
    subject_text: str
    follow_up: bool
    minor: frozenset[str] = frozenset()


@cache
def _rules() -> tuple[Phrases, frozenset[str], frozenset[str]]:
    data = rules("conversation")
    return (
        Phrases(data["follow_up"]["openers"]),
        frozenset(fold(str(w)) for w in data["follow_up"]["pronouns"]),
        frozenset(fold(str(w)) for w in data["circumstances"]),
    )


def circumstances(text: str) -> frozenset[str]:
    """The words of `text` that qualify a subject and are none."""
    return _rules()[2].intersection(words(text))


def is_circumstance(subject: Subject) -> bool:
    """Whether a word qualifies a subject ("extranjero", "menor") and is none itself."""
    return subject.weak or subject.word in _rules()[2]


def standalone(
    question: str,
    reading: Reading,
    previous: str | None,
    before: Reading | None,
    places: frozenset[str],
) -> Standalone:
    """Joins `question` to the `previous` subject, read as `before`, where it names none itself.

    `places` are the folded words that name a country or town: they move a subject, and are none.
    """
    if not previous or before is None:
        return Standalone(question, question, False)
    openers, pronouns, _ = _rules()
    tokens = words(question)
    folded = " ".join(tokens)
    own = [s for s in reading.subjects if not is_circumstance(s) and s.word not in places]
    opens = any(start == 0 for start, _, _ in openers.find(folded))
    points_back = bool(pronouns.intersection(tokens))
    # One unknown word may be a slip or talk; two subjects, or one that is known, are a new topic.
    new_topic = [s for s in own if s.known]
    if not own:
        continues = True
    elif opens or (points_back and len(tokens) <= 8):
        continues = not _names_a_procedure(new_topic)
    else:
        continues = False
    if not continues:
        return Standalone(question, question, False)
    kept = previous
    own_actions = question_words()[1] - _rules()[2] - places
    if any(s.word in own_actions for s in reading.subjects):
        # "¿y si es por primera vez?" after a renewal: what is to be done changes, not with what.
        actions = question_words()[1]
        kept = " ".join(s.word for s in before.subjects if s.word not in actions) or previous
    return Standalone(question, f"{kept} {question}", True, circumstances(question))


def _names_a_procedure(subjects: list[Subject]) -> bool:
    """Whether a subject of the new message stands for a concept of its own."""
    return any(s.concepts for s in subjects)
