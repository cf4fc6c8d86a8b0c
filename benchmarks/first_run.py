"""Seconds from the first-run click to all seven strips drawn, and to the index.

python benchmarks/first_run.py [--engine mosquitto|amqtt] [--runs 3]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from harit_desktop.domain.channels import CHANNELS  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above
from tests.end_to_end.programs import Window, wait_for  # noqa: E402 - needs the path above


def click_to_life(display: str, engine: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        options = ["--set", f"builtin_broker.engine={engine}", "--set", "builtin_broker.port=22883"]
        with Window(Path(folder) / "data", display, options) as window:
            window.wait("first.simulate", visible=True)
            time.sleep(2)
            began = time.monotonic()
            window.do("click", name="first.simulate")
            for channel in CHANNELS:
                wait_for(lambda c=channel: window.state(f"chart.{c.key}").get("points", 0) > 0)
            strips_s = time.monotonic() - began
            wait_for(lambda: "100" in window.state("label.health.index").get("accessible_name", ""))
            index_s = time.monotonic() - began
            window.close()
    return strips_s, index_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine", choices=("mosquitto", "amqtt"))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    engines = [options.engine] if options.engine else ["mosquitto", "amqtt"]
    with VirtualDisplay() as display:
        for engine in engines:
            for _ in range(options.runs):
                strips_s, index_s = click_to_life(display.name, engine)
                print(f"{engine:10} strips {strips_s:.2f} s   index {index_s:.2f} s")


if __name__ == "__main__":
    main()
