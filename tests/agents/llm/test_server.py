"""The `server` backend against a double of vLLM: every fault ends in a named error, in time."""

import asyncio
import contextlib
import gc
import logging
import socket
import subprocess
import sys
import time
from typing import Literal

import pytest
from pydantic import BaseModel

from agents.llm.schema import described, flat_schema
from agents.llm.server import DEFAULT_CONTEXT, LATAM_GPT, ServerModel
from agents.llm.server.breaker import Breaker
from sources.errors import (
    DecisionFailed,
    ModelBroken,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
)
from tests.agents.llm.double import LOOPING, NEVER, STOPS, TOO_LONG, Double, Plan, in_a_thread

KEY = "sk-secret-4711"
ASKED = [{"role": "system", "content": "Breve."}, {"role": "user", "content": "¿Cuánto cuesta?"}]
ROOMY = {"connect": 5.0, "first_token": 20.0, "pause": 20.0, "answer": 30.0, "decision": 20.0}
"""Limits that no test reaches by being slow; those that are to be reached are set beside them."""
SLACK = 10.0
"""Seconds that a busy machine may take beyond any limit."""


class Decision(BaseModel):
    sure: bool


class Other(BaseModel):
    sector: Literal["health", "education"]


@pytest.fixture
async def double():
    async with Double() as running:
        yield running


@pytest.fixture
async def opened(double):
    """Makes models of the double; afterwards none has left a connection open."""
    made = []

    def opened(**changed):
        made.append(ServerModel.open(double.url, **{**ROOMY, **changed}))
        return made[-1]

    yield opened
    for model in made:
        await model.close()
    await double.idle()


@pytest.fixture
def model(opened):
    return opened()


@pytest.fixture
def no_wait(monkeypatch):
    """Retries follow at once."""
    monkeypatch.setattr("agents.llm.server.client.FIRST_BACKOFF", 0.01)


async def written(model, asked=ASKED, **options):
    return "".join([piece async for piece in model.write(asked, **options)])


