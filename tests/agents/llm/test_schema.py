"""Schemas for decisions: flat and bounded whatever the model, and told in one line."""

import enum
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agents.llm import schema as schemas
from agents.llm.schema import LONGEST_REPEAT, decided, described, flat_schema, with_description
from sources.errors import DecisionFailed


class Sector(enum.StrEnum):
    HEALTH = "health"
    EDUCATION = "education"


class Place(BaseModel):
    city: str
    since: int = 3


class Decision(BaseModel):
    """What the assistant decides."""

    sector: Sector = Field(description="the sector asked for", examples=["health"])
    country: Literal["CL", "BR"] | None
    sure: bool = False
    question: str = Field(max_length=40)
    words: list[Annotated[str, Field(max_length=12)]] = Field(max_length=3)
    years: list[int]
    place: Place
    share: float


class Endless(BaseModel):
    inner: "Endless | None"


def parts(node):
    """Every object of a JSON value, outermost first."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from parts(value)


def test_references_are_resolved_and_nothing_but_the_form_is_left():
    flat = flat_schema(Decision)
    keys = {key for part in parts(flat) for key in part}
    assert not keys & {"$ref", "$defs", "default", "description", "examples", "title"}
    assert flat["properties"]["sector"]["enum"] == ["health", "education"]


def test_every_field_is_required_and_every_length_bounded():
    for part in parts(flat_schema(Decision)):
        if part.get("type") == "object":
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False
        if part.get("type") == "array":
            assert part["maxItems"] <= schemas.LONGEST_LIST
        if part.get("type") == "string" and "enum" not in part:
            assert part["maxLength"] <= schemas.LONGEST_STRING
        if part.get("type") == "integer":
            assert -schemas.LARGEST_INTEGER <= part["minimum"] < part["maximum"]


def test_a_limit_of_the_model_itself_is_kept():
    fields = flat_schema(Decision)["properties"]
    assert fields["question"]["maxLength"] == 40
    assert fields["words"] == {
        "items": {"type": "string", "maxLength": 12}, "maxItems": 3, "type": "array"
    }  # fmt: skip


def test_a_schema_that_contains_itself_is_refused():
    with pytest.raises(DecisionFailed, match="contains itself"):
        flat_schema(Endless)


def test_the_description_is_one_line_that_names_every_field_and_choice():
    line = described(Decision)
    assert line == (
        'Responda solo con JSON en una línea: {"sector": "health" | "education", '
        '"country": "CL" | "BR" | null, "sure": true | false, '
        '"question": texto de hasta 40 caracteres, '
        '"words": [texto de hasta 12 caracteres, … hasta 3], "years": [entero, … hasta 8], '
        '"place": {"city": texto de hasta 120 caracteres, "since": entero}, "share": número}'
    )


@given(st.lists(st.text(min_size=1), min_size=2, max_size=4, unique=True))
def test_whatever_the_choices_the_description_stays_one_line(choices):
    class Chosen(BaseModel):
        choice: Literal[tuple(choices)]

    assert "\n" not in described(Chosen)


def test_the_description_joins_the_systems_turn_and_leaves_the_question_alone():
    asked = [{"role": "system", "content": "Clasifique."}, {"role": "user", "content": "hola"}]
    told = with_description(asked, Decision)
    assert told[0]["content"] == f"Clasifique.\n\n{described(Decision)}"
    assert told[1:] == asked[1:]
    assert asked[0]["content"] == "Clasifique."


def test_without_a_systems_turn_the_description_becomes_one():
    asked = [{"role": "user", "content": "hola"}]
    assert with_description(asked, Decision) == [
        {"role": "system", "content": described(Decision)}, *asked
    ]  # fmt: skip


async def test_what_does_not_fit_is_shown_once_more_and_not_at_full_length():
    class Sure(BaseModel):
        sure: bool

    heard = []

    async def say(conversation):
        heard.append(conversation)
        return '{"sure": "' + "x" * 9000 if len(heard) == 1 else 'Claro: {"sure": true}.'

    asked = [{"role": "user", "content": "¿Seguro?"}]
    assert (await decided(say, asked, Sure)).sure
    first, second = heard
    assert first == with_description(asked, Sure) == second[:2]
    assert [turn["role"] for turn in second[2:]] == ["assistant", "user"]
    assert len(second[2]["content"]) == LONGEST_REPEAT
    assert second[3]["content"].startswith("JSON: ")
