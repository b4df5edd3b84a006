"""A double of vLLM's OpenAI server on this machine, with every fault that a server can have.

    async with Double() as double:
        double.next(status=503), double.next(text="Hola")   # for the next two chat requests
        ...
        assert double.requests[0]["body"]["stream"] and double.open == 0

As a program it prints its address and serves until it is ended:

    python tests/agents/llm/double.py --tokens 200 --rate 50
"""

import argparse
import asyncio
import contextlib
import json
import threading
from dataclasses import dataclass, field

MODEL = "latam-gpt/Llama-3.1-70B-LatamGPT-SFT-1.0"
STOPS = [128009, 128001, 128008]
LOOPING = "síassistant\n\nsíassistant\n\nsíassistant"
NEVER = 3600.0
TOO_LONG = (
    "This model's maximum context length is 8192 tokens. However, you requested 700 output tokens "
    "and your prompt contains at least 7900 input tokens, for a total of at least 8600 tokens. "
    "Please reduce the length of the input prompt or the number of requested output tokens."
)


class Left(Exception):
    """The client closed its connection in the middle of a response."""


@dataclass
class Plan:
    """How one chat request is answered."""

    text: str | None = None
    status: int = 200
    message: str = "broken on purpose"
    headers: dict = field(default_factory=dict)
    before: float = 0.0  # seconds before the response's first byte
    first: float = 0.0  # … between its head and the first token
    pause: float = 0.0  # … between tokens
    pause_after: int = 0  # tokens that come without a pause
    cut: int | None = None  # tokens after which the connection breaks
    finish: str | None = "stop"
    done: bool = True  # whether [DONE] is sent
    raw: str | None = None  # sent as an event in place of the second token
    body: str | None = None  # sent in place of any JSON
    kind: str = "application/json"
    prompt_tokens: int = 25


