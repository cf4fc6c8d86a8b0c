"""Hours of readings, in a short time, do not make the window grow."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.end_to_end.programs import REPOSITORY, environment

pytestmark = [pytest.mark.e2e, pytest.mark.broker, pytest.mark.slow]

MOST_GROWTH = 1.10
"""Of the second half. Rings and logs are filled in the first one; what a page of the window
keeps of each reading for good would add a third."""


def test_the_second_half_of_eight_hours_adds_little() -> None:
    """As `benchmarks/window_hours.py`: the program's clock goes fast, and so do three probes."""
    script = REPOSITORY / "benchmarks" / "window_hours.py"
    done = subprocess.run(
        [sys.executable, script, "--json", "--offscreen", "--minutes-real=0.6", "--interval=2"],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["stored"] == figures["confirmed"] > 40_000
    memory_mb = figures["memory_mb"]
    assert len(memory_mb) >= 9, "measured at each hour"
    assert memory_mb[-1] / memory_mb[len(memory_mb) // 2] < MOST_GROWTH, memory_mb
