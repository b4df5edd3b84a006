"""Events that change a few of their outputs, and what is kept of a session."""

import copy
import tracemalloc
from datetime import timedelta

import gradio as gr
import pytest
from gradio.state_holder import SessionState, StateHolder

from ui.page.blocks import Blocks


@pytest.fixture
async def page():
    """A page of ten parts and a state, over which one event goes."""
    with Blocks() as made:
        state = gr.State(None)
        parts = [gr.HTML(f"part {n}") for n in range(9)]
        button = gr.Button("one")
        button.click(dict, [], [state, *parts, button])
    return made, state, parts, button


def event(made):
    return next(iter(made.fns.values()))


async def test_what_is_not_named_is_left_alone(page):
    made, state, parts, _ = page
    session = SessionState(made)
    told = await made.postprocess_data(event(made), {parts[3]: "new"}, session)
    assert told == [None, *({"__type__": "update"} if n != 3 else "new" for n in range(9)),
                    {"__type__": "update"}]  # fmt: skip
    assert set(session.blocks_config.blocks.values()) >= set(parts)
    assert state._id not in session.state_data


async def test_values_states_and_properties_arrive_as_gradio_s_own_do(page):
    made, state, parts, button = page
    changes = {
        state: 5,
        parts[0]: "a",
        parts[8]: gr.HTML("z", visible=False),
        button: gr.Button("b"),
    }
    ours, theirs = SessionState(made), SessionState(made)
    told = await made.postprocess_data(event(made), changes, ours)
    known = await gr.Blocks.postprocess_data(made, event(made), changes, theirs)
    places = [0, 1, 9, 10]
    assert [told[n] for n in places] == [known[n] for n in places]
    assert ours[state._id] == theirs[state._id] == 5


async def test_a_list_of_all_outputs_is_taken_as_ever(page):
    made, *_ = page
    values = [7, *(f"v{n}" for n in range(9)), "two"]
    told = await made.postprocess_data(event(made), list(values), SessionState(made))
    assert told == [None, *values[1:]]


async def test_an_unknown_output_is_an_error_as_ever(page):
    made, *_ = page
    with pytest.raises(ValueError, match="not specified as output"):
        await made.postprocess_data(event(made), {gr.HTML(render=False): "x"}, SessionState(made))


async def test_a_session_describes_nothing_and_the_page_all(page):
    made, _, parts, _ = page
    session = SessionState(made)
    await made.postprocess_data(event(made), {parts[0]: "mi RUT es 12.345.678-5"}, session)
    assert list(session.components) == []
    shown = {part["id"]: part for part in made.get_config_file()["components"]}
    assert shown[parts[0]._id]["props"]["value"] == "part 0"
    assert copy.copy(made.default_config).blocks == made.default_config.blocks


async def test_a_session_weighs_little(page):
    made, *_ = page
    SessionState(made)
    tracemalloc.start()
    kept = [SessionState(made) for _ in range(50)]
    weight = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    assert weight < 6_000


async def test_ended_sessions_are_dropped_and_others_stay(page):
    made, state, *_ = page
    made.drop_ended()  # no page is served yet
    held = StateHolder()
    held.set_blocks(made)
    for name in ("open", "begun", "closed", "ended", "silent"):
        held[name][state._id] = name
    held["closed"].is_closed = held["ended"].is_closed = True
    for name in ("begun", "ended", "silent"):
        del held[name].state_data[state._id]
    held.time_last_used["silent"] -= timedelta(hours=2)
    made.drop_ended()
    assert set(held.session_data) == set(held.time_last_used) == {"open", "begun", "closed"}


async def test_all_sessions_are_looked_at_now_and_then_not_for_each_that_ends(page, monkeypatch):
    made, *_ = page
    held = StateHolder()
    held.set_blocks(made)
    for name in ("one", "two"):
        held[name].is_closed = True
        made.drop_ended()
    assert set(held.session_data) == {"two"}
    monkeypatch.setattr("ui.page.blocks.TIDY_S", 0.0)
    made.drop_ended()
    assert not held.session_data
