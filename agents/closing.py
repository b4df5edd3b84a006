"""What stands after an answer: dates, channels, notices, and what can be asked next."""

from __future__ import annotations

from agents.context import Context
from agents.labels import section_at, stale, unverified
from agents.replies import reply, spoken_date
from agents.state import Citation, State, Understood
from agents.writer import Writer
from retrieval.analyse import words
from retrieval.index import Scope
from sources.country import Channel, countries
from sources.document import Document


def as_of_lines(citations: list[Citation], language: str) -> list[str]:
    """The dates of what is quoted, one line for each date and standing."""
    lines = []
    for citation in sorted(citations, key=lambda c: c.as_of or "", reverse=True):
        label = reply(language, "labels", citation.verification)
        if citation.as_of:
            shown = spoken_date(citation.as_of, language)
            lines.append(reply(language, "as_of", date=shown, verification=label))
        else:
            lines.append(reply(language, "no_date", verification=label))
    return list(dict.fromkeys(lines))


def channels(
    codes: list[str], sectors: list[str], language: str, *, text: str = "channel"
) -> list[str]:
    """Where to turn, for each country in question, in the words of the reply called `text`."""
    lines = [""]
    for code in codes:
        country = countries()[code]
        channel: Channel = country.channel(sectors[0] if sectors else None)
        url = f" ({channel.url})" if channel.url else ""
        lines.append(reply(language, text, name=channel.name, url=url))
    return lines if len(lines) > 1 else []


def masked_notice(state: State, language: str) -> list[str]:
    """That personal data were hidden, if any were."""
    kinds = state.get("masked") or []
    shown = ", ".join(dict.fromkeys(kinds))
    return [reply(language, "notices", "masked", kinds=shown)] if kinds else []


NOTICE = {"corrected": "corrected", "synonym": "understood"}
"""The notice of each kind of word that was taken for another."""


def notices(
    state: State, writer: Writer, documents: list[Document], read: list[Understood]
) -> list[str]:
    """What the reader must know beside the answer, most important first; `read` as `understood`
    gives it.
    """
    language = writer.language
    told = masked_notice(state, language)
    understanding = state["understanding"]
    told += _of_model(state, documents, language)
    told += [notice for finding in state.get("findings") or () for notice in finding["notices"]]
    if understanding["follow_up"]:
        told.append(reply(language, "notices", "follow_up"))
    told += [reply(language, "notices", NOTICE[u.kind], word=u.word, label=u.label) for u in read]
    if any(d.language != language for d in documents):
        told.append(reply(language, "other_language"))
    cited = [
        (d, section_at(d, c.start))
        for d in documents
        for c in writer.citations
        if c.document_id == d.id
    ]
    if any(stale(d, s, writer.today) for d, s in cited):
        told.append(reply(language, "notices", "stale"))
    if any(unverified(d, s) for d, s in cited):
        told.append(reply(language, "notices", "unverified"))
    return told


def _of_model(state: State, documents: list[Document], language: str) -> list[str]:
    """What a model did, or failed to do: the reader knows whose words and whose choice these are."""
    notices = []
    if state.get("decided") and documents:
        notices.append(reply(language, "notices", "chosen", title=documents[0].title))
    if state.get("written"):
        notices.append(reply(language, "notices", "written"))
    elif (ending := state.get("writing")) and ending not in ("written", "unanswered"):
        notices.append(reply(language, "notices", f"model_{ending}"))
    return notices


def understood(state: State, context: Context, language: str) -> list[Understood]:
    """The citizen's words that were read as official ones, and slips that were mended, at most
    three. None where rows of a tool answer: they say for themselves what was understood.
    """
    if not state.get("chosen"):
        return []
    understanding = state["understanding"]
    codes = tuple(understanding["countries"])
    scope = Scope(tenants=context.tenants, countries=codes)
    reading = context.searcher.read(understanding["standalone"], scope)
    places = {
        w for found in context.places.find(state["question"], codes) for w in words(found.words)
    }
    found = []
    for word, meant in [c for c in reading.corrections if c[0] not in places][:2]:
        found.append(Understood(kind="corrected", word=word, label=meant))
    for mention in reading.mentions:
        official = context.searcher.matcher.concepts[mention.id].prefLabel.get(language)
        if official and official.casefold() != mention.label.casefold():
            found.append(Understood(kind="synonym", word=mention.label, label=official))
    return list({(u.word, u.label): u for u in found}.values())[:3]


def suggestions(documents: list[Document], asked: list[str], language: str) -> list[str]:
    """Questions that the cited document can answer next."""
    if not documents:
        return []
    fields = {s.field.value for s in documents[0].sections if not s.note}
    known = ("cost", "evidence", "requirement", "processing_time", "channel", "contact_point")
    return [reply(language, "questions", a) for a in known if a in fields and a not in asked][:3]