@contextlib.contextmanager
def within(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds + SLACK


# ------------------------------------------------------------------------------- writing


async def test_the_answer_comes_in_pieces_as_the_server_writes_them(double, model):
    double.next(text="Cuesta $ 8.500.")
    pieces = [piece async for piece in model.write(ASKED, max_tokens=50)]
    assert pieces == ["Cuesta", " $", " 8.500."]
    (body,) = double.chats
    assert body["messages"] == ASKED and body["model"] == LATAM_GPT and body["max_tokens"] == 50
    assert "stop_token_ids" not in body and body["temperature"] == 0


async def test_the_first_piece_is_given_before_the_second_is_there(double, model):
    double.next(pause=NEVER)
    stream = model.write(ASKED)
    with within(0):
        assert await anext(stream) == "Cuesta"
    await stream.aclose()


async def test_an_answer_that_reached_its_length_is_whole(double, model):
    double.next(text="Cuesta", finish="length")
    assert await written(model) == "Cuesta"


async def test_a_server_that_does_not_stop_is_stopped(double, model):
    double.next(text="la " * 500)
    assert len((await written(model, max_tokens=20)).split()) <= 21
    await asyncio.wait_for(double.idle(), SLACK)


async def test_connections_are_used_again(double, model):
    for _ in range(3):
        await written(model)
        await model.decide(ASKED, Decision)
    assert double.accepted == 1


async def test_many_at_once_each_get_their_own_answer(double, model):
    double.always = Plan(pause=0.01)
    answers = await asyncio.gather(*(written(model) for _ in range(32)))
    assert set(answers) == {double.text} and double.most_open > 1


# ------------------------------------------------------------------------------- faults

AT_ONCE = {
    "wrong key": ({"status": 401}, ModelUnavailable, "key"),
    "forbidden": ({"status": 403}, ModelUnavailable, "key"),
    "no such thing": ({"status": 404, "message": "nothing"}, ModelUnavailable, "no model"),
    "rejected": ({"status": 400, "message": "odd"}, ModelBroken, "rejects the request"),
    "payload too large": ({"status": 413}, ModelError, "too long"),
    "prompt too long": ({"status": 400, "message": TOO_LONG}, ModelError, "too long"),
    "no JSON in the stream": ({"raw": "{oops"}, ModelBroken, "cannot be read"),
    "other JSON in the stream": ({"raw": "[1]"}, ModelBroken, "cannot be read"),
    "an error in the stream": (
        {"raw": '{"error":{"message":"CUDA out of memory","code":500}}'},
        ModelBroken,
        "CUDA out of memory",
    ),
    "cut in mid-sentence": ({"cut": 3}, ModelBroken, "cut off"),
    "ended without a reason": ({"finish": None}, ModelBroken, "cut off"),
    "the assistant loop": ({"text": "assistant\n\n assistant\n\n"}, ModelBroken, "template"),
    "empty": ({"text": ""}, ModelBroken, "empty"),
}
TRIED_AGAIN = {
    "busy": ({"status": 429}, ModelUnavailable, "busy"),
    "broken": ({"status": 500}, ModelUnavailable, "500"),
    "bad gateway": (
        {"status": 502, "body": "<html>", "kind": "text/html"},
        ModelUnavailable,
        "502",
    ),
    "overloaded": ({"status": 503}, ModelUnavailable, "503"),
    "cut before the first word": ({"cut": 0}, ModelUnavailable, "closed the connection"),
    "ended before the first word": ({"text": "", "finish": None}, ModelBroken, "cut off"),
    "a web page": ({"body": "<html>", "kind": "text/html"}, ModelBroken, "cut off"),
}


@pytest.mark.parametrize("fault", AT_ONCE)
async def test_a_fault_that_will_not_mend_is_told_at_once(double, model, fault):
    plan, error, words = AT_ONCE[fault]
    double.always = Plan(**plan)
    with within(0), pytest.raises(error, match=words) as caught:
        await written(model)
    assert type(caught.value) is error and caught.value.remedy
    assert "\n" not in str(caught.value)
    # A request that is rejected is sent once more, without its optional field.
    assert len(double.chats) == (2 if fault == "rejected" else 1)


@pytest.mark.parametrize("fault", TRIED_AGAIN)
async def test_a_passing_fault_is_tried_again_and_mends(double, model, fault, no_wait):
    plan = TRIED_AGAIN[fault][0]
    double.next(**plan).next(**plan)
    assert await written(model) == double.text
    assert len(double.chats) == 3


@pytest.mark.parametrize("fault", TRIED_AGAIN)
async def test_a_lasting_fault_is_named_after_the_retries(double, model, fault, no_wait):
    plan, error, words = TRIED_AGAIN[fault]
    double.always = Plan(**plan)
    with pytest.raises(error, match=words):
        await written(model)
    assert len(double.chats) == 3


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_decision_is_tried_again_too(double, model, status, no_wait):
    double.next(status=status)
    assert (await model.decide(ASKED, Decision)).sure


SLOW = {
    "hangs before the head": (
        {"before": NEVER}, {"first_token": 0.3}, "did not begin to answer within 0.3 s"
    ),
    "hangs before the first token": (
        {"first": NEVER}, {"first_token": 0.3}, "did not begin to answer within 0.3 s"
    ),
    "hangs between tokens": ({"pause": NEVER}, {"pause": 0.2}, "did not go on writing within 0.2 s"),
    "never comes to an end": (
        {"text": "la " * 600, "pause": 0.05}, {"answer": 0.6}, "did not finish its answer within 0.6 s"
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SLOW)
async def test_nothing_hangs(double, opened, fault):
    plan, limits, words = SLOW[fault]
    double.always = Plan(**plan)
    with within(0.6), pytest.raises(ModelTimeout, match=words):
        await written(opened(**limits))
    await double.idle()  # the server was told to stop


async def test_a_decision_as_a_whole_has_its_limit(double, opened):
    double.always = Plan(before=NEVER)
    with within(0.3), pytest.raises(ModelTimeout, match=r"did not decide within 0\.3 s"):
        await opened(decision=0.3).decide(ASKED, Decision)
    await double.idle()


async def test_slow_is_not_too_slow(double, opened):
    double.next(first=0.3, pause=0.05)
    assert await written(opened(first_token=5, pause=5)) == double.text


async def test_a_slow_reader_is_no_slow_server(double, opened):
    stream = opened(pause=0.2).write(ASKED)
    await anext(stream)
    await asyncio.sleep(0.4)
    assert "".join([piece async for piece in stream]) == double.text.removeprefix("Cuesta")


async def test_nobody_answers_at_the_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = ServerModel.open(f"http://127.0.0.1:{port}", **ROOMY)
    with within(2), pytest.raises(ModelUnavailable, match=f"No language.*127.0.0.1:{port}"):
        await written(model)
    assert not (await model.health()).ok
    await model.close()


async def test_what_was_said_stays_said_when_the_connection_breaks_later(double, model):
    double.next(cut=2)
    stream = model.write(ASKED)
    assert [await anext(stream), await anext(stream)] == ["Cuesta", " $"]
    with pytest.raises(ModelBroken, match="cut off"):
        await anext(stream)
    assert len(double.chats) == 1


async def test_a_whole_answer_needs_no_proper_goodbye(double, model):
    double.next(done=False)
    assert await written(model) == double.text


async def test_an_unknown_model_is_told_with_what_is_served(double, opened):
    model = opened(model="otro/modelo")
    with pytest.raises(ModelUnavailable, match=f"does not serve otro/modelo, but {LATAM_GPT}"):
        await written(model)


# ------------------------------------------------------------------------------- waiting


async def test_retry_after_is_honoured(double, model):
    double.next(status=429, headers={"retry-after": "0.5"})
    began = time.monotonic()
    assert await written(model) == double.text
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("asked", ["600", "Fri, 01 Jan 2100 00:00:00 GMT"])
async def test_a_wait_beyond_the_limit_is_not_begun(double, model, asked):
    double.next(status=429, headers={"retry-after": asked})
    with within(0), pytest.raises(ModelUnavailable, match="busy"):
        await written(model)
    assert len(double.chats) == 1


@pytest.mark.parametrize("asked", ["soon", "-5", ""])
async def test_a_senseless_wait_is_no_wait(double, model, asked, no_wait):
    double.next(status=503, headers={"retry-after": asked})
    assert await written(model) == double.text


# ------------------------------------------------------------------------------- ending early


async def test_closing_the_iterator_frees_the_connection(double, model):
    double.next(pause=NEVER)
    stream = model.write(ASKED)
    await anext(stream)
    assert double.open == 1
    await stream.aclose()
    await double.idle()
    assert double.left == 1


@pytest.mark.parametrize("plan", [{"before": NEVER}, {"first": NEVER}, {"pause": NEVER}])
async def test_cancelling_the_task_frees_the_connection(double, model, plan):
    double.next(**plan)
    task = asyncio.create_task(written(model, max_tokens=9))
    while not double.chats:  # noqa: ASYNC110 – the double has no event for it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await double.idle()


async def test_cancelling_is_no_failure_of_the_server(double, opened):
    model = opened(breaker=Breaker(failures=1))
    double.next(before=NEVER)
    asking = asyncio.create_task(written(model))
    async with asyncio.timeout(10):
        while not double.chats:  # noqa: ASYNC110 – as `double.idle`
            await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await written(model) == double.text


async def test_close_leaves_nothing_open_and_the_model_can_be_used_again(double, model):
    await written(model)
    assert double.open == 1
    await model.close()
    await double.idle()
    assert await written(model) == double.text


async def test_closing_in_the_middle_of_an_answer_ends_it_with_a_named_error(double, model):
    double.next(pause=0.2)
    stream = model.write(ASKED)
    await anext(stream)
    await model.close()
    with within(0.2), pytest.raises(ModelError):
        [piece async for piece in stream]
    await double.idle()


async def test_an_unusable_proxy_is_named_and_its_password_is_not(opened, monkeypatch):
    for address in ("socks5://u:pw@127.0.0.1:1", "http://u:pw@127.0.0.1:port"):
        monkeypatch.setenv("ALL_PROXY", address)
        with pytest.raises(ModelUnavailable, match="proxy") as caught:
            await written(opened())
        assert "pw" not in str(caught.value)


def test_each_event_loop_has_its_own_connections_and_leaves_none():
    with in_a_thread() as double:
        model = ServerModel.open(double.url, **ROOMY)
        for _ in range(3):
            assert asyncio.run(written(model)) == double.text
            asyncio.run_coroutine_threadsafe(double.idle(), double.loop).result(10)
        assert double.accepted == 3
        gc.collect()  # a socket left open would be reported here, and fail the test


async def test_two_loops_at_once_and_close_reaches_both():
    with in_a_thread() as double:
        model = ServerModel.open(double.url, **ROOMY)
        assert await written(model) == double.text
        there = asyncio.run_coroutine_threadsafe(written(model), double.loop)
        assert await asyncio.wrap_future(there) == double.text
        assert double.open == 2
        await model.close()
        asyncio.run_coroutine_threadsafe(double.idle(), double.loop).result(10)


# ------------------------------------------------------------------------------- deciding


async def test_a_decision_is_constrained_described_and_sure_of_itself(double, model):
    assert await model.decide(ASKED, Decision) == Decision(sure=True)
    (body,) = double.chats
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "Decision", "schema": flat_schema(Decision), "strict": True},
    }
    assert body["temperature"] == 0 and "stream" not in body
    assert body["messages"][0]["content"].endswith(described(Decision))
    assert body["messages"][1] == ASKED[1]


