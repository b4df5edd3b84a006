"""How a question is read for the search: its subjects, their weights, corrections and concepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from retrieval.analyse import question_words, stem, stopwords, words
from retrieval.concepts import Matcher, Mention, content
from retrieval.lexicon import Lexicon
from sources.bilingual import translations

LANGUAGES = ("es", "pt")
ACTIONS, EVENTS = "actions", "life-events"
"""The themes of the vocabulary that hold verbs, and that lead from an event to its services."""

LEAST_WEIGHT = 0.5
"""What a word weighs beside its rarity: among a dozen documents on licences the word is common, and
still what the question is about."""

WEAK_WEIGHT = 0.3
TEXT_WEIGHT = 0.6
"""A word that stands in documents, but names none of them and no concept."""

TRANSLATED = 0.85
"""How surely a word of another language that the word list gives is what was meant."""

UNKNOWN_WEIGHT = 0.35
"""A word that is in no document and in no concept: perhaps the subject, more often talk."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One word that the question is about.

    - `stems` are the word's own, in each language;
    - `near`: other stems it may stand for (a typing error, a cognate) with their likeness;
    - `abroad`: its translations, folded, and `abroad_stems` their stems with how surely they are
      meant, for documents in the other language;
    - `weight`: its rarity times how much such a word says;
    - `minor`: whether it qualifies and does not name (a town, a circumstance);
    - `strange`: whether neither documents nor our word lists know it.
    """

    word: str
    weight: float
    stems: frozenset[str]
    near: tuple[tuple[str, float], ...]
    abroad: tuple[str, ...]
    abroad_stems: tuple[tuple[str, float], ...]
    concepts: frozenset[str]
    weak: bool
    minor: bool
    known: bool
    strange: bool

    def likely(self, foreign: bool) -> tuple[tuple[str, float], ...]:
        """The other stems it may stand for, in a document of its own or of the other language."""
        return self.near + self.abroad_stems if foreign else self.near


@dataclass(frozen=True)
class Reading:
    """A question, read. `said` holds the stems of all its words, also of those that only ask: a
    title may be made of them ("SIS Gratuito"). `documents` is how many there are to choose from.
    """

    subjects: tuple[Subject, ...]
    mentions: tuple[Mention, ...]
    said: frozenset[str]
    corrections: tuple[tuple[str, str], ...]
    documents: int
    language: str | None

    @cached_property
    def concepts(self) -> frozenset[str]:
        """All concepts named."""
        return frozenset(mention.id for mention in self.mentions)

    @cached_property
    def counted(self) -> tuple[Subject, ...]:
        """The subjects by which a document is judged: towns and circumstances only qualify, unless
        there is nothing else.
        """
        return tuple(s for s in self.subjects if not s.minor) or self.subjects

    def wanted(self, foreign: bool) -> dict[str, float]:
        """Every stem that was said, or may have been meant, with how surely; `foreign` for a
        document in another language. Made once, since every title found is held against it.
        """
        return self._wanted[foreign]

    @cached_property
    def _wanted(self) -> dict[bool, dict[str, float]]:
        found = {}
        for foreign in (False, True):
            surely = dict.fromkeys(self.said, 1.0)
            for subject in self.subjects:
                for near, likeness in subject.likely(foreign):
                    surely[near] = max(surely.get(near, 0.0), likeness)
            found[foreign] = surely
        return found

    @property
    def strong(self) -> tuple[Subject, ...]:
        """The subjects that can name what is wanted."""
        return tuple(s for s in self.subjects if not s.weak)


def read(
    text: str,
    lexicon: Lexicon,
    matcher: Matcher,
    *,
    countries: Iterable[str] = (),
    minor: Iterable[str] = (),
    language: str | None = None,
    literal: Iterable[str] = (),
) -> Reading:
    """Reads `text`, which is written in `language`, against the documents counted in `lexicon`.

    `minor` are folded words that qualify and do not name: a town, a circumstance. `literal` are
    folded words and phrases that mean what is written, and nothing else.
    """
    literal = frozenset(literal)
    plain = frozenset(word for phrase in literal for word in phrase.split())
    countries, minor = tuple(countries), frozenset(minor)
    empty, weak = question_words()
    weak |= minor
    stop = stopwords("es") | stopwords("pt")
    tokens = [w for w in words(text) if w not in stop]
    fixed, corrections = _correct(tokens, lexicon, matcher, empty | weak | plain)
    mentions = [
        mention  # one of asking words alone names nothing: "a qué número llamo"
        for mention in _mentions(fixed, matcher, countries, language)
        if not empty.issuperset(fixed[mention.start : mention.end])
        and " ".join(words(mention.label)) not in literal
        and not plain.issuperset(fixed[mention.start : mention.end])
    ]
    named: dict[int, set[str]] = {}
    surely: dict[int, set[str]] = {}
    for mention in mentions:
        for position in range(mention.start, mention.end):
            named.setdefault(position, set()).add(mention.id)
            if mention.sure:
                surely.setdefault(position, set()).add(mention.id)
    abroad = _translate(fixed, language)
    subjects: dict[str, Subject] = {}
    for position, (token, original) in enumerate(zip(fixed, tokens, strict=True)):
        # A mention of several words ("segunda vía", "dar de baja") is a subject even of weak words.
        phrase = any(m.start <= position < m.end and m.end - m.start > 1 for m in mentions)
        if (token in empty or token.isdigit()) and not phrase:
            continue
        concepts, sure = named.get(position, set()), surely.get(position, set())
        subject = _subject(token, original, lexicon, matcher, concepts, sure, weak, minor, phrase)
        if token in plain:
            subject = replace(subject, near=())
        if others := abroad.get(position):
            subject = _with_translations(subject, others)
        subjects.setdefault(token, subject)
    said = frozenset(
        stem(word, language)
        for word in (*words(text), *fixed)
        if word not in minor
        for language in LANGUAGES
    )
    return Reading(
        tuple(subjects.values()), tuple(mentions), said, tuple(corrections), lexicon.size, language
    )


def _correct(
    tokens: Sequence[str], lexicon: Lexicon, matcher: Matcher, common: frozenset[str]
) -> tuple[list[str], list[tuple[str, str]]]:
    fixed, corrections = [], []
    for token in tokens:
        known = (
            token in common
            or is_ordinary(token)
            or any(stem(token, lang) in matcher.stems.get(lang, ()) for lang in LANGUAGES)
        )
        correction = None if known else lexicon.correct(token, common)
        fixed.append(correction[0] if correction else token)
        if correction:
            corrections.append((token, correction[0]))
    return fixed, corrections


@cache
def _word_list(source: str) -> tuple[Mapping[tuple[str, ...], tuple[str, ...]], int]:
    """Headwords as stems → the folded content words of their translations; the longest headword."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for (own, other), entries in translations().items():
        if own == source:
            for headword, targets in entries.items():
                key = tuple(stem(w, source) for w in content(headword, source))
                words_of = (w for target in targets for w in content(target, other))
                found.setdefault(key, {}).update(dict.fromkeys(words_of))
    found.pop((), None)
    return {k: tuple(v) for k, v in found.items()}, max(map(len, found), default=0)


