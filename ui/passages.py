"""`search` as the command line and the API give it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute

from agents.understanding.country import locate, misplaced, speaking
from agents.understanding.language import detect
from retrieval.index import Scope
from retrieval.places import Places
from retrieval.search import Searcher
from sources.country import countries
from sources.document import PUBLIC
from sources.errors import UsageError

_WRONG = {
    "territory": ("there is no such territory", "Give its official code, e.g. CL-VS or CL-13120."),
    "territory_abroad": ("the territory is not in that country", "Correct one of the two."),
}


class SearchRequest(BaseModel):
    """A query. `country` narrows; a country that the text names wins over it."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    question: str = Attribute(max_length=2000)
    id: str | None = None
    country: str | None = None
    territory: str | None = Attribute(
        default=None, max_length=20, description="where the reader is, as in a question to `ask`"
    )
    language: str | None = None
    top_k: int = Attribute(default=10, ge=1, le=200)


class PassageFound(BaseModel):
    """One passage. ``start`` and ``end`` are offsets into the document's text. ``context`` is the
    passage with its neighbours, where a long section was cut; ``copies`` are documents that say the
    same and are not shown.
    """

    document_id: str
    passage_id: str
    title: str
    agency: str
    country: str
    language: str
    field: str
    heading: str
    score: float
    quote: str
    context: str
    copies: list[str]
    start: int
    end: int
    page: int | None
    url: str | None
    as_of: str | None


class SearchAnswer(BaseModel):
    """Passages, best first."""

    id: str | None = None
    passages: list[PassageFound]


def search(
    searcher: Searcher,
    places: Places,
    request: SearchRequest,
    tenants: tuple[str, ...] = (PUBLIC,),
) -> SearchAnswer:
    """Searches the documents that `tenants` may read and that hold today, where the text asks: those
    of other municipalities than the one it names are left out, those of the whole country are not.
    Raises UsageError for a territory that there is not, or not in that country.
    """
    if wrong := misplaced(request.territory, request.country, places):
        raise UsageError(*_WRONG[wrong])
    places = places.seen_from(request.territory)
    selected = (request.country or (request.territory or "")[:2]).upper()
    where = locate(request.question, selected if selected in countries() else None)
    language = (request.language or detect(request.question)).split("-")[0]
    found = where.countries or speaking(language)
    scope = Scope(
        tenants=tenants,
        countries=found,
        territories=tuple(sorted(places.territories(request.question, found))),
        on=date.today(),
    )
    result = searcher.search(request.question, scope, limit=request.top_k, language=language)
    passages = [
        PassageFound(
            document_id=f.document.id,
            passage_id=f.passage_id,
            title=f.document.title,
            agency=f.document.provenance.agency,
            country=f.document.country,
            language=f.document.language,
            field=f.field.value,
            heading=f.heading,
            score=round(f.score, 4),
            quote=f.quote,
            context=f.context,
            copies=list(f.copies),
            start=f.start,
            end=f.end,
            page=f.page,
            url=f.document.provenance.url,
            as_of=f.document.provenance.as_of,
        )
        for f in result.passages
    ]
    return SearchAnswer(id=request.id, passages=passages)