async def test_a_wrong_decision_gets_a_second_chance_with_the_reason(double, model):
    double.next(text='{"sure":"perhaps"}')
    assert (await model.decide(ASKED, Decision)).sure
    said, reason = double.chats[1]["messages"][-2:]
    assert said == {"role": "assistant", "content": '{"sure":"perhaps"}'}
    assert reason["role"] == "user" and reason["content"].startswith("JSON: sure: ")


@pytest.mark.parametrize("text", ['{"sure":"perhaps"}', '{"sure":', "No lo sé.", "", "}{"])
async def test_two_wrong_decisions_are_the_end(double, model, text):
    double.always = Plan(text=text)
    with pytest.raises(DecisionFailed, match="does not fit Decision"):
        await model.decide(ASKED, Decision)
    assert len(double.chats) == 2


@pytest.mark.parametrize("plan", [{"body": "{oops"}, {"body": "{}"}, {"body": '{"choices":[]}'}])
async def test_a_response_that_is_none_is_told(double, model, plan):
    double.next(**plan)
    with pytest.raises(ModelBroken, match="cannot be read"):
        await model.decide(ASKED, Decision)


async def test_json_in_a_fence_is_read(double, model):
    double.next(text='Claro:\n```json\n{"sure": false}\n```')
    assert not (await model.decide(ASKED, Decision)).sure