def is_ordinary(word: str) -> bool:
    """Whether a folded word is one of our word lists: then it is no slip, whatever it looks like."""
    return any(stem(word, language) in _ordinary() for language in LANGUAGES)


@cache
def _ordinary() -> frozenset[str]:
    """The stems of everyday words: those of the word lists, whatever a document says."""
    empty, weak = question_words()
    found = {w for table in translations().values() for entry in table for w in words(entry)}
    return frozenset(stem(w, language) for w in found | empty | weak for language in LANGUAGES)


def _translate(tokens: Sequence[str], language: str | None) -> dict[int, tuple[str, ...]]:
    """For each place of `tokens` the words of the other language, longest headwords first."""
    table, longest = _word_list(language or "")
    stems = [stem(token, language or "") for token in tokens]
    found: dict[int, tuple[str, ...]] = {}
    for length in range(longest, 0, -1):
        for start in range(len(stems) - length + 1):
            places = range(start, start + length)
            others = table.get(tuple(stems[start : start + length]))
            if others and not any(place in found for place in places):
                found |= dict.fromkeys(places, others)
    return found


def _with_translations(subject: Subject, others: tuple[str, ...]) -> Subject:
    stems = {stem(word, language) for word in others for language in LANGUAGES} - subject.stems
    return replace(subject, abroad=others, abroad_stems=tuple((s, TRANSLATED) for s in stems))


def _mentions(
    tokens: list[str], matcher: Matcher, countries: tuple[str, ...], own: str | None
) -> list[Mention]:
    """The concepts named; in another language than the question's `own` they are not sure, since
    "visto" is a visa in one language and "seen" in the other.
    """
    found: dict[tuple[str, int, int], Mention] = {}
    for language in LANGUAGES:
        for mention in matcher.find(tokens, language, countries):
            plain = mention.end - mention.start > 1 or mention.label.isupper()
            if not (own in (None, language) or plain):
                mention = replace(mention, sure=False)
            key = (mention.id, mention.start, mention.end)
            if key not in found or not found[key].sure:
                found[key] = mention
    # A longer label says more precisely what a shorter one inside it says.
    return [
        m
        for m in found.values()
        if not any(
            o.start <= m.start and m.end <= o.end and (o.end - o.start) > (m.end - m.start)
            for o in found.values()
        )
    ]


def _subject(
    token: str,
    original: str,
    lexicon: Lexicon,
    matcher: Matcher,
    concepts: set[str],
    sure: set[str],
    weak: frozenset[str],
    minor: frozenset[str],
    phrase: bool,
) -> Subject:
    stems = frozenset(stem(token, language) for language in LANGUAGES)
    near: dict[str, float] = {}
    for candidate, likeness in lexicon.similar(token):
        for language in LANGUAGES:
            s = stem(candidate, language)
            if s not in stems:
                near[s] = max(near.get(s, 0.0), likeness)
    if original != token:
        near |= {stem(original, language): 0.9 for language in LANGUAGES} | near
    # "renovar" or "sacar" says what is wanted of a service, not which service.
    things = {c for c in sure if matcher.concepts[c].scheme != ACTIONS}
    names = token not in minor and (lexicon.titles(token) or bool(things))
    known = names or bool(concepts) or lexicon.knows(token)
    is_weak = token in minor or (not things and ((token in weak and not phrase) or bool(sure)))
    weight = LEAST_WEIGHT + lexicon.idf(token, LANGUAGES)
    if is_weak:
        weight *= WEAK_WEIGHT
    elif not known:
        weight *= UNKNOWN_WEIGHT
    elif not names:
        weight *= TEXT_WEIGHT
    found = frozenset(concepts)
    return Subject(
        word=token,
        weight=weight,
        stems=stems,
        near=tuple(near.items()),
        abroad=(),
        abroad_stems=(),
        concepts=found,
        weak=is_weak,
        minor=token in minor,
        known=known,
        strange=not known and not stems & _ordinary(),
    )
