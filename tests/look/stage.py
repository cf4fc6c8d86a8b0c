"""The window on a screen that nobody sees, with an engine whose state a scene can stage."""

from __future__ import annotations

import faulthandler
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QItemSelectionModel, QTimer
from PySide6.QtWidgets import QApplication, QTableView, QWidget

from harit_desktop.app import build_engine
from harit_desktop.domain.device_book import DeviceRecord
from harit_desktop.domain.status import EngineStatus, LinkState, LinkStatus
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.commands import SaveDevice
from harit_desktop.runtime.engine import Engine
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.store import SettingsStore
from harit_desktop.ui.main_window import MainWindow
from harit_desktop.ui.theme import ThemeController
from tests.look.farm import NAMES, fresh_reading
from tests.ui.deliveries import deliver

WAIT_S = 15.0
SETTLE_S = 0.12
HOST = "192.168.1.20"


class StallWatch:
    """Notes the longest time for which the event loop did not turn, and where it was.

    Time in which other programs had the processor is not counted, where the system tells it.
    """

    BEAT_MS = 10
    SHOWN_S = 0.4

    def __init__(self) -> None:
        self.longest_s = 0.0
        self.where = ""
        self._main = threading.main_thread().ident or 0
        self._queue = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._beat_s, self._queued_s = time.monotonic(), self._queued()
        self._armed = self._over = False
        self._timer = QTimer()
        self._timer.timeout.connect(self._note)
        self._timer.start(self.BEAT_MS)
        self._thread = threading.Thread(target=self._run, name="stall watch", daemon=True)
        self._thread.start()

    def arm(self) -> None:
        self.longest_s, self.where = 0.0, ""
        self._beat_s, self._queued_s = time.monotonic(), self._queued()
        self._armed = True

    def disarm(self) -> None:
        self._note()
        self._armed = False

    def end(self) -> None:
        self._over = True
        self._timer.stop()
        self._thread.join(2)

    def _note(self) -> None:
        now_s, queued_s = time.monotonic(), self._queued()
        if self._armed:
            stuck_s = now_s - self._beat_s - (queued_s - self._queued_s)
            self.longest_s = max(self.longest_s, stuck_s)
        self._beat_s, self._queued_s = now_s, queued_s

    def _queued(self) -> float:
        """Seconds for which the main thread was ready and had no processor."""
        try:
            return int(self._queue.read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def _run(self) -> None:
        while not self._over:
            time.sleep(0.05)
            stuck_s = time.monotonic() - self._beat_s
            if self._armed and stuck_s > max(self.longest_s, self.SHOWN_S):
                self.where = self._where()

    def _where(self) -> str:
        """The innermost lines of ours. Read by faulthandler: frames of a running thread must
        not be touched as objects."""
        with tempfile.TemporaryFile("w+") as file:
            faulthandler.dump_traceback(file)
            file.seek(0)
            threads = file.read().split("\n\n")
        main = next((one for one in threads if f"{self._main:x} " in one.split("\n")[0]), "")
        lines = [line for line in main.split("\n") if "/harit_desktop/" in line]
        inner = (line.partition("/harit_desktop/")[2].replace('", line', "") for line in lines[:3])
        return " < ".join(inner)


class Stage:
    """A window around an engine on a folder. `status` stands in for what the engine says."""

    def __init__(
        self, theme: ThemeController, folder: Path, size: tuple[int, int], **settings: Any
    ) -> None:
        self.theme = theme
        self.folder = folder
        self.engine = _make_engine(folder, theme, settings)
        self.window = MainWindow(self.engine, theme)
        self.window.resize(*size)
        self.window.show()
        self.window.activateWindow()
        self.engine.start()
        self.until(lambda: self.engine.snapshot().store.opened)

    def until(self, holds: Callable[[], Any], wait_s: float = WAIT_S) -> None:
        """Turns the event loop until something holds."""
        ends_s = time.monotonic() + wait_s
        while not holds():
            if time.monotonic() > ends_s:
                raise TimeoutError(f"not within {wait_s:.0f} s: {holds}")
            self.turn()

    def turn(self) -> None:
        QApplication.processEvents()
        time.sleep(0.004)

    def settle(self) -> None:
        """Lets what was opened be laid out and drawn."""
        self.window.presenter.refresh()
        ends_s = time.monotonic() + SETTLE_S
        while time.monotonic() < ends_s:
            self.turn()
        self.until(lambda: not self._reads())

    def _reads(self) -> bool:
        page = self.window.presenter.history.page
        return page is not None and page.isVisible() and page.busy

    def fill(self) -> None:
        """Names the devices, brings fresh readings and one message nobody can read."""
        for publisher_id, name in NAMES.items():
            zone = "Canal block" if publisher_id != "soil-01" else ""
            self.engine.submit(SaveDevice(DeviceRecord(publisher_id, name, zone)))
        fresh = [fresh_reading("soil-01"), fresh_reading("soil-02", 24.0)]
        deliver(self.engine, [*fresh, b"{oops", b'{"level": 3}'])
        self.until(lambda: self.engine.snapshot().counters.refused == 2)
        self.until(lambda: len(self.engine.live.devices()) == len(NAMES))
        self.window.presenter.build_live_page()
        self.window.presenter.set_focus_device("soil-01")

    @property
    def real(self) -> EngineStatus:
        return type(self.engine).snapshot(self.engine)

    def live(self, **changes: Any) -> EngineStatus:
        """The status of a farm in good order, but for the changes."""
        now_us = time.time_ns() // 1000
        link = LinkStatus(LinkState.CONNECTED, HOST, 8883, tls=True, since_us=now_us - 10**9)
        fields = {"link": link, "problems": (), "last_received_us": now_us - 3_000_000, **changes}
        return replace(self.real, **fields)

    def say(self, status: EngineStatus | None) -> None:
        """Lets the engine say this; None for what is so."""
        if status is None:
            self.engine.__dict__.pop("snapshot", None)
        else:
            self.engine.__dict__["snapshot"] = lambda: status
        self.window.presenter.refresh()

    def end(self) -> None:
        """Closes the window. It is kept: the program has one in its life and never deletes it,
        and a second one made where the first was is not what is looked at here."""
        self.say(None)
        self.window.quit()
        self.engine.stop(4.0)


def _make_engine(folder: Path, theme: ThemeController, settings: dict[str, Any]) -> Engine:
    paths = DataPaths(folder)
    look = {"ui.theme": theme.scheme, "ui.text_size": round(theme.text_scale * 100)}
    given = {"ui.prevent_sleep": False, **look, **settings}
    return build_engine(paths, SettingsStore(paths.settings, given, {}), Redactor())


def choose_row(window: QWidget, name: str) -> None:
    """Goes to the first row of a table."""
    table = window.findChild(QTableView, name)
    assert isinstance(table, QTableView)
    flags = QItemSelectionModel.SelectionFlag
    index = table.model().index(0, 0)
    table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