@pytest.mark.parametrize("names_field", [True, False])
async def test_a_server_without_response_format_is_asked_plainly_from_then_on(
    double, model, names_field
):
    double.rejects, double.names_field, double.text = (
        {"response_format"},
        names_field,
        double.decision,
    )
    for _ in range(2):
        assert (await model.decide(ASKED, Decision)).sure
    assert ["response_format" in body for body in double.chats] == [True, False, False]


async def test_a_schema_that_is_refused_leaves_the_others_constrained(double, model):
    double.next(status=400, message="schema uses unsupported features").next(text='{"sure":true}')
    await model.decide(ASKED, Decision)
    double.decision = '{"sector":"health"}'
    await model.decide(ASKED, Other)
    assert ["response_format" in body for body in double.chats] == [True, False, True]


async def test_a_server_that_takes_no_stream_options_still_streams(double, model):
    double.rejects = {"stream_options"}
    for _ in range(2):
        assert await written(model) == double.text
    assert ["stream_options" in body for body in double.chats] == [True, False, False]


async def test_a_request_that_is_wrong_in_itself_does_not_cost_the_fields(double, model):
    double.always = Plan(status=400, message="odd")
    with pytest.raises(ModelBroken, match="rejects"):
        await model.decide(ASKED, Decision)
    double.always = None
    await model.decide(ASKED, Decision)
    assert "response_format" in double.chats[-1]


# ------------------------------------------------------------------------------- breaker


async def test_a_failing_server_is_left_alone_and_then_tried_by_one(double, opened):
    now = 0.0
    model = opened(breaker=Breaker(failures=5, pause=10, clock=lambda: now), retries=0)
    double.always = Plan(status=503)
    for _ in range(5):
        with pytest.raises(ModelUnavailable, match="503"):
            await written(model)
    for _ in range(3):
        with pytest.raises(ModelUnavailable, match=r"several times in a row.*in 10 s"):
            await model.decide(ASKED, Decision)
    assert len(double.chats) == 5

    now, double.always = 10.0, Plan(before=0.2)
    answers = await asyncio.gather(*(written(model) for _ in range(5)), return_exceptions=True)
    assert answers.count(double.text) == 1
    assert sum(isinstance(answer, ModelUnavailable) for answer in answers) == 4
    assert len(double.chats) == 6
    double.always = None
    assert await written(model) == double.text


