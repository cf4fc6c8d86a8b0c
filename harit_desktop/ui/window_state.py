"""What the window remembers between two starts: place, docks, page, range, device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QByteArray, QMargins, QPoint, QRect, QSettings, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from harit_desktop.ui.theme import SIZES

STATE_VERSION = 1
DEFAULT_SIZE = (1366, 768)
_HISTORY = ("range", "channels", "compare", "extras")
# What a title bar and borders take, before the window manager has put them on.
FRAME_ALLOWANCE = QMargins(4, 36, 4, 4)


@dataclass(frozen=True)
class ViewState:
    """What was shown; empty texts where nothing is remembered."""

    page: str = ""
    range_key: str = ""
    focus: str = ""
    devices_shown: bool = True
    side_shown: bool = True
    panel_widths: tuple[int, int] = (0, 0)
    history: Mapping[str, str] = field(default_factory=dict)


class WindowState:
    """One ini file in the data folder. An unreadable or older file counts as none."""

    def __init__(self, path: Path) -> None:
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)
        self._placed: QRect | None = None

    def restore(self, window: QMainWindow) -> ViewState:
        """Puts the window where it was, on a screen that exists, and says what it showed."""
        least = _fitting(QSize(*SIZES.window_min))
        window.setMinimumSize(least)
        known = self._settings.value("version", 0, int) == STATE_VERSION
        if not (known and window.restoreGeometry(self._bytes("geometry"))):
            _place_first(window)
        if known:
            window.restoreState(self._bytes("docks"), STATE_VERSION)
            _clamp(window, FRAME_ALLOWANCE)
        self._placed = window.geometry()
        return self._view() if known else ViewState()

    def settle(self, window: QMainWindow) -> None:
        """Once the window has its frame: it is to be on the screen as well. A window that was
        moved or resized since is where somebody wants it."""
        placed, self._placed = self._placed, None
        whole = window.isMaximized() or window.isFullScreen()
        if not whole and placed is not None and window.size() == placed.size():
            inner, outer = window.geometry(), window.frameGeometry()
            frame = QMargins(
                inner.left() - outer.left(),
                inner.top() - outer.top(),
                outer.right() - inner.right(),
                outer.bottom() - inner.bottom(),
            )
            _clamp(window, frame)

    def _view(self) -> ViewState:
        return ViewState(
            page=self._text("page"),
            range_key=self._text("range"),
            focus=self._text("focus"),
            devices_shown=self._settings.value("devices_shown", True, bool) is True,
            side_shown=self._settings.value("side_shown", True, bool) is True,
            panel_widths=(self._width("left_width"), self._width("right_width")),
            history={key: self._text(f"history_{key}") for key in _HISTORY},
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
        self._settings.setValue("left_width", view.panel_widths[0])
        self._settings.setValue("right_width", view.panel_widths[1])
        for key, text in view.history.items():
            self._settings.setValue(f"history_{key}", text)
        self._settings.sync()

    def _bytes(self, key: str) -> QByteArray:
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def _width(self, key: str) -> int:
        value = self._settings.value(key, 0, int)
        return value if isinstance(value, int) else 0

    def _text(self, key: str) -> str:
        value = self._settings.value(key, "")
        return value if isinstance(value, str) else ""


def _available() -> QRect:
    return QGuiApplication.primaryScreen().availableGeometry()


def _fitting(size: QSize) -> QSize:
    return size.boundedTo(_available().marginsRemoved(FRAME_ALLOWANCE).size())


def _place_first(window: QMainWindow) -> None:
    """A first start: the usual size, in the middle, or all of a small screen but the frame."""
    room = _available().marginsRemoved(FRAME_ALLOWANCE)
    inside = QRect(room.topLeft(), _fitting(QSize(*DEFAULT_SIZE)))
    inside.moveCenter(room.center())
    window.resize(inside.size())
    window.move(inside.topLeft() - QPoint(FRAME_ALLOWANCE.left(), FRAME_ALLOWANCE.top()))


def _clamp(window: QMainWindow, frame: QMargins) -> None:
    """Brings the window with its frame onto the screen that shows most of it."""
    if window.isMaximized() or window.isFullScreen():
        return
    inner = window.geometry()
    shown = [screen.availableGeometry() for screen in QGuiApplication.screens()]
    room = max(shown, key=lambda area: _shared(area, inner))
    if not _shared(room, inner):
        _place_first(window)
        return
    room = room.marginsRemoved(frame)
    fitting = QRect(inner.topLeft(), inner.size().boundedTo(room.size()))
    fitting.moveRight(min(fitting.right(), room.right()))
    fitting.moveBottom(min(fitting.bottom(), room.bottom()))
    fitting.moveLeft(max(fitting.left(), room.left()))
    fitting.moveTop(max(fitting.top(), room.top()))
    if fitting != inner:
        window.setGeometry(fitting)


def _shared(area: QRect, other: QRect) -> int:
    common = area.intersected(other)
    return max(0, common.width()) * max(0, common.height())
