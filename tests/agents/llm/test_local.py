"""The `local` backend: a tiny random Llama goes through the code that runs Latam-GPT."""

import asyncio
import enum
import logging
import sys
import threading
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

REASON = "the extra `models` is not installed"
torch = pytest.importorskip("torch", reason=REASON)
pytest.importorskip("transformers", reason=REASON)

from agents.llm.local import LocalModel  # noqa: E402
from agents.llm.local.plan import Plan  # noqa: E402
from sources.errors import (  # noqa: E402
    DecisionFailed,
    ModelBroken,
    ModelError,
    ModelUnavailable,
)
from tests.agents.llm import tiny  # noqa: E402

PLAN = Plan("bf16", 0, 0, 16384)
QUESTIONS = [
    "¿Cuánto cuesta la licencia?", "¿Qué necesito para el pasaporte?", "Quero a certidão",
    "ClaveÚnica", "¿Dónde pago la tasa?", "CPF perdido", "hola", "¿Y la cédula de identidad?",
]  # fmt: skip


class Sector(enum.StrEnum):
    HEALTH = "health"
    EDUCATION = "education"


class Decision(BaseModel):
    sector: Sector
    country: Literal["CL", "PE", "BR", "DO"] | None
    sure: bool
    question: str = Field(max_length=40)
    year: int
    words: list[Annotated[str, Field(max_length=12)]] = Field(max_length=3)


def ask(text, system=""):
    start = [{"role": "system", "content": system}] if system else []
    return [*start, {"role": "user", "content": text}]


@pytest.fixture(scope="module")
def words():
    return tiny.tokenizer()


@pytest.fixture(scope="module")
def llama(words):
    return tiny.llama(words)


@pytest.fixture
async def model(llama, words):
    made = LocalModel.of(llama, words, plan=PLAN, name="tiny", streams=8, page=16)
    yield made
    await made.close()


async def written(model, text, max_tokens=48):
    return "".join([piece async for piece in model.write(ask(text), max_tokens=max_tokens)])