async def test_cut_answers_open_the_breaker_too(double, opened):
    model = opened(breaker=Breaker(failures=2))
    double.always = Plan(cut=1)
    for _ in range(2):
        with pytest.raises(ModelBroken, match="cut off"):
            await written(model)
    with pytest.raises(ModelUnavailable, match="in a row"):
        await written(model)


async def test_a_trial_does_not_last_as_long_as_its_answer(double, opened):
    now = 0.0
    model = opened(breaker=Breaker(failures=1, clock=lambda: now), retries=0)
    double.next(status=500)
    with pytest.raises(ModelUnavailable):
        await written(model)
    now = 10.0
    double.next(pause=NEVER)
    trial = model.write(ASKED)
    await anext(trial)
    assert await written(model) == double.text
    await trial.aclose()


async def test_the_callers_own_mistakes_do_not_open_it(double, opened):
    model = opened(breaker=Breaker(failures=1))
    for plan in ({"status": 401}, {"status": 400, "message": TOO_LONG}, {"text": ""}):
        double.next(**plan)
        with pytest.raises(ModelError):
            await written(model)
    assert await written(model) == double.text


async def test_health_sees_the_server_come_back_before_the_pause_is_over(double, opened):
    model = opened(breaker=Breaker(failures=1), retries=0)
    double.next(status=500)
    with pytest.raises(ModelUnavailable):
        await written(model)
    assert (await model.health()).ok
    assert await written(model) == double.text


# ------------------------------------------------------------------------------- the check


async def test_the_check_learns_the_context_and_never_goes_beyond_what_was_asked(double, opened):
    double.models = {LATAM_GPT: 4096}
    for asked, context in ((None, 4096), (2048, 2048), (32768, 4096)):
        model = opened(context=asked)
        health = await model.check()
        assert health.ok and health.context == model.context == context


async def test_without_a_word_on_the_context_the_default_stays(double, model):
    double.models = {LATAM_GPT: None}
    assert (await model.check()).context == DEFAULT_CONTEXT


async def test_a_server_without_a_list_of_models_is_checked_by_its_answer(double, model, opened):
    double.lists_models = False
    assert (await model.check()).context == DEFAULT_CONTEXT
    with pytest.raises(ModelUnavailable, match=r"has no model otro.*does not exist"):
        await opened(model="otro").check()


async def test_a_model_that_is_not_served_is_told_with_what_is(double, opened):
    model = opened(model="otro")
    with pytest.raises(ModelUnavailable, match=f"does not serve otro, but {LATAM_GPT}"):
        await model.check()
    health = await model.health()
    assert not health.ok and LATAM_GPT in health.detail and not double.chats


async def test_a_turn_that_does_not_end_is_mended_by_stop_token_ids_from_then_on(double, model):
    double.needs_stops = True
    assert (await model.check()).ok
    assert await written(model) == double.text
    assert (await model.decide(ASKED, Decision)).sure
    assert [body.get("stop_token_ids") for body in double.chats] == [None, STOPS, STOPS, STOPS]


async def test_a_server_without_the_chat_template_is_refused(double, model):
    double.always = Plan(text=LOOPING, finish="length")
    with pytest.raises(ModelBroken, match="does not apply the model's own chat template"):
        await model.check()
    assert len(double.chats) == 2


async def test_a_loop_that_stop_token_ids_cannot_mend_is_refused_too(double, model):
    double.needs_stops, double.rejects = True, {"stop_token_ids"}
    with pytest.raises(ModelBroken, match="template"):
        await model.check()


@pytest.mark.parametrize(
    ("plan", "words"), [({"text": ""}, "empty"), ({"finish": None}, "cut off")]
)
async def test_an_answer_that_is_none_fails_the_check(double, model, plan, words):
    double.always = Plan(**plan)
    with pytest.raises(ModelBroken, match=words):
        await model.check()


