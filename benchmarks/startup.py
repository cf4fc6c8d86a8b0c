"""Time from process start to the window on the screen, and what `dev.py run` adds.

    python benchmarks/startup.py [--runs 7]

Under a virtual display, with nothing configured. "Shown" is when the X server maps the
window, seen from outside by polling every 5 ms.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.displays import VirtualDisplay  # noqa: E402 - needs the repository on the path


def seconds_to_window(command: list[str], display: str) -> float:
    """Starts `command`, waits for its window, ends it; the seconds until it was mapped."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, "--data-dir", folder],
            env=os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
            cwd=REPOSITORY,
            stderr=subprocess.DEVNULL,
        )
        search = ["xdotool", "search", "--onlyvisible", "--name", "Harit Desktop"]
        try:
            while time.monotonic() - began < 60:
                found = subprocess.run(
                    search, env=os.environ | {"DISPLAY": display}, capture_output=True, check=False
                )
                if found.stdout.strip():
                    return time.monotonic() - began
                time.sleep(0.005)
            raise RuntimeError("no window within 60 s")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    commands = {
        "python -m harit_desktop": [sys.executable, "-m", "harit_desktop"],
        "python3 build_scripts/dev.py run": ["python3", "build_scripts/dev.py", "run"],
    }
    with VirtualDisplay() as display:
        for name, command in commands.items():
            seconds_to_window(command, display.name)
            times = sorted(seconds_to_window(command, display.name) for _ in range(runs))
            print(
                f"{name:36} median {statistics.median(times):.2f} s"
                f"   best {times[0]:.2f} s   worst {times[-1]:.2f} s"
            )


if __name__ == "__main__":
    main()