def plainly(llama, words, text, max_new_tokens=48):
    """What transformers' own `generate` writes, token by token, without a stop."""
    prompt = words.apply_chat_template(
        ask(text), add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = llama.generate(**prompt, max_new_tokens=max_new_tokens, do_sample=False, eos_token_id=-1,
                         pad_token_id=0)  # fmt: skip
    return out[0, prompt["input_ids"].shape[1] :].tolist()


# ------------------------------------------------------------------------------- writing


async def test_what_is_streamed_is_what_generate_writes_up_to_the_turns_end(model, llama, words):
    stops = set(model._template.stop_ids)
    for question in QUESTIONS:
        tokens = plainly(llama, words, question)
        end = next((n for n, token in enumerate(tokens) if token in stops), len(tokens))
        whole = words.decode(
            tokens[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        pieces = [piece async for piece in model.write(ask(question), max_tokens=48)]
        assert "".join(pieces) == whole
        assert all(pieces)


async def test_the_turns_end_stops_though_the_config_does_not_name_it(model, llama, words, caplog):
    """An output layer that always prefers <|eot_id|>; config.json names <|end_of_text|> alone."""
    end = words.convert_tokens_to_ids("<|eot_id|>")
    assert end != llama.generation_config.eos_token_id
    assert end in model._template.stop_ids and model._template.added_stop

    def prefer_the_end(_module, _inputs, scores):
        scores[..., end] += 1e4
        return scores

    hook = llama.lm_head.register_forward_hook(prefer_the_end)
    try:
        assert await written(model, "hola") == ""
    finally:
        hook.remove()
    with caplog.at_level(logging.WARNING, "agents.llm.local"):
        LocalModel.of(llama, words, plan=PLAN)
    assert "lack the turn's end" in caplog.text


async def test_eight_at_once_write_what_each_writes_alone(model):
    alone = [await written(model, question) for question in QUESTIONS]
    together = await asyncio.gather(*(written(model, question) for question in QUESTIONS))
    assert together == alone
    assert len(set(alone)) == len(alone)


async def test_a_system_prompt_is_read_once(model, llama):
    """Whole pages of an equal prompt come from the cache: the model is given fewer tokens."""
    seen = []

    def count(_module, args):
        seen.append(args[0].shape[-1])

    system = " ".join(tiny.CORPUS)
    hook = llama.model.embed_tokens.register_forward_pre_hook(count)
    try:
        read = []
        for question in ("hola", "pasaporte"):
            seen.clear()
            messages = ask(question, system)
            async for _ in model.write(messages, max_tokens=2):
                pass
            read.append(max(seen))
    finally:
        hook.remove()
    assert model.count_tokens(ask("pasaporte", system)) > 64
    assert read[1] < 40 < 64 < read[0]


async def test_closing_the_iterator_stops_the_generation(model, llama, monkeypatch):
    """Without a stop the model would write to the context's end, in 470 steps or more."""
    monkeypatch.setattr(model._batcher, "_stop_ids", [-1])
    steps = []
    hook = llama.model.register_forward_pre_hook(lambda *_: steps.append(1))
    stream = model.write(ask("hola"), max_tokens=480)
    await anext(stream)
    scheduler = model._batcher._manager.batch_processor.scheduler
    await stream.aclose()
    for _ in range(500):
        if not scheduler.active_requests and not scheduler.waiting_requests:
            break
        await asyncio.sleep(0.01)
    hook.remove()
    assert not scheduler.active_requests
    assert len(steps) < 200
    assert not model._batcher._router.sinks
    assert await written(model, "hola", 4)


# ------------------------------------------------------------------------------- deciding


async def test_a_decision_is_always_valid(model):
    pytest.importorskip("llguidance", reason=REASON)
    made = [
        await model.decide(ask(f"{seed}: {QUESTIONS[seed % 8]}"), Decision) for seed in range(4)
    ]
    assert all(isinstance(one, Decision) for one in made)


@pytest.mark.parametrize("seed", range(8))
async def test_a_decision_is_valid_whatever_the_weights(words, seed):
    pytest.importorskip("llguidance", reason=REASON)
    made = LocalModel.of(tiny.llama(words, seed), words, plan=PLAN, streams=4, page=16)
    try:
        decided = await made.decide(ask("¿Qué sector?"), Decision)
    finally:
        await made.close()
    assert isinstance(decided.sector, Sector)
    assert len(decided.question) <= 40 and len(decided.words) <= 3


async def test_decisions_and_answers_share_a_batch_without_mixing(model):
    pytest.importorskip("llguidance", reason=REASON)
    alone = await written(model, "hola")
    decision = await model.decide(ask("hola"), Decision)
    both = await asyncio.gather(
        written(model, "hola"), model.decide(ask("hola"), Decision), written(model, "hola")
    )
    assert both == [alone, decision, alone]
    assert not model._batcher._masks._running


async def test_a_decision_that_its_rules_refuse_twice_has_failed(model):
    pytest.importorskip("llguidance", reason=REASON)
    asked = []

    class Never(BaseModel):
        sure: bool

        @field_validator("sure")
        @classmethod
        def refuse(cls, value):
            asked.append(value)
            raise ValueError("no such thing")

    with pytest.raises(DecisionFailed, match="does not fit Never"):
        await model.decide(ask("hola"), Never)
    assert len(asked) == 2


async def test_a_schema_within_itself_is_no_decision(model):
    class Tree(BaseModel):
        leaf: bool
        tree: "Tree | None"

    with pytest.raises(DecisionFailed, match="contains itself"):
        await model.decide(ask("hola"), Tree)


# ------------------------------------------------------------------------------- limits, faults


async def test_the_context_is_a_limit(model):
    assert model.context == 512
    long = " ".join(["trámite"] * 600)
    with pytest.raises(ModelError, match=r"The prompt has \d+ tokens and the model reads 512"):
        await written(model, long)
    nearly = "a" * 800
    while model.count_tokens(ask(nearly)) > 505:
        nearly = nearly[:-1]
    assert model.count_tokens(ask(nearly)) > 490
    await written(model, nearly, 400)  # ends at the context's end, without an error


class Fault:
    """Makes the model's next steps raise."""

    def __init__(self, llama, error, after=0):
        self.error, self.after = error, after
        self.hook = llama.model.register_forward_pre_hook(self)

    def __call__(self, *_):
        self.after -= 1
        if self.after < 0:
            raise self.error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hook.remove()


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
async def test_a_lack_of_memory_fails_one_request_and_the_next_works(model, llama, error):
    before = await written(model, "hola")
    with Fault(llama, error), pytest.raises(ModelUnavailable, match="ran out of memory") as told:
        await written(model, "hola")
    assert "\n" not in str(told.value)
    assert await written(model, "hola") == before


async def test_a_fault_in_the_middle_reaches_every_reader(model, llama):
    with Fault(llama, ValueError("a wire came loose"), after=6):
        ends = await asyncio.gather(
            *(written(model, question) for question in QUESTIONS), return_exceptions=True
        )
    broken = [end for end in ends if isinstance(end, ModelBroken)]
    assert broken and all("a wire came loose" in str(end) for end in broken)
    assert not model._batcher._router.sinks
    assert (await model.health()).ok


async def test_health_says_what_is_wrong(model, llama):
    well = await model.health()
    assert (well.ok, well.model, well.context, well.detail) == (True, "tiny", 512, "float32 on cpu")
    with Fault(llama, ValueError("a wire came loose")):
        ill = await model.health()
    assert not ill.ok and "a wire came loose" in ill.detail


async def test_closing_leaves_no_thread(llama, words):
    def ours():
        return [one for one in threading.enumerate() if one.name == "ventanilla-model"]

    for _ in range(3):
        made = LocalModel.of(llama, words, plan=PLAN, streams=4, page=16)
        reader = asyncio.ensure_future(written(made, "hola", 400))
        for _ in range(500):
            if made._batcher._router.sinks and ours():
                break
            await asyncio.sleep(0.01)
        await made.close()
        with pytest.raises(ModelUnavailable, match="closed"):
            await reader
        assert ours() == []
        with pytest.raises(ModelUnavailable, match="closed"):
            await written(made, "hola")


def test_another_event_loop_may_ask(llama, words):
    made = LocalModel.of(llama, words, plan=PLAN, streams=4, page=16)
    texts = []

    def answer():
        texts.append(asyncio.run(written(made, "hola")))

    threads = [threading.Thread(target=answer) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    asyncio.run(made.close())
    assert len(texts) == 2 and texts[0] == texts[1]


# ------------------------------------------------------------------------------- opening


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.repository(tmp_path_factory.mktemp("repository"))


@pytest.mark.parametrize("weights", ["auto", "fp8", "int4"])
async def test_a_repository_opens_in_each_precision(folder, weights, caplog):
    with caplog.at_level(logging.INFO, "agents.llm.local"):
        made = LocalModel.open(folder, weights=weights, device="cpu", reserve=0, streams=4)
    assert made.detail == f"{'float32' if weights == 'auto' else weights} on cpu"
    assert f"{'bf16' if weights == 'auto' else weights} weights" in caplog.text
    assert await written(made, "hola")
    await made.close()


def test_a_context_beyond_the_configs_is_not_given(folder):
    assert LocalModel.open(folder, device="cpu", context=100000).context == 512
    assert LocalModel.open(folder, device="cpu", context=256).context == 256


def test_a_repository_without_a_template_is_refused(tmp_path):
    words = tiny.tokenizer()
    words.chat_template = None
    tiny.llama(words).save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    with pytest.raises(ModelUnavailable, match="no chat template"):
        LocalModel.open(tmp_path, device="cpu")


def test_a_folder_that_holds_no_model_is_refused(tmp_path):
    with pytest.raises(ModelUnavailable, match="cannot be read") as told:
        LocalModel.open(tmp_path, device="cpu")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_a_missing_package_says_what_to_install(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'ventanilla\[models\]'"):
        LocalModel.open("anything")
