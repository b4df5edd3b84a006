"""The benchmark of the local backend runs, in small, on a CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra `models` is not installed")
pytest.importorskip("transformers", reason="the extra `models` is not installed")

ROOT = Path(__file__).resolve().parents[3]


def bench(*arguments):
    return subprocess.run(
        [sys.executable, "tests/bench/llm.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("weights", ["auto", "int4"])
def test_tiny_shapes_give_every_figure(weights):
    done = bench("--shapes", "tiny", "--device", "cpu", "--weights", weights)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["bench"] == "llm" and report["card"] == "CPU"
    for backend in ("local", "generate"):
        assert set(report[backend]["first_token_ms"]) == {"64", "128", "256"}
        assert all(rate > 0 for rate in report[backend]["decode_tokens_s"].values())
    assert set(report["limit"]["decode_tokens_s"]) == {"1", "4", "8"}
    assert report["local"]["cache_tokens"] > 0


def test_latam_shapes_without_a_card_are_refused_in_one_line():
    done = bench("--shapes", "latam")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.strip().splitlines() == [
        "llm: no CUDA card here; `--shapes tiny` runs the script on a CPU."
    ]
