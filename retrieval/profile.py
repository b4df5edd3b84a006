"""What a document is found by: the stems and concepts of its title, names, questions and text.

Making a profile reads the whole text; so it is made once, at the sync, and kept in the store beside
the document. One that is not there (an older home), or was made with another vocabulary, is made
when it is first wanted.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from retrieval.analyse import needed, particles, question_words, stem, stopwords, words
from retrieval.concepts import Matcher, content
from retrieval.reading import ACTIONS, EVENTS, LANGUAGES
from retrieval.store import Store
from sources.document import Document, Field

IN_TITLE, IN_NAMES, IN_KEYWORDS = 1.0, 0.95, 0.85
"""How strongly a word is covered by where it stands; see `retrieval.coverage` for the text."""

FORMAT = "2"
"""Raise it when profiles are made differently."""

REMEMBERED = 8192
"""Profiles kept in memory, some 10 kB each."""


@dataclass(frozen=True, slots=True)
class Label:
    """A title or other name: its stems, and the concepts that each of them belongs to."""

    stems: tuple[str, ...]
    concepts: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that the document is known to answer: its stems, its concepts, its length."""

    stems: frozenset[str]
    concepts: frozenset[str]
    size: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What a document is found by. `concepts` are those that its title, other names and keywords
    name, `subjects` those of them that it is about, `actions` the verbs of its title ("renew").
    """

    strengths: dict[str, float]
    labels: tuple[Label, ...]
    concepts: frozenset[str]
    subjects: frozenset[str]
    actions: frozenset[str]
    language: str
    asked: tuple[AskedQuestion, ...]
    body: frozenset[str]
    body_concepts: frozenset[str]
    prose: bool

    @property
    def title(self) -> frozenset[str]:
        """The stems of the title, in any order."""
        return frozenset(self.labels[0].stems) if self.labels else frozenset()


class Profiler:
    """Makes, keeps and remembers the profiles of documents; safe to share between threads."""

    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._remembered: OrderedDict[tuple[str, str], Profile] = OrderedDict()
        self._lock = threading.Lock()

    @cached_property
    def made(self) -> str:
        """What a kept profile must have been made with to be read again."""
        return f"{FORMAT}:{self._matcher.fingerprint}"

    def keep(
        self, profiles: Mapping[str, Profile], revisions: Mapping[str, str], store: Store
    ) -> None:
        """Writes the `profiles` of documents beside them, in these `revisions`; both by id."""
        store.put_profiles(
            [(i, revisions[i], self.made, encode(profile)) for i, profile in profiles.items()]
        )

    def profiles(self, revisions: Mapping[str, str], store: Store) -> dict[str, Profile]:
        """The profiles of documents in these revisions (by document id); one that was replaced
        meanwhile is left out. What was kept is read in one query, what was not is made.
        """
        found: dict[str, Profile] = {}
        with self._lock:
            for key in revisions.items():
                if key in self._remembered:
                    self._remembered.move_to_end(key)
                    found[key[0]] = self._remembered[key]
        wanted = [document_id for document_id in revisions if document_id not in found]
        new: dict[str, Profile] = {}
        for document_id, revision, body in store.profiles(wanted, self.made):
            if revision == revisions[document_id]:
                new[document_id] = decode(body)
        for document_id in wanted:
            if document_id not in new and (
                document := store.get(document_id, revisions[document_id])
            ):
                new[document_id] = self.make(document)
        with self._lock:
            self._remembered.update({(i, revisions[i]): profile for i, profile in new.items()})
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return found | new

    def make(self, document: Document) -> Profile:
        """The profile of `document`."""
        language = document.language
        strengths: dict[str, float] = {}
        parts = [(document.title, IN_TITLE)]
        parts += [(name, IN_NAMES) for name in document.names]
        parts += [(word, IN_KEYWORDS) for word in document.keywords]
        for text, strength in reversed(parts):
            for word in content(text, language):
                strengths[stem(word, language)] = strength
        labels = [self._label(text, document) for text, _ in parts[: 1 + len(document.names)]]
        prose = all(section.field is Field.BODY for section in document.sections)
        asked = tuple(self._asked(text, document) for text in document.asked)
        names = (document.title, *document.names)
        in_names = [self._concepts(needed(name), document) for name in names]
        return Profile(
            strengths,
            tuple(label for label in labels if label.stems),
            frozenset(c for text, _ in parts for c in self._concepts(text, document)),
            self._subjects([*in_names, *(question.concepts for question in asked)]),
            frozenset(
                c for c in self._concepts(document.title, document) if self._scheme(c) == ACTIONS
            ),
            language,
            asked,
            frozenset(stem(word, language) for word in set(words(document.text))),
            frozenset(self._concepts(document.text, document)),
            prose,
        )

    def _subjects(self, named: Sequence[AbstractSet[str]]) -> frozenset[str]:
        """What a document is about, of the concepts of its title, then its names, then the questions
        that it is known to answer. Where one of these names what the title does, or what is next to
        that in the vocabulary, whatever else it names is a circumstance ("the birth certificate for
        the school"), unless it happened to somebody.
        """
        neighbours = self._matcher.neighbours
        title = {c for c in named[0] if self._scheme(c) != ACTIONS}
        near = title.union(*map(neighbours, title))
        found = set(title)
        for concepts in named[1:]:
            same = {c for c in concepts if c in near or not title.isdisjoint(neighbours(c))}
            events = {c for c in concepts if self._scheme(c) == EVENTS}
            found |= same | events if same else concepts
        return frozenset(c for c in found if self._scheme(c) != ACTIONS)

    def _scheme(self, concept: str) -> str:
        return self._matcher.concepts[concept].scheme

    def _concepts(self, text: str, document: Document) -> set[str]:
        return self._matcher.in_text(text, document.language, document.country)

    def _asked(self, text: str, document: Document) -> AskedQuestion:
        """A question may be in another language than the document."""
        empty, _ = question_words()
        stop = stopwords("es") | stopwords("pt")
        tokens = {w for w in words(text) if w not in stop and w not in empty and not w.isdigit()}
        concepts = {
            c for lang in LANGUAGES for c in self._matcher.in_text(text, lang, document.country)
        }
        stems = frozenset(stem(w, lang) for w in tokens for lang in LANGUAGES)
        return AskedQuestion(stems, frozenset(concepts), max(len(tokens), 1))

    def _label(self, text: str, document: Document) -> Label:
        """A title with the words that tell it from others: "SIS para todos" keeps "todos"."""
        stop = stopwords(document.language)
        tokens = [w for w in words(text) if w not in particles()]
        places = [n for n, word in enumerate(tokens) if word not in stop]
        concepts: list[set[str]] = [set() for _ in tokens]
        named = [tokens[n] for n in places]
        for mention in self._matcher.find(named, document.language, (document.country,)):
            for position in range(mention.start, mention.end):
                concepts[places[position]].add(mention.id)
        return Label(
            tuple(stem(token, document.language) for token in tokens),
            tuple(frozenset(found) for found in concepts),
        )


def encode(profile: Profile) -> str:
    """A profile as JSON; `decode` reads it back."""
    return json.dumps(
        [
            profile.strengths,
            [[label.stems, [" ".join(c) for c in label.concepts]] for label in profile.labels],
            " ".join(profile.concepts),
            " ".join(profile.subjects),
            " ".join(profile.actions),
            profile.language,
            [[" ".join(a.stems), " ".join(a.concepts), a.size] for a in profile.asked],
            " ".join(profile.body),
            " ".join(profile.body_concepts),
            profile.prose,
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def decode(text: str) -> Profile:
    """The profile that `encode` wrote."""
    (
        strengths, labels, concepts, subjects, actions, language, asked, body, in_body, prose
    ) = json.loads(text)  # fmt: skip
    return Profile(
        strengths,
        tuple(Label(tuple(stems), tuple(map(_set, found))) for stems, found in labels),
        _set(concepts),
        _set(subjects),
        _set(actions),
        language,
        tuple(AskedQuestion(_set(stems), _set(found), size) for stems, found, size in asked),
        _set(body),
        _set(in_body),
        prose,
    )


def _set(joined: str) -> frozenset[str]:
    """Neither stems nor the ids of concepts hold a blank."""
    return frozenset(joined.split())
