"""compose.yaml keeps what it promises, read as the Compose Specification reads it.

https://github.com/compose-spec/compose-spec/blob/main/spec.md
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
SERVICE_KEYS = {
    *("build", "cap_drop", "command", "depends_on", "deploy", "entrypoint", "environment"),
    *("healthcheck", "image", "init", "networks", "ports", "profiles", "read_only", "restart"),
    *("security_opt", "shm_size", "tmpfs", "volumes"),
}
HEALTHCHECK_KEYS = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
DURATION = re.compile(r"(\d+(h|m|s|ms|us))+")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def services(compose):
    return compose["services"]


@pytest.fixture(scope="module")
def dockerfile(services):
    """The lines of the page's Dockerfile, continuations joined, `$$` read as Compose reads it."""
    text = services["page"]["build"]["dockerfile_inline"].replace("$$", "$")
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_file_speaks_the_specification(compose, services):
    assert compose.keys() <= {"name", "services", "networks", "volumes", "x-model"}
    for name, service in services.items():
        assert service.keys() <= SERVICE_KEYS, name
        assert all(isinstance(value, str) for value in service["environment"].values()), name
        check = service.get("healthcheck", {})
        assert check or name == "fetch", name  # that one runs once and ends
        assert check.keys() <= HEALTHCHECK_KEYS, name
        for key in check.keys() & {"interval", "timeout", "start_period", "start_interval"}:
            assert DURATION.fullmatch(check[key]), (name, key)
        for volume in service["volumes"]:
            assert volume.split(":")[0] in compose["volumes"], name
        assert set(service["networks"]) <= compose["networks"].keys(), name
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy" and "healthcheck" in services[needed]
            assert ("profiles" in services[needed]) == (how.get("required") is False), needed


def test_docker_itself_reads_it():
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not here")
    told = subprocess.run(
        [docker, "compose", "--file", ROOT / "compose.yaml", "config", "--quiet"],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr


def test_qdrant_is_pinned_to_the_client_and_reached_by_the_page_alone(compose, services):
    client = re.search(r"^qdrant-client==(\d+\.\d+)\.", read("constraints.txt"), re.MULTILINE)
    image = services["qdrant"]["image"]
    assert re.fullmatch(rf"qdrant/qdrant:v{re.escape(client[1])}\.\d+", image), image
    assert "ports" not in services["qdrant"]
    assert services["qdrant"]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True
    assert services["qdrant"]["environment"]["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert "qdrant:6333" in services["page"]["environment"]["VENTANILLA_QDRANT_URL"]


def test_the_page_is_published_on_this_machine_alone_and_runs_confined(services):
    page = services["page"]
    assert page["ports"] == ["${VENTANILLA_PUBLISH:-127.0.0.1:7860}:7860"]
    assert page["read_only"] is True
    assert page["cap_drop"] == ["ALL"]
    for service in services.values():
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["restart"] == (
            "no" if service.get("profiles") == ["fetch"] else "unless-stopped"
        )


def test_what_the_page_writes_lies_in_its_volume(services):
    page = services["page"]
    assert page["environment"]["VENTANILLA_HOME"] == "/data"
    assert "home:/data" in page["volumes"]


def test_the_settings_given_are_settings(services):
    from ui.settings import read_settings

    settings = read_settings(interpolated(services["page"]["environment"]))
    assert (settings.host, settings.port) == ("0.0.0.0", 7860)
    assert settings.qdrant_url == "http://qdrant:6333"
    given = services["page"]["environment"].keys()
    assert {
        name.removeprefix("VENTANILLA_").lower() for name in given
    } <= settings.model_dump().keys()


def test_the_image_holds_the_rooms_and_an_unprivileged_user(dockerfile):
    copied = [word for line in dockerfile if line.startswith("COPY") for word in line.split()[1:-1]]
    assert {"sources", "retrieval", "agents", "ui"} <= set(copied)
    let_in = set(re.findall(r"^!(.+)$", read(".dockerignore"), re.MULTILINE))
    assert set(copied) == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert dockerfile[0].startswith("FROM python:3.11")
    users = [line.split()[1] for line in dockerfile if line.startswith("USER")]
    assert users == ["ventanilla"]
    assert dockerfile.index("USER ventanilla") > max(
        number for number, line in enumerate(dockerfile) if line.startswith(("RUN", "COPY"))
    )


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not here")
def test_the_check_of_qdrant_tells_ready_from_not_ready(services):
    """Runs the very command against a server that answers as Qdrant does."""
    import http.server
    import threading

    class Answer(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            self.send_response(self.status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _, *command = services["qdrant"]["healthcheck"]["test"]
    command[-1] = command[-1].replace("/6333", f"/{server.server_port}")

    def healthy():
        return subprocess.run(command, capture_output=True, timeout=5).returncode == 0

    assert healthy()
    Answer.status = 503
    assert not healthy()
    server.shutdown()
    server.server_close()
    assert not healthy()


def interpolated(values, **given):
    """Values as Compose fills them in: ${NAME:-default}."""

    def fill(match):
        return given.get(match[1], match[2])

    return {key: re.sub(r"\$\{(\w+):-([^}]*)\}", fill, value) for key, value in values.items()}


def test_the_page_finds_the_model_that_a_profile_starts(services):
    from agents.llm import LATAM_GPT
    from ui.settings import read_settings

    page = services["page"]["environment"]
    assert read_settings(interpolated(page)).model_backend == "extractive"
    settings = read_settings(interpolated(page, VENTANILLA_MODEL_BACKEND="server"))
    assert (settings.model_backend, settings.model) == ("server", LATAM_GPT)
    host = re.fullmatch(r"http://(\w+):8000/v1", settings.model_url)[1]
    for name, profile in (("model", "gpu"), ("small-model", "gpu-small")):
        service = services[name]
        assert service["profiles"] == [profile]
        assert service["networks"] == {"inside": {"aliases": [host]}}  # it can reach nobody
        assert service["environment"]["HF_HUB_OFFLINE"] == "1"
        assert "--enable-prefix-caching" in service["command"]
        assert "--kv-cache-dtype=fp8" in service["command"]
        devices = service["deploy"]["resources"]["reservations"]["devices"]
        assert [device["capabilities"] for device in devices] == [["gpu"]]
    latam = " ".join(interpolated(dict(enumerate(services["model"]["command"]))).values())
    assert f"--model={LATAM_GPT} --quantization=fp8" in latam
    assert f"--max-model-len={settings.model_context} " in latam
    two = interpolated(dict(enumerate(services["model"]["command"])), VENTANILLA_CARDS="2")
    assert "--tensor-parallel-size=2" in two.values()


def test_the_model_is_fetched_into_the_volume_that_it_is_served_from(services):
    from agents.llm import LATAM_GPT

    fetch = services["fetch"]
    assert fetch["image"] == services["model"]["image"] == services["small-model"]["image"]
    assert fetch["volumes"] == services["model"]["volumes"] == services["small-model"]["volumes"]
    assert fetch["networks"] == ["outside"]
    assert LATAM_GPT in interpolated({"what": fetch["entrypoint"][-1]})["what"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")