class Double:
    """The server; attributes may be changed at any time."""

    def __init__(self, text="Cuesta $ 8.500 y dura cinco años.", decision='{"sure":true}'):
        self.text, self.decision = text, decision
        self.models = {MODEL: 8192}
        self.lists_models = True
        self.key = None
        self.rejects = set()  # fields that give a 400
        self.names_field = True  # … whether its message names the field
        self.needs_stops = False  # loops on "assistant" unless told how turns end
        self.always = None
        self.requests = []
        self.open = self.most_open = self.accepted = self.left = 0
        self._plans = []
        self._tasks = set()

    def next(self, **plan):
        self._plans.append(Plan(**plan))
        return self

    @property
    def chats(self):
        """The bodies of the chat requests so far."""
        return [r["body"] for r in self.requests if r["path"].endswith("/chat/completions")]

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def idle(self, seconds=5.0):
        """Waits until no connection is open."""
        async with asyncio.timeout(seconds):
            while self.open:  # noqa: ASYNC110 – connections are counted in many places
                await asyncio.sleep(0.005)

    async def _serve(self, reader, writer):
        self._tasks.add(task := asyncio.current_task())
        self.open += 1
        self.accepted += 1
        self.most_open = max(self.most_open, self.open)
        try:
            while await self._exchange(reader, writer):
                pass
        except (Left, ConnectionError):
            self.left += 1
        except asyncio.CancelledError:
            pass  # the double is closing
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _exchange(self, reader, writer):
        """One request and its response; False where the connection ends after it."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return False
        lines = head.split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:] if line)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or "{}")
        path = lines[0].split()[1]
        self.requests.append({"path": path, "headers": headers, "body": body})
        answer = Exchange(reader, writer)
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            said = f"Incorrect API key provided: {headers.get('authorization')}"
            return await answer.error(401, said)
        if path.endswith("/models") and self.lists_models:
            models = [{"id": m, "object": "model", "created": 0, "owned_by": "vllm",
                       "max_model_len": n} for m, n in self.models.items()]  # fmt: skip
            return await answer.json(200, {"object": "list", "data": models})
        if not path.endswith("/chat/completions"):
            return await answer.error(404, "Not Found")
        return await self._chat(answer, body)

    async def _chat(self, answer, body):
        plan = self._plans.pop(0) if self._plans else self.always or Plan()
        await answer.wait(plan.before)
        if plan.body is not None:
            return await answer.send(plan.status, plan.body, plan.headers, plan.kind)
        if plan.status != 200:
            return await answer.error(plan.status, plan.message, plan.headers)
        if body["model"] not in self.models:
            return await answer.error(404, f"The model `{body['model']}` does not exist.")
        if rejected := self.rejects & set(body):
            which = rejected.pop() if self.names_field else "a field"
            return await answer.error(400, f"Extra inputs are not permitted: {which}")
        text, finish = plan.text, plan.finish
        if text is None:
            text = self.decision if "response_format" in body else self.text
        if self.needs_stops and body.get("stop_token_ids") != STOPS:
            text, finish = LOOPING, "length"
        usage = {"prompt_tokens": plan.prompt_tokens, "completion_tokens": 9, "total_tokens": 34}
        if not body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": text},
                      "finish_reason": finish}  # fmt: skip
            return await answer.json(200, {**SHAPE, "choices": [choice], "usage": usage})
        return await self._stream(answer, plan, text, finish, usage, body)

    async def _stream(self, answer, plan, text, finish, usage, body):
        await answer.begin_stream()
        await answer.event(chunk({"role": "assistant", "content": ""}))
        due = asyncio.get_running_loop().time() + plan.first
        for number, token in enumerate(tokens(text)):
            await answer.wait_until(due)
            if number == plan.cut:
                return False  # without the last chunk of HTTP
            if number == 1 and plan.raw is not None:
                await answer.event(plan.raw)
            await answer.event(chunk({"content": token}))
            due += plan.pause if number + 1 >= plan.pause_after else 0
        if finish:
            await answer.event(chunk({}, finish))
        if (body.get("stream_options") or {}).get("include_usage"):
            await answer.event(json.dumps({**SHAPE, "choices": [], "usage": usage}))
        if plan.done:
            await answer.event("[DONE]")
        return await answer.end_stream()


SHAPE = {"id": "chat-1", "object": "chat.completion", "created": 0, "model": MODEL}


def tokens(text):
    """Words, each with the space before it."""
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])] if text else []


def chunk(delta, finish=None):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({**SHAPE, "object": "chat.completion.chunk", "choices": [choice]})


class Exchange:
    """Writes one response, and notices when the client leaves."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer

    async def wait(self, seconds):
        await self.wait_until(asyncio.get_running_loop().time() + seconds)

    async def wait_until(self, due):
        """Waits; a client that sends nothing more but its end has left."""
        seconds = due - asyncio.get_running_loop().time()
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._reader.read(1)
        except TimeoutError:
            return
        raise Left

    async def send(self, status, text, headers=None, kind="application/json"):
        content = text.encode()
        told = {"content-type": kind, "content-length": len(content), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)
        await self._writer.drain()
        return True

    async def json(self, status, value, headers=None):
        return await self.send(status, json.dumps(value), headers)

    async def error(self, status, message, headers=None):
        value = {"error": {"message": message, "type": "Error", "param": None, "code": status}}
        return await self.json(status, value, headers)

    async def begin_stream(self):
        self._writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        await self._writer.drain()

    async def event(self, text):
        data = f"data: {text}\n\n".encode()
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end_stream(self):
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()
        return True


@contextlib.contextmanager
def in_a_thread():
    """A double with an event loop of its own, for clients that come with several."""
    ready, double, stop = threading.Event(), Double(), None

    async def serve():
        nonlocal stop
        stop = asyncio.Event()
        double.loop = asyncio.get_running_loop()
        async with double:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield double
    finally:
        double.loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def main():
    parser = argparse.ArgumentParser(description="A double of an OpenAI-compatible server.")
    parser.add_argument("--tokens", type=int, default=200, help="tokens in every answer")
    parser.add_argument("--rate", type=float, default=50.0, help="tokens per second")
    options = parser.parse_args()
    async with Double(text=" ".join(["palabra"] * options.tokens)) as double:
        double.always = Plan(first=1 / options.rate, pause=1 / options.rate)
        print(double.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
