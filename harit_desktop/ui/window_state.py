"""What the window remembers between two starts: place, docks, page, range, device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QSettings, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from harit_desktop.ui.theme import SIZES

STATE_VERSION = 1
DEFAULT_SIZE = (1366, 768)


@dataclass(frozen=True)
class ViewState:
    """What was shown; empty texts where nothing is remembered."""

    page: str = ""
    range_key: str = ""
    focus: str = ""
    devices_shown: bool = True
    side_shown: bool = True


class WindowState:
    """One ini file in the data folder. An unreadable or older file counts as none."""

    def __init__(self, path: Path) -> None:
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    def restore(self, window: QMainWindow) -> ViewState:
        """Puts the window where it was, on a screen that exists, and says what it showed."""
        least = _fitting(QSize(*SIZES.window_min))
        window.setMinimumSize(least)
        if self._settings.value("version", 0, int) != STATE_VERSION:
            _place_first(window)
            return ViewState()
        if not window.restoreGeometry(self._bytes("geometry")):
            _place_first(window)
        window.restoreState(self._bytes("docks"), STATE_VERSION)
        _clamp(window)
        return ViewState(
            page=self._text("page"),
            range_key=self._text("range"),
            focus=self._text("focus"),
            devices_shown=self._settings.value("devices_shown", True, bool) is True,
            side_shown=self._settings.value("side_shown", True, bool) is True,
        )

    def save(self, window: QMainWindow, view: ViewState) -> None:
        """Remembers the window; a folder that cannot be written to is no reason to fail."""
        self._settings.setValue("version", STATE_VERSION)
        self._settings.setValue("geometry", window.saveGeometry())
        self._settings.setValue("docks", window.saveState(STATE_VERSION))
        self._settings.setValue("page", view.page)
        self._settings.setValue("range", view.range_key)
        self._settings.setValue("focus", view.focus)
        self._settings.setValue("devices_shown", view.devices_shown)
        self._settings.setValue("side_shown", view.side_shown)
        self._settings.sync()

    def _bytes(self, key: str) -> QByteArray:
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def _text(self, key: str) -> str:
        value = self._settings.value(key, "")
        return value if isinstance(value, str) else ""


def _available() -> QRect:
    return QGuiApplication.primaryScreen().availableGeometry()


def _fitting(size: QSize) -> QSize:
    return size.boundedTo(_available().size())


def _place_first(window: QMainWindow) -> None:
    """A first start: the usual size, in the middle, or the whole of a small screen."""
    available = _available()
    size = _fitting(QSize(*DEFAULT_SIZE))
    window.resize(size)
    corner = available.center() - QRect(0, 0, size.width(), size.height()).center()
    window.move(corner)


def _clamp(window: QMainWindow) -> None:
    """Brings back a window whose screen is gone."""
    frame = window.geometry()
    if any(screen.availableGeometry().intersects(frame) for screen in QGuiApplication.screens()):
        return
    _place_first(window)
