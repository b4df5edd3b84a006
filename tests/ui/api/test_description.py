"""What the API says of itself is whole and true: schemathesis asks it all kinds of things."""

import re
import time
from collections import Counter

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.ui.api.conftest import running, with_settings
from ui.problems import KINDS, MEDIA_TYPE
from ui.usage.recorder import recording

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance, response_headers_conformance, negative_data_rejection,
]  # fmt: skip
EXAMPLES = 20
LONGEST_S = 30
"""Seconds for each kind of request; what is left then is not asked."""


CHANNEL = {
    f"channel_{name}": "https://channel.example" if name == "url" else "x"
    for name in ("url", "phone", "token", "secret", "verify")
}


@pytest.fixture(scope="module")
def url(house, tmp_path_factory):
    """The API with everything on that can be."""
    home = tmp_path_factory.mktemp("all")
    full = with_settings(house, **CHANNEL, home=home)
    with (
        recording(full.settings, lambda line: None, lambda document_id, tenants: None) as usage,
        running(full, usage=usage) as (address, _),
    ):
        yield address


def ask_all(operation, mode, seen, until):
    """Asks one endpoint for what `mode` generates, and counts how it answered."""

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        if time.monotonic() < until:
            told = case.call_and_validate(checks=CHECKS)
            seen[operation.label, told.status_code] += 1

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_answer_is_one_that_is_described(url, mode):
    """Of every endpoint: what its description allows, and what it forbids."""
    description = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    until, seen = time.monotonic() + LONGEST_S, Counter()
    for found in description.get_all_operations():
        operation = found.ok()
        try:
            ask_all(operation, mode, seen, until)
        except Unsatisfiable:  # what takes nothing cannot be given anything wrong
            assert mode is GenerationMode.NEGATIVE and "requestBody" not in operation.definition.raw
    asked = {label for label, _ in seen}
    assert {"POST /api/ask", "POST /api/search", "POST /v1/chat/completions"} <= asked
    if mode is GenerationMode.POSITIVE:
        assert seen["POST /api/ask", 200] and seen["GET /v1/models", 200] and len(asked) > 10
    else:
        assert seen["POST /api/ask", 422]


@pytest.fixture(scope="module")
def schema(url):
    return httpx.get(f"{url}/api/openapi.json", trust_env=False).json()


def operations(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_every_endpoint_says_what_it_does_and_how_it_fails(schema):
    named = dict(operations(schema))
    assert {"post /api/ask", "post /api/search", "get /api/sources", "get /api/tools",
            "get /api/health", "get /api/ready", "get /api/version",
            "post /v1/chat/completions", "get /v1/models"} <= named.keys()  # fmt: skip
    for name, operation in named.items():
        assert operation.get("description"), name
        assert operation.get("tags"), name
        failures = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert {"400", "422", "500"} <= failures.keys(), name
        for told in failures.values():
            assert told["description"]
            assert list(told["content"]) == [MEDIA_TYPE], name
            for example in told["content"][MEDIA_TYPE]["examples"].values():
                assert example["value"]["type"] in {kind.type for kind in KINDS.values()}
    for name in ("post /api/ask", "post /v1/chat/completions"):
        content = named[name]["responses"]["200"]["content"]
        assert content.keys() == {"application/json", "text/event-stream"}
    assert "/api/local/hello" not in schema["paths"]


def test_the_page_asks_no_other_host(url):
    told = httpx.get(f"{url}/api/docs", trust_env=False)
    assert "<script" not in told.text
    assert re.findall(r"(?:src|href)=\"?([^\s\">]+)", told.text) == ["/api/openapi.json"]
    assert "default-src 'none'" in told.headers["content-security-policy"]
    assert "POST /api/ask" in told.text
    for kind in KINDS.values():
        assert f'id="{kind.type.partition("#")[2]}"' in told.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("GET", "/v1/embeddings", 404), ("GET", "/api/ask", 405),
     ("DELETE", "/v1/models", 405), ("POST", "/api/tools/nothing", 404),
     ("GET", "/v1/models/gpt-5", 404), ("POST", "/api/ask", 422)],
)  # fmt: skip
def test_every_error_is_a_problem(url, method, path, status):
    body = {"arguments": {}} if path.startswith("/api/tools") else {"question": 5}
    body = body if method == "POST" else None
    told = httpx.request(method, url + path, json=body, trust_env=False)
    assert (told.status_code, told.headers["content-type"]) == (status, MEDIA_TYPE)
    problem = told.json()
    assert problem["status"] == status and problem["title"] and "\n" not in problem["detail"]
    if status == 405:
        assert told.headers["allow"]
    if status == 422:
        assert problem["errors"][0]["pointer"] == "/body/question"
    assert ("error" in problem) is path.startswith("/v1/")


def test_state_is_told_without_a_limit(url):
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.get("/api/ready").json() == {
            "status": "ready", "model": None, "model_answers": None,
        }  # fmt: skip
        assert client.get("/api/version").json()["version"]
        assert "ratelimit-limit" not in client.get("/api/health").headers
