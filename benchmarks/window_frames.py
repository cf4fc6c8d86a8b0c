"""How long the main thread works for one frame: seven strips, eight devices, ten beats a second.

    python benchmarks/window_frames.py [--seconds 30] [--rate 80] [--devices 8] [--offscreen]

The real window under Xvfb with software rendering, on a store with a day of readings of every
15 s, while a reading of each device comes in with every beat. A frame lasts from the beat of
the window's clock until the next: texts, charts, layout and painting, which Qt does in turns of
the event loop of their own. Its processor time is that of the main thread, which is idle in
between; a turn is how long the window cannot answer. Measured with a day in view, in which the
charts move by a pixel once a minute, and with fifteen minutes, in which they move with every
second. "own" leaves out the time for which the machine had no processor for the thread. What
measures costs two milliseconds of each frame.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from benchmarks import harness, window_farm, window_sensors  # noqa: E402 - needs the path above
from benchmarks.window_runner import Stopwatch, WindowRun, line  # noqa: E402 - needs the path above
from tests.displays import VirtualDisplay  # noqa: E402 - needs the path above
from tests.servers import MosquittoServer  # noqa: E402 - needs the path above

FARM_ROWS = 46_080
WARM_UP_S = 8.0
RANGES = ("24h", "15m")


class FrameRun(WindowRun):
    """`frames` are from one beat of the clock to the next."""

    def _beat(self, beat: Callable[[], None]) -> None:
        if self._frame is None:
            self._frame = Stopwatch()
        else:
            self.frames.append(self._frame.lap())
        beat()

    def _end_frame(self) -> None:
        """A frame does not end with a pause of the event loop: Qt paints after one."""


def measure(seconds: float, rate: float, devices: int, port: int) -> None:
    """The run itself, in this process."""

    def work(run: WindowRun) -> None:
        harness.connected(run.engine)
        length_s = len(RANGES) * (seconds + WARM_UP_S) + 5
        sensors = window_sensors.start(port, rate=rate, seconds=length_s, devices=devices)
        for key in RANGES:
            run.on_main(lambda window, key=key: window.presenter.set_range(key))
            time.sleep(WARM_UP_S)
            run.reset()
            time.sleep(seconds)
            frames, turns = list(run.frames), list(run.turns)
            print(f"{key} in view, {len(frames) / seconds:.1f} frames a second")
            print(line("  frame, processor", [frame.processor_s for frame in frames]))
            print(line("  turn of the event loop, own", [turn.own_s for turn in turns]))
            print(line("  turn, processor", [turn.processor_s for turn in turns]))
        sensors.stop()

    with tempfile.TemporaryDirectory() as folder:
        farm = window_farm.make(Path(folder), FARM_ROWS)
        FrameRun(harness.build(farm, port), work).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=30, help="for each of the two ranges")
    parser.add_argument("--rate", type=float, default=80, help="messages a second in all")
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--offscreen", action="store_true", help="no X server for the window")
    options = parser.parse_args()
    with (
        nullcontext() if options.offscreen else VirtualDisplay(1920, 1080) as display,
        MosquittoServer() as broker,
    ):
        shown = {"DISPLAY": display.name} if display else {}
        os.environ |= {"QT_QPA_PLATFORM": "xcb" if display else "offscreen"} | shown
        measure(options.seconds, options.rate, options.devices, broker.port)


if __name__ == "__main__":
    main()
