"""The Qt application around the main window: start, signals, screenshot, orderly end."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QTimer
from PySide6.QtWidgets import QApplication

from harit_desktop import __version__
from harit_desktop.ui.fonts import load_fonts
from harit_desktop.ui.garbage import MainThreadCollector
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.theme import ThemeController
from harit_desktop.ui.words import use_grouping

if TYPE_CHECKING:
    from harit_desktop.runtime.engine import Engine

STOP_DEADLINE_S = 4.5
END_POLL_MS = 20


@dataclass(frozen=True)
class Screenshot:
    """What to render to which file, and how many seconds after the start."""

    file: Path
    after_s: float
    size: tuple[int, int]
    view: str


class _Shutdown(QObject):
    """Stops the engine off the main thread once the last window is closed, then quits."""

    def __init__(self, app: QApplication, engine: Engine) -> None:
        super().__init__(app)
        self._app = app
        self._thread = threading.Thread(
            target=engine.stop, args=(STOP_DEADLINE_S,), name="shutdown", daemon=True
        )
        self._poll = QTimer(self)
        self._poll.timeout.connect(self._quit_when_stopped)
        self._began = False

    def begin(self) -> None:
        if not self._began:
            self._began = True
            self._thread.start()
            self._poll.start(END_POLL_MS)

    def _quit_when_stopped(self) -> None:
        if not self._thread.is_alive():
            self._app.quit()


def run_application(engine: Engine, screenshot: Screenshot | None = None) -> int:
    """Shows the window and runs until it is closed; returns the exit code."""
    QApplication.setDesktopFileName("harit-desktop")
    app = QApplication([sys.argv[0]])
    app.setApplicationName("harit-desktop")
    app.setApplicationVersion(__version__)
    app.setQuitOnLastWindowClosed(False)
    use_grouping(QLocale.system())
    load_fonts()
    settings = engine.settings.ui
    theme = ThemeController(app, settings.theme, settings.text_size / 100)
    window = MainWindow(engine, theme)
    shutdown = _Shutdown(app, engine)
    # A window that was hidden in the tray is not closed, and a closed dialog is no end.
    window.closing.ended.connect(shutdown.begin)
    app.commitDataRequest.connect(window.closing.session_ends)
    if screenshot is not None:
        window.resize(*screenshot.size)
    if settings.start_in_tray:
        window.attach_tray()
    if screenshot is None and window.closing.hides_at_start:
        window.start_hidden()
    else:
        window.show()
    QTimer.singleShot(0, window, lambda: _after_first_paint(app, window, engine))
    _close_on_signals(window)
    code = 0
    if screenshot is not None:

        def take() -> None:
            nonlocal code
            code = 0 if window.take_screenshot(screenshot.file, screenshot.view) else 1
            window.quit()

        QTimer.singleShot(round(screenshot.after_s * 1000), window, take)
    collector = MainThreadCollector(app)
    app.exec()
    collector.end()
    return code


def _after_first_paint(app: QApplication, window: MainWindow, engine: Engine) -> None:
    """What may wait until the window is on the screen."""
    from harit_desktop.ui.instance_server import InstanceServer

    engine.start()
    window.attach_tray()
    server = InstanceServer(engine.paths.instance_name(), app)
    server.raise_asked.connect(window.raise_to_front)


def _close_on_signals(window: MainWindow) -> None:
    """SIGTERM and SIGINT end the program as File > Quit does.

    Python runs the handler between two bytecodes: the frame clock's timer gives it one.
    """

    def close(_signal: int, _frame: object) -> None:
        QTimer.singleShot(0, window, window.quit)

    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGTERM, close)
        signal.signal(signal.SIGINT, close)