@pytest.mark.parametrize("fault", [*AT_ONCE, *TRIED_AGAIN, *SLOW])
async def test_health_never_raises(double, opened, fault, no_wait):
    plan = {**AT_ONCE, **TRIED_AGAIN, **SLOW}[fault][0]
    double.always = Plan(**plan)
    with within(1.0):
        health = await opened(first_token=0.3).health()
    assert health.model == LATAM_GPT and (health.ok or health.detail)


async def test_health_asks_for_one_token_after_the_check(double, model):
    await model.check()
    assert (await model.health()).ok
    assert double.chats[-1]["max_tokens"] == 1
    double.always = Plan(status=500, message="engine is dead")
    health = await model.health()
    assert not health.ok and "engine is dead" in health.detail


# ------------------------------------------------------------------------------- counting


async def test_the_count_is_raised_by_what_the_server_counts_and_never_lowered(double, model):
    long = [{"role": "user", "content": "renovar la licencia " * 100}]
    before = model.count_tokens(long)
    assert before > 1.6 * 300  # tokens of 300 Spanish words
    double.next(prompt_tokens=5)
    await written(model, long)
    assert model.count_tokens(long) == before
    double.next(prompt_tokens=before + 300)
    await written(model, long)
    assert before + 300 <= model.count_tokens(long) <= before + 310


async def test_a_template_that_adds_much_does_not_make_every_text_dense(double, model):
    short, long = ([{"role": "user", "content": "a" * n}] for n in (1, 10_000))
    before = model.count_tokens(long)
    double.next(prompt_tokens=200)
    await written(model, short)
    assert model.count_tokens(short) >= 200
    assert model.count_tokens(long) - before <= 200


async def test_a_prompt_that_was_too_long_is_counted_right_the_next_time(double, model):
    asked = [{"role": "user", "content": "a" * 12_000}]
    double.next(status=400, message=TOO_LONG)
    with pytest.raises(ModelError, match="too long"):
        await written(model, asked)
    assert model.count_tokens(asked) >= 7900


async def test_no_more_tokens_are_asked_for_than_there_is_room(double, opened):
    model = opened(context=1000)
    await written(model, [{"role": "user", "content": "a" * 2000}], max_tokens=700)
    await written(model, [{"role": "user", "content": "a" * 9000}], max_tokens=700)
    assert [body["max_tokens"] for body in double.chats] == [1000 - 848, 64]


# ------------------------------------------------------------------------------- secrets, opening


async def test_the_key_is_sent_and_told_to_nobody(double, opened, caplog):
    caplog.set_level(logging.DEBUG)
    double.key = KEY
    model = opened(key=f" {KEY}\n")
    assert await written(model) == double.text
    double.key = "another"
    with pytest.raises(ModelUnavailable, match="refuses the key") as caught:
        await written(model)
    health = await model.health()
    for message in (f"Bad: {KEY}", "x" * 150 + KEY):
        double.key = None
        double.next(status=500, message=message)
        with pytest.raises(ModelUnavailable) as failed:
            await written(opened(key=KEY, retries=0))
        assert KEY not in str(failed.value) and KEY[:9] not in str(failed.value)
    assert KEY not in f"{caught.value!r} {caught.value} {health} {model._connection.address!r}"
    assert caught.value.__cause__ is None
    assert KEY not in caplog.text


async def test_no_key_of_the_environment_is_sent(double, opened, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", KEY)
    monkeypatch.setenv("OPENAI_PROJECT_ID", KEY)
    await written(opened())
    assert KEY not in str(double.requests)


@pytest.mark.parametrize("key", ["clé", "a b", "a\nb"])
def test_a_key_that_is_none_is_refused_without_being_shown(key):
    with pytest.raises(ModelUnavailable, match="characters") as caught:
        ServerModel.open("http://127.0.0.1:1", key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://h/v1", "http://", "http://h:port/", "http://u:pw@h/", "http://[",
            "http://h/v1?key=pw"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_being_shown(url):
    with pytest.raises(ModelUnavailable) as caught:
        ServerModel.open(url)
    assert "pw" not in str(caught.value) and caught.value.remedy


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
async def test_v1_may_be_left_out(double, path):
    model = ServerModel.open(double.url + path)
    assert (await model.health()).ok
    await model.close()


def test_the_client_is_imported_only_when_a_model_is_opened():
    code = "import sys, agents.llm.server; assert not {'openai', 'httpx2'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
