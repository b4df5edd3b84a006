"""The benchmark of the server backend's overhead runs, in small."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_every_figure_is_there():
    done = subprocess.run(
        [sys.executable, "tests/bench/llm_overhead.py", "--tokens", "5", "--rate", "100",
         "--rounds", "2", "--streams", "4"],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["bench"] == "llm_overhead"
    for streams in ("streams_1", "streams_4"):
        for way in ("httpx2", "server"):
            assert all(figure > 0 for figure in report[streams][way].values())
        assert isinstance(report[streams]["reached"], bool)
