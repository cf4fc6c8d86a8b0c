"""The real window in the calling process, with a thread beside it that measures."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine
    from harit_desktop.ui.main_window import MainWindow

TURN_MS = 10
START_MS = 2500
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


class Span(NamedTuple):
    """A stretch of the main thread's time in seconds: by the clock on the wall, without the
    time for which the machine had no processor for it (where the system tells), and the
    processor time it used."""

    wall_s: float
    own_s: float
    processor_s: float


class Stopwatch:
    """Measures stretches of the thread that makes it."""

    def __init__(self) -> None:
        self._began = _instants()

    def lap(self) -> Span:
        """The time since the last lap."""
        now, before = _instants(), self._began
        self._began = now
        wall_s = now[0] - before[0]
        return Span(wall_s, wall_s - (now[1] - before[1]), now[2] - before[2])


def _instants() -> tuple[float, float, float]:
    queued_s = int(_SCHEDSTAT.read_text().split()[1]) / 1e9 if _SCHEDSTAT.exists() else 0.0
    return time.monotonic(), queued_s, time.thread_time()


class WindowRun:
    """Runs the window until `work`, on a thread of its own, is done.

    `work` may read `turns` (stretches between two beats of a timer) and `frames` (from a beat
    of the window's clock until the event loop has nothing more to do), and empty them.
    """

    def __init__(self, engine: Engine, work: Callable[[WindowRun], None]) -> None:
        self.engine = engine
        self.turns: list[Span] = []
        self.frames: list[Span] = []
        self._work = work
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._turn: Stopwatch | None = None
        self._frame: Stopwatch | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run_work, name="measures", daemon=True)

    def run(self) -> None:
        """Shows the window; raises what `work` raised."""
        from PySide6.QtWidgets import QApplication

        from harit_desktop.ui.application import run_application

        run_loop = QApplication.exec

        def exec_measured(*_: object) -> int:
            self._install()
            return run_loop()

        QApplication.exec = exec_measured  # type: ignore[method-assign]  # to add the timers
        try:
            run_application(self.engine)
        finally:
            QApplication.exec = run_loop  # type: ignore[method-assign]  # as it was
        self._thread.join(10)
        if self._error is not None:
            raise self._error

    def on_main(self, work: Callable[[MainWindow], Any]) -> Any:
        """Runs something on the main thread; waits for its answer."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._asked.put(lambda: answers.put(work(self._window())))
        return answers.get(timeout=60)

    def reset(self) -> None:
        """Forgets what was measured until now."""
        self.on_main(lambda _: (self.turns.clear(), self.frames.clear()))

    def _run_work(self) -> None:
        try:
            self._work(self)
        except BaseException as error:  # noqa: BLE001 - raised again where the run began
            self._error = error

    def _install(self) -> None:
        from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QTimer

        from harit_desktop.ui.frame_clock import FrameClock

        app = QCoreApplication.instance()
        timer = QTimer(app)
        timer.timeout.connect(self._take_turn)
        timer.start(TURN_MS)
        QTimer.singleShot(START_MS, app, self._thread.start)
        for clock in self._window().findChildren(FrameClock):
            beat = clock.beat
            clock._timer.timeout.disconnect()
            clock._timer.timeout.connect(lambda beat=beat: self._beat(beat))
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._end_frame)

    def _beat(self, beat: Callable[[], None]) -> None:
        self._frame = Stopwatch()
        beat()

    def _end_frame(self) -> None:
        if self._frame is not None:
            self.frames.append(self._frame.lap())
            self._frame = None

    def _take_turn(self) -> None:
        if self._turn is not None:
            self.turns.append(self._turn.lap())
        else:
            self._turn = Stopwatch()
        while not self._asked.empty():
            self._asked.get()()
        if self._thread.ident is not None and not self._thread.is_alive():
            self._window().quit()

    def _window(self) -> MainWindow:
        from PySide6.QtWidgets import QApplication

        from harit_desktop.ui.main_window import MainWindow

        return next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))


def percentile(values: Sequence[float], share: float) -> float:
    """0 where there are no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def line(name: str, values_s: Sequence[float]) -> str:
    """The usual figures of some stretches, in milliseconds."""
    parts = [f"{label} {percentile(values_s, share) * 1000:7.1f}" for label, share in _SHARES]
    return f"{name:34} {'   '.join(parts)} ms   ({len(values_s)})"


_SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
